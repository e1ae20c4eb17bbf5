"""The numerical gradient, held against derivatives that are known from elsewhere."""

import mpmath
import numpy as np
import pytest

import tinygrad_br as tg

ARRAYS = np.random.default_rng(0)


def test_unpacks_as_value_and_error():
    value, error = tg.numerical_gradient(lambda x: (x**3).sum(), np.array([1.0, 2.0]))
    np.testing.assert_allclose(value, [3, 12], rtol=1e-12)
    assert value.shape == error.shape == (2,)
    assert (abs(value - [3, 12]) <= error).all()


def test_stands_for_its_value_in_numpy():
    assert np.allclose(tg.numerical_gradient(lambda x: (x**3).sum(), np.array([1.0, 2.0])), [3, 12])


def test_one_array_for_each_of_several_arguments():
    x, y = ARRAYS.normal(size=(2, 3)), ARRAYS.normal(size=3)
    (dx, dy), (ex, ey) = tg.numerical_gradient(lambda x, y: (x * y).sum(), x, y)
    np.testing.assert_allclose(dx, np.broadcast_to(y, (2, 3)), rtol=1e-10)
    np.testing.assert_allclose(dy, x.sum(0), rtol=1e-10)
    assert ex.shape == (2, 3)
    assert ey.shape == (3,)


def test_takes_values_and_functions_of_values():
    x = tg.Value([1.0, 2.0])
    value, _ = tg.numerical_gradient(lambda v: (v * v.astype(float)).sum(), x)
    np.testing.assert_allclose(value, [2, 4], rtol=1e-10)
    only_values = tg.numerical_gradient(lambda v: v.item() ** 2 if isinstance(v, tg.Value) else v.item_of(), 3.0)
    assert float(only_values.value) == pytest.approx(6)
    assert x.grad is None


def test_float32_is_promoted():
    value, error = tg.numerical_gradient(np.exp, np.float32(0.5))
    assert value.dtype == np.float64
    assert abs(value - np.exp(0.5)) < 1e-12
    assert error < 1e-10


def test_an_output_of_many_entries_needs_weights():
    with pytest.raises(ValueError, match="gradient="):
        tg.numerical_gradient(np.exp, np.zeros(3))
    value, _ = tg.numerical_gradient(np.exp, np.zeros(3), gradient=[1, 2, 3])
    np.testing.assert_allclose(value, [1, 2, 3], rtol=1e-12)


@pytest.mark.parametrize("x", [1e-12, 1e-3, 0.7, 30.0])
@pytest.mark.parametrize("name", ["log", "sqrt", "tanh", "exp", "sin"])
def test_the_bound_holds_at_any_scale(name, x):
    value, error = tg.numerical_gradient(getattr(np, name), x)
    with mpmath.workdps(60):
        true = mpmath.diff(getattr(mpmath, name), mpmath.mpf(x))
        assert abs(mpmath.mpf(float(value)) - true) <= float(error)


def test_at_a_kink_the_error_covers_both_slopes():
    value, error = tg.numerical_gradient(np.abs, 0.0)
    assert abs(value) + error >= 1
    assert "kink" in tg.numerical_gradient(np.abs, 0.0).reason


@pytest.mark.parametrize("x", [1e-1, 1e-6, 1e-12, 1e-20, -1e-9])
def test_near_a_kink_the_right_side_is_seen(x):
    value, error = tg.numerical_gradient(lambda v: np.maximum(v, 0), x)
    assert abs(value - (x > 0)) <= error


def test_messages():
    with pytest.raises(TypeError, match="point"):
        tg.numerical_gradient(np.exp)
    with pytest.raises(ValueError, match="method is one of"):
        tg.numerical_gradient(np.exp, 1.0, method="guess")
    with pytest.raises(TypeError, match="returned NoneType"):
        tg.numerical_gradient(lambda x: None, 1.0)
