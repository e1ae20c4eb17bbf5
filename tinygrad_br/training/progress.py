"""What is seen while training runs: a bar with the latest figures, or a line for each epoch."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from tqdm import tqdm

from .history import format_figure


class Bar(tqdm):  # type: ignore[misc]
    """tqdm's bar without the thread that watches it, which `Progress` makes unnecessary."""

    monitor_interval = 0


class Progress:
    """A bar over all epochs, on stderr.

    Args:
        epochs: how many there will be at most.
        verbose: 1 for the bar, 2 for a printed line after each epoch instead.
    """

    def __init__(self, epochs: int, verbose: int) -> None:
        self.epochs = epochs
        self.interval = 0.1 if sys.stderr.isatty() else 1.0
        self.due = 0.0  # the time at which the bar is to be brought up to date
        self.finished = 0
        self.bar: Any = None
        if verbose == 1:
            layout = "{desc} |{bar:24}| {elapsed}<{remaining}{postfix}"
            self.bar = Bar(total=epochs, bar_format=layout, postfix="", dynamic_ncols=True)

    def show(self, epoch: int, share: float, figures: Mapping[str, float]) -> float:
        """Move the bar to `share` of an epoch (counted from 1) and show the figures; when that is due again."""
        if self.bar is None:
            return float("inf")
        self.set(epoch, share, figures)
        self.bar.refresh()
        self.due = perf_counter() + self.interval
        return self.due

    def set(self, epoch: int, share: float, figures: Mapping[str, float]) -> None:
        """What the bar shows the next time it is drawn."""
        self.bar.n = epoch - 1 + share
        self.bar.set_description_str(f"epoch {epoch}/{self.epochs}", refresh=False)
        self.bar.set_postfix_str(line(figures), refresh=False)

    def say(self, text: str) -> None:
        """A line of its own, beside the bar."""
        Bar.write(text, file=sys.stderr)

    def epoch_done(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Show the figures of a finished epoch."""
        self.finished = epoch
        if self.bar is None:
            print(f"epoch {epoch}/{self.epochs}  {line(figures)}")
        elif perf_counter() >= self.due:
            self.show(epoch, 1.0, figures)

    def close(self, figures: Mapping[str, float]) -> None:
        """End the bar with the figures of the last finished epoch."""
        if self.bar is not None:
            self.set(max(self.finished, 1), float(self.finished > 0), figures)
            self.bar.close()


def line(figures: Mapping[str, float]) -> str:
    """All figures in one line: loss 0.1234, accuracy 0.9375."""
    return ", ".join(f"{name} {short(figure)}" for name, figure in figures.items())


def short(figure: float) -> str:
    """Four digits after the point where that says something."""
    return f"{figure:.4f}" if figure == 0 or 1e-3 <= abs(figure) < 1e4 else format_figure(figure)
