"""Derivatives of functions that make one number of many, of scans, and of differences along an axis.

A rule gets the arguments of the call, so its parameters are those of the NumPy function.  `out` is always None:
nothing is written into a Value's data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..dispatch import COMPOSED, UFUNC_METHODS, composed, operand
from ..engine import define_rule
from .auxiliary import conj, in_line, ratio, read

NOT_GIVEN: Any = np._NoValue  # what NumPy takes for "no initial value"


def spread(g: Any, axis: Any, keepdims: Any, where: Any = True) -> Any:
    """The cotangent of a reduction at each place that was reduced, as far as broadcasting does not see to it."""
    g = g if axis is None or keepdims is True else np.expand_dims(g, axis)
    return g if where is True else np.where(where, g, 0)


def count(x: Any, ans: Any, axis: Any, where: Any) -> Any:
    """How many entries each result was made of."""
    if where is True:
        return x.size / max(ans.size, 1)
    return np.sum(np.broadcast_to(where, x.shape), axis=axis, keepdims=True)


# sums and moments
def mean_rule(
    g: Any, ans: Any, x: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
    *, where: Any = True,
) -> Any:  # fmt: skip
    return spread(g, axis, keepdims, where) / count(x, ans, axis, where)


def deviations(x: Any, ans: Any, axis: Any, where: Any, mean: Any) -> Any:
    """The distances from the mean; 0 where they do not count."""
    counted = x if where is True else np.where(where, x, 0)
    mean = np.sum(counted, axis=axis, keepdims=True) / count(x, ans, axis, where) if mean is NOT_GIVEN else mean
    return x - mean if where is True else np.where(where, x - mean, 0)


def var_rule(
    g: Any, ans: Any, x: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0,
    keepdims: Any = False, *, where: Any = True, mean: Any = NOT_GIVEN, correction: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    n = count(x, ans, axis, where) - (ddof if correction is NOT_GIVEN else correction)
    return 2 * spread(g, axis, keepdims) * conj(deviations(x, ans, axis, where, mean)) / n


def std_rule(
    g: Any, ans: Any, x: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0,
    keepdims: Any = False, *, where: Any = True, mean: Any = NOT_GIVEN, correction: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    """The derivative (x - mean) / (n std), and 0 where all x are equal.

    Their mean may then be rounded, so that the std is not 0: all deviations are the same tiny number, of one sign.
    """
    total = count(x, ans, axis, where)
    d = deviations(x, ans, axis, where, mean)
    equal = np.abs(np.sum(np.sign(d), axis=axis, keepdims=True)) == total
    length = np.where(equal, 0, spread(ans, axis, keepdims))
    return (
        spread(g, axis, keepdims) * ratio(conj(d), length) / (total - (ddof if correction is NOT_GIVEN else correction))
    )


def numbers_only(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The rule of the variant of a function that leaves out NaN."""
    return lambda g, ans, x, *args, where=True, **kwargs: rule(g, ans, x, *args, where=where & ~np.isnan(x), **kwargs)


define_rule(
    np.sum,
    lambda g, ans, x, axis=None, dtype=None, out=None, keepdims=False, initial=0, where=True: spread(
        g, axis, keepdims, where
    ),
)
define_rule(np.mean, mean_rule)
define_rule(np.var, var_rule)
define_rule(np.std, std_rule)
define_rule(np.nanmean, numbers_only(mean_rule))
define_rule(np.nanvar, numbers_only(var_rule))
define_rule(np.nanstd, numbers_only(std_rule))


