"""Derivatives of functions that put numbers in order, pick some of them, or tell their positions.

A cotangent goes back to the place its number came from.  Positions themselves are integers, without a derivative.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..dispatch import composed, holds_values, operand, refused
from ..engine import data_of, define_rule, record
from ..messages import op_name
from .auxiliary import entries, in_line, read


# order
def sorted_back(g: Any, x: Any, axis: int) -> Any:
    """Where the sorted numbers came from."""
    places = np.argsort(np.argsort(x, axis=axis, kind="stable"), axis=axis)
    return np.take_along_axis(g, places, axis=axis)


def sort_rule(g: Any, ans: Any, x: Any, axis: Any = -1, *options: Any, **more: Any) -> Any:
    return sorted_back(g, x.ravel(), 0).reshape(x.shape) if axis is None else sorted_back(g, x, axis)


def partition_rule(g: Any, ans: Any, x: Any, kth: Any, axis: Any = -1, *options: Any, **more: Any) -> Any:
    """Both the numbers and the result of np.partition are an order of the same sorted numbers."""
    line = 0 if axis is None else axis
    return sort_rule(np.take_along_axis(g, np.argsort(ans, axis=line, kind="stable"), axis=line), ans, x, axis)


define_rule(np.sort, sort_rule)


@composed(np.sort_complex)
def sort_complex(a: Any) -> Any:
    numbers = np.sort(operand(a))
    return numbers if np.iscomplexobj(numbers) else numbers.astype(np.complex128)


define_rule(np.partition, partition_rule)


# order statistics: one of the sorted numbers, or a mean of two neighbours
def quantile_rule(function: Any, g: Any, x: Any, *q: Any, axis: Any, keepdims: bool, **method: Any) -> Any:
    """Where each quantile stands in the sorted numbers: at 2.25, it is 3/4 of number 2 and 1/4 of number 3.

    To learn it, NumPy is asked for the same quantile of 0, 1, ..., n - 1: so each of its methods is right.  NaN stands
    behind the numbers.
    """
    line, back = in_line(x, axis)
    ordinals = np.broadcast_to(np.arange(float(line.shape[-1])), line.shape)
    if function not in PLAIN_QUANTILES:
        ordinals = np.where(np.sort(np.isnan(read(line, op_name(function))), axis=-1), np.nan, ordinals)
    with warnings.catch_warnings():  # of lines that have no numbers at all
        warnings.simplefilter("ignore", RuntimeWarning)
        places = np.nan_to_num(function(ordinals, *q, axis=-1, **method))
    places = places.reshape((-1, *line.shape[:-1], 1))
    left, which = np.floor(places), np.arange(line.shape[-1])
    weights = (which == left) * (1 - (places - left)) + (which == np.ceil(places)) * (places - left)
    share = np.sum(np.reshape(g, (len(places), *line.shape[:-1], 1)) * weights.astype(x.dtype), axis=0)
    return back(sorted_back(share, line, -1))


PLAIN_QUANTILES = {np.median, np.quantile, np.percentile}  # in which a NaN makes the result NaN
for function in (np.median, np.nanmedian, np.quantile, np.nanquantile, np.percentile, np.nanpercentile):
    define_rule(function, lambda g, ans, x, *q, f=function, **options: quantile_rule(f, g, x, *q, **options))


def medians(function: Any) -> None:
    @composed(function)
    def compose(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
        if out is not None:
            raise TypeError(
                f"np.{function.__name__} cannot write into out= here: a Value is never changed in place; use its result"
            )
        return record(function, (operand(a),), {"axis": axis, "keepdims": keepdims is True})


def quantiles(function: Any) -> None:
    """Record np.quantile and its like in one form; the data are never overwritten."""

    @composed(function)
    def compose(
        a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, method: str = "linear",
        keepdims: Any = False, **options: Any,
    ) -> Any:  # fmt: skip
        if out is not None or any(option is not None for option in options.values()):
            raise TypeError(f"np.{function.__name__} of a Value takes axis=, method= and keepdims= only")
        if holds_values(q):
            raise TypeError(f"np.{function.__name__} has no derivative with respect to q here; pass its data, q.data")
        return record(function, (operand(a), q), {"axis": axis, "method": method, "keepdims": keepdims is True})


for function in (np.median, np.nanmedian):
    medians(function)
for function in (np.quantile, np.nanquantile, np.percentile, np.nanpercentile):
    quantiles(function)


# picking by position
@composed(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    if out is not None:
        raise TypeError("np.take cannot write into out= here: a Value is never changed in place; use its result")
    a, indices = operand(a), operand(indices)
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis % a.ndim)
    return entries(a, (slice(None),) * axis + (within(indices, a.shape[axis], mode),))


def within(indices: Any, size: int, mode: str) -> Any:
    """Positions as NumPy's three modes of np.take and np.choose understand those outside of an axis."""
    return indices % size if mode == "wrap" else np.clip(indices, 0, size - 1) if mode == "clip" else indices


