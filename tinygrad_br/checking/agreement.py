"""One row of the table of rules against numerical derivatives, at first and second order, with random cotangents.

The references come from the function on plain arrays, never from the rule.  For the second order the first derivative,
already verified, is differentiated numerically.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..value import Value, gradients
from .numerical import numerical_gradient
from .rows import Row
from .verdict import digits


class Agreement(NamedTuple):
    """How far a slope is from the numerical one, the bound on the latter's error, and the size of the gradient."""

    gap: float
    error: float
    scale: float

    def certain(self) -> bool:
        """Whether the numerical derivative is good enough to test with."""
        return bool(self.error <= 1e-4 * self.scale)

    def ok(self, precision: float) -> bool:
        return self.certain() and bool(self.gap <= 3 * self.error + precision * self.scale)

    def digits(self) -> float:
        return digits(self.gap, self.scale)


def weights_like(result: Any, seed: int) -> Any:
    """Random cotangents for a result or a tuple of results; complex where these are."""
    if isinstance(result, (tuple, list)):
        return [weights_like(r, seed + i) for i, r in enumerate(result)]
    rng = np.random.default_rng(seed)
    shape = np.shape(result)
    weights = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
    return weights + 1j * rng.uniform(-1.5, 1.5, shape) if np.iscomplexobj(result) else weights


def weighted(result: Any, weights: Any) -> Any:
    """The real number sum(Re(conj(w) r)) over all results, of arrays or of Values."""
    if isinstance(result, (tuple, list)):
        parts = [weighted(r, w) for r, w in zip(result, weights, strict=True) if np.result_type(r).kind in "fc"]
        return sum(parts[1:], parts[0])
    if np.iscomplexobj(weights):
        return np.sum(np.real(np.conj(weights) * result))
    return np.sum(weights * result)


def scalar_function(row: Row, arrays: Sequence[Any], seed: int) -> tuple[Callable[..., Any], list[Any]]:
    """The row's function made scalar, over real arguments: a complex argument becomes a pair of real ones."""
    weights = weights_like(row.run(*arrays), seed)

    def scalar(*reals: Any) -> Any:
        values = iter(reals)
        args = [next(values) + 1j * next(values) if i in row.complex else next(values) for i in range(len(arrays))]
        return weighted(row.run(*args), weights)

    reals = []
    for i, array in enumerate(arrays):
        reals += [np.real(array).copy(), np.imag(array).copy()] if i in row.complex else [array]
    return scalar, [real[()] for real in reals]  # like a Value, NumPy's scalars for shape (): their last bit may differ


def compare(found: Sequence[Any], function: Callable[..., Any], point: Sequence[Any], seed: int) -> Agreement:
    """Gradients beside the numerical derivative of the function, along one random direction.

    The direction has no zeros, so that every entry counts; one direction costs as little as one number.  It is short,
    to stay away from kinks.  The 1 gives results that are nothing but rounding something to be small against.
    """
    directions = [weights_like(x, seed + 7 * i + 1) / 8 for i, x in enumerate(point)]
    numeric = numerical_gradient(
        lambda t: 1.0 + function(*[(x + t * d)[()] for x, d in zip(point, directions, strict=True)]), 0.0
    )
    slope = sum(np.sum(g * d) for g, d in zip(found, directions, strict=True))
    scale = max(1.0, *(float(np.max(np.abs(g), initial=0.0)) for g in found))
    return Agreement(float(abs(slope - numeric.value)), float(numeric.error), scale)


def slope_along(scalar: Callable[..., Any], point: Sequence[Any], seed: int) -> Callable[..., Any]:
    """The first derivative along a random direction, as a function of arrays, or of Values to be differentiated."""
    directions = [weights_like(x, seed + 100 + i) for i, x in enumerate(point)]

    def slope(*args: Any) -> Any:
        values = [x if isinstance(x, Value) else Value(x) for x in args]
        first = gradients(scalar(*values), values, create_graph=values[0] is args[0])
        return sum(np.sum(d * g) for d, g in zip(directions, first, strict=True))

    return slope


def first_order(row: Row, arrays: Sequence[Any], seed: int) -> Agreement:
    """The first derivative of a row at a point beside the numerical one."""
    scalar, point = scalar_function(row, arrays, seed)
    values = [Value(x) for x in point]
    return compare(gradients(scalar(*values), values), scalar, point, seed)


def second_order(row: Row, arrays: Sequence[Any], seed: int) -> Agreement:
    """The second derivative of a row at a point beside the numerical derivative of the first."""
    scalar, point = scalar_function(row, arrays, seed)
    slope, values = slope_along(scalar, point, seed), [Value(x) for x in point]
    return compare(gradients(slope(*values), values), slope, point, seed)


def is_constant(row: Row, arrays: Sequence[Any]) -> bool:
    """Whether no gradient comes back from a row, as from a function without a derivative."""
    values = [Value(x) for x in arrays]
    result = row.run(*values)
    parts = result if isinstance(result, (tuple, list)) else [result]
    return not any(np.any(g) for r in parts if r.dtype.kind in "fc" for g in gradients(np.sum(r), values))
