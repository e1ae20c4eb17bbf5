"""What all works have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Bar(NamedTuple):
    """`competitor` takes at most `factor` times what `other` takes."""

    competitor: str
    other: str
    factor: float


@dataclass
class Work:
    """A row of the table.

    A competitor is a function of its work that returns `start` and `convert`.  `start()` gives a `step` with fresh
    weights; `step(*batch)` does the work once and returns its loss.  `convert` brings each array of a batch to the
    competitor's own form, before the time is taken.
    """

    name: str
    title: str
    competitors: dict[str, Callable[..., Any]]
    bars: list[Bar] = field(default_factory=list)
    threads: int = 1
    module: str = ""

    def batches(self) -> list[tuple[Any, ...]]:
        raise NotImplementedError
