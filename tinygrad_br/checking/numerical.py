"""Numerical derivatives of functions of arrays, with a bound on the error of every entry.

The ladder of methods, from its top: the complex step, where the function computes with complex numbers and the result
agrees with differences (which a function like `abs`, that is not analytic, does not); extrapolated differences in long
double, where the function keeps that precision; the same in float64; one-sided differences at kinks and edges.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..value import Value, as_data
from .ladder import TINY, Line, Slope, climb
from .noise import as_argument

METHODS = ("auto", "complex step", "longdouble", "ridders")
EPS = float(np.finfo(np.float64).eps)
LONG = bool(np.finfo(np.longdouble).eps < EPS)
MOVED = 4  # so many points are looked at to tell in which precision a function computes


class _Bounded(NamedTuple):
    value: Any
    error: Any


class NumericalGradient(_Bounded):
    """A numerical derivative and a bound on its error, entry by entry: `value, error = numerical_gradient(f, x)`.

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


class Target:
    """A function at a point, in a form that numerical methods can call.

    `call(*arrays)` gives the output as a plain array; `output` is the one at `points`.  `dtype` is the precision that
    the function computes in, and `unit` its unit of rounding; if that is float32 the points are rounded to it.
    """

    def __init__(self, f: Callable[..., Any], points: Sequence[Any]) -> None:
        self.points = [*points]
        self.call, self.output = plain_call(f, self.points)
        self.dtype = np.float32 if self.is_single() else np.float64
        self.unit = float(np.finfo(self.dtype).eps)
        if self.dtype == np.float32:
            self.points = singles(self.points)
            self.output = self.call(*self.points)

    def is_single(self) -> bool:
        """Whether the function computes in float32, as those of other libraries do whatever they are given."""
        if not all_single(self.output):
            return False
        rng = np.random.default_rng(0)
        moved = [[p + 1e-3 * typical(p) * rng.normal(size=p.shape) for p in self.points] for _ in range(MOVED)]
        try:
            outputs = [self.call(*points) for points in moved]
            if not all(map(all_single, outputs)) or all(map(all_short, outputs)):
                return False
            if not all(np.all(whole(output.real)) for output in outputs):
                return True
            # large numbers of float32 are whole, but so are steps of any precision, and these jump between the rounded
            pairs = zip(outputs, [self.call(*singles(points)) for points in moved], strict=True)
            return all(np.array_equal(*pair, equal_nan=True) for pair in pairs)
        except Exception:  # the point lies on the edge of where the function is defined
            return False

    def supports(self, dtype: Any) -> bool:
        """Whether the function computes with another dtype, to the same result."""
        if self.output.dtype.kind == "c":
            return False
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            try:
                output = self.call(*(p.astype(dtype) for p in self.points))
            except Exception:  # whatever a function says to a dtype that it was not written for
                return False
            same = output.dtype == dtype and output.shape == self.output.shape
            return same and close(output, self.output, 1e-9)

    def outputs(self, arguments: Iterable[Sequence[Any]], count: int, dtype: Any = np.float64) -> Any:
        """The outputs for several lists of arguments, a row each; NaN where it raises or has another shape."""
        found = np.full((count, self.output.size), np.nan, np.result_type(self.output.dtype, dtype))
        for row, arrays in zip(found, arguments, strict=True):
            try:
                output = self.call(*arrays)
            except Exception:  # it did not raise at the point itself
                continue
            if output.shape == self.output.shape:
                row[:] = output.ravel()
        return found

    def numbers_at(self, which: int, indices: Sequence[Any]) -> Any:
        """The entries of one argument as `climb` takes them, in the precision that the function computes in."""
        return np.array([self.points[which][index] for index in indices], self.dtype)

    def entries(self, which: int, indices: Sequence[Any], dtype: Any = np.float64) -> Line:
        """The outputs as functions of the distances by which entries of one argument are moved, a lane for each."""
        points = [p.astype(dtype) for p in self.points]

        def moved(lanes: Any, t: Any) -> Iterable[Sequence[Any]]:
            for lane, distance in zip(lanes, t, strict=True):
                index = indices[lane]
                before = points[which][index]
                points[which][index] = before + distance
                yield points
                points[which][index] = before

        return lambda lanes, t: self.outputs(moved(lanes, t), len(lanes), dtype)

    def along(self, directions: Sequence[Sequence[Any]]) -> Line:
        """The outputs as functions of the way gone in a direction, given by one array per argument (None: stay)."""

        def moved(lanes: Any, t: Any) -> Iterable[Sequence[Any]]:
            for lane, way in zip(lanes, t, strict=True):
                yield [p if d is None else p + way * d for p, d in zip(self.points, directions[lane], strict=True)]

        return lambda lanes, t: self.outputs(moved(lanes, t), len(lanes))


