"""What can be done while training runs, besides training: the convergence rule, saving, logging, user functions.

A callback is an object with some of the methods of `Callback`, or a plain function, which is called at the end of each
epoch.  Each gets the `Run`, which knows the model, the optimizer, the history and the figures of the epoch, and which
`run.stop("reason")` ends.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .run import Run


class Callback:
    """The occasions on which something can be done; each method does nothing unless it is overridden."""

    def on_train_begin(self, run: Run) -> None:
        """Before the first epoch."""

    def on_batch_end(self, run: Run) -> None:
        """After each step; `run.steps` counts them."""

    def on_epoch_end(self, run: Run) -> None:
        """After each epoch; `run.figures` has its figures, the history has them too."""

    def on_train_end(self, run: Run) -> None:
        """When training has ended, for whatever reason."""


class EpochEnd(Callback):
    """Calls a function with the run after each epoch."""

    def __init__(self, function: Callable[[Run], Any]) -> None:
        self.function = function

    def on_epoch_end(self, run: Run) -> None:
        """Call the function."""
        self.function(run)


class Convergence(Callback):
    """The convergence rule: ends training when the monitored figure reaches a value, or has stopped improving.

    The weights of the epoch in which the figure was best are put back when training ends, whatever ends it.

    Args:
        target: the value that is good enough; None for no such value.
        patience: how many epochs without an improvement are borne; None for any number.
        min_delta: what is too small a step to count as an improvement.
    """

    def __init__(self, target: float | None = None, patience: int | None = None, min_delta: float = 0.0) -> None:
        for name, number in (("target_loss", target), ("min_delta", min_delta)):
            if number is not None and (isinstance(number, bool) or not isinstance(number, (int, float, np.number))):
                raise ValueError(f"{name}={number!r}, but the convergence rule compares it with figures: give a number")
        self.target, self.patience, self.min_delta = target, patience, min_delta
        self.reference, self.improved = inf, 0
        self.best, self.best_epoch = inf, 0
        self.best_state: Any = None

    def on_epoch_end(self, run: Run) -> None:
        """Compare the figure with the best so far."""
        monitor, sign = run.history.monitor, run.history.sign
        figure = run.figures[monitor]
        if sign * figure < self.reference - self.min_delta:
            self.reference, self.improved = sign * figure, run.epoch
        if sign * figure < self.best:
            self.best, self.best_epoch, self.best_state = sign * figure, run.epoch, run.model.state_dict()
        reason = ""
        if self.target is not None and sign * figure <= sign * self.target:
            reason = f"{monitor} {figure:.6g} has reached {self.target:g}"
        elif self.patience is not None and run.epoch - self.improved >= self.patience:
            reason = f"{monitor} has not improved for {self.patience} epoch{'s' * (self.patience > 1)}"
        if reason:
            run.history.converged = not run.history.stopped
            run.stop(f"converged in epoch {run.epoch}: {reason}")

    def on_train_end(self, run: Run) -> None:
        """Put the best weights back."""
        if self.best_state is not None and self.best_epoch < run.epoch:
            run.model.load_state_dict(self.best_state)
            best = f"epoch {self.best_epoch}, with {run.history.monitor} {abs(self.best):.6g}"
            run.history.stopped += f"; the weights of {best}, are restored"


class Checkpoint(Callback):
    """Saves the model with `tg.save`: after each epoch that is the best so far, or after every epoch.

    Args:
        path: the file, which is replaced atomically.
        keep: "best" or "last".
    """

    def __init__(self, path: str | Path, keep: str = "best") -> None:
        if keep not in ("best", "last"):
            raise ValueError(f"keep={keep!r}; write 'best' or 'last'")
        self.path, self.keep = path, keep

    def on_epoch_end(self, run: Run) -> None:
        """Save, if this epoch is to be kept."""
        if self.keep == "last" or run.history.best_epoch == run.epoch:
            from ..saving import save

            save(run.model, self.path)


class CSVLog(Callback):
    """Writes the figures of each epoch into a file of comma-separated values as soon as they are known.

    Args:
        path: the file; an old one is overwritten.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path

    def on_epoch_end(self, run: Run) -> None:
        """Add a row, after the heading if it is the first."""
        with open(self.path, "w" if run.epoch == 1 else "a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            if run.epoch == 1:
                writer.writerow(["epoch", *run.figures])
            writer.writerow([run.epoch, *run.figures.values()])


def as_callback(callback: Any) -> Any:
    """A callback object of a plain function; other objects as they are, if they have a method of `Callback`."""
    occasions = [name for name in vars(Callback) if name.startswith("on_")]
    if not isinstance(callback, type):
        if any(hasattr(callback, name) for name in occasions):
            return callback
        if callable(callback):
            return EpochEnd(callback)
    raise TypeError(f"a callback is a function of the run, or has a method {', '.join(occasions)}; got {callback!r}")
