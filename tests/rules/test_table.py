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
from tinygrad_br.checking.rows import ROWS, Row
from tinygrad_br.engine import RULES, part
from tinygrad_br.messages import op_name

from .draws import arguments

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=max(4, settings.default.max_examples // 3))  # of each row, for there are hundreds of them


def weights_like(result, seed):
    """Random cotangents for a result or a tuple of results; complex where these are."""
    if isinstance(result, (tuple, list)):
        return [weights_like(r, seed + i) for i, r in enumerate(result)]
    rng = np.random.default_rng(seed)
    shape = np.shape(result)
    weights = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
    return weights + 1j * rng.uniform(-1.5, 1.5, shape) if np.iscomplexobj(result) else weights


def weighted(result, weights):
    """The real number sum(Re(conj(w) r)) over all results, of arrays or of Values."""
    if isinstance(result, (tuple, list)):
        parts = [weighted(r, w) for r, w in zip(result, weights, strict=True) if np.result_type(r).kind in "fc"]
        return sum(parts[1:], parts[0])
    if np.iscomplexobj(weights):
        return np.sum(np.real(np.conj(weights) * result))
    return np.sum(weights * result)


def scalar_function(row, arrays, seed):
    """The row's function made scalar, over real arguments: a complex argument becomes a pair of real ones."""
    weights = weights_like(row.run(*arrays), seed)

    def scalar(*reals):
        values = iter(reals)
        return weighted(
            row.run(
                *[next(values) + 1j * next(values) if i in row.complex else next(values) for i in range(len(arrays))]
            ),
            weights,
        )

    reals = []
    for i, array in enumerate(arrays):
        reals += [np.real(array).copy(), np.imag(array).copy()] if i in row.complex else [array]
    return scalar, [real[()] for real in reals]  # like a Value, NumPy's scalars for shape (): their last bit may differ


def agree(gradients, function, point, seed, precision):
    """Hold gradients against the numerical derivative of the function along one random direction.

    The direction has no zeros, so that every entry counts; one direction costs as little as one number.  The 1 gives
    results that are nothing but rounding something to be small against.
    """
    directions = [weights_like(x, seed + 7 * i + 1) for i, x in enumerate(point)]
    numeric = tg.numerical_gradient(
        lambda t: 1.0 + function(*[(x + t * d)[()] for x, d in zip(point, directions, strict=True)]), 0.0
    )
    terms = [np.sum(g * d) for g, d in zip(gradients, directions, strict=True)]
    scale = max(1.0, *(np.max(np.abs(g), initial=0.0) for g in gradients))
    assert numeric.error <= 1e-4 * scale, "the numerical derivative is too uncertain to test with"
    assert abs(sum(terms) - numeric.value) <= 3 * numeric.error + precision * scale


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
    directions = [weights_like(r, seed + 100 + i) for i, r in enumerate(reals)]

    def slope(*reals):
        values = [Value(r) for r in reals]
        return sum(np.sum(d * g) for d, g in zip(directions, tg.gradients(scalar(*values), values), strict=True))

    values = [Value(r) for r in reals]
    first = tg.gradients(scalar(*values), values, create_graph=True)
    output = sum((d * g).sum() for d, g in zip(directions, first, strict=True))
    agree(tg.gradients(output, values), slope, reals, seed, row.precision)


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


def test_every_rule_has_a_row():
    tested = {row.function for row in ROWS}
    missing = [op_name(function) for function in RULES if function not in tested and function is not part]
    assert not missing
