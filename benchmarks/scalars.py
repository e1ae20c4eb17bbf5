"""Graphs of scalars: chains of multiplications, additions and relus, and micrograd's own demonstration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from work import Bar, Work

Start = tuple[Callable[[], Callable[..., Any]], Callable[[Any], Any]]


# -- chains ----------------------------------------------------------------------------------------------------------


@dataclass
class Chains(Work):
    """`chains` chains of `length` operations, which are summed; a batch is the chains' inputs, weights and biases."""

    chains: int = 0
    length: int = 0
    module: str = "scalars"

    def batches(self) -> list[tuple[Any, ...]]:
        rng = np.random.default_rng(3)
        ranges = (0.5, 1.5), (0.9, 1.1), (-0.1, 0.1)
        return [tuple(rng.uniform(low, high, self.chains) for low, high in ranges) for _ in range(8)]


def chain(work: Chains, value: Callable[[float], Any], relu: Callable[[Any], Any]) -> Callable[..., Any]:
    """The sum of the chains, each of which starts at x and goes on by `v * w`, `v + b` and `relu(v)` in turn."""

    def total(inputs: list[float], weights: list[float], biases: list[float]) -> Any:
        result: Any = None
        for x, weight, bias in zip(inputs, weights, biases):
            v, w, b = value(x), value(weight), value(bias)
            for i in range(work.length):
                v = v * w if i % 3 == 0 else v + b if i % 3 == 1 else relu(v)
            result = v if result is None else result + v
        return result

    return total


def chains_tinygrad_br(work: Chains) -> Start:
    import tinygrad_br as tg

    total = chain(work, tg.Value, tg.nn.relu)

    def step(*batch: Any) -> float:
        loss = total(*batch)
        loss.backward()
        return loss.item()

    return lambda: step, np.ndarray.tolist


def chains_compiled(work: Chains) -> Start:
    import tinygrad_br as tg

    total = chain(work, lambda v: v, tg.nn.relu)

    @tg.compile
    def step(*batch: Any) -> Any:
        values = [[*map(tg.Value, numbers)] for numbers in batch]
        loss = total(*values)
        loss.backward()
        return loss.data, [[v.grad for v in numbers] for numbers in values]

    return lambda: lambda *batch: step(*batch)[0], np.ndarray.tolist


def chains_micrograd(work: Chains) -> Start:
    from micrograd.engine import Value

    total = chain(work, Value, Value.relu)

    def step(*batch: Any) -> float:
        loss = total(*batch)
        loss.backward()
        return loss.data

    return lambda: step, np.ndarray.tolist


def chains_pytorch(work: Chains) -> Start:
    import torch

    total = chain(work, lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True), torch.relu)

    def step(*batch: Any) -> Any:
        loss = total(*batch)
        loss.backward()
        return loss

    return lambda: step, np.ndarray.tolist


def chains_autograd(work: Chains) -> Start:
    import autograd.numpy as anp
    from autograd import value_and_grad

    loss_and_gradients = value_and_grad(chain(work, lambda x: x, lambda v: anp.maximum(v, 0.0)), argnum=(0, 1, 2))
    return lambda: lambda *batch: loss_and_gradients(*batch)[0], np.ndarray.tolist


CHAIN_COMPETITORS: dict[str, Callable[[Any], Start]] = {
    "tinygrad_br": chains_tinygrad_br,
    "tinygrad_br compiled": chains_compiled,
    "micrograd": chains_micrograd,
    "PyTorch": chains_pytorch,
    "autograd": chains_autograd,
}


# -- micrograd's moons -----------------------------------------------------------------------------------------------


@dataclass
class Moons(Work):
    """One training step of micrograd's demonstration: an MLP 2-16-16-1 on 100 points, hinge loss and weight decay."""

    module: str = "scalars"
    sizes = (2, 16, 16, 1)
    rate = 0.01
    decay = 1e-4

    def batches(self) -> list[tuple[Any, ...]]:
        rng = np.random.default_rng(4)
        return [(rng.standard_normal((100, 2)), rng.choice([-1.0, 1.0], 100)) for _ in range(8)]

    def weights(self) -> list[Any]:
        """The initial weights (nin, nout) and biases (nout,) of each layer in turn."""
        rng = np.random.default_rng(5)
        pairs = [(rng.uniform(-1, 1, (a, b)) / np.sqrt(a), np.zeros(b)) for a, b in zip(self.sizes, self.sizes[1:])]
        return [array for pair in pairs for array in pair]


