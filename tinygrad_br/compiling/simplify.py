"""Steps that are simpler than they were written.

What is dropped: steps that change nothing (x * 1, x + 0, -(-x), the transpose of a transpose, a shape or dtype that is
there already).  What is left is brought to few forms: all reductions without `keepdims`, all reshapings as
`np.reshape`, all changes of axes as `np.transpose`.

x + 0 is dropped although it would turn -0.0 into 0.0, which no comparison tells from -0.0.

`SIMPLER` has functions of (plan, sample of the result, *args, **kwargs) that give the variable that holds the same
numbers, or None if there is nothing simpler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import part
from ..value import astype
from .variable import Variable, together

if TYPE_CHECKING:
    from .plan import Plan


def first(plan: Plan, sample: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    return x


def unless_changed(x: Any, sample: Any) -> Any:
    """x, if it is a variable of the shape and dtype of the sample."""
    return x if isinstance(x, Variable) and x.shape == np.shape(sample) and x.dtype == sample.dtype else None


def is_number(x: Any, number: int) -> bool:
    return isinstance(x, (int, float, np.floating, np.integer)) and x == number


def product(plan: Plan, sample: Any, x: Any, y: Any) -> Any:
    return unless_changed(x, sample) if is_number(y, 1) else unless_changed(y, sample) if is_number(x, 1) else None


def total(plan: Plan, sample: Any, x: Any, y: Any) -> Any:
    return unless_changed(x, sample) if is_number(y, 0) else unless_changed(y, sample) if is_number(x, 0) else None


def difference(plan: Plan, sample: Any, x: Any, y: Any) -> Any:
    return unless_changed(x, sample) if is_number(y, 0) else None


def quotient(plan: Plan, sample: Any, x: Any, y: Any) -> Any:
    return unless_changed(x, sample) if is_number(y, 1) else None


def power(plan: Plan, sample: Any, x: Any, y: Any) -> Any:
    if is_number(y, 1):
        return unless_changed(x, sample)
    if is_number(y, 2) and isinstance(x, Variable) and x.shape and x.dtype == sample.dtype and x.dtype.kind in "fc":
        return plan.simplified(np.square, (x,), {}, sample)  # as NumPy does for x ** 2
    return None


def opposite(plan: Plan, sample: Any, x: Any) -> Any:
    return x.args[0] if isinstance(x, Variable) and x.op is np.negative else None


def cast(plan: Plan, sample: Any, x: Any, dtype: Any) -> Any:
    return unless_changed(x, sample)


def reshaped(plan: Plan, sample: Any, x: Any, *args: Any, order: str = "C", **kwargs: Any) -> Any:
    """np.reshape, np.ravel, np.squeeze and np.expand_dims as np.reshape, and several of them as one."""
    if order != "C" or (args and args[-1] in ("F", "A", "K")) or not isinstance(x, Variable):
        return None
    while x.op is np.reshape and len(x.args) == 2 and not x.kwargs:
        x = x.args[0]
    return unless_changed(x, sample) or plan.step(np.reshape, (x, np.shape(sample)), {}, sample)


def reordered(order_of: Callable[..., Any]) -> Callable[..., Any]:
    """np.transpose with a tuple of axes, and several of them as one."""

    def simpler(plan: Plan, sample: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(x, Variable):
            return None
        axes = order_of(len(x.shape), *args, **kwargs)
        if x.op is np.transpose:
            x, axes = x.args[0], tuple(x.args[1][i] for i in axes)
        return x if axes == tuple(range(len(axes))) else plan.step(np.transpose, (x, axes), {}, sample)

    return simpler


def transposed_axes(n: int, axes: Any = None) -> tuple[int, ...]:
    return tuple(range(n))[::-1] if axes is None else tuple(int(i) % n for i in axes)


def moved_axes(n: int, source: Any, destination: Any) -> tuple[int, ...]:
    positions = np.moveaxis(np.empty(range(1, n + 1)), source, destination).shape
    return tuple(i - 1 for i in positions)


def swapped_axes(n: int, axis1: int, axis2: int) -> tuple[int, ...]:
    order = list(range(n))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return tuple(order)


def last_swapped(n: int) -> tuple[int, ...]:
    return swapped_axes(n, -1, -2)


def repeated(plan: Plan, sample: Any, x: Any, shape: Any, subok: bool = False) -> Any:
    return unless_changed(x, sample)


def reduction(function: Any) -> Callable[..., Any]:
    """A sum, maximum, ... over a tuple of axes without keepdims, brought to its shape afterwards."""

    def simpler(plan: Plan, sample: Any, x: Any, axis: Any = None, keepdims: Any = False, **kwargs: Any) -> Any:
        if kwargs or not isinstance(x, Variable) or not isinstance(keepdims, (bool, np.bool_)) or not x.shape:
            return None
        n = len(x.shape)
        axes = tuple(range(n)) if axis is None else tuple(sorted(int(i) % n for i in np.atleast_1d(axis)))
        if not axes or len(set(axes)) < len(axes):
            return None
        result = plan.step(function, (x,), {"axis": axes}, np.asarray(sample).reshape(without(x.shape, axes))[()])
        return result if not keepdims else plan.simplified(np.reshape, (result, np.shape(sample)), {}, sample)

    return simpler


def without(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def mean(plan: Plan, sample: Any, x: Any, axis: Any = None, keepdims: bool = False, **kwargs: Any) -> Any:
    """The sum by the count, as NumPy does it for these dtypes."""
    if kwargs or not isinstance(x, Variable) or x.dtype.char not in "fdFD" or not x.sample.size:
        return None
    summed = np.sum(x.sample, axis=axis, keepdims=keepdims)
    total = plan.simplified(np.sum, (x,), {"axis": axis, "keepdims": keepdims}, summed)
    return plan.simplified(np.divide, (total, x.sample.size // max(summed.size, 1)), {}, sample)


def component(plan: Plan, sample: Any, results: Variable, index: int) -> Any:
    return results.args[index] if results.op is together else None


SIMPLER: dict[Any, Callable[..., Any]] = {
    np.positive: first, np.copy: first, part: component,
    np.multiply: product, np.divide: quotient, np.add: total, np.subtract: difference, np.power: power,
    np.negative: opposite, astype: cast, np.ndarray.astype: cast,
    np.reshape: reshaped, np.expand_dims: reshaped, np.squeeze: reshaped, np.ravel: reshaped,
    np.transpose: reordered(transposed_axes), np.matrix_transpose: reordered(last_swapped),
    np.swapaxes: reordered(swapped_axes), np.moveaxis: reordered(moved_axes),
    np.broadcast_to: repeated, np.mean: mean,
    np.sum: reduction(np.sum), np.max: reduction(np.max), np.min: reduction(np.min), np.prod: reduction(np.prod),
    np.all: reduction(np.all), np.any: reduction(np.any),
}  # fmt: skip
