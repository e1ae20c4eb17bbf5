"""What a check of gradients found: one row per argument, and a table of all rows."""

from __future__ import annotations

import html
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

HEADINGS = ("argument", "shape", "verdict", "worst at", "analytic", "numeric", "digits", "checked")
COLOURS = {"right": "32", "wrong": "31;1", "cannot tell": "33"}  # of ANSI terminals
HTML_COLOURS = {"right": "#1a7f37", "wrong": "#cf222e", "cannot tell": "#9a6700"}


@dataclass(frozen=True)
class Row:
    """The verdict on one argument: "right", "wrong" or "cannot tell", with the entry that fits the numbers worst.

    `index` is that entry, or the name of a direction.  `error` is the bound on the numerical derivative.  `digits` are
    the decimal digits that agree, of the largest entry, and `limit` those that the numerical derivative is good for.
    `checked` says which entries were compared, `wrong` and `unsure` how many of these are wrong or cannot be told;
    `mistake` is the kind of mistake and `cause` says it in words.  `pairs` are all compared numbers, analytic and
    numeric, and `step` is the smallest step of the numerical derivative that is shown.
    """

    argument: str
    shape: tuple[int, ...]
    verdict: str
    index: tuple[int, ...] | str
    analytic: float
    numeric: float
    error: float
    digits: float
    limit: float
    checked: str
    cause: str = ""
    mistake: str = ""
    wrong: int = 0
    unsure: int = 0
    order: int = 1
    mode: str = "reverse"
    method: str = ""
    step: float = 0.0
    pairs: tuple[tuple[float, float], ...] = field(default=(), repr=False)

    def where(self) -> str:
        """The argument with the index of its worst entry."""
        index = self.index if isinstance(self.index, str) else ", ".join(map(str, self.index))
        return f"{self.argument}[{index}]" if index else self.argument

    def which_derivative(self) -> str:
        """The order and mode, if they are not the ordinary ones."""
        parts = [f"order {self.order}"] if self.order > 1 else []
        return (
            f" ({', '.join(parts + ['forward'] * (self.mode == 'forward'))})" if parts or self.mode == "forward" else ""
        )

    def sentence(self) -> str:
        """The verdict in words, with its evidence."""
        order = self.which_derivative()
        if self.verdict == "right":
            good = f"the numerical derivative itself is good for {self.limit:.1f}"
            return f"{self.argument}{order}: right to {self.digits:.1f} digits; {good}"
        cause = f": {self.cause}" if self.cause else ""
        if np.isnan(self.analytic) and self.mistake == "shape":
            return f"{self.verdict} for {self.argument}{order}{cause}"
        if np.isnan(self.numeric):
            return f"{self.verdict} at {self.where()}{order}{cause}"
        shown = self.numeric and not self.cause.startswith("ratio")
        ratio = f", ratio {self.analytic / self.numeric:.4g}" if shown else ""
        numbers = f"analytic {self.analytic:.6g}, numeric {self.numeric:.6g} +- {self.error:.1g}{ratio}"
        return f"{self.verdict} at {self.where()}{order}: {numbers}{cause}"


class GradientReport:
    """The verdicts of `check_gradients`.  It prints as a table, in colour on a terminal, and shows itself in notebooks.

    Attributes:
        rows: a `Row` for each argument, order of derivative and mode.
        ok: whether nothing is wrong.
        blame: the operations that are wrong by themselves, if anything is wrong.
        reason: how the numerical derivatives were found, and why so.
    """

    def __init__(self, rows: Sequence[Row], subject: str = "function") -> None:
        self.rows, self.subject, self.reason = [*rows], subject, ""
        self.blame: list[Any] = []
        self.targets: list[Any] = []

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; what cannot be told is not wrong."""
        return all(row.verdict != "wrong" for row in self.rows)

    def __bool__(self) -> bool:
        return self.ok

    def raise_if_wrong(self) -> GradientReport:
        """Raise AssertionError with the report if anything is wrong; else give the report back."""
        if not self.ok:
            raise AssertionError(self.text())
        return self

    def to_dict(self) -> dict[str, Any]:
        """The report in plain Python types, ready for JSON."""
        rows = [{k: v for k, v in asdict(row).items() if k != "pairs"} for row in self.rows]
        blame = [b.sentence() for b in self.blame]
        return {"subject": self.subject, "ok": self.ok, "reason": self.reason, "rows": rows, "blame": blame}

    def heading(self) -> str:
        counts = {v: sum(row.verdict == v for row in self.rows) for v in COLOURS}
        return f"gradients of {self.subject}: " + ", ".join(f"{n} {v}" for v, n in counts.items() if n)

    def cells(self) -> list[tuple[str, ...]]:
        """The text of the table, row by row, without the headings."""
        return [
            (
                row.argument + row.which_derivative(),
                str(row.shape),
                row.verdict,
                str(row.index) if row.index else "",
                f"{row.analytic + 0.0:.10g}",
                f"{row.numeric + 0.0:.10g} +- {row.error:.1g}",
                f"{row.digits:.1f} of {row.limit:.1f}",
                row.checked,
            )
            for row in self.rows
        ]

    def notes(self) -> list[str]:
        """What is to be said of the rows that are not right, and who is to blame."""
        return [row.sentence() for row in self.rows if row.verdict != "right"] + [b.sentence() for b in self.blame]

    def methods(self) -> str:
        """How the numerical derivatives were found."""
        names = dict.fromkeys(row.method for row in self.rows if row.method not in ("", "none"))
        return f"numerical derivatives by {', '.join(names)} ({self.reason})" if names else ""

    def text(self, colour: bool = False) -> str:
        """The report as a table with the findings below it."""
        table = [HEADINGS, *self.cells()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in table]
        if colour:
            paint = [f"\x1b[{COLOURS[row.verdict]}m{row.verdict}\x1b[0m" for row in self.rows]
            for k, (row, painted) in enumerate(zip(self.rows, paint, strict=True), start=1):
                lines[k] = lines[k].replace(row.verdict, painted, 1)
        lines.insert(1, "-" * len(lines[0]))
        return "\n".join([self.heading(), *lines, *self.notes(), self.methods()]).rstrip()

    def __str__(self) -> str:
        return self.text(colour=sys.stdout.isatty())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{h}</th>" for h in HEADINGS)
        body = ""
        for row, cells in zip(self.rows, self.cells(), strict=True):
            painted = [f"<td>{html.escape(cell)}</td>" for cell in cells]
            painted[2] = f'<td style="color:{HTML_COLOURS[row.verdict]};font-weight:bold">{row.verdict}</td>'
            body += f"<tr>{''.join(painted)}</tr>"
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes())
        return (
            f"<p><b>{html.escape(self.heading())}</b></p><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table><ul>{notes}</ul><p>{html.escape(self.methods())}</p>"
        )

    def plot(self) -> Any:
        """A matplotlib figure: analytic against numeric derivatives, and the error against the step size.

        Raises ImportError if matplotlib is missing: `python -m pip install "tinygrad_br[draw]"`.
        """
        from .plotting import plot_report

        return plot_report(self)
