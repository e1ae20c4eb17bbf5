"""Learning rates that change: functions from the number of steps done so far to the learning rate.

A schedule goes where the learning rate does: `SGD(parameters, lr=schedules.cosine(0.1, 1000))`.  It has no state, so
it goes on where it was when a training is resumed; `plateau`, which listens to the loss, is the one exception.
"""

from __future__ import annotations

from math import cos, inf, pi

from .optimizer import Schedule


def constant(lr: float) -> Schedule:
    """The same rate always."""
    return lambda t: lr


def step(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """lr, times `factor` after every `every` steps.

    >>> [step(1.0, 2, 0.5)(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    positive(every)
    return lambda t: lr * factor ** (t // every)


def exponential(lr: float, factor: float) -> Schedule:
    """lr * factor**t.

    >>> [exponential(1.0, 0.5)(t) for t in range(3)]
    [1.0, 0.5, 0.25]
    """
    return lambda t: lr * factor**t


def inverse_time(lr: float, decay: float) -> Schedule:
    """lr / (1 + decay * t), as in the book Neural Networks from Scratch.

    >>> [inverse_time(1.0, 1.0)(t) for t in range(3)]
    [1.0, 0.5, 0.3333333333333333]
    """
    return lambda t: lr / (1 + decay * t)


def cosine(lr: float, steps: int, final: float = 0.0) -> Schedule:
    """From lr down to `final` in `steps` steps along half a cosine, then `final`: arXiv:1608.03983, without restarts.

    >>> [round(cosine(1.0, 2)(t), 6) for t in range(4)]
    [1.0, 0.5, 0.0, 0.0]
    """
    positive(steps)
    return lambda t: final + (lr - final) * (1 + cos(pi * min(t / steps, 1))) / 2


def warm_up(steps: int, then: float | Schedule) -> Schedule:
    """From near 0 in a straight line to the first rate of `then` (a rate or a schedule) in `steps` steps; then `then`.

    >>> [warm_up(2, 1.0)(t) for t in range(4)]
    [0.5, 1.0, 1.0, 1.0]
    """
    positive(steps)
    after = then if callable(then) else constant(then)
    return lambda t: after(0) * (t + 1) / steps if t < steps else after(t - steps)


def one_cycle(lr: float, steps: int, warm: float = 0.3, start: float = 25.0, end: float = 1e4) -> Schedule:
    """Up to `lr` in the share `warm` of the steps, then down, both along half a cosine: Smith, arXiv:1708.07120.

    It starts at lr / start and ends at lr / start / end.

    >>> [round(one_cycle(1.0, 12, warm=0.5)(t), 3) for t in (0, 5, 11)]
    [0.04, 1.0, 0.0]
    """
    positive(steps)
    top = warm * steps - 1
    low, lowest = lr / start, lr / start / end

    def rate(t: int) -> float:
        if t <= top:
            return low + (lr - low) * (1 - cos(pi * t / top)) / 2 if top > 0 else lr
        return lowest + (lr - lowest) * (1 + cos(pi * min((t - top) / (steps - 1 - top), 1))) / 2

    return rate


class plateau:  # noqa: N801 - it is used like the functions beside it
    """lr, times `factor` whenever the loss has not become better by `margin` for `patience` updates.

    `schedule.update(loss)` tells it the loss, most often that of an epoch.

    >>> rate = plateau(1.0, patience=2, factor=0.5)
    >>> for loss in [3.0, 2.0, 2.0, 2.0]:
    ...     rate.update(loss)
    >>> rate(0)
    0.5
    """

    def __init__(
        self, lr: float, patience: int = 10, factor: float = 0.1, margin: float = 1e-4, final: float = 0.0
    ) -> None:
        positive(patience)
        self.lr, self.patience, self.factor, self.margin, self.final = lr, patience, factor, margin, final
        self.best, self.waited = inf, 0

    def __call__(self, t: int) -> float:
        return self.lr

    def update(self, loss: float) -> None:
        """Hear of a loss, and lower the rate if it has waited long enough."""
        if loss < self.best - self.margin:
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.lr, self.waited = max(self.lr * self.factor, self.final), 0


def positive(steps: int) -> None:
    if steps < 1:
        raise ValueError(f"a number of steps is at least 1, but got {steps}")
