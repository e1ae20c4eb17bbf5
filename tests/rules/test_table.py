"""Every rule against numerical derivatives of its function, first and second order, with random cotangents.

The references come from the function on plain arrays, never from the rule.  For the second order the first
derivative, already verified, is differentiated numerically.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_br as tg
from tinygrad_br import Value
from tinygrad_br.checking.agreement import compare, scalar_function, slope_along, weighted, weights_like
from tinygrad_br.checking.rows import ROWS, Row

from .draws import arguments

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=max(4, settings.default.max_examples // 3))  # of each row, for there are hundreds of them


def agree(found, function, point, seed, precision):
    """Hold gradients against the numerical derivative of the function along one random direction."""
    agreement = compare(found, function, point, seed)
    assert agreement.certain(), "the numerical derivative is too uncertain to test with"
    assert agreement.ok(precision), agreement


def by_name(rows):
    return pytest.mark.parametrize("row", rows, ids=[row.name for row in rows])


@by_name([row for row in ROWS if row.order >= 1])
@few
@given(data=st.data(), seed=seeds)
def test_first_derivative(row: Row, data, seed):
    arrays = data.draw(arguments(row))
    scalar, reals = scalar_function(row, arrays, seed)
    before = [np.copy(r) for r in reals]
    values = [Value(r) for r in reals]
    output = scalar(*values)
    # a Value computes what NumPy computes; products of complex scalars and arrays differ in NumPy by their last bit
    np.testing.assert_allclose(output.data, scalar(*reals), rtol=1e-12 if row.complex else 0)
    analytic = tg.gradients(output, values)
    for a, r, b in zip(analytic, reals, before, strict=True):
        assert a.shape == np.shape(r)
        assert a.dtype == np.float64
        np.testing.assert_array_equal(r, b, "inputs are not changed")
    agree(analytic, scalar, reals, seed, row.precision)


@by_name([row for row in ROWS if row.order >= 2])
@few
@given(data=st.data(), seed=seeds)
def test_second_derivative(row: Row, data, seed):
    arrays = data.draw(arguments(row))
    scalar, reals = scalar_function(row, arrays, seed)
    slope, values = slope_along(scalar, reals, seed), [Value(r) for r in reals]
    agree(tg.gradients(slope(*values), values), slope, reals, seed, row.precision)


@by_name([row for row in ROWS if row.order == 0])
@few
@given(data=st.data())
def test_no_derivative(row: Row, data):
    """A registered zero: the Value computes what NumPy computes, and no gradient comes back."""
    arrays = data.draw(arguments(row))
    values = [Value(a) for a in arrays]
    result = row.run(*values)
    for r, expected in zip(*((x,) if not isinstance(x, (tuple, list)) else x for x in (result, row.run(*arrays)))):
        np.testing.assert_array_equal(r.data, expected)
        weight = tg.stop_gradient(r) if r.dtype.kind in "fc" else r
        for value, gradient in zip(values, tg.gradients((weight * np.sum(values[0])).sum(), values), strict=True):
            expected = np.sum(r.data) if value is values[0] else 0.0
            np.testing.assert_allclose(gradient, np.broadcast_to(expected, value.shape))
        if r.dtype.kind in "fc":
            assert not any(np.any(g) for g in tg.gradients(r.sum(), values))


@by_name([row for row in ROWS if not row.complex])
@few
@given(data=st.data(), seed=seeds)
def test_float32_stays_float32(row: Row, data, seed):
    values = [Value(np.float32(a)) for a in data.draw(arguments(row))]
    result, expected = row.run(*values), row.run(*[v.data for v in values])
    for r, e in zip(*[x if isinstance(x, (tuple, list)) else [x] for x in (result, expected)], strict=True):
        assert r.dtype == e.dtype
    if row.order:
        output = weighted(result, weights_like(expected, seed))
        for gradient, value in zip(tg.gradients(output, values), values, strict=True):
            assert gradient.dtype == np.float32
            assert gradient.shape == value.shape
