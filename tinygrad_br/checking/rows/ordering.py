"""Rows of tinygrad_br/rules/ordering.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from .row import Row

CUBE, MATRIX, VECTOR = ((2, 3, 2),), ((4, 3),), ((6,),)
METHODS = ("linear", "lower", "midpoint", "inverted_cdf", "averaged_inverted_cdf", "median_unbiased")
MASK = np.array([True, False, True])


def row(function: Any, call: Any = None, shapes: Any = MATRIX, note: str = "", **options: Any) -> Row:
    return Row(function, call, shapes=shapes, note=note, distinct=True, **options)


def holes(x: Any) -> Any:
    """Some entries of a matrix replaced by NaN."""
    return np.where(
        np.array([[True, False, True], [True, True, True], [False, True, True], [True, True, False]]), x, np.nan
    )


ROWS = [
    row(np.sort),
    row(np.sort, lambda x: np.sort(x, axis=0), CUBE, "axis"),
    row(np.sort, lambda x: np.sort(x, None), note="all"),
    row(np.partition, lambda x: np.partition(x, 2), VECTOR),
    row(np.partition, lambda x: np.partition(x, (1, 3), axis=0), note="axis"),
    row(np.partition, lambda x: np.partition(x, 4, axis=None), note="all"),
    *[row(np.median, lambda x, axis=axis: np.median(x, axis), CUBE, f"axis {axis}") for axis in (None, 1, (0, -1))],
    row(np.median, lambda x: np.median(x, axis=0, keepdims=True), note="kept"),
    *[row(np.quantile, lambda x, m=m: np.quantile(x, [0.1, 0.5, 0.83], axis=0, method=m), note=m) for m in METHODS],
    row(np.quantile, lambda x: np.quantile(x, 0.3), note="all"),
    row(np.percentile, lambda x: np.percentile(x, [[20, 40], [0, 100]], (0, 2), keepdims=True), CUBE, "axes"),
    row(np.nanmedian, lambda x: np.nanmedian(holes(x), axis=-2), note="axis"),
    row(np.nanmedian, lambda x: np.nanmedian(holes(x), (0, 1), keepdims=True), note="axes"),
    *[row(np.nanquantile, lambda x, m=m: np.nanquantile(holes(x), [0.1, 0.83], axis=-1, method=m), note=m)
      for m in METHODS[:3]],
    row(np.nanpercentile, lambda x: np.nanpercentile(holes(x), 30), note="all"),
    row(np.sort_complex, lambda x: np.sort_complex(x).real, VECTOR),
    row(np.trim_zeros, lambda x: np.trim_zeros(x * np.array([0, 0, 1, 0, 1, 0])), VECTOR),
    row(np.trim_zeros, lambda x: np.trim_zeros(x * np.array([0, 1, 0]), "f", axis=1), note="front"),
    row(np.bincount, lambda w: np.bincount(np.array([0, 2, 2, 1]), w, 5).astype(w.dtype), ((4,),)),
    row(np.take, lambda x: np.take(x, [[0, 2], [2, 2]])),
    row(np.take, lambda x: np.take(x, [1, 1, -1], axis=1), note="axis"),
    row(np.take, lambda x: np.take(x, [4, -5], 0, mode="wrap"), note="wrap"),
    row(np.take, lambda x: np.take(x, [4, -5], 0, mode="clip"), note="clip"),
    row(np.take_along_axis, lambda x: np.take_along_axis(x, np.array([[0, 2, 1], [3, 3, 0]]), axis=0)),
    row(np.take_along_axis, lambda x: np.take_along_axis(x, np.argsort(-x, axis=1), axis=1), note="positions"),
    row(np.take_along_axis, lambda x: np.take_along_axis(x, np.array([3, 3]), axis=None), note="all"),
    row(np.choose, lambda x, y: np.choose([0, 1, 2], [x, y, 2 * x]), ((3,), (2, 3))),
    row(np.choose, lambda x: np.choose(np.array([4, -1, 1, 0]), x.T, mode="wrap"), note="wrap"),
    row(np.compress, lambda x: np.compress(MASK, x, axis=1), note="axis"),
    row(np.compress, lambda x: np.compress([False, True, True], x), note="all"),
    row(np.extract, lambda x: np.extract(np.arange(12).reshape(4, 3) % 3 == 1, x)),
    row(np.extract, lambda x: np.extract(x > 0, x), note="condition of the numbers"),
    # positions and counts
    *[row(f, lambda x, f=f: f(x, axis=0), order=0)
      for f in (np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.count_nonzero, np.all, np.any)],
    *[row(f, order=0) for f in (np.nonzero, np.flatnonzero, np.argwhere, np.where)],
    row(np.argpartition, lambda x: np.argpartition(x, 1), order=0),
    row(np.lexsort, lambda x, y: np.lexsort((x, y)), ((4,), (4,)), order=0),
    row(np.searchsorted, lambda x: np.searchsorted([-1.0, 0.0, 1.0], x), order=0),
    row(np.digitize, lambda x: np.digitize(x, np.array([-1.0, 0.0, 1.0])), order=0),
    row(np.unravel_index, lambda x: np.unravel_index(np.argmax(x), x.shape), order=0),
    row(np.ravel_multi_index, lambda x: np.ravel_multi_index((np.argmax(x), np.argmin(x)), (12, 12)), order=0),
    row(np.logical_and, lambda x: np.logical_and.reduce(x > 0), note="reduce", order=0),
]  # fmt: skip
