"""What is compared: a function at a point, and the gradient under test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .noise import arithmetic_noise
from .numerical import Target


class Subject(NamedTuple):
    """What is compared: `gradient(points, weights)` with the numerical derivatives of `target`."""

    target: Target
    gradient: Callable[[Sequence[Any], Any], Sequence[Any]]
    names: Sequence[str]
    weights: Any
    rng: np.random.Generator
    order: int = 1
    method: str = "ridders"
    exhaustive: bool = False


# a subject, the number of an argument, and the index of an entry in it or a direction
Place = tuple[Subject, int, Any]


def jiggled(subject: Subject, x: Any, size: Any = None) -> Any:
    """The point with its last bits changed, or those of numbers of another size: how far can rounding move a result?"""
    bits = subject.target.unit * subject.rng.choice([-2, -1, 1, 2], x.shape)
    return np.asarray(x + bits * (x if size is None else size))


def slope_at(subject: Subject, which: int, index: Any, points: Sequence[Any]) -> float:
    """An entry of the gradient under test at other points, or its product with a direction; NaN where it raises."""
    try:
        gradient = np.asarray(subject.gradient(points, subject.weights)[which])
    except Exception:  # the point lies on the edge of where the function is defined
        return np.nan
    return float(gradient[index] if isinstance(index, tuple) else np.sum(gradient * index))


def own_noise(subject: Subject) -> Any:
    """The noise of the function's arithmetic, with the weight of each output."""
    target = subject.target
    return abs(subject.weights) * arithmetic_noise(target.call, target.points, target.output, subject.rng)
