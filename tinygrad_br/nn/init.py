"""Initial weights: how wide the random numbers are that a layer starts with.

Each initialiser is a function `(rng, shape, fan_in, fan_out) -> float64 array`, where `fan_in` is the number of inputs
that a neuron adds up and `fan_out` the number of neurons that an input reaches.  A layer takes one by its name or as a
function.  Sources: LeCun et al., Efficient BackProp, 1998; Glorot and Bengio, AISTATS 2010; He et al., 2015,
arXiv:1502.01852; Saxe et al., 2014, arXiv:1312.6120.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

Initialiser = Callable[[np.random.Generator, tuple[int, ...], int, int], Any]


def normal(variance: Callable[[int, int], float]) -> Initialiser:
    """Normal numbers with the variance that the fans ask for."""
    return lambda rng, shape, fan_in, fan_out: rng.normal(0, sqrt(variance(fan_in, fan_out)), shape)


def uniform(variance: Callable[[int, int], float]) -> Initialiser:
    """Uniform numbers between -limit and limit, limit = sqrt(3 * variance), which have that variance."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        limit = sqrt(3 * variance(fan_in, fan_out))
        return rng.uniform(-limit, limit, shape)

    return draw


def truncated_normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
    """Normal numbers of variance 1 / fan_in, drawn anew where they are more than two standard deviations out."""
    numbers = rng.normal(size=shape)
    while (outside := np.abs(numbers) > 2).any():
        numbers[outside] = rng.normal(size=int(outside.sum()))
    return numbers / (sqrt(fan_in) * 0.8796256610342398)  # what the cut leaves of the standard deviation


def orthogonal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
    """A random matrix with orthonormal columns, or rows where these are fewer; further axes count as one."""
    matrix = rng.normal(size=(shape[0], int(np.prod(shape[1:]))))
    q, r = np.linalg.qr(matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T)
    q = q * np.where(np.diagonal(r) < 0, -1, 1)  # without this sign the matrices are not uniformly distributed
    return (q if matrix.shape[0] >= matrix.shape[1] else q.T).reshape(shape)


def zeros(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
    """Zeros: right for biases; hidden layers cannot learn from them, for all neurons stay alike."""
    return np.zeros(shape)


def he(fan_in: int, fan_out: int) -> float:
    return 2 / fan_in


def glorot(fan_in: int, fan_out: int) -> float:
    return 2 / (fan_in + fan_out)


def lecun(fan_in: int, fan_out: int) -> float:
    return 1 / fan_in


INITIALISERS: dict[str, Initialiser] = {
    "he_normal": normal(he),
    "he_uniform": uniform(he),
    "glorot_normal": normal(glorot),
    "glorot_uniform": uniform(glorot),
    "lecun_normal": normal(lecun),
    "lecun_uniform": uniform(lecun),
    "uniform": uniform(lambda fan_in, fan_out: 1 / (3 * fan_in)),
    "truncated_normal": truncated_normal,
    "orthogonal": orthogonal,
    "zeros": zeros,
}
RECTIFIERS = {"relu", "leaky_relu", "elu", "gelu", "silu", "mish", "softplus", "hard_swish"}


def weights(
    init: str | Initialiser | None, activation: Any, rng: np.random.Generator, shape: tuple[int, ...], fans: Any
) -> Any:
    """Initial weights of the shape; fans = (fan_in, fan_out).

    Without a name: He for rectifiers, LeCun for selu, Glorot for the rest.  "uniform" is between -1 / sqrt(fan_in) and
    1 / sqrt(fan_in).  ValueError for an unknown name or a function that gives another shape.
    """
    if init is None:
        name = getattr(activation, "__name__", activation)
        init = "he_normal" if name in RECTIFIERS else "lecun_normal" if name == "selu" else "glorot_uniform"
    if isinstance(init, str):
        if init not in INITIALISERS:
            raise ValueError(f"unknown init {init!r}; known are {', '.join(INITIALISERS)}, or pass a function")
        init = INITIALISERS[init]
    numbers = np.asarray(init(rng, shape, *fans))
    if numbers.shape != shape:
        raise ValueError(f"the init function gave shape {numbers.shape}, but {shape} was asked for")
    return numbers
