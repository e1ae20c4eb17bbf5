"""Random graphs out of the whole table: gradients and products with the Hessian against numerical ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

import tinygrad_br as tg
from tinygrad_br import Value
from tinygrad_br.checking.agreement import weights_like

from .graphs import graphs
from .test_table import agree, seeds

PRECISION = 1e-6  # graphs multiply the errors of their parts


@settings(max_examples=max(30, settings.default.max_examples))
@given(drawn=graphs(), seed=seeds)
def test_random_graphs(drawn, seed):
    graph, inputs = drawn
    directions = [weights_like(x, seed + 100 + i) for i, x in enumerate(inputs)]

    def slope(*arrays):
        values = [Value(a) for a in arrays]
        return sum(np.sum(d * g) for d, g in zip(directions, tg.gradients(graph(*values), values), strict=True))

    values = [Value(x) for x in inputs]
    output = graph(*values)
    np.testing.assert_allclose(output.data, graph(*inputs), rtol=1e-12)
    first = tg.gradients(output, values, create_graph=True)
    product = sum((d * g).sum() for d, g in zip(directions, first, strict=True))
    agree([g.data for g in first], graph, inputs, seed, PRECISION)
    agree(tg.gradients(product, values), slope, inputs, seed, PRECISION)
    for plain, recorded in zip(tg.gradients(output, values), first, strict=True):
        np.testing.assert_allclose(plain, recorded.data, rtol=1e-9, atol=1e-12)