def numerical_gradient(f: Callable[..., Any], *args: Any, method: str = "auto", gradient: Any = None) -> Any:
    """The derivative of a function, from values of the function alone, with a bound on its error.

    Args:
        f: takes as many arrays or numbers as there are `args`, or Values, and returns a number, an array or a Value.
            It is called with plain arrays if it can be, else with Values.
        args: arrays of any shape, numbers or Values; all are differentiated, in float64, or at the nearest numbers of
            float32 where f computes in that, whatever it is given.
        method: "auto" takes the best there is: "complex step", "longdouble" or "ridders".
        gradient: weights of the entries of the output, of its shape; needed unless its size is 1.

    Returns:
        A `NumericalGradient`, which unpacks as `value, error`: an array of the argument's shape and one of the same
        shape that says how far it may be off.  For several arguments both are tuples, with one array per argument.

    Raises:
        TypeError: if no argument is given, or f does not return numbers.
        ValueError: if the output is no single number and `gradient` is missing or has another shape, or if the
            function does not support the method that was asked for.

    >>> value, error = numerical_gradient(lambda x: (x ** 3).sum(), [1.0, 2.0])
    >>> value.round(9), bool((error < 1e-10).all())
    (array([ 3., 12.]), True)
    """
    target = Target(f, points_of(args))
    weights = weights_for(target.output, gradient)
    method, reason = chosen(target, method)
    return packed([slopes(target, which, weights, method) for which in range(len(args))], reason)


def numerical_jacobian(f: Callable[..., Any], *args: Any, method: str = "auto") -> Any:
    """The derivative of every entry of the output, of shape `output.shape + arg.shape`, with bounds on the errors.

    Takes, returns and raises what `numerical_gradient` does, but for `gradient`.

    >>> value, error = numerical_jacobian(lambda x: x * x, [1.0, 2.0])
    >>> value.round(9)
    array([[2., 0.],
           [0., 4.]])
    """
    target = Target(f, points_of(args))
    method, reason = chosen(target, method)
    units = np.eye(target.output.size).reshape(target.output.size, *target.output.shape)
    found = []
    for which, p in enumerate(target.points):
        rows = [slopes(target, which, unit, method).ravel() for unit in units]
        found.append(np.concatenate(rows or [np.empty(0, object)]).reshape(target.output.shape + p.shape))
    return packed(found, reason)


def numerical_hessian(f: Callable[..., Any], x: Any) -> NumericalGradient:
    """The second derivatives of a function with one output, of shape `x.shape + x.shape`, with bounds on the errors.

    They come from second differences along the axes and the diagonals between them, extrapolated to step zero:
    d2f/dxdy = (d2f/d(x+y)2 - d2f/d(x-y)2) / 4.

    Raises ValueError if the output has several entries.

    >>> value, error = numerical_hessian(lambda x: x[0] ** 2 * x[1], np.array([1.0, 2.0]))
    >>> value[0].round(6)
    array([4., 2.])
    """
    target = Target(f, points_of([x]))
    weights = weights_for(target.output, None)
    [point] = target.points
    n, scale = point.size, typical(point).ravel()
    axes = scale[:, None] * np.eye(n)
    pairs = [(i, j) for i in range(n) for j in range(i + 1)]
    ways = [axes[i] + sign * axes[j] * (i != j) for i, j in pairs for sign in (1, -1)]
    line = target.along([[way.reshape(point.shape)] for way in ways])
    curvatures = climb(line, np.zeros(len(ways), target.dtype), weights.reshape(1, -1), order=2)
    found = np.empty((n, n), object)
    for (i, j), plus, minus in zip(pairs, curvatures[::2], curvatures[1::2], strict=True):
        value, error = (plus.value - minus.value) / 4, (plus.error + minus.error) / 4
        value, error = (plus.value, plus.error) if i == j else (value, error)
        unit = scale[i] * scale[j]
        found[i, j] = found[j, i] = plus._replace(value=value / unit, error=error / unit)
    return packed([found.reshape(point.shape * 2)], "second differences, extrapolated to step zero")


