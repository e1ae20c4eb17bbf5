"""Derivatives of functions that put numbers in order, pick some of them, or tell their positions.

A cotangent goes back to the place its number came from.  Positions themselves are integers, without a derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dispatch import composed, holds_values, operand, refused
from ..engine import data_of, define_rule, record
from .auxiliary import entries, in_line


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
define_rule(np.partition, partition_rule)


# order statistics: one of the sorted numbers, or a mean of two neighbours
def quantile_rule(g: Any, x: Any, axis: Any, positions: Any) -> Any:
    """`positions` says where in the sorted numbers each quantile stands; 2.25 is 3/4 of number 2 and 1/4 of number 3.

    To learn it, NumPy is asked for the same quantile of 0, 1, ..., n - 1: so each of its methods is right.
    """
    line, back = in_line(x, axis)
    positions = np.ravel(positions)
    left = np.floor(positions).astype(int)
    weights = np.zeros((positions.size, line.shape[-1]))
    weights[np.arange(positions.size), left] = 1 - (positions - left)
    weights[np.arange(positions.size), np.ceil(positions).astype(int)] += positions - left
    g = g.reshape((positions.size, *line.shape[:-1]))
    return back(sorted_back(np.tensordot(g, weights.astype(g.dtype), ((0,), (0,))), line, -1))


def ordinals(x: Any, axis: Any) -> Any:
    """0, 1, ..., as many as the numbers that each result is found from."""
    return np.arange(float(x.size if axis is None else np.prod([x.shape[i] for i in np.atleast_1d(axis)], dtype=int)))


define_rule(
    np.median,
    lambda g, ans, x, axis=None, keepdims=False: quantile_rule(g, x, axis, np.median(ordinals(x, axis))),
)
for function in (np.quantile, np.percentile):
    define_rule(
        function,
        lambda g, ans, x, q, axis=None, method="linear", keepdims=False, f=function: quantile_rule(
            g, x, axis, f(ordinals(x, axis), q, method=method)
        ),
    )


@composed(np.median)
def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    if out is not None:
        raise TypeError("np.median cannot write into out= here: a Value is never changed in place; use its result")
    return record(np.median, (operand(a),), {"axis": axis, "keepdims": keepdims})


def quantiles(function: Any) -> None:
    """Record np.quantile or np.percentile in one form; the data are never overwritten."""

    @composed(function)
    def compose(
        a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, method: str = "linear",
        keepdims: bool = False, **options: Any,
    ) -> Any:  # fmt: skip
        if out is not None or any(option is not None for option in options.values()):
            raise TypeError(f"np.{function.__name__} of a Value takes axis=, method= and keepdims= only")
        if holds_values(q):
            raise TypeError(f"np.{function.__name__} has no derivative with respect to q here; pass its data, q.data")
        return record(function, (operand(a), q), {"axis": axis, "method": method, "keepdims": keepdims})


quantiles(np.quantile)
quantiles(np.percentile)


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


# positions, counts and truth values have no derivative
positions_and_counts: tuple[Any, ...] = (
    np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort, np.searchsorted,
    np.digitize, np.nonzero, np.flatnonzero, np.argwhere, np.count_nonzero, np.all, np.any,
)  # fmt: skip
for function in positions_and_counts:
    define_rule(function)

functions_of_sets: tuple[Any, ...] = (np.unique, np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d)
for function in functions_of_sets:
    refused(function, "equal numbers become one, so its shape jumps; find positions on v.data and index with them")
