"""The conformance table: every rule against numerical derivatives, its error in ULP, and its decision at kinks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from ..dispatch import COMPOSED, REFUSED
from ..engine import RULES, part
from ..messages import op_name
from . import accuracy
from .agreement import first_order, is_constant, second_order
from .kinks import broken, decision
from .rows import FAMILIES, Row

HEADINGS = ("family", "function", "calls", "domain", "order 1", "order 2", "ULP", "where it jumps or has no derivative")
POINTS = 100  # at which each derivative is measured in ULP

INTRODUCTION = """# The rules

Every function that has a derivative here, held against numerical derivatives of the function itself.  This page is
written by

    python -m tinygrad_br rules --markdown docs/rules.md

and the same command without `--markdown` prints the table; `--family linalg` keeps one family.

* **calls**: in how many ways the function was called: shapes, axes, options, complex numbers.
* **domain**: where its arguments were drawn from.
* **order 1**, **order 2**: decimal digits to which the first and second derivative agree with numerical ones, the
  fewest of all calls.  "zero": the function is constant between its jumps, and its gradient is zero; or its results
  are truth values or positions, which have none.  These digits say more of the numerical derivatives than of ours.
* **ULP**: the worst error of the derivative at random points of the whole range of float64 and float32, in units of
  the last place, against 100 digits of mpmath; more than 4 is wrong.  "exact": the derivative is copied, chosen or an
  integer, with nothing to round.  "-": it is not elementwise, or a helper of other rules.  Many of the points are
  close to the zeros of the derivative, where sums lose their digits, or denormal numbers; only `divide` and `beta` are
  not measured where their value is denormal, for it has lost digits that their derivatives are made of.
* **where it jumps or has no derivative**: the gradient that we give there; [hard points](hard-points.md) has them
  beside those of other libraries.
"""
COMPOSED_TEXT = """These run as a composition of functions that have rules, and their steps are what is recorded.  They
are in the tables above too.
"""
REFUSED_TEXT = """These raise an error that gives the reason.

* Whatever is not on this page raises a TypeError that names the function and shows `tg.define_rule` for it; nothing is
  ever taken for a constant silently.
* `out=` of any function: a Value never changes in place.
* scipy.special's `softmax`, `log_softmax`, `logsumexp` and `polygamma` are Python functions that turn what they get
  into plain arrays, as `scipy.linalg.expm` does: use `tg.nn.softmax`, `tg.nn.log_softmax`, `tg.nn.logsumexp`,
  `tg.polygamma` and `tg.expm`.
