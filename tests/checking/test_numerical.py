"""The numerical gradient, held against derivatives that are known from elsewhere."""

import mpmath
import numpy as np
import pytest

import tinygrad_br as tg


def normal(size):
    return np.random.default_rng(0).normal(size=size)


def test_unpacks_as_value_and_error():
    value, error = tg.numerical_gradient(lambda x: (x**3).sum(), np.array([1.0, 2.0]))
    np.testing.assert_allclose(value, [3, 12], rtol=1e-12)
    assert value.shape == error.shape == (2,)
    assert (abs(value - [3, 12]) <= error).all()


def test_stands_for_its_value_in_numpy():
    assert np.allclose(tg.numerical_gradient(lambda x: (x**3).sum(), np.array([1.0, 2.0])), [3, 12])


def test_one_array_for_each_of_several_arguments():
    x, y = normal(size=(2, 3)), normal(size=3)
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


def test_the_ladder_takes_the_best_rung_and_says_so():
    assert tg.numerical_gradient(np.exp, 0.5).method == "complex step"
    assert tg.numerical_gradient(lambda x: np.logaddexp(0, x), 0.5).method in ("longdouble", "ridders")
    assert tg.numerical_gradient(lambda x: np.abs(x) * x, 0.5).method == "ridders", "abs of complex is not analytic"
    assert tg.numerical_gradient(lambda x: np.float64(np.logaddexp(0, x)), 0.5).method == "ridders"


@pytest.mark.parametrize("method", ["complex step", "longdouble", "ridders"])
def test_each_rung_can_be_asked_for(method):
    if method == "longdouble" and np.finfo(np.longdouble).eps == np.finfo(float).eps:
        pytest.skip("long double is float64 on this platform")
    value, error = tg.numerical_gradient(lambda x: np.sin(x) * x, 0.7, method=method)
    assert abs(value - (np.sin(0.7) + 0.7 * np.cos(0.7))) <= error < 1e-11


def test_a_rung_that_the_function_does_not_reach_is_refused():
    with pytest.raises(ValueError, match="'complex step'"):
        tg.numerical_gradient(lambda x: np.logaddexp(0, x), 0.5, method="complex step")


def test_jacobian():
    x, y = normal(size=3), normal(size=(2, 3))
    (jx, jy), (ex, _) = tg.numerical_jacobian(lambda x, y: y @ x, x, y)
    assert (abs(jx - y) <= ex).all()
    np.testing.assert_allclose(jy, np.einsum("ik,j->ikj", np.eye(2), x), atol=1e-12)


def test_hessian():
    a = normal(size=(3, 3))
    value, error = tg.numerical_hessian(lambda x: x @ a @ x + x[0] ** 3, np.array([0.5, 2.0, -1e-3]))
    true = a + a.T
    true[0, 0] += 6 * 0.5
    assert (abs(value - true) <= error).all()
    assert (error < 1e-6).all()
