"""What a test needs to know of a function with a rule: how it is called, and where it has a derivative.

A row is data.  `test_table.py` holds every row, at first and second order, against numerical derivatives of the
function itself on plain arrays; a completeness test there fails when a registered rule has no row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_br.messages import op_name


@dataclass(frozen=True)
class Domain:
    """Where the values of an argument are drawn from: an interval, without the neighbourhoods of some points."""

    low: float = -3.0
    high: float = 3.0
    avoid: tuple[float, ...] = ()
    gap: float = 0.1

    def elements(self) -> st.SearchStrategy[float]:
        # steps of 1/64 keep shrunk examples readable, and sums and differences of inputs exact
        numbers = st.integers(int(np.ceil(self.low * 64)), int(np.floor(self.high * 64))).map(lambda i: i / 64)
        return numbers.filter(lambda x: all(abs(x - point) >= self.gap for point in self.avoid))


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
    shapes: the shapes of these arguments; None: drawn, mutually broadcastable, one per domain.
    domains: one for each of these arguments (one for all, if there is only one).
    order: the highest derivative that exists and is checked (0: a zero or absent derivative, checked to be zero).
    distinct: entries of an argument differ by at least 0.25 (sorting, maxima).
    complex: which of the arguments are complex.
    note: tells rows of one function apart.
    """

    function: Any
    call: Callable[..., Any] | None = None
    shapes: tuple[tuple[int, ...], ...] | None = None
    domains: tuple[Domain, ...] = (REAL,)
    order: int = 2
    distinct: bool = False
    complex: tuple[int, ...] = ()
    note: str = ""
    precision: float = field(default=1e-8)  # of what the checks ask, relative to the largest entry

    @property
    def name(self) -> str:
        return op_name(self.function) + (f"-{self.note}" if self.note else "")

    def run(self, *arrays: Any) -> Any:
        return (self.call or self.function)(*arrays)

    def arguments(self) -> st.SearchStrategy[list[Any]]:
        """Draws the differentiated arguments, each a float64 array, or complex128."""
        if self.shapes is None:
            shapes = hnp.mutually_broadcastable_shapes(num_shapes=len(self.domains), max_dims=3, max_side=3)
            return shapes.flatmap(lambda drawn: self.arrays(drawn.input_shapes))
        return self.arrays(self.shapes)

    def arrays(self, shapes: tuple[tuple[int, ...], ...]) -> st.SearchStrategy[list[Any]]:
        domains = self.domains * len(shapes) if len(self.domains) == 1 else self.domains
        one = self.distinct_array if self.distinct else self.array
        return st.tuples(
            *[
                st.tuples(one(s, d), self.array(s, d)).map(lambda pair: pair[0] + 1j * pair[1])
                if i in self.complex
                else one(s, d)
                for i, (s, d) in enumerate(zip(shapes, domains, strict=True))
            ]
        ).map(list)

    def array(self, shape: tuple[int, ...], domain: Domain) -> st.SearchStrategy[Any]:
        return hnp.arrays(np.float64, shape, elements=domain.elements())

    def distinct_array(self, shape: tuple[int, ...], domain: Domain) -> st.SearchStrategy[Any]:
        size = int(np.prod(shape))
        step = max((domain.high - domain.low) / max(size, 1), 0.25)
        return st.permutations(range(size)).map(
            lambda order: domain.low + step * (np.array(order, dtype=np.float64).reshape(shape) + 0.5)
        )