def scalar_network(work: Moons, value: Callable[[float], Any], relu: Callable[[Any], Any]) -> tuple[Any, list[Any]]:
    """The loss as micrograd's demo builds it, node for node, and the parameters."""
    layers = []
    for weights, biases in zip(work.weights()[::2], work.weights()[1::2]):
        layers.append([([*map(value, column)], value(b)) for column, b in zip(weights.T.tolist(), biases.tolist())])
    parameters = [p for layer in layers for weights, bias in layer for p in (*weights, bias)]

    def loss_of(points: list[list[float]], labels: list[float]) -> Any:
        scores = []
        for point in points:
            x = [*map(value, point)]
            for layer in layers:
                x = [sum((w * a for w, a in zip(weights, x)), bias) for weights, bias in layer]
                x = x if layer is layers[-1] else [*map(relu, x)]
            scores.append(x[0])
        losses = [relu(1 + -label * score) for label, score in zip(labels, scores)]
        return sum(losses) * (1.0 / len(losses)) + work.decay * sum(p * p for p in parameters)

    return loss_of, parameters


def descent(
    work: Moons, loss_of: Callable[..., Any], parameters: list[Any], forget: Callable[[Any], None]
) -> Callable[..., Any]:
    """A step of gradient descent; `forget` takes away the gradient that a parameter has from the step before."""

    def step(points: Any, labels: Any) -> Any:
        loss = loss_of(points, labels)
        for p in parameters:
            forget(p)
        loss.backward()
        for p in parameters:
            p.data -= work.rate * p.grad
        return loss.data

    return step


def moons_tinygrad_br(work: Moons) -> Start:
    import tinygrad_br as tg

    return lambda: descent(work, *scalar_network(work, tg.Value, tg.nn.relu), tg.Value.zero_grad), np.ndarray.tolist


def compiled_once(parameters: list[Any], step: Any) -> Start:
    """A compiled step, which keeps its program when the weights start anew."""
    import tinygrad_br as tg

    initial, program = [p.data.copy() for p in parameters], tg.compile(step)

    def start() -> Any:
        for p, data in zip(parameters, initial):
            p.data = data
        return program

    return start, np.asarray


def moons_compiled(work: Moons) -> Start:
    import tinygrad_br as tg

    loss_of, parameters = scalar_network(work, tg.Value, tg.nn.relu)
    step = descent(work, loss_of, parameters, tg.Value.zero_grad)
    return compiled_once(parameters, step)[0], np.ndarray.tolist


def moons_micrograd(work: Moons) -> Start:
    from micrograd.engine import Value

    def forget(p: Any) -> None:
        p.grad = 0.0

    return lambda: descent(work, *scalar_network(work, Value, Value.relu), forget), np.ndarray.tolist


def array_step(work: Moons, parameters: list[Any]) -> Callable[[Any, Any], Any]:
    """The same step with arrays instead of scalars: what the library is for."""
    import tinygrad_br as tg

    def loss_of(points: Any, labels: Any) -> Any:
        x = points
        for i in range(0, 6, 2):
            x = x @ parameters[i] + parameters[i + 1]
            x = tg.nn.relu(x) if i < 4 else x
        losses = tg.nn.relu(1 - labels * x[:, 0])
        return losses.mean() + work.decay * sum((p * p).sum() for p in parameters)

    return descent(work, loss_of, parameters, tg.Value.zero_grad)


def moons_vectorised(work: Moons) -> Start:
    import tinygrad_br as tg

    return lambda: array_step(work, [*map(tg.Value, work.weights())]), np.asarray


def moons_vectorised_compiled(work: Moons) -> Start:
    import tinygrad_br as tg

    parameters = [*map(tg.Value, work.weights())]
    return compiled_once(parameters, array_step(work, parameters))


ROWS: list[Work] = [
    Chains(
        name="scalars-20000",
        title="20,000 scalar operations in 40 chains, forward and backward",
        competitors=CHAIN_COMPETITORS,
        bars=[Bar("tinygrad_br", "micrograd", 1.0)],
        chains=40,
        length=500,
    ),
    Chains(
        name="scalars-900",
        title="900 scalar operations in 3 chains, forward and backward",
        competitors=CHAIN_COMPETITORS,
        bars=[Bar("tinygrad_br compiled", "micrograd", 1 / 25)],
        chains=3,
        length=300,
    ),
    Moons(
        name="moons",
        title="micrograd's moons demo, one training step of its scalar MLP 2-16-16-1 on 100 points",
        competitors={
            "tinygrad_br": moons_tinygrad_br,
            "tinygrad_br compiled": moons_compiled,
            "tinygrad_br with arrays": moons_vectorised,
            "tinygrad_br compiled with arrays": moons_vectorised_compiled,
            "micrograd": moons_micrograd,
        },
        bars=[
            Bar("tinygrad_br compiled", "micrograd", 1 / 40),
            Bar("tinygrad_br compiled with arrays", "micrograd", 1 / 2000),
        ],
    ),
]
WORKS = {work.name: work for work in ROWS}
