"""Rows of tinygrad_br/rules/indexing.py."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

import tinygrad_br as tg
from tinygrad_br.rules.indexing import scattered, survivors

from .row import Row

INDICES = {
    "number": 1,
    "slice": slice(None, None, -2),
    "mixed": (slice(1, None), 0, None, Ellipsis, slice(2)),
    "list": [2, 0],
    "repeated": [0, 2, 0, 0],
    "pairs": ([0, 2, 0], [1, 0, 1]),
    "around": ([0, 2, 0], slice(None), [1, 0, 1]),
    "mask": np.array([True, False, True]),
    "mask and slice": (slice(None), np.array([[True, False], [True, True]])),
    "table": np.array([[0, 2], [2, 2]]),
}
SHAPE = (3, 2, 2)


def at(index: Any) -> Any:
    return np.zeros(SHAPE)[index].shape


ROWS = [
    *[Row(operator.getitem, lambda x, i=i: x[i], ((3, 2, 2),), note=name) for name, i in INDICES.items()],
    *[Row(tg.put, lambda x, v, i=i: tg.put(x, i, v), (SHAPE, at(i)), note=name) for name, i in INDICES.items()],
    *[Row(tg.add_at, lambda x, v, i=i: tg.add_at(x, i, v), (SHAPE, at(i)), note=name) for name, i in INDICES.items()],
    Row(tg.put, lambda x, v: tg.put(x, [0, 1], v), (SHAPE, ()), note="one for all"),
    Row(tg.add_at, lambda x, v: tg.add_at(x, [0, 1, 0], v), (SHAPE, (2,)), note="broadcast"),
    Row(scattered, lambda v: scattered(v, [0, 2, 0], (3, 2)), ((3, 2),)),
    Row(survivors, lambda x: survivors(x, np.array([0, 2, 0])), ((3,),), order=0),
]
