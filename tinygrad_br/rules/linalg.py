"""Derivatives of linear algebra, of one matrix or of each matrix in a stack."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dispatch import composed, operand
from ..engine import define_rule, record
from .auxiliary import ratio


def norm_rule(g: Any, ans: Any, x: Any, p: float, axis: Any, keepdims: bool) -> Any:
    """d|x|_p / dx = x |x|**(p-2) / |x|_p**(p-1), and 0 where the norm is 0."""
    if not keepdims:
        axes = tuple(range(x.ndim)) if axis is None else axis
        g, ans = np.expand_dims(g, axes), np.expand_dims(ans, axes)
    if p == 2:
        return g * ratio(np.conjugate(x), ans)
    size = np.where(x == 0, 1, np.abs(x))
    return g * (np.conjugate(x) / size) * (size / np.where(ans == 0, 1, ans)) ** (p - 1)


define_rule(
    np.linalg.norm,
    lambda g, ans, x, ord=None, axis=None, keepdims=False: norm_rule(
        g, ans, x, 2 if ord in (None, "fro") else ord, axis, keepdims
    ),
)


@composed(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = operand(x)
    if axis is None and ord is None:
        return record(np.linalg.norm, (x,), {"keepdims": keepdims})
    axes = tuple(range(x.ndim)) if axis is None else tuple(np.atleast_1d(axis).tolist())
    if (len(axes) == 1 and ord not in (0, np.inf, -np.inf)) or (len(axes) == 2 and ord in (None, "fro")):
        return record(np.linalg.norm, (x, ord, axis, keepdims))
    if len(axes) == 1:
        chosen = {0: lambda y, **kw: np.sum(y != 0, **kw), np.inf: np.max, -np.inf: np.min}[ord]
        return chosen(np.abs(x) if ord else x, axis=axes, keepdims=keepdims)
    raise NotImplementedError