def points_of(args: Sequence[Any]) -> list[Any]:
    """The data of arguments as own float64 arrays."""
    if not args:
        raise TypeError("a numerical derivative needs the point to differentiate at, as in numerical_gradient(f, x)")
    datas = [as_data(arg._data if isinstance(arg, Value) else arg) for arg in args]
    if any(data.dtype.kind == "c" for data in datas):
        raise TypeError(
            "numerical derivatives are taken with respect to real numbers; write lambda re, im: f(re + 1j * im)"
        )
    return [np.array(data, np.float64) for data in datas]


def numbers(output: Any) -> Any:
    """What a function returned, as an array of numbers."""
    array = np.asarray(output._data if isinstance(output, Value) else output)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"the function returned {type(output).__name__}, but a number, an array or a Value is expected")
    return array.astype(np.float64) if array.dtype.kind in "biu" or array.dtype.itemsize < 8 else array


def plain_call(f: Callable[..., Any], points: Sequence[Any]) -> tuple[Callable[..., Any], Any]:
    """A function of plain arrays that calls `f`, with Values if it wants these, and what it gives at the points."""

    def on_arrays(*arrays: Any) -> Any:
        return numbers(f(*map(as_argument, arrays)))  # copies: the function may write into them

    def on_values(*arrays: Any) -> Any:
        return numbers(f(*map(Value, arrays)))

    with np.errstate(all="ignore"):
        try:
            return on_arrays, on_arrays(*points)
        except (TypeError, AttributeError) as refusal:
            try:
                return on_values, on_values(*points)
            except (TypeError, AttributeError) as error:  # of another library's function the first says more
                raise refusal from error


def singles(points: Sequence[Any]) -> list[Any]:
    """The points at the nearest numbers of float32."""
    return [p.astype(np.float32).astype(np.float64) for p in points]


def all_single(output: Any) -> bool:
    """Whether all numbers are numbers of float32."""
    with np.errstate(all="ignore"):
        rounded = output.astype(np.complex64 if output.dtype.kind == "c" else np.float32)
    return bool(np.all((rounded == output) | (output != output)))


def all_short(output: Any) -> bool:
    """Whether all numbers have few digits: whole numbers that float32 can count to, and simple fractions."""
    parts = np.array([output.real, output.imag])
    return bool(np.all((whole(parts) & (abs(parts) < 2**23)) | whole(np.frexp(parts)[0] * 2**12)))


def whole(numbers: Any) -> Any:
    """Which numbers are whole, or not finite."""
    return (numbers == np.floor(numbers)) | ~np.isfinite(numbers)


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


def close(x: Any, y: Any, relative: float) -> bool:
    """Whether two arrays of one shape are equal but for a small difference, relative to each of their entries."""
    return bool(np.all((abs(x - y) <= 1e-8 + relative * abs(y)) | (x == y) | ((x != x) & (y != y))))


def chosen(target: Target, method: str) -> tuple[str, str]:
    """The method to use for a function, and why."""
    if method not in METHODS:
        raise ValueError(f"method is one of {', '.join(METHODS)}, but got {method!r}")
    dtypes = {"complex step": np.complex128, **({"longdouble": np.longdouble} if LONG else {})}
    if method == "auto":
        for name, dtype in dtypes.items():
            if target.supports(dtype):
                return "auto " + name, f"the function computes in {np.dtype(dtype).name}"
        return "ridders", "the function computes in float64 only"
    if method != "ridders" and not (method in dtypes and target.supports(dtypes[method])):
        raise ValueError(f"the function does not compute in the dtype that {method!r} needs; take method='auto'")
    return method, "asked for"


