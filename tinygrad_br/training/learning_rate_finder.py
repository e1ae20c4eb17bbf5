"""`find_learning_rate`: a sweep from tiny to huge rates, which shows where the loss falls and where it climbs."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import Any

import numpy as np

from .batches import Rows, as_answers, as_inputs, same_length, whole
from .fit import try_out
from .goals import goal_of
from .trial import Trial
from .using import dtype_of, input_dtype

Array = np.ndarray[Any, Any]

MARGIN = 10.0  # how many times smaller than the rate from which on the loss climbs the suggestion is
NEAR = 0.1  # of the whole fall: the loss climbs from where it stays above its smallest value by more than this
CLIMBED = 4.0  # the sweep ends when the smoothed loss is so many times what it was at first
TRIED, ROWS, CLIMBS = 20, 512, 1.2  # steps with the suggestion, their rows, and what of the loss counts as climbing
FIRST = 0.1  # the share of the steps, with tiny rates, that show the loss before anything is learned
MEMORY = 0.9  # the share of the smoothed loss that stays from step to step when there are batches


class LearningRates:
    """What a sweep found: `suggestion` is the learning rate to use, and prints.

    Attributes:
        rates: the learning rates that were tried, one for each step, rising.
        losses: the loss before each step.
        smoothed: the same with the ups and downs of the batches evened out.
        start, lowest: the loss before anything is learned, and the smallest smoothed one after that.
        turn: the rate from which on the smoothed loss climbs: the last one at which it is near the lowest.
        suggestion: a tenth of it, or less where the first steps climb even so.
    """

    def __init__(self, rates: Array, losses: Array, smoothed: Array) -> None:
        self.rates, self.losses, self.smoothed = rates, losses, smoothed
        first = max(1, int(FIRST * len(losses)))
        self.start, self.lowest = float(losses[:first].mean()), float(smoothed[first - 1 :].min())
        near = smoothed <= self.lowest + NEAR * (self.start - self.lowest)
        self.turn = float(rates[np.flatnonzero(near)[-1]])
        self.suggestion = self.turn / MARGIN

    def __float__(self) -> float:
        return self.suggestion

    def __str__(self) -> str:
        return (
            f"learning rate {self.suggestion:.2g}: the loss falls from {self.start:.4g} to {self.lowest:.4g} "
            f"up to a rate of {self.turn:.2g}, then climbs"
        )

    __repr__ = __str__

    def plot(self, path: str | PathLike[str] | None = None) -> Any:
        """Draw the loss against the learning rate, and the suggestion.

        Args:
            path: where to save the picture; its ending (.png, .svg, .pdf) chooses the format.

        Returns the matplotlib Figure.  Raises ImportError if matplotlib is missing.
        """
        from ..drawing.plots import THEME, new_figure, saved

        figure, axes = new_figure(6.0, 3.8)
        axes.plot(self.rates, self.losses, color=THEME.line, lw=0.8, alpha=0.7, label="loss of each step")
        axes.plot(self.rates, self.smoothed, color=THEME.negative, lw=1.8, label="smoothed")
        axes.axvline(self.turn, color=THEME.faint, ls=":", label=f"climbs from {self.turn:.2g}")
        axes.axvline(self.suggestion, color=THEME.positive, label=f"suggestion: {self.suggestion:.2g}")
        axes.set(xscale="log", xlabel="learning rate", ylabel="loss", title="Learning rates from low to high")
        low, first = self.lowest, self.start
        axes.set_ylim(min(low, self.losses.min()) - 0.05 * (first - low), first + 0.5 * (first - low))
        axes.grid(alpha=0.25)
        axes.legend(loc="lower left", framealpha=0.9, edgecolor="none")
        return saved(figure, path)


def find_learning_rate(
    model: Any,
    x: Any,
    y: Any,
    *,
    loss: Any,
    optimizer: Any = "adam",
    lowest: float = 1e-6,
    highest: float = 100.0,
    steps: int = 100,
    batch_size: int | None = 32,
    seed: int | np.random.Generator = 0,
) -> LearningRates:
    """Find a learning rate by a sweep: each step takes a rate a little larger, until the loss climbs.

    The range test of Smith, "Cyclical Learning Rates for Training Neural Networks", 2015, arXiv:1506.01186, with rates
    that grow exponentially.  The suggestion is a tenth of the rate from which on the loss climbs: the sweep passes each
    rate only once, and what is borne once is too much for a whole training.  It is halved as long as the loss climbs in
    the first steps that are made with it.  All this is done with copies: model and optimizer stay as they are, bit for
    bit.

    Args:
        model, x, y, loss, optimizer, batch_size: as `tg.fit` takes them.
        lowest, highest: the first and the last learning rate.
        steps: how many rates are tried.
        seed: of the order of the rows.

    Returns LearningRates, with `.suggestion`, `.plot()`, `.rates` and `.losses`.

    Raises:
        ValueError: for bounds that are not 0 < lowest < highest, an optimizer without a learning rate `.lr`, or where
            the loss never falls.

    >>> import tinygrad_br as tg
    >>> x, y = tg.datasets.moons(200, seed=0)
    >>> found = tg.find_learning_rate(tg.nn.MLP(2, [16, 2], seed=0), x, y, loss="cross_entropy")
    >>> 0.005 < found.suggestion < 0.5
    True
    """
    if not 0 < lowest < highest < np.inf:
        raise ValueError(f"lowest={lowest}, highest={highest}, but rates go up from a number above 0")
    goal, dtype = goal_of(loss), dtype_of(model)
    x, y = as_inputs(x, input_dtype(model)), as_answers(y, dtype, goal.keeps_integers)
    same_length(x, y)
    try_out(model, goal, x, y)
    size = len(x) if batch_size is None else min(len(x), whole(batch_size, "batch_size"))
    trial = Trial(model, goal.function, optimizer)
    if not hasattr(trial.optimizer, "lr"):
        raise ValueError(f"{type(trial.optimizer).__name__} has no learning rate .lr that could be swept")
    trial.optimizer.schedule = None
    rates, memory = np.geomspace(lowest, highest, whole(steps, "steps")), MEMORY if size < len(x) else 0.0
    losses, smoothed, mean = [], [], 0.0
    batches = endless(Rows(x, y, size), np.random.default_rng(seed))
    with np.errstate(all="ignore"):
        for step, (rate, batch) in enumerate(zip(rates, batches, strict=False), start=1):
            trial.optimizer.lr = rate
            value = trial.step(*batch)
            if not np.isfinite(value):
                break
            mean = memory * mean + (1 - memory) * value
            losses.append(value)
            smoothed.append(mean / (1 - memory**step))
            if smoothed[-1] > CLIMBED * smoothed[0] and step > 10:
                break
    found = LearningRates(rates[: len(losses)], np.array(losses), np.array(smoothed))
    if not found.lowest < found.start:
        raise ValueError("the loss falls at no learning rate; tg.diagnose(model, x, y, loss) says what may be wrong")
    while found.suggestion > lowest and climbs(Trial(model, goal.function, optimizer), found.suggestion, x, y):
        found.suggestion /= 2
    return found


def climbs(trial: Trial, rate: float, x: Array, y: Array) -> bool:
    """Whether the loss of some hundred rows climbs in steps of this rate."""
    trial.optimizer.lr, trial.optimizer.schedule = rate, None
    rows = np.random.default_rng(0).permutation(len(x))[:ROWS]
    losses = trial.descend([(x[rows], y[rows])], TRIED)
    return max(losses) > CLIMBS * losses[0]


def endless(rows: Rows, rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """Batches of full size, epoch after epoch."""
    while True:
        for x, y, _ in rows.epoch(rng):
            if len(x) == rows.batch_size:
                yield x, y
