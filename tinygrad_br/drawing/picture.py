"""The picture of a graph: boxes and arrows with their texts and colours, ready for any writer.

A picture holds text only, none of the data: what is changed after drawing does not change the drawing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Heat = list[list[str]]  # the colours of a heat map, row by row


@dataclass
class Box:
    """A value, an operation, a constant or something folded.

    `rows` are captions with texts; `heats` are captions with small heat maps.  `colour` is the colour of the
    gradient, None where it is ordinary or unknown.  `scope` names the modules around the box, the outermost first.
    """

    id: str
    kind: str  # "leaf", "value", "output", "op", "constant" or "fold"
    title: str = ""
    rows: list[tuple[str, str]] = field(default_factory=list)
    heats: list[tuple[str, Heat]] = field(default_factory=list)
    colour: str | None = None
    tooltip: str = ""
    scope: tuple[str, ...] = ()


@dataclass
class Arrow:
    """From what goes in to what it goes into; `flows` says whether a gradient comes back along it."""

    source: str
    target: str
    label: str = ""
    flows: bool = True


@dataclass
class Picture:
    """Boxes and arrows, sentences to stand below them, and what the colours mean."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    legend: list[tuple[str, str]] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)


def readable(text: Any, longest: int = 40) -> str:
    """Text without control characters, cut at `longest` characters."""
    clean = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in str(text))
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"