@composed(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    a = operand(a)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        total: Any = np.full(mean.shape, a.size / mean.size)[()]
    else:
        weights = operand(weights)
        if weights.shape != a.shape:
            axes = axis if isinstance(axis, tuple) else (axis,)
            if axis is None or weights.shape != tuple(a.shape[i] for i in axes):
                raise ValueError(f"np.average of shape {a.shape} along axis {axis}: weights of shape {weights.shape}")
            axes = tuple(i % a.ndim for i in axes)
            weights = np.transpose(weights, np.argsort(axes).tolist()).reshape(
                [n if i in axes else 1 for i, n in enumerate(a.shape)]
            )
        total = np.sum(weights * np.ones_like(a), axis=axis, keepdims=keepdims)
        mean = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (mean, total) if returned else mean


# maxima and minima: equal ones share the cotangent
def extreme_rule(
    g: Any, ans: Any, x: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = NOT_GIVEN,
    where: Any = True,
) -> Any:  # fmt: skip
    ans = spread(ans, axis, keepdims)
    at = np.logical_and(x == ans, where)
    sharing = np.sum(at, axis=axis, keepdims=True) + (0 if initial is NOT_GIVEN else ans == initial)
    return np.where(at, spread(g, axis, keepdims) / sharing, 0)


for extreme in (np.max, np.amax, np.min, np.amin, np.nanmax, np.nanmin):
    define_rule(extreme, extreme_rule)


@composed(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    return np.max(a, axis, out, keepdims) - np.min(a, axis, out, keepdims)


# products, without a division, so that zeros among the factors do no harm at any order
def products_before(x: Any) -> Any:
    """At each place of the last axis the product of all that stand before it."""
    return np.concatenate([np.ones_like(x[..., :1]), np.cumprod(x[..., :-1], axis=-1)], axis=-1)


def prod_rule(
    g: Any, ans: Any, x: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
    initial: Any = 1, where: Any = True,
) -> Any:  # fmt: skip
    """The product of all others: of those before each factor and of those after it."""
    factors = x if where is True else np.where(where, x, 1)
    line, back = in_line(factors, axis)
    others = back(products_before(line) * np.flip(products_before(np.flip(line, -1)), -1))
    return spread(g * (1 if initial is NOT_GIVEN else initial), axis, keepdims, where) * others


def cumprod_rule(g: Any, ans: Any, x: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """Factor i is in the products i, i + 1, ...: the sum of their cotangents, each times the product's other factors.

    The products before i come out; what is left, r_i = g_i + x_(i+1) r_(i+1), is found in log2(n) steps: after the
    step of width w, r_i holds the terms of w places and `bridge` the product of the w factors that follow i.
    """
    line = x.ravel() if axis is None else np.moveaxis(x, axis, -1)
    r = g if axis is None else np.moveaxis(g, axis, -1)
    bridge, width = shifted(line, 1), 1
    while width < line.shape[-1]:
        r, bridge, width = r + bridge * shifted(r, width), bridge * shifted(bridge, width), 2 * width
    share = products_before(line) * r
    return share.reshape(x.shape) if axis is None else np.moveaxis(share, -1, axis)


def shifted(x: Any, width: int) -> Any:
    """The entries moved to the front of the last axis by some places; zeros follow."""
    return np.concatenate([x[..., width:], np.zeros_like(x[..., :width])], axis=-1)


define_rule(np.prod, prod_rule)
define_rule(np.cumprod, cumprod_rule)


# sums along the way
def cumsum_rule(g: Any, ans: Any, x: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """Entry i is in the sums i, i + 1, ...: the sum of the cotangents from i on."""
    axis, shape = (0, x.shape) if axis is None else (axis, g.shape)
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis).reshape(shape)


define_rule(np.cumsum, cumsum_rule)


def cumulative(function: Callable[..., Any], start: float) -> Callable[..., Any]:
    """np.cumulative_sum or np.cumulative_prod, made of np.cumsum or np.cumprod."""

    def compose(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
    ) -> Any:
        if axis is None and x.ndim > 1:
            raise ValueError(f"a Value of shape {x.shape} has more than one axis: pass axis=")
        axis = 0 if axis is None else axis
        first = np.full_like(np.moveaxis(x.data, axis, 0)[:1], start)
        result = function(x, axis=axis, dtype=dtype, out=out)
        return np.concatenate([np.moveaxis(first, 0, axis), result], axis) if include_initial else result

    return compose


COMPOSED[np.cumulative_sum] = cumulative(np.cumsum, 0)
COMPOSED[np.cumulative_prod] = cumulative(np.cumprod, 1)


# the variants that put a number in the place of NaN
def filled(function: Callable[..., Any], number: int) -> Callable[..., Any]:
    return lambda a, *args, **kwargs: function(np.where(np.isnan(a), number, a), *args, **kwargs)


for nan_function, function, number in (
    (np.nansum, np.sum, 0), (np.nanprod, np.prod, 1), (np.nancumsum, np.cumsum, 0), (np.nancumprod, np.cumprod, 1),
):  # fmt: skip
    COMPOSED[nan_function] = filled(function, number)


# methods of ufuncs
def reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    """`ufunc.reduce` as the function it is, but along the first axis if none is given."""
    return lambda x, axis=0, dtype=None, **kwargs: function(x, axis, **({"dtype": dtype} if dtype else {}), **kwargs)


for ufunc, reduce in ((np.add, np.sum), (np.multiply, np.prod), (np.maximum, np.max), (np.minimum, np.min),
                      (np.logical_and, np.all), (np.logical_or, np.any)):  # fmt: skip
    UFUNC_METHODS[ufunc, "reduce"] = reduction(reduce)
for ufunc, accumulate in ((np.add, np.cumsum), (np.multiply, np.cumprod)):
    UFUNC_METHODS[ufunc, "accumulate"] = reduction(accumulate)


def running(x: Any, ufunc: Any, axis: int = 0) -> Any:
    """`np.maximum.accumulate` or `np.minimum.accumulate`."""
    return ufunc.accumulate(x, axis)


def running_rule(g: Any, ans: Any, x: Any, ufunc: Any, axis: int = 0) -> Any:
    """Equal ones share: each result's cotangent goes in equal parts to the entries so far that have its value."""
    x, ans = (np.moveaxis(read(v, "a running maximum"), axis, -1) for v in (x, ans))
    n = x.shape[-1]
    place = np.arange(n)
    new = np.concatenate([np.ones_like(x[..., :1], bool), ans[..., 1:] != ans[..., :-1]], -1)
    start = np.maximum.accumulate(np.where(new, place, 0), -1)  # of the results of one value
    later = np.concatenate([np.where(new, place, n)[..., 1:], np.full_like(start[..., :1], n)], -1)
    stop = np.flip(np.minimum.accumulate(np.flip(later, -1), -1), -1)
    counts = np.cumsum(x == ans, -1)
    before = np.where(start > 0, np.take_along_axis(counts, np.maximum(start - 1, 0), -1), 0)
    part = np.moveaxis(g, axis, -1) / (counts - before)
    sums = np.concatenate([np.zeros_like(part[..., :1]), np.cumsum(part, -1)], -1)
    here = np.broadcast_to(place, x.shape)
    return np.moveaxis(
        np.where(x == ans, np.take_along_axis(sums, stop, -1) - np.take_along_axis(sums, here, -1), 0), -1, axis
    )


running = define_rule(running, running_rule)
for ufunc in (np.maximum, np.minimum):
    UFUNC_METHODS[ufunc, "accumulate"] = lambda x, axis=0, f=ufunc: running(operand(x), f, axis)


def folded(ufunc: Any, x: Any, axis: int, keepdims: bool = False, whole: bool = True) -> Any:
    """Any other binary ufunc, entry after entry: the last result, or all of them."""
    lines = np.moveaxis(operand(x), axis, 0)
    results = [lines[0]]
    for i in range(1, len(lines)):
        results.append(ufunc(results[-1], lines[i]))
    if not whole:
        return np.moveaxis(np.stack(results), 0, axis)
    return np.expand_dims(results[-1], axis) if keepdims else results[-1]


def segments(ufunc: Any, x: Any, indices: Any, axis: int = 0) -> Any:
    """`ufunc.reduceat`: the reduction from each index to the next one, or one entry where that is not larger."""
    lines, starts = np.moveaxis(operand(x), axis, 0), np.asarray(indices).tolist()
    ends = [*starts[1:], len(lines)]
    parts = [ufunc.reduce(lines[i:j]) if i < j else lines[i] for i, j in zip(starts, ends, strict=True)]
    return np.moveaxis(np.stack(parts), 0, axis)


others: tuple[Any, ...] = (
    np.subtract, np.divide, np.power, np.float_power, np.logaddexp, np.logaddexp2, np.hypot, np.arctan2, np.fmax,
    np.fmin,
)  # fmt: skip
for other in others:
    UFUNC_METHODS[other, "reduce"] = lambda x, axis=0, keepdims=False, f=other: folded(f, x, axis, keepdims)
    UFUNC_METHODS[other, "accumulate"] = lambda x, axis=0, f=other: folded(f, x, axis, whole=False)
for ufunc, method in [*UFUNC_METHODS]:
    if method == "reduce":
        UFUNC_METHODS[ufunc, "reduceat"] = lambda x, indices, axis=0, f=ufunc: segments(f, x, indices, axis)


# covariances
@composed(np.cov)
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None, fweights: Any = None,
    aweights: Any = None, *, dtype: Any = None,
) -> Any:  # fmt: skip
    """Rows are variables; `fweights` counts the columns, `aweights` weighs them."""
    x = np.atleast_2d(operand(m))
    x = x if rowvar or np.ndim(m) == 1 else np.transpose(x)
    if y is not None:
        y = np.atleast_2d(operand(y))
        x = np.concatenate([x, y if rowvar or len(y) == 1 else np.transpose(y)])
    x = x.astype(np.result_type(x.dtype, np.float64) if dtype is None else dtype)
    ddof = (0 if bias else 1) if ddof is None else ddof
    weights = [operand(w) for w in (fweights, aweights) if w is not None]
    if not weights:
        x = x - np.average(x, axis=1)[:, None]
        return np.squeeze(np.dot(x, np.conjugate(np.transpose(x))) * np.true_divide(1, x.shape[1] - ddof))
    w = weights[0] if len(weights) == 1 else weights[0] * weights[1]
    total = np.sum(w)
    lost = 0 if ddof == 0 else ddof if aweights is None else ddof * np.sum(w * operand(aweights)) / total
    x = x - np.average(x, axis=1, weights=w)[:, None]
    return np.squeeze(np.dot(x, np.conjugate(np.transpose(x * w))) * np.true_divide(1, total - lost))


@composed(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = np.cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    deviation = np.sqrt(np.real(np.diag(c)))
    c = c / deviation[:, None] / deviation[None, :]
    return c if np.iscomplexobj(c) else np.clip(c, -1, 1)


# differences along an axis
def along(x: Any, axis: int, start: Any, stop: Any) -> Any:
    """A slice along one axis."""
    return x[(slice(None),) * (axis % x.ndim) + (slice(start, stop),)]


@composed(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = NOT_GIVEN, append: Any = NOT_GIVEN) -> Any:
    a = operand(a)
    if a.ndim == 0:
        raise ValueError("np.diff takes the differences along an axis, but got a single number")
    if n < 0:
        raise ValueError(f"np.diff takes differences of order 0 or more, but got {n}")
    if n == 0:
        return a
    if prepend is not NOT_GIVEN or append is not NOT_GIVEN:
        side = [1 if i == axis % a.ndim else m for i, m in enumerate(a.shape)]
        ends = [v if v is NOT_GIVEN or np.ndim(v) else np.broadcast_to(v, side) for v in (prepend, append)]
        a = np.concatenate([v for v in (ends[0], a, ends[1]) if v is not NOT_GIVEN], axis)
    for _ in range(n):
        later, earlier = along(a, axis, 1, None), along(a, axis, None, -1)
        a = later != earlier if a.dtype == bool else later - earlier
    return a


@composed(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    differences = np.diff(np.ravel(operand(ary)))
    parts = [np.ravel(operand(end)).astype(differences.dtype) for end in (to_begin, to_end) if end is not None]
    parts.insert(0 if to_begin is None else 1, differences)
    return np.concatenate(parts)


@composed(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = operand(y)
    step = dx
    if x is not None:
        x = operand(x)
        step = np.diff(x, axis=axis if x.ndim > 1 else 0)
        if x.ndim == 1:
            step = step.reshape([-1 if i == axis % y.ndim else 1 for i in range(y.ndim)])
    return np.sum(step * (along(y, axis, 1, None) + along(y, axis, None, -1)) / 2.0, axis)


@composed(np.gradient)
def gradient(f: Any, *spacings: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences inside and one-sided ones at the edges, along each axis: what np.gradient documents."""
    f = operand(f)
    axes = range(f.ndim) if axis is None else [i % f.ndim for i in np.atleast_1d(axis)]
    if len(spacings) not in (0, 1, len(axes)):
        raise TypeError(f"np.gradient along {len(axes)} axes takes as many spacings, or one, but got {len(spacings)}")
    steps = [1.0] * len(axes) if not spacings else list(spacings) * (len(axes) if len(spacings) == 1 else 1)
    results = [derivative_along(f, i, operand(step), edge_order) for i, step in zip(axes, steps, strict=True)]
    return results[0] if len(results) == 1 else tuple(results)


def derivative_along(f: Any, axis: int, step: Any, edge_order: int) -> Any:
    """The differences of np.gradient along one axis, for an even spacing or for coordinates."""
    if edge_order not in (1, 2) or f.shape[axis] <= edge_order:
        raise ValueError(
            f"np.gradient with edge_order={edge_order} of {f.shape[axis]} entries: take 1, or 2 of at least 3"
        )
    f = np.moveaxis(f, axis, -1)
    even = np.ndim(step) == 0
    h = step if even else np.diff(step)
    inside, ends = (even_differences if even else uneven_differences)(f, h, edge_order)
    return np.moveaxis(np.concatenate([ends[0][..., None], inside, ends[1][..., None]], -1), -1, axis)


def even_differences(f: Any, h: Any, edge_order: int) -> tuple[Any, Sequence[Any]]:
    inside = (f[..., 2:] - f[..., :-2]) / (2.0 * h)
    if edge_order == 1:
        return inside, [(f[..., 1] - f[..., 0]) / h, (f[..., -1] - f[..., -2]) / h]
    first, last = (-1.5 / h, 2.0 / h, -0.5 / h), (0.5 / h, -2.0 / h, 1.5 / h)
    return inside, [weighted(f[..., :3], first), weighted(f[..., -3:], last)]


def uneven_differences(f: Any, h: Any, edge_order: int) -> tuple[Any, Sequence[Any]]:
    h1, h2 = h[:-1], h[1:]
    a, b, c = -h2 / (h1 * (h1 + h2)), (h2 - h1) / (h1 * h2), h1 / (h2 * (h1 + h2))
    inside = a * f[..., :-2] + b * f[..., 1:-1] + c * f[..., 2:]
    if edge_order == 1:
        return inside, [(f[..., 1] - f[..., 0]) / h[0], (f[..., -1] - f[..., -2]) / h[-1]]
    h1, h2 = h[0], h[1]
    first = -(2.0 * h1 + h2) / (h1 * (h1 + h2)), (h1 + h2) / (h1 * h2), -h1 / (h2 * (h1 + h2))
    h1, h2 = h[-2], h[-1]
    last = h2 / (h1 * (h1 + h2)), -(h2 + h1) / (h1 * h2), (2.0 * h2 + h1) / (h2 * (h1 + h2))
    return inside, [weighted(f[..., :3], first), weighted(f[..., -3:], last)]


def weighted(f: Any, weights: tuple[Any, Any, Any]) -> Any:
    """The sum of three entries with their weights."""
    return weights[0] * f[..., 0] + weights[1] * f[..., 1] + weights[2] * f[..., 2]


define_rule(np.unwrap, lambda g, ans, x, *args, **kwargs: g)
