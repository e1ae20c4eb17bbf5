"""Value and gradient of sum(tanh(x) * exp(-x**2) + sin(x)) for a million float64, on two threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from work import Bar, Work

Start = tuple[Callable[[], Callable[..., Any]], Callable[[Any], Any]]


@dataclass
class Elementwise(Work):
    module: str = "elementwise"

    def batches(self) -> list[tuple[Any, ...]]:
        rng = np.random.default_rng(6)
        return [(rng.standard_normal(1_000_000),) for _ in range(4)]


def tinygrad_br(work: Elementwise) -> Start:
    import tinygrad_br as tg

    def step(x: Any) -> Any:
        v = tg.Value(x)
        total = (np.tanh(v) * np.exp(-(v**2)) + np.sin(v)).sum()
        total.backward()
        return total.data

    return lambda: step, np.asarray


def tinygrad_br_compiled(work: Elementwise) -> Start:
    import tinygrad_br as tg

    @tg.compile
    def step(x: Any) -> Any:
        v = tg.Value(x)
        total = (np.tanh(v) * np.exp(-(v**2)) + np.sin(v)).sum()
        total.backward()
        return total.data, v.grad

    return lambda: lambda x: step(x)[0], np.asarray


def hand_written_numpy(work: Elementwise) -> Start:
    def step(x: Any) -> Any:
        tanh, bell = np.tanh(x), np.exp(-(x**2))
        total = (tanh * bell + np.sin(x)).sum()
        gradient = (1 - tanh**2) * bell - 2 * x * tanh * bell + np.cos(x)
        return total + 0 * gradient[0]

    return lambda: step, np.asarray


def pytorch(work: Elementwise) -> Start:
    import torch

    def step(x: Any) -> Any:
        v = x.detach().requires_grad_()
        total = (torch.tanh(v) * torch.exp(-(v**2)) + torch.sin(v)).sum()
        total.backward()
        return total

    return lambda: step, torch.from_numpy


def jax_jit(work: Elementwise) -> Start:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    @jax.jit
    @jax.value_and_grad
    def total(x: Any) -> Any:
        return (jnp.tanh(x) * jnp.exp(-(x**2)) + jnp.sin(x)).sum()

    def step(x: Any) -> Any:
        value, gradient = total(x)
        gradient.block_until_ready()
        return value

    return lambda: step, jnp.asarray


def autograd(work: Elementwise) -> Start:
    import autograd.numpy as anp
    from autograd import value_and_grad

    total = value_and_grad(lambda x: anp.sum(anp.tanh(x) * anp.exp(-(x**2)) + anp.sin(x)))
    return lambda: lambda x: total(x)[0], np.asarray


def mygrad(work: Elementwise) -> Start:
    import mygrad as mg

    mg.turn_memory_guarding_off()

    def step(x: Any) -> Any:
        v = mg.tensor(x)
        total = (mg.tanh(v) * mg.exp(-(v**2)) + mg.sin(v)).sum()
        total.backward()
        return total.data

    return lambda: step, np.asarray


ROWS = [
    Elementwise(
        name="elementwise",
        title="value and gradient of sum(tanh(x) * exp(-x**2) + sin(x)), 1,000,000 float64, two threads",
        competitors={
            "tinygrad_br": tinygrad_br,
            "tinygrad_br compiled": tinygrad_br_compiled,
            "NumPy by hand": hand_written_numpy,
            "PyTorch": pytorch,
            "jax.jit": jax_jit,
            "MyGrad": mygrad,
            "autograd": autograd,
        },
        bars=[Bar("tinygrad_br compiled", "NumPy by hand", 0.33)],
        threads=2,
    )
]
WORKS = {work.name: work for work in ROWS}
