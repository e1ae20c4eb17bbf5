"""What a check needs to know of a function with a rule: how it is called, and where it has a derivative.

A row is data.  The conformance table (`python -m tinygrad_br rules`) and the tests of the rules run every row, at first
and second order, against numerical derivatives of the function itself on plain arrays; a test fails when a registered
rule has no row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...messages import op_name


@dataclass(frozen=True)
class Domain:
    """Where the values of an argument are drawn from: an interval, without the neighbourhoods of some points."""

    low: float = -3.0
    high: float = 3.0
    avoid: tuple[float, ...] = ()
    gap: float = 0.1

    def __str__(self) -> str:
        points = ", ".join(f"{point:g}" for point in self.avoid)
        return f"[{self.low:g}, {self.high:g}]" + (f" without {points}" if points else "")

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """An array of the domain's numbers."""
        x = rng.uniform(self.low, self.high, shape)
        while np.any(bad := np.any([np.abs(x - point) < self.gap for point in (*self.avoid, np.inf)], axis=0)):
            x = np.where(bad, rng.uniform(self.low, self.high, shape), x)
        return x

    def draw_distinct(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """An array of numbers that are at least 0.25 apart."""
        return self.spread(rng.permutation(int(np.prod(shape))), shape)

    def spread(self, order: Any, shape: tuple[int, ...]) -> Any:
        """An array of numbers that are at least 0.25 apart and whose order is given, by one list or by many."""
        step = max((self.high - self.low) / max(np.shape(order)[-1], 1), 0.25)
        return self.low + step * (np.array(order, dtype=np.float64).reshape(shape) + 0.5)


REAL = Domain()
NONZERO = Domain(avoid=(0.0,))
POSITIVE = Domain(0.2, 4.0)
UNIT = Domain(-0.9, 0.9)  # inside (-1, 1)
PROBABILITY = Domain(0.05, 0.95)


@dataclass(frozen=True)
class Row:
    """One way to call one function.

    function: the function as it is registered.
    call: how it is called with arrays for its differentiated arguments; default: `function(*arrays)`.
    shapes: the shapes of these arguments; None: any that broadcast together, one per domain.
    domains: one for each of these arguments (one for all, if there is only one).
    order: the highest derivative that exists and is checked (0: a zero or absent derivative, checked to be zero).
    distinct: entries of an argument differ by at least 0.25 (sorting, maxima).
    complex: which of the arguments are complex.
    note: tells rows of one function apart.
    precision: of what the checks ask, relative to the largest entry of a gradient.
    """

    function: Any
    call: Callable[..., Any] | None = None
    shapes: tuple[tuple[int, ...], ...] | None = None
    domains: tuple[Domain, ...] = (REAL,)
    order: int = 2
    distinct: bool = False
    complex: tuple[int, ...] = ()
    note: str = ""
    precision: float = 1e-8

    @property
    def name(self) -> str:
        return op_name(self.function) + (f"-{self.note}" if self.note else "")

    def run(self, *arrays: Any) -> Any:
        return (self.call or self.function)(*arrays)

    def places(self, shapes: tuple[tuple[int, ...], ...]) -> list[tuple[tuple[int, ...], Domain]]:
        """The shape and the domain of each argument."""
        domains = self.domains * len(shapes) if len(self.domains) == 1 else self.domains
        return [*zip(shapes, domains, strict=True)]

    def draw(self, rng: np.random.Generator) -> list[Any]:
        """The differentiated arguments: float64 arrays, or complex128."""
        shapes = self.shapes if self.shapes is not None else ((2, 3),) * len(self.domains)
        arrays = []
        for i, (shape, domain) in enumerate(self.places(shapes)):
            real = domain.draw_distinct(rng, shape) if self.distinct else domain.draw(rng, shape)
            arrays.append(real + 1j * domain.draw(rng, shape) if i in self.complex else real)
        return arrays
