"""Functions of ours whose bodies need plain arrays, said in another way for a program.

Most of our own functions are taken apart by running their body on Values.  A body that looks at numbers, as one does
that checks labels, stays whole unless an equivalent without a decision stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ..engine import define_rule
from ..nn import losses
from ..nn.losses import is_tall
from ..rules.activations import softmax
from ..value import astype


def ones_at(positions: Any, shape: tuple[int, ...], dtype: Any, by_columns: bool) -> Any:
    """Zeros of a shape, with 1 at positions of the flat array."""
    result = np.zeros(shape, dtype, "F" if by_columns else "C")
    result.ravel("K")[positions] = 1
    return result


def less_at(x: Any, positions: Any, by_columns: bool, amount: float) -> Any:
    """A copy of x with an amount less at positions of the flat array."""
    result = np.array(x, order="F" if by_columns else "C")
    result.ravel("K")[positions] -= amount
    return result


def in_columns(x: Any) -> Any:
    """The same numbers, column after column in memory: short rows are reduced many times faster."""
    return np.asfortranarray(x)


def cosine_of_sine(sine: Any, tangent: Any, square: Any, out: Any = None) -> Any:
    """sine / tangent, and 1 next to x = 0, where `square`, tan(x / 2)**2, is tiny and the quotient 0 / 0."""
    tiny = square < 1e-60
    if tiny.any():
        sine, tangent = np.where(tiny, 1, sine), np.where(tiny, 1, tangent)
    return np.divide(sine, tangent, out=out)


label_positions, ones_at = define_rule(losses.label_positions), define_rule(ones_at)  # programs write the first out
less_at, in_columns = define_rule(less_at), define_rule(in_columns)


@lru_cache
def row_numbers(rows: int) -> Any:
    return np.arange(rows)


def positions_of(labels: Any, classes: int) -> Any:
    tall = is_tall((*labels.shape, classes))
    return label_positions(labels.reshape(-1), row_numbers(labels.size), classes, tall)


def cross_entropy_of_classes(logits: Any, labels: Any) -> Any:
    positions, tall = positions_of(labels, logits.shape[-1]), is_tall(logits.shape)
    logits = in_columns(logits) if tall else logits
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    log_sums = np.log(np.sum(np.exp(shifted), axis=-1))
    picked = (shifted.T if tall else shifted).reshape(-1)[positions]
    return np.sum(log_sums - picked.reshape(labels.shape)) / labels.size


def one_hot(labels: Any, classes: int, dtype: Any = np.float64) -> Any:
    shape = (*labels.shape, classes)
    return ones_at(positions_of(labels, classes), shape, np.dtype(dtype), is_tall(shape))


def softmax_in_columns(x: Any, axis: Any = -1) -> Any:
    x = in_columns(x) if is_tall(x.shape) and axis in (-1, 1) else x
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def softmax_minus_one_hot(z: Any, labels: Any) -> Any:
    return softmax_in_columns(z) - one_hot(labels, z.shape[-1], z.dtype)


LOWERED: dict[Any, Callable[..., Any]] = {
    losses.cross_entropy_of_classes: cross_entropy_of_classes,
    losses.one_hot: one_hot,
    losses.softmax_minus_one_hot: softmax_minus_one_hot,
    softmax: softmax_in_columns,
}
WHOLE = {astype, label_positions, ones_at, less_at, in_columns}


def body_of(function: Any) -> Callable[..., Any]:
    """A function of ours in NumPy functions."""
    return LOWERED.get(function) or function.__wrapped__
