"""What the doctor found: a list of findings that prints, in English or Portuguese."""

from __future__ import annotations

import html
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from textwrap import wrap
from typing import Any

from .texts import TEXTS, WORDS

COLOURS = {"error": "31;1", "warning": "33;1"}  # of ANSI terminals
WIDTH = 100  # of a line
HTML_COLOURS = {"error": "#cf222e", "warning": "#9a6700"}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, with the numbers that show it.

    Attributes:
        name: what it is, in one word: "unscaled_inputs", "dead_units", ...
        severity: "error" if nothing right can be learned this way, "warning" if it makes learning slow or unsafe.
        places: the columns, layers or parameters that it was found in.
        measured: the numbers that fill the sentence.
        also: the symptoms that were seen too and that follow from this.
        language: "en" or "pt".
    """

    name: str
    severity: str
    places: tuple[str, ...] = ()
    measured: dict[str, Any] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    language: str = "en"

    def filled(self, part: str) -> str:
        """One part of the text, "title", "what", "why" or "fix", with the numbers in their places."""
        template = TEXTS[self.name][self.language][part]
        return template.format(places=enumerated(self.places), **{k: shown(v) for k, v in self.measured.items()})

    @property
    def title(self) -> str:
        """What is wrong, in a few words."""
        return self.filled("title")

    @property
    def what(self) -> str:
        """What was measured, and where."""
        return self.filled("what")

    @property
    def why(self) -> str:
        """Why it matters."""
        return self.filled("why")

    @property
    def fix(self) -> str:
        """What to write instead, as Python."""
        return self.filled("fix")

    @property
    def follows(self) -> str:
        """The symptoms that follow from it, in a sentence; "" if none was seen."""
        names = ", ".join(TEXTS[name][self.language]["title"] for name in self.also)
        return f"{WORDS[self.language]['also']}: {names}" if names else ""

    def to_dict(self) -> dict[str, Any]:
        """The finding in plain Python types, ready for JSON; NaN and infinity, which JSON does not know, as text."""
        numbers = {k: str(v) if isinstance(v, float) and not isfinite(v) else v for k, v in self.measured.items()}
        return {
            "name": self.name, "severity": self.severity, "places": [*self.places], "measured": numbers,
            "also": [*self.also], "title": self.title, "what": self.what, "why": self.why, "fix": self.fix,
        }  # fmt: skip


class Diagnosis(Sequence[Finding]):
    """The findings of `tg.diagnose`, a sequence.  It prints, in colour on a terminal, and shows itself in notebooks.

    Attributes:
        findings: what is wrong, the worst first.
        ok: whether nothing is wrong, which is also its truth value: `assert tg.diagnose(...)`.
        language: "en" or "pt", the language it prints in; `diagnosis.in_language("pt")` gives it in the other.
    """

    def __init__(self, findings: Sequence[Finding], language: str = "en") -> None:
        if language not in WORDS:
            raise ValueError(f"language={language!r}, but there are {' and '.join(map(repr, WORDS))}")
        self.language = language
        worst_first = sorted(findings, key=lambda finding: finding.severity != "error")
        self.findings = [replace(finding, language=language) for finding in worst_first]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def names(self) -> list[str]:
        """The names of the findings."""
        return [finding.name for finding in self.findings]

    def __bool__(self) -> bool:
        return self.ok

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __getitem__(self, index: Any) -> Any:
        return self.findings[index]

    def in_language(self, language: str) -> Diagnosis:
        """The same findings in English, "en", or Portuguese, "pt"."""
        return Diagnosis(self.findings, language)

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis in plain Python types, ready for JSON."""
        return {"ok": self.ok, "language": self.language, "findings": [finding.to_dict() for finding in self.findings]}

    def heading(self) -> str:
        """How many findings there are."""
        words = WORDS[self.language]
        return words["none"] if self.ok else words["one"] if len(self) == 1 else words["many"].format(len(self))

    def text(self, colour: bool = False) -> str:
        """The findings one below the other, each with what was measured, why it matters, and the fix."""
        words, lines = WORDS[self.language], [self.heading()]
        for number, finding in enumerate(self.findings, start=1):
            severity = words[finding.severity]
            severity = f"\x1b[{COLOURS[finding.severity]}m{severity}\x1b[0m" if colour else severity
            lines += ["", f"{number}. {finding.title} ({severity}: {finding.name})"]
            for sentence in (finding.what, finding.why, finding.follows):
                lines += wrap(sentence, WIDTH, initial_indent="   ", subsequent_indent="   ")
            lines += [f"       {line}" for line in finding.fix.splitlines()]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text(colour=sys.stdout.isatty())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        words, items = WORDS[self.language], ""
        for finding in self.findings:
            head = (
                f'<b>{html.escape(finding.title)}</b> <span style="color:{HTML_COLOURS[finding.severity]}">'
                f"{words[finding.severity]}</span>"
            )
            sentences = [finding.what, finding.why, finding.follows]
            body = "".join(f"<br>{html.escape(sentence)}" for sentence in sentences if sentence)
            items += f"<li>{head}{body}<pre>{html.escape(finding.fix)}</pre></li>"
        return f"<p><b>{html.escape(self.heading())}</b></p>" + (f"<ol>{items}</ol>" if items else "")


def enumerated(places: Sequence[str], most: int = 6) -> str:
    """The first few of a list of names, and how many more there are."""
    named = ", ".join(places[:most])
    return f"{named} (+{len(places) - most})" if len(places) > most else named


def shown(number: Any) -> Any:
    """A number with four digits, anything else as it is."""
    return f"{number:.4g}" if isinstance(number, float) else number