"""


class Line(NamedTuple):
    """What is known of one function: a line of the table.

    `calls` is the number of ways it was called in.  `first` and `second` are the digits to which derivatives of order
    1 and 2 agree with the numerical ones, the fewest of all calls; None where there is none (at order 1: it is zero).
    `ulp` is None where it is not measured.  `wrong` says what is not right.
    """

    family: str
    function: Any
    calls: int
    domain: str
    first: float | None
    second: float | None
    ulp: float | None
    kinks: str
    wrong: str

    def cells(self) -> tuple[str, ...]:
        """The line as text; digits are rounded down."""
        first = "zero" if self.first is None else f"{int(self.first)}"
        second = "-" if self.second is None else f"{int(self.second)}"
        rounded = "exact" if self.function in accuracy.EXACT and self.first is not None else "-"
        ulp = rounded if self.ulp is None else f"{self.ulp:.1f}"
        return self.family, op_name(self.function), str(self.calls), self.domain, first, second, ulp, self.kinks


def measured(family: str | None = None, seed: int = 0) -> list[Line]:
    """The table of all families, or of one, measured now.

    Raises:
        ValueError: for an unknown family.

    >>> [line.cells()[:3] for line in measured("fft")][0]
    ('fft', 'fft.fft', '7')
    """
    if family is not None and family not in FAMILIES:
        raise ValueError(f"there is no family {family!r}; there are {', '.join(FAMILIES)}")
    return [
        line_of(name, function, [row for row in FAMILIES[name] if row.function is function], seed)
        for name in (FAMILIES if family is None else [family])
        for function in dict.fromkeys(row.function for row in FAMILIES[name])
    ]


def without_row() -> list[str]:
    """The names of functions that have a rule, or are composed of others, and no row."""
    known = {row.function for rows in FAMILIES.values() for row in rows} | {part, *REFUSED}
    return sorted(op_name(function) for function in {*RULES, *COMPOSED} - known)


def line_of(family: str, function: Any, rows: Sequence[Row], seed: int) -> Line:
    """The line of a function, measured at inputs that the seed draws."""
    digits: dict[int, list[float]] = {1: [], 2: []}
    wrong = []
    for row in rows:
        args = row.draw(np.random.default_rng(seed))
        if row.order == 0 and not is_constant(row, args):
            wrong.append(f"{row.name} has a gradient")
        for order, check in ((1, first_order), (2, second_order)):
            if row.order >= order:
                agreement = check(row, args, seed)
                digits[order].append(agreement.digits())
                if not agreement.ok(row.precision):
                    wrong.append(f"{row.name} is wrong at order {order}: {agreement}")
    ulps = [worst.ulp for worst in measurements(function)]
    if ulps and max(ulps) > accuracy.LIMIT:
        wrong.append(f"{op_name(function)} is off by {max(ulps):.1f} ULP")
    domains = "; ".join(dict.fromkeys(map(domain_of, rows)))
    return Line(
        family, function, len(rows), domains, min(digits[1], default=None), min(digits[2], default=None),
        max(ulps, default=None), decision(function), "; ".join(wrong),
    )  # fmt: skip


def domain_of(row: Row) -> str:
    """The domain of each argument, in words."""
    places = row.places(row.shapes or ((),) * len(row.domains))
    parts = [f"{domain}{' complex' if i in row.complex else ''}" for i, (_, domain) in enumerate(places)]
    return " and ".join(dict.fromkeys(parts)) + (" all different" if row.distinct else "")


@cache
def cases() -> dict[Any, accuracy.Case]:
    """The functions whose derivatives can be measured in ULP; none if mpmath is not installed."""
    known = [*accuracy.CASES, *accuracy.special_cases()] if find_spec("mpmath") else []
    return {case.function: case for case in known}


def measurements(function: Any) -> list[accuracy.Accuracy]:
    """The worst error of each derivative of an elementwise function, in ULP, in float64 and float32."""
    if function not in cases():
        return []
    return [worst for dtype in (np.float64, np.float32) for worst in accuracy.measure(cases()[function], dtype, POINTS)]


def mistakes(table: Sequence[Line]) -> list[str]:
    """What is not right, a sentence each: in the table, at the kinks, and functions that are not in the table."""
    return [
        *[line.wrong for line in table if line.wrong],
        *broken(),
        *[f"{name} has a rule, but no row in tinygrad_br/checking/rows" for name in without_row()],
    ]


def summary(table: Sequence[Line], wrong: Sequence[str]) -> str:
    """The table in a sentence."""
    calls = sum(line.calls for line in table)
    first, second = (sum(getattr(line, order) is not None for line in table) for order in ("first", "second"))
    ulps = [line.ulp for line in table if line.ulp is not None]
    measured_ulps = f"{len(ulps)} measured in ULP, the worst {max(ulps):.1f}" if ulps else "none measured in ULP"
    return (
        f"{len(table)} functions called in {calls} ways: {first} verified at order 1, {second} at order 2, "
        f"{len(table) - first} without a derivative; {measured_ulps}; {len(wrong) or 'nothing'} wrong"
    )


def text(table: Sequence[Line]) -> str:
    """The table as aligned text."""
    rows = [HEADINGS, *(line.cells() for line in table)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
    right = {HEADINGS.index(name) for name in ("calls", "order 1", "order 2", "ULP")}
    return "\n".join(
        "  ".join(c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip()
        for row in rows
    )


def markdown(table: Sequence[Line]) -> str:
    """The page docs/rules.md."""
    parts = [INTRODUCTION, summary(table, mistakes(table)) + "."]
    for family in dict.fromkeys(line.family for line in table):
        parts += [f"\n## {family}\n", markdown_row(HEADINGS[1:]), "|" + "---|" * (len(HEADINGS) - 1)]
        parts += [markdown_row((f"`{cells[1]}`", *cells[2:])) for line in table if (cells := line.cells())[0] == family]
    parts += ["\n## Composed of others\n", COMPOSED_TEXT, names(f for f in COMPOSED if f not in REFUSED)]
    parts += ["\n## Refused\n", REFUSED_TEXT]
    parts += [
        f"* {names(f for f in REFUSED if REFUSED[f] == reason)}: {reason}."
        for reason in [*dict.fromkeys(REFUSED.values())]
    ]
    return "\n".join(parts) + "\n"


def markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def names(functions: Iterable[Any]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(map(op_name, functions)))
