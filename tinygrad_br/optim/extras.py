"""What goes with an optimizer: gradients kept within bounds, and an average of the weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..value import Value


def clip_by_norm(parameters: Iterable[Value], limit: float) -> Any:
    """Scale all gradients by one number so that their norm, taken together, is at most `limit`; returns the norm.

    Pascanu et al., 2013, arXiv:1211.5063.  The norm is computed in float64.  In a compiled function it is a Value.

    >>> w = Value([3.0, 4.0])
    >>> (w ** 2 / 2).sum().backward()
    >>> clip_by_norm([w], 1.0), w.grad
    (5.0, array([0.6, 0.8]))
    """
    found = [p for p in {id(p): p for p in parameters}.values() if p.grad is not None]
    norm = np.sqrt(sum(np.sum(np.square(p.grad.astype(np.float64))) for p in found))
    scale = limit / np.maximum(norm, limit)  # exactly 1 where nothing is to be done
    for p in found:
        p.grad = p.grad * scale.astype(p.grad.dtype)
    return norm if isinstance(norm, Value) else float(norm)


def clip_by_value(parameters: Iterable[Value], limit: float) -> None:
    """Bring each entry of each gradient between -limit and limit.

    >>> w = Value([3.0, 0.5])
    >>> (w ** 2 / 2).sum().backward()
    >>> clip_by_value([w], 1.0)
    >>> w.grad
    array([1. , 0.5])
    """
    for p in {id(p): p for p in parameters}.values():
        if p.grad is not None:
            p.grad = np.clip(p.grad, -limit, limit)


class MovingAverage:
    """An exponential moving average of parameters, often better than the last ones: Polyak and Juditsky, 1992.

    Call `update()` after each step; average = decay * average + (1 - decay) * parameter.  `with average.in_use():`
    gives the parameters their averages for a while.

    >>> w = Value([0.0])
    >>> average = MovingAverage([w], decay=0.5)
    >>> w.data = [1.0]
    >>> average.update()
    >>> with average.in_use():
    ...     print(w.data)
    [0.5]
    >>> w.data
    array([1.])
    """

    def __init__(self, parameters: Iterable[Value], decay: float = 0.999) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"the decay is a share, 0 <= decay < 1, but got {decay}")
        self.parameters = list({id(p): p for p in parameters}.values())
        self.averages = [np.array(p.data) for p in self.parameters]
        self.decay = decay

    def update(self) -> None:
        """Take the parameters' present numbers into the average."""
        for average, p in zip(self.averages, self.parameters):
            average += (1 - self.decay) * (p.data - average)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """The parameters have their averages inside the `with` block, and their own numbers again after it."""
        own = [np.array(p.data) for p in self.parameters]
        try:
            for p, average in zip(self.parameters, self.averages):
                p.data = average
            yield
        finally:
            for p, numbers in zip(self.parameters, own):
                p.data = numbers
