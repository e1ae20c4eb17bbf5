"""What happened during training: a table with one row for each epoch."""

from __future__ import annotations

import csv
import html
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .metrics import METRICS

if TYPE_CHECKING:
    from .doctor import Diagnosis


class History:
    """The figures of every epoch, and how training ended.

    `history["loss"]` or `history.loss` is the list of one figure, epoch by epoch; figures of the validation data have
    names that begin with `val_`.  Printing gives a table.

    Attributes:
        stopped: a sentence that says why training ended; "" while it runs.
        converged: whether the convergence rule ended it, and not the number of epochs or Ctrl-C.
        best_epoch: the epoch (from 1) with the best value of `monitor`; None if there was no epoch.
        monitor: the figure that best_epoch and the convergence rule look at, such as "val_loss".
        seconds: how long training took.
        diagnosis: what the doctor found, with `tg.fit(..., doctor=True)`; else None.

    >>> history = History()
    >>> history.add({"loss": 0.5, "accuracy": 0.75})
    >>> history.add({"loss": 0.25, "accuracy": 1.0})
    >>> history.loss
    [0.5, 0.25]
    >>> print(history)
    epoch      loss  accuracy
        1  0.500000  0.750000
        2  0.250000  1.000000
    """

    def __init__(self, monitor: str = "loss") -> None:
        self.columns: dict[str, list[float]] = {}
        self.monitor = monitor
        self.stopped = ""
        self.converged = False
        self.seconds = 0.0
        self.diagnosis: Diagnosis | None = None

    @property
    def sign(self) -> int:
        """1 if the monitored figure is better when smaller, as losses and errors are; -1 for accuracy and its like."""
        name = self.monitor.removeprefix("val_")
        return -1 if name.startswith("top_") or (name in METRICS and name != "mae") else 1

    def add(self, figures: Mapping[str, float]) -> None:
        """Append the figures of one epoch; every epoch has the same ones."""
        if self.columns and figures.keys() != self.columns.keys():
            raise ValueError(f"this history has the columns {[*self.columns]}, but got {[*figures]}")
        for name, figure in figures.items():
            self.columns.setdefault(name, []).append(float(figure))

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.columns:
            raise KeyError(f"the history has no {name!r}; it has {', '.join(self.columns) or 'no epoch yet'}")
        return self.columns[name]

    def __getattr__(self, name: str) -> list[float]:
        if name in self.__dict__.get("columns", {}):
            return self.columns[name]
        raise AttributeError(f"the history has no {name!r}; it has {', '.join(self.__dict__.get('columns', {}))}")

    @property
    def best_epoch(self) -> int | None:
        """The epoch, counted from 1, in which the monitored figure was best; the first of several."""
        figures = [self.sign * figure for figure in self.columns.get(self.monitor, [])]
        finite = [figure for figure in figures if figure == figure]
        return 1 + figures.index(min(finite)) if finite else None

    def to_dict(self) -> dict[str, list[float]]:
        """The table as a dict of lists, with the epochs as its first column; `pandas.DataFrame` takes it as it is."""
        return {"epoch": [*range(1, len(self) + 1)], **{name: [*column] for name, column in self.columns.items()}}

    def to_csv(self, path: str | Path) -> None:
        """Write the table as comma-separated values with a heading, every figure with all its digits."""
        table = self.to_dict()
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(table)
            writer.writerows(zip(*table.values(), strict=True))

    def shown(self) -> list[int]:
        """The indices of the epochs that a printed table has; -1 stands for those that are left out."""
        epochs = [*range(len(self))]
        return epochs if len(epochs) <= 20 else [*epochs[:5], -1, *epochs[-10:]]

    def __str__(self) -> str:
        if not self.columns:
            return "no epoch was finished"
        widths = {name: max(8, len(name)) for name in self.columns}
        lines = ["epoch" + "".join(f"  {name:>{width}}" for name, width in widths.items())]
        for i in self.shown():
            cells = [f"  {format_figure(self.columns[name][i]):>{width}}" for name, width in widths.items()]
            lines.append(f"{i + 1:5}" + "".join(cells) if i >= 0 else "  ...")
        return "\n".join([*lines, self.stopped] if self.stopped else lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        if not self.columns:
            return "<p>no epoch was finished</p>"
        head = "".join(f"<th>{html.escape(name)}</th>" for name in ("epoch", *self.columns))
        body = ""
        for i in self.shown():
            cells = [str(i + 1), *(format_figure(c[i]) for c in self.columns.values())] if i >= 0 else ["..."]
            style = ' style="font-weight:bold"' if i + 1 == self.best_epoch else ""
            body += f"<tr{style}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        found = self.diagnosis._repr_html_() if self.diagnosis is not None else ""
        return table + (f"<p>{html.escape(self.stopped)}</p>" if self.stopped else "") + found

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw the curves: the loss, and beside it every metric, for training and validation.

        Args:
            path: where to save the picture; its ending (.png, .svg, .pdf) chooses the format.

        Returns the matplotlib Figure.  Raises ImportError if matplotlib is missing, ValueError if there is no epoch.
        """
        if not self.columns:
            raise ValueError("there is no epoch to draw; train first")
        from ..drawing.plots import new_figure, saved

        panels = [name for name in self.columns if not name.startswith("val_")]
        figure, grid = new_figure(1.0 + 4.6 * len(panels), 3.8, 1, len(panels))
        epochs = range(1, len(self) + 1)
        for name, axes in zip(panels, grid[0], strict=True):
            axes.plot(epochs, self.columns[name], color="#1f6fb4", label="training")
            if f"val_{name}" in self.columns:
                axes.plot(epochs, self.columns[f"val_{name}"], color="#d9632b", label="validation")
            if self.best_epoch is not None:
                axes.axvline(self.best_epoch, color="#888888", ls=":", lw=1, label=f"best epoch: {self.best_epoch}")
            axes.set(xlabel="epoch", title=name.replace("_", " "))
            axes.grid(alpha=0.25)
            falls = name in ("loss", "mae")
            axes.legend(loc="upper right" if falls else "lower right", framealpha=0.9, edgecolor="none")
        return saved(figure, path)


def format_figure(figure: float) -> str:
    """Six digits after the point, or the short scientific form for what would show none of its digits."""
    return f"{figure:.6f}" if figure == 0 or 1e-4 <= abs(figure) < 1e5 or figure != figure else f"{figure:.2e}"
