"""Functions of ours whose bodies need plain arrays, said in another way for a program.

Most of our own functions are taken apart by running their body on Values.  A body that looks at numbers, as one does
that checks labels, stays whole unless an equivalent without a decision stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import define_rule
from ..nn import losses
from ..rules.activations import softmax
from ..value import astype


def label_positions(labels: Any, classes: int) -> Any:
    """Where the entries that labels name stand in a flat array of shape (labels.size, classes).

    Raises ValueError for a label that is no class.
    """
    try:
        return np.ravel_multi_index((np.arange(labels.size), labels.ravel()), (labels.size, classes))
    except ValueError:
        raise ValueError(
            f"labels go from 0 to {classes - 1} for {classes} classes, but got {labels.min()} to {labels.max()}"
        ) from None


def ones_at(positions: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Zeros of a shape, with 1 at positions of the flat array."""
    result = np.zeros(shape, dtype)
    result.ravel()[positions] = 1
    return result


label_positions = define_rule(label_positions)
ones_at = define_rule(ones_at)


def cross_entropy_of_classes(logits: Any, labels: Any) -> Any:
    positions = label_positions(labels, logits.shape[-1])
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    log_sums = np.log(np.sum(np.exp(shifted), axis=-1))
    return np.sum(log_sums - shifted.reshape(-1)[positions].reshape(labels.shape)) / labels.size


def one_hot(labels: Any, classes: int, dtype: Any = np.float64) -> Any:
    return ones_at(label_positions(labels, classes), (*labels.shape, classes), dtype)


def softmax_minus_one_hot(logits: Any, labels: Any) -> Any:
    return softmax(logits) - losses.one_hot(labels, logits.shape[-1], logits.dtype)


LOWERED: dict[Any, Callable[..., Any]] = {
    losses.cross_entropy_of_classes: cross_entropy_of_classes,
    losses.one_hot: one_hot,
    losses.softmax_minus_one_hot: softmax_minus_one_hot,
}
WHOLE = {astype, label_positions, ones_at}