def entry_slopes(
    target: Target, which: int, indices: Sequence[Any], weights: Any, method: str = "ridders"
) -> list[Slope]:
    """The derivatives with respect to entries of one argument, by a method that `chosen` gave."""
    x, weights = target.numbers_at(which, indices), weights.reshape(1, -1)
    if method == "complex step":
        return complex_slopes(target.entries(which, indices, complex), x, weights)
    if method.endswith("longdouble"):
        found = climb(target.entries(which, indices, np.longdouble), x.astype(np.longdouble), weights)
        names = {"ridders": "longdouble"}
        return [s._replace(error=s.error + EPS * abs(s.value), method=names.get(s.method, s.method)) for s in found]
    if method == "ridders":
        return climb(target.entries(which, indices), x, weights)
    expected = complex_slopes(target.entries(which, indices, complex), x, weights)
    found = climb(target.entries(which, indices), x, weights, expected=expected)
    return [
        c if s.method == "ridders" and c.error <= s.error and abs(c.value - s.value) <= s.error + c.error else s
        for s, c in zip(found, expected, strict=True)
    ]


def complex_slopes(at: Line, x: Any, weights: Any) -> list[Slope]:
    """The imaginary part of f(x + ih) / h, which has no difference in it and therefore no cancellation.

    The truncation is of the order of h**2 and vanishes; what remains is rounding, which is seen by moving x and h in
    their last bits.  (W. Squire and G. Trapp, SIAM Review 40, 1998.)
    """
    lanes, size = np.arange(len(x)), np.where(abs(x) > TINY, abs(x), 1.0)
    step, found, mass = size * 2.0**-70, [], np.zeros(len(x))
    with np.errstate(all="ignore"):
        for shift, stretch in ((0, 1.0), (1, 1.3), (-1, 0.7), (2, 1.1)):
            outputs = at(lanes, shift * EPS * abs(x) + 1j * step * stretch)
            terms = weights * np.imag(outputs) / (step * stretch)[:, None]
            found.append(np.sum(terms, -1))
            mass = np.maximum(mass, np.sum(abs(terms), -1))
        error = 4 * np.max(abs(found - found[0]), 0) + 8 * EPS * mass
    reason = "the function is analytic"
    return [Slope(value, bound, "complex step", reason, h) for value, bound, h in
            zip(found[0].tolist(), error.tolist(), step.tolist(), strict=True)]  # fmt: skip


def typical(x: Any) -> Any:
    """The scale of each entry of an array: its size, but no less than the typical size of all (1 for zeros)."""
    rms = float(np.sqrt(np.mean(x * x))) if x.size else 1.0
    return np.maximum(abs(x), rms or 1.0)


def own_sizes(x: Any) -> Any:
    """The size of each entry by itself, and for zeros that of the array: how far a direction moves each of them.

    Entries of many sizes, all moved by the size of the largest, would change their order on the first step.
    """
    return np.where(x == 0, typical(x), abs(x))


def slopes(target: Target, which: int, weights: Any, method: str) -> Any:
    """The derivatives with respect to the entries of one argument, an array of `Slope`."""
    shape = target.points[which].shape
    found = np.empty(shape, object)
    indices = [*np.ndindex(shape)]
    for index, s in zip(indices, entry_slopes(target, which, indices, weights, method), strict=True):
        found[index] = s
    return found


def packed(found: Sequence[Any], reason: str) -> NumericalGradient:
    """The values and errors of slopes, one array for each argument."""
    flat = [s for slopes in found for s in slopes.flat]
    value, error = (
        [np.array([getattr(s, name) for s in slopes.flat], float).reshape(slopes.shape)[()] for slopes in found]
        for name in ("value", "error")
    )
    reasons = dict.fromkeys([reason, *(s.reason for s in flat)])
    return NumericalGradient(
        value[0] if len(found) == 1 else tuple(value),
        error[0] if len(found) == 1 else tuple(error),
        ", ".join(dict.fromkeys(s.method for s in flat)),
        "; ".join(reasons),
    )
