"""What hypothesis draws for a row of the table of rules."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_br.checking.rows import Domain, Row


def arguments(row: Row) -> st.SearchStrategy[list[Any]]:
    """The differentiated arguments of a row, each a float64 array, or complex128."""
    if row.shapes is None:
        shapes = hnp.mutually_broadcastable_shapes(num_shapes=len(row.domains), max_dims=3, max_side=3)
        return shapes.flatmap(lambda drawn: arguments_of(row, drawn.input_shapes))
    return arguments_of(row, row.shapes)


def arguments_of(row: Row, shapes: tuple[tuple[int, ...], ...]) -> st.SearchStrategy[list[Any]]:
    one = distinct_array if row.distinct else array
    return st.tuples(
        *[
            st.tuples(one(*place), array(*place)).map(lambda pair: pair[0] + 1j * pair[1])
            if i in row.complex
            else one(*place)
            for i, place in enumerate(row.places(shapes))
        ]
    ).map(list)


def array(shape: tuple[int, ...], domain: Domain) -> st.SearchStrategy[Any]:
    # steps of 1/64 keep shrunk examples readable, and sums and differences of inputs exact
    numbers = st.integers(int(np.ceil(domain.low * 64)), int(np.floor(domain.high * 64))).map(lambda i: i / 64)
    allowed = numbers.filter(lambda x: all(abs(x - point) >= domain.gap for point in domain.avoid))
    return hnp.arrays(np.float64, shape, elements=allowed)


def distinct_array(shape: tuple[int, ...], domain: Domain) -> st.SearchStrategy[Any]:
    return st.permutations(range(int(np.prod(shape)))).map(lambda order: domain.spread(order, shape))
