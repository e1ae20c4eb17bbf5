"""Derivatives of np.linspace and its like with respect to the two ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dispatch import composed, operand
from ..engine import define_rule, record


def shares(ans: Any, num: int, endpoint: bool, axis: int) -> Any:
    """How far each entry is on the way from start to stop: 0, ..., 1 along the axis."""
    steps = np.arange(num) / max(num - 1 if endpoint else num, 1)
    return np.reshape(steps, [-1 if i == axis % ans.ndim else 1 for i in range(ans.ndim)])


define_rule(
    np.linspace,
    lambda g, ans, start, stop, num, endpoint, axis: np.sum(g * (1 - shares(ans, num, endpoint, axis)), axis),
    lambda g, ans, start, stop, num, endpoint, axis: np.sum(g * shares(ans, num, endpoint, axis), axis),
)
define_rule(  # start**(1 - t) stop**t
    np.geomspace,
    lambda g, ans, start, stop, num, endpoint, axis: (
        np.sum(g * (1 - shares(ans, num, endpoint, axis)) * ans, axis) / start
    ),
    lambda g, ans, start, stop, num, endpoint, axis: np.sum(g * shares(ans, num, endpoint, axis) * ans, axis) / stop,
)


@composed(np.linspace)
def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None,
    axis: int = 0, **device: Any,
) -> Any:  # fmt: skip
    start, stop = operand(start), operand(stop)
    line = record(np.linspace, (start, stop), {"num": num, "endpoint": endpoint, "axis": axis})
    line = line if dtype is None else line.astype(dtype)
    return (line, (stop - start) / (num - 1 if endpoint else num)) if retstep else line


@composed(np.logspace)
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    base = operand(base)
    if np.ndim(base):
        start, stop = np.broadcast_arrays(start, stop, base)[:2]
        base = np.expand_dims(base, axis)
    line = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return line if dtype is None else line.astype(dtype)


@composed(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    line = record(np.geomspace, (operand(start), operand(stop)), {"num": num, "endpoint": endpoint, "axis": axis})
    return line if dtype is None else line.astype(dtype)
