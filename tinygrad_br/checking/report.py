"""What a check of gradients found: one row per argument, and a table of all rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

HEADINGS = ("argument", "shape", "verdict", "worst at", "analytic", "numeric", "digits")


@dataclass(frozen=True)
class Row:
    """The verdict on one argument: "right", "wrong" or "cannot tell", with the entry that fits the numbers worst.

    `error` is the bound on the numerical derivative, `digits` are the decimal digits that agree, and `limit` those
    that the numerical derivative is good for.
    """

    argument: str
    shape: tuple[int, ...]
    verdict: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float
    digits: float
    limit: float
    checked: int
    cause: str = ""
    order: int = 1
    mode: str = "reverse"

    def sentence(self) -> str:
        """The verdict in words, with its evidence."""
        where = self.argument + (f"[{', '.join(map(str, self.index))}]" if self.index else "")
        numbers = f"analytic {self.analytic:.6g}, numeric {self.numeric:.6g} +- {self.error:.1g}"
        if self.verdict == "right":
            good = f"the numerical derivative itself is good for {self.limit:.1f}"
            return f"{self.argument}: right to {self.digits:.1f} digits; {good}"
        return f"{self.verdict} at {where}: {numbers}" + (f": {self.cause}" if self.cause else "")


class GradientReport:
    """The verdicts of `check_gradients`.  It prints as a table.

    Attributes:
        rows: a `Row` for each argument and order.
        ok: whether nothing is wrong.
    """

    def __init__(self, rows: Sequence[Row], method: str = "", subject: str = "function") -> None:
        self.rows, self.method, self.subject = tuple(rows), method, subject

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; what cannot be told is not wrong."""
        return all(row.verdict != "wrong" for row in self.rows)

    def __bool__(self) -> bool:
        return self.ok

    def raise_if_wrong(self) -> GradientReport:
        """Raise AssertionError with the report if anything is wrong; else give the report back."""
        if not self.ok:
            raise AssertionError(str(self))
        return self

    def to_dict(self) -> dict[str, Any]:
        """The report in plain Python types, ready for JSON."""
        return {"subject": self.subject, "ok": self.ok, "method": self.method, "rows": [asdict(r) for r in self.rows]}

    def cells(self) -> list[tuple[str, ...]]:
        """The table's text, row by row, without the headings."""
        return [
            (
                row.argument if row.order == 1 else f"{row.argument} (order {row.order})",
                str(row.shape),
                row.verdict,
                str(list(row.index)) if row.index else "",
                f"{row.analytic:.10g}",
                f"{row.numeric:.10g} +- {row.error:.1g}",
                f"{row.digits:.1f} of {row.limit:.1f}",
            )
            for row in self.rows
        ]

    def __str__(self) -> str:
        table = [HEADINGS, *self.cells()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in table]
        head = f"gradients of {self.subject}: {'all right' if self.ok else 'WRONG'}"
        wrong = [row.sentence() for row in self.rows if row.verdict != "right"]
        return "\n".join([head, lines[0], "-" * len(lines[0]), *lines[1:], *wrong])

    def __repr__(self) -> str:
        return str(self)