@composed(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    arr, indices = operand(arr), operand(indices)
    if axis is None:
        return entries(np.ravel(arr), indices)
    if indices.ndim != arr.ndim:
        raise ValueError(f"np.take_along_axis of shape {arr.shape}: indices of as many axes, but got {indices.shape}")
    index = list(np.ogrid[tuple(slice(n) for n in arr.shape)])
    index[axis] = indices
    return entries(arr, tuple(index))


@composed(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    if out is not None:
        raise TypeError("np.choose cannot write into out= here: a Value is never changed in place; use its result")
    a, choices = operand(a), [operand(choice) for choice in choices]
    if mode == "raise" and not np.all((data_of(a) >= 0) & (data_of(a) < len(choices))):
        raise ValueError(f"np.choose among {len(choices)} takes positions below that, or mode='wrap' or mode='clip'")
    a, result = within(a, len(choices), mode), choices[-1]
    for i in reversed(range(len(choices) - 1)):
        result = np.where(a == i, choices[i], result)
    return result


@composed(np.compress)
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    return np.take(a, np.nonzero(operand(condition))[0], axis, out)


@composed(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    return entries(np.ravel(operand(arr)), np.nonzero(np.ravel(operand(condition)))[0])


@composed(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    filt = operand(filt)
    axes = range(filt.ndim) if axis is None else [i % filt.ndim for i in np.atleast_1d(axis).tolist()]
    places, index = np.nonzero(read(filt, "np.trim_zeros")), [slice(None)] * filt.ndim
    for i in axes:
        found = places[i]
        start = int(found.min()) if "f" in trim.lower() and found.size else 0
        index[i] = slice(start, (int(found.max()) + 1 if "b" in trim.lower() else None) if found.size else 0)
    return filt[tuple(index)]


# positions, counts and truth values have no derivative
positions_and_counts: tuple[Any, ...] = (
    np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort, np.searchsorted,
    np.digitize, np.nonzero, np.flatnonzero, np.argwhere, np.count_nonzero, np.all, np.any, np.unravel_index,
    np.ravel_multi_index,
)  # fmt: skip
for function in positions_and_counts:
    define_rule(function)

# reasons, and the functions that are refused for them
refusals: dict[str, tuple[Any, ...]] = {
    "equal numbers become one, so its shape jumps; find positions on v.data and index with them": (
        np.unique, np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values, np.union1d, np.intersect1d,
        np.setdiff1d, np.setxor1d,
    ),
    "the bin of a number jumps; count v.data, and for Values as weights write np.bincount(np.digitize(x, inner), w)": (
        np.histogram, np.histogram2d, np.histogramdd, np.histogram_bin_edges,
    ),
    "bits are integers; pass v.data": (np.packbits, np.unpackbits),
    "it writes numbers to a file; pass v.data, or save a module with tg.save": (
        np.save, np.savez, np.savez_compressed, np.savetxt,
    ),
}  # fmt: skip
for reason, functions in refusals.items():
    for function in functions:
        refused(function, reason)
define_rule(np.bincount, None, lambda g, ans, x, weights, minlength=0: g[x])
