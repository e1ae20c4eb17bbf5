"""Numerical derivatives of functions of arrays, with a bound on the error of every entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..value import Value, as_data
from .ladder import Slope, slope

METHODS = ("auto", "ridders")


class NumericalGradient(NamedTuple("NumericalGradient", [("value", Any), ("error", Any)])):
    """A numerical gradient and a bound on its error, entry by entry: `value, error = numerical_gradient(f, x)`.

    `method` names how it was found and `reason` says why.  NumPy functions take it for its value.
    """

    method: str
    reason: str

    def __new__(cls, value: Any, error: Any, method: str = "", reason: str = "") -> NumericalGradient:
        self = super().__new__(cls, value, error)
        self.method, self.reason = method, reason
        return self

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.value, dtype, copy=copy)


def numerical_gradient(f: Callable[..., Any], *args: Any, method: str = "auto", gradient: Any = None) -> Any:
    """The derivative of a function, from values of the function alone, with a bound on its error.

    Args:
        f: takes as many arrays or numbers as there are `args`, or Values, and returns a number, an array or a Value.
            It is called with plain arrays if it can be, else with Values.
        args: arrays of any shape, numbers or Values; all are differentiated, in float64.
        method: "auto", or the name of one rung of the ladder: "ridders".
        gradient: weights of the entries of the output, of its shape; needed unless its size is 1.

    Returns:
        A `NumericalGradient`, which unpacks as `value, error`: an array of the argument's shape and one of the same
        shape that says how far it may be off.  For several arguments both are tuples, with one array per argument.

    Raises:
        TypeError: if no argument is given, or f does not return numbers.
        ValueError: if the output is no single number and `gradient` is missing or has another shape.

    >>> value, error = numerical_gradient(lambda x: (x ** 3).sum(), [1.0, 2.0])
    >>> value.round(9), bool((error < 1e-10).all())
    (array([ 3., 12.]), True)
    """
    if method not in METHODS:
        raise ValueError(f"method is one of {', '.join(METHODS)}, but got {method!r}")
    if not args:
        raise TypeError("numerical_gradient needs the point to differentiate at: numerical_gradient(f, x)")
    points = [point(arg) for arg in args]
    call, output = plain_call(f, points)
    weights = weights_for(output, gradient)
    found = [slopes(call, points, i, weights) for i in range(len(points))]
    flat = [s for part in found for s in part.ravel()]
    value = [np.array([s.value for s in part.flat], float).reshape(part.shape)[()] for part in found]
    error = [np.array([s.error for s in part.flat], float).reshape(part.shape)[()] for part in found]
    methods = list(dict.fromkeys(s.method for s in flat))
    reasons = list(dict.fromkeys(s.reason for s in flat))
    several = len(args) > 1
    return NumericalGradient(
        tuple(value) if several else value[0],
        tuple(error) if several else error[0],
        ", ".join(methods),
        "; ".join(reasons),
    )


def point(arg: Any) -> Any:
    """The data of an argument as an own float64 array."""
    data = as_data(arg._data if isinstance(arg, Value) else arg)
    if data.dtype.kind == "c":
        raise TypeError("numerical derivatives are taken with respect to real numbers; pass real and imaginary parts")
    return np.array(data, np.float64)


def numbers(output: Any) -> Any:
    """What a function returned, as an array of real numbers."""
    array = np.asarray(output._data if isinstance(output, Value) else output)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"the function returned {type(output).__name__}, but a number, an array or a Value is expected")
    return array


def plain_call(f: Callable[..., Any], points: Sequence[Any]) -> tuple[Callable[..., Any], Any]:
    """A function of plain arrays that calls `f`, with Values if it wants these, and what it gives at the points."""

    def on_arrays(*arrays: Any) -> Any:
        return numbers(f(*(a[()] for a in arrays)))

    def on_values(*arrays: Any) -> Any:
        return numbers(f(*map(Value, arrays)))

    with np.errstate(all="ignore"):
        try:
            return on_arrays, on_arrays(*points)
        except (TypeError, AttributeError):
            return on_values, on_values(*points)


def weights_for(output: Any, gradient: Any) -> Any:
    """The weights that make one number of an output."""
    if gradient is None:
        if output.size != 1:
            raise ValueError(
                f"the function gives an array of shape {output.shape}, so it has no single gradient; "
                "pass gradient= with a weight for each entry, or let the function return a sum"
            )
        return np.ones(output.shape)
    gradient = numbers(gradient)
    if gradient.shape != output.shape:
        raise ValueError(f"the gradient has shape {gradient.shape}, but the output has {output.shape}")
    return gradient


def slopes(call: Callable[..., Any], points: Sequence[Any], which: int, weights: Any) -> Any:
    """The derivative with respect to each entry of one argument: an array of `Slope`."""
    found = np.empty(points[which].shape, object)
    for index in np.ndindex(found.shape):
        found[index] = entry_slope(call, points, which, index, weights)
    return found


def entry_slope(call: Callable[..., Any], points: Sequence[Any], which: int, index: Any, weights: Any) -> Slope:
    """The derivative with respect to one entry of one argument."""
    x = points[which][index]

    def at(t: Any) -> Any:
        moved = points[which].copy()
        moved[index] = x + t
        return call(*points[:which], moved, *points[which + 1 :])

    with np.errstate(all="ignore"):
        return slope(at, x, weights)
