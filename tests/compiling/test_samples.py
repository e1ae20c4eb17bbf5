"""Samples are what NumPy's results are, but for the numbers; and nothing is computed with large arrays in a trace."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br.compiling.samples import Sample, sample_of

A = np.ones((80, 70), np.float32)
CASES = {
    "product": lambda x: x @ np.ones((70, 90), np.float32),
    "small product": lambda x: x.T @ x[:, :3],
    "product from the left": lambda x: np.ones((60, 80)) @ x,
    "sum": lambda x: x + 1,
    "with float64": lambda x: x * np.float64(2),
    "broadcast": lambda x: x[None] - np.ones((3, 1, 70)),
    "comparison": lambda x: x > 0.5,
    "transposed": lambda x: np.tanh(x.T),
    "transposed and not": lambda x: x.T[:70, :70] * x[:70],
    "reduction": lambda x: np.sum(x, axis=0),
    "maximum": lambda x: x.max(),
    "choice": lambda x: np.where(x > 0, x, 0),
    "several": lambda x: np.modf(x)[0],
    "keywords": lambda x: np.add(x, 1, dtype=np.float64),
    "joined": lambda x: np.concatenate([x, x]),
    "reshaped": lambda x: x.reshape(-1) * 2,
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_results_have_the_shape_dtype_and_order_of_numpys(case, order):
    array = np.asarray(A, order=order)
    found, expected = case(sample_of(array)), case(array)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    if expected.ndim and case is not CASES["broadcast"]:  # whose order NumPy makes up
        assert found.flags.c_contiguous == expected.flags.c_contiguous
        assert found.flags.f_contiguous == expected.flags.f_contiguous
        assert found.strides == expected.strides


def test_shapes_that_do_not_fit_are_refused_as_ever():
    for function in (lambda x: x @ x, lambda x: x + np.ones((7, 7))):
        with pytest.raises(ValueError, match="shapes"):
            tg.compile(lambda x, f=function: f(tg.Value(x)))(A)


def test_nothing_large_is_computed_while_a_function_is_recorded():
    seen = []

    watched = tg.define_rule(lambda x: x * 1.0, lambda g, ans, x: g)
    w = tg.Value(np.ones((70, 80), np.float32))

    def step(x):
        h = watched(x @ w)
        seen.append(type(h._data))
        h.sum().backward()
        return h

    compiled = tg.compile(step)
    np.testing.assert_array_equal(compiled(A).data, A @ w.data)
    assert seen == [Sample]
    np.testing.assert_array_equal(w.grad, A.T @ np.ones((80, 80), np.float32))


def test_functions_that_cannot_take_zeros_get_numbers():
    x = np.random.default_rng(0).normal(size=(70, 70))
    compiled = tg.compile(lambda x: np.linalg.inv(tg.Value(x) * 2.0))
    for _ in range(2):
        np.testing.assert_array_equal(compiled(x).data, np.linalg.inv(x * 2.0))


def test_a_program_serves_arrays_that_lie_otherwise_in_memory():
    rng = np.random.default_rng(1)
    w = rng.normal(size=(70, 90))
    compiled = tg.compile(lambda x: np.tanh(x @ w) * 2.0 + x[:, :1])
    for x in (rng.normal(size=(80, 70)), rng.normal(size=(70, 80)).T, rng.normal(size=(160, 140))[::2, ::2]):
        np.testing.assert_allclose(compiled(x), np.tanh(x @ w) * 2.0 + x[:, :1], rtol=1e-12)
