"""Rows of tinygrad_br/rules/reductions.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...rules.reductions import running
from .row import NONZERO, POSITIVE, REAL, Domain, Row

CUBE, MATRIX, VECTOR = ((2, 3, 2),), ((3, 2),), ((4,),)
MASK = np.array([[True, False], [True, True], [False, True], [True, True]])  # three of four in each column
PLACES: dict[str, dict[str, Any]] = {
    "all": {},
    "axis": {"axis": -2},
    "axes": {"axis": (0, -1)},
    "kept": {"axis": (2, 0), "keepdims": True},
}


def row(function: Any, call: Any = None, shapes: Any = CUBE, note: str = "", **options: Any) -> Row:
    return Row(function, call, shapes=shapes, note=note, **options)


def places(function: Any, notes: Sequence[str] = tuple(PLACES), **options: Any) -> list[Row]:
    """One row for each way to choose axes."""
    return [row(function, lambda x, k=PLACES[note]: function(x, **k), note=note, **options) for note in notes]


def masked(x: Any) -> Any:
    """Three of the numbers are NaN."""
    return np.where(np.array([[[1, 0], [1, 1], [0, 1]], [[1, 1], [1, 1], [0, 1]]], bool), x, np.nan)


def numbers_only(function: Any, **options: Any) -> list[Row]:
    return [
        row(function, lambda x: function(masked(x)), note="all", **options),
        row(function, lambda x: function(masked(x), axis=1), note="axis", **options),
    ]


ROWS = [
    # sums and moments
    *places(np.sum),
    *places(np.mean),
    *places(np.var),
    *places(np.std, distinct=True),  # std has a kink where all numbers are equal
    *[row(f, lambda x, f=f: f(x, 0, where=MASK), ((4, 2),), "where", distinct=True)
      for f in (np.sum, np.mean, np.var, np.std, np.prod)],
    row(np.sum, lambda x: np.sum(x, 1, initial=2.0), MATRIX, "initial"),
    row(np.var, lambda x: np.var(x, 1, ddof=1), note="ddof"),
    row(np.std, lambda x: np.std(x, 1, ddof=1.5, keepdims=True), note="ddof", distinct=True),
    row(np.std, lambda x: np.std(x, 1, correction=1), note="correction", distinct=True),
    row(np.var, lambda x: np.var(x, 1, mean=np.ones((2, 1, 2), x.dtype)), note="mean"),
    row(np.var, lambda x: np.var(x, 0), MATRIX, "complex", complex=(0,)),
    row(np.std, lambda x: np.std(x, 0), MATRIX, "complex", complex=(0,), distinct=True),
    row(np.average, np.average),
    row(np.average, lambda x, w: np.average(x, axis=1, weights=w), (*CUBE, (2, 3, 2)), "weights",
        domains=(REAL, POSITIVE)),
    row(np.average, lambda x, w: np.average(x, 1, w, returned=True, keepdims=True), (*CUBE, (3,)), "one axis",
        domains=(REAL, POSITIVE)),
    row(np.average, lambda x, w: np.average(x, (2, 0), w), (*CUBE, (2, 2)), "two axes", domains=(REAL, POSITIVE)),
    *numbers_only(np.nansum),
    *numbers_only(np.nanmean),
    *numbers_only(np.nanvar),
    *numbers_only(np.nanstd, distinct=True),
    # maxima and minima
    *[r for f in (np.max, np.amax, np.min, np.amin, np.ptp) for r in places(f, distinct=True)],
    *[row(f, lambda x, f=f: f(x, 0, initial=0.1, where=MASK), ((4, 2),), "where", distinct=True)
      for f in (np.max, np.min)],
    row(np.max, lambda x: np.max(x, 0, initial=0.1, where=[[True], [False], [True]]), MATRIX, "list", distinct=True),
    *numbers_only(np.nanmax, distinct=True),
    *numbers_only(np.nanmin, distinct=True),
    # products
    *places(np.prod),
    row(np.prod, lambda x: np.prod(x * np.array([0.0, 1.0, 0.0, 1.0])), VECTOR, "zeros"),
    row(np.prod, lambda x: np.prod(x, initial=3.0), VECTOR, "initial"),
    row(np.prod, np.prod, ((3, 0),), "empty"),
    row(np.prod, np.prod, VECTOR, "complex", complex=(0,)),
    *numbers_only(np.nanprod),
    # scans
    *[row(f, lambda x, f=f: f(x, axis=1), note="axis") for f in (np.cumsum, np.cumprod, np.nancumsum, np.nancumprod)],
    *[row(f, f, MATRIX, "all") for f in (np.cumsum, np.cumprod)],
    row(np.cumprod, lambda x: np.cumprod(x * np.array([1.0, 0.0, 1.0, 0.0, 1.0])), ((5,),), "zeros"),
    *[row(f, lambda x, f=f: f(masked(x)), note="NaN") for f in (np.nancumsum, np.nancumprod)],
    *[row(f, lambda x, f=f: f(x, axis=0), MATRIX) for f in (np.cumulative_sum, np.cumulative_prod)],
    *[row(f, lambda x, f=f: f(x, include_initial=True), VECTOR, "initial")
      for f in (np.cumulative_sum, np.cumulative_prod)],
    # methods of ufuncs
    row(np.add, np.add.reduce, note="reduce"),
    row(np.add, lambda x: np.add.reduce(x, (0, 2), keepdims=True, initial=1.0), note="reduce axes"),
    row(np.multiply, lambda x: np.multiply.reduce(x, axis=-1), note="reduce"),
    row(np.maximum, np.maximum.reduce, note="reduce", distinct=True),
    row(np.minimum, lambda x: np.minimum.reduce(x, None), note="reduce", distinct=True),
    row(np.add, np.add.accumulate, note="accumulate"),
    row(np.multiply, lambda x: np.multiply.accumulate(x, 1), note="accumulate"),
    row(np.multiply, np.multiply.outer, ((2,), (3, 2)), "outer"),
    row(np.divide, lambda x, y: np.divide.outer(x, y), ((2,), ()), "outer", domains=(REAL, NONZERO)),
    row(running, lambda x: np.maximum.accumulate(x, axis=1), distinct=True),
    row(running, lambda x: np.minimum.accumulate(x), note="minimum", distinct=True),
    *[row(f, f.reduce, MATRIX, "reduce") for f in (np.subtract, np.logaddexp)],
    row(np.hypot, np.hypot.reduce, MATRIX, "reduce", domains=(NONZERO,)),
    row(np.divide, lambda x: np.divide.reduce(x, axis=1, keepdims=True), MATRIX, "reduce", domains=(NONZERO,)),
    row(np.logaddexp, lambda x: np.logaddexp.accumulate(x, 1), MATRIX, "accumulate"),
    *[row(f, lambda x, f=f: f.reduceat(x, [0, 2, 1]), ((4, 2),), "segments", distinct=f is np.maximum)
      for f in (np.add, np.multiply, np.maximum)],
    # covariances
    row(np.cov, np.cov, ((2, 4),)),
    row(np.cov, lambda x, y: np.cov(x, y, rowvar=False, bias=True), ((4, 2), (4, 1)), "columns"),
    row(np.cov, lambda x, w: np.cov(x, aweights=w, fweights=[1, 2, 1], ddof=0), ((2, 3), (3,)), "weights",
        domains=(REAL, POSITIVE)),
    row(np.cov, lambda x, w: np.cov(x, aweights=w), ((2, 3), (3,)), "weights, corrected", domains=(REAL, POSITIVE)),
    row(np.corrcoef, np.corrcoef, ((2, 4),), precision=1e-7, distinct=True),
    # differences
    *[row(np.diff, lambda x, n=n: np.diff(x, n), note=f"order {n}") for n in (0, 1, 2)],
    row(np.diff, lambda x, y: np.diff(x, axis=0, prepend=y, append=1.0), ((2, 3), (1, 3)), "ends"),
    row(np.ediff1d, np.ediff1d),
    row(np.ediff1d, lambda x, y: np.ediff1d(x, to_end=y, to_begin=[1.0, 2.0]), ((4,), (2,)), "ends"),
    row(np.trapezoid, np.trapezoid),
    row(np.trapezoid, lambda y, x: np.trapezoid(y, x, axis=1), (*CUBE, (3,)), "places"),
    row(np.trapezoid, lambda y, x: np.trapezoid(y, x, axis=0), ((3, 2), (3, 2)), "all places"),
    row(np.trapezoid, lambda y: np.trapezoid(y, dx=0.3), note="step"),
    row(np.gradient, np.gradient, ((3, 4),)),
    row(np.gradient, lambda f: np.gradient(f, 0.5, 2.0, edge_order=2), ((3, 4),), "steps"),
    row(np.gradient, lambda f, h: np.gradient(f, h, axis=1), ((2, 4), ()), "step", domains=(REAL, POSITIVE)),
    row(np.gradient, lambda f, x: np.gradient(f, np.cumsum(x), axis=-1), ((2, 4), (4,)), "places",
        domains=(REAL, POSITIVE)),
    row(np.gradient, lambda f, x: np.gradient(f, np.cumsum(x), edge_order=2), ((5,), (5,)), "places, second order",
        domains=(REAL, POSITIVE)),
    row(np.unwrap, lambda x: np.unwrap(x * 9), VECTOR, distinct=True, domains=(Domain(-3, 3),)),
]  # fmt: skip
