"""Random graphs made of the rows of the whole table.

A graph is a list of steps.  Each takes a row and, for its arguments, any results before it: these are resized to the
row's shapes (so entries are shared, repeated and left out) and squashed into its domains, away from the points that it
avoids.  Every result counts in the end, so there are chains, diamonds and branches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_br.checking.rows import ROWS, Domain, Row

SMOOTH = [row for row in ROWS if row.order >= 2]
SHAPES = ((), (3,), (2, 3), (2, 2, 2))


def squashed(x: Any, domain: Domain) -> Any:
    """Any real numbers brought into the widest piece of a domain that has no point to avoid."""
    bounds = [
        domain.low,
        *sorted(p + s * domain.gap for p in domain.avoid if domain.low < p < domain.high for s in (-1, 1)),
        domain.high,
    ]
    width, low = max((high - low, low) for low, high in zip(bounds[::2], bounds[1::2], strict=True))
    return low + width * (0.5 + 0.4 * np.tanh(x))


def spread(x: Any, domain: Domain) -> Any:
    """Any real numbers brought into a domain so that they stay apart from each other."""
    places = (np.arange(np.size(x)).reshape(np.shape(x)) * 7 % 11 + 0.5) % np.size(x)
    places = np.argsort(np.argsort(places, axis=None)).reshape(np.shape(x))
    step = max((domain.high - domain.low) / max(np.size(x), 1), 0.25)
    return domain.low + step * (places + 0.5 + 0.2 * np.tanh(x))


@dataclass(frozen=True)
class Step:
    """One use of a row: the places of its operands among the results so far, two for a complex argument."""

    row: Row
    shapes: tuple[tuple[int, ...], ...]
    operands: tuple[tuple[int, int], ...]

    def __call__(self, results: list[Any]) -> Any:
        domains = self.row.domains * len(self.shapes) if len(self.row.domains) == 1 else self.row.domains
        arguments = []
        for i, (shape, domain, places) in enumerate(zip(self.shapes, domains, self.operands, strict=True)):
            real, imaginary = (
                (spread if self.row.distinct else squashed)(np.resize(results[place], shape), domain)
                for place in places
            )
            arguments.append(real + 1j * imaginary if i in self.row.complex else real)
        found = self.row.run(*arguments)
        parts = [np.ravel(r) for r in (found if isinstance(found, (tuple, list)) else [found]) if r.dtype.kind in "fc"]
        return np.concatenate([part for r in parts for part in ([r.real, r.imag] if r.dtype.kind == "c" else [r])])

    def __repr__(self) -> str:
        return f"{self.row.name}{[p if i in self.row.complex else p[0] for i, p in enumerate(self.operands)]}"


@dataclass(frozen=True)
class Graph:
    """A function of arrays or Values: the sum of all results, each weighted, of its steps."""

    steps: tuple[Step, ...]

    def __call__(self, *inputs: Any) -> Any:
        results = list(inputs)
        for step in self.steps:
            results.append(step(results))
        total = 0.0
        for i, result in enumerate(results[len(inputs) :]):
            weights = np.random.default_rng(i).uniform(-1, 1, np.shape(result))
            total = total + np.sum(weights * np.tanh(result))
        return total


@st.composite
def graphs(draw: Any, max_inputs: int = 3, max_steps: int = 5) -> tuple[Graph, list[Any]]:
    """Draws a graph and arrays for its inputs: scalars, vectors, matrices and stacks of matrices."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=max_inputs))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps: list[Step] = []
    for _ in range(draw(st.integers(1, max_steps))):
        row = draw(st.sampled_from(SMOOTH))
        row_shapes = row.shapes if row.shapes is not None else (draw(st.sampled_from(SHAPES)),) * len(row.domains)
        places = st.integers(0, len(shapes) + len(steps) - 1)
        steps.append(Step(row, row_shapes, tuple((draw(places), draw(places)) for _ in row_shapes)))
    return Graph(tuple(steps)), [
        rng.normal(size=shape)[()] if not shape else rng.normal(size=shape) for shape in shapes
    ]
