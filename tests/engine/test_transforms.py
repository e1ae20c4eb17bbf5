"""grad and its relatives, against numerical derivatives and against each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_br as tg
from tinygrad_br import Value

seeds = st.integers(0, 2**32 - 1)


def wavy(x):
    return np.sum(np.sin(x) * np.exp(0.3 * x[::-1]) + x**3 / 7)


@given(seed=seeds, n=st.integers(1, 5))
def test_grad_hessian_and_hvp_against_numerical_derivatives(seed, n):
    rng = np.random.default_rng(seed)
    x, v = rng.uniform(-2, 2, n), rng.uniform(-2, 2, n)
    np.testing.assert_allclose(tg.grad(wavy)(x), tg.numerical_gradient(wavy, x).value, rtol=1e-7, atol=1e-8)
    hessian = tg.hessian(wavy)(x)
    numeric = [tg.numerical_gradient(lambda x, i=i: tg.grad(wavy)(x)[i], x).value for i in range(n)]
    np.testing.assert_allclose(hessian, numeric, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(tg.hvp(wavy, x, v), hessian @ v, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(tg.hvp(wavy)(x, v), hessian @ v, rtol=1e-10, atol=1e-12)


@given(seed=seeds)
def test_jacobian_vjp_and_jvp_agree(seed):
    rng = np.random.default_rng(seed)
    a, x, v, u = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=4), rng.normal(size=3)

    def f(x):
        return np.tanh(a @ x) * x[:3]

    jac = tg.jacobian(f)(x)
    assert jac.shape == (3, 4)
    out, change = tg.jvp(f, x, v)
    np.testing.assert_allclose(change, jac @ v, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(out, f(x))
    out, pullback = tg.vjp(f, x)
    np.testing.assert_allclose(pullback(u)[0], u @ jac, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(tg.vjp(f)(x)[1](u)[0], u @ jac)
    np.testing.assert_allclose(tg.jvp(f)((x,), (v,))[1], jac @ v)
    rows = [tg.numerical_gradient(lambda x, i=i: f(x)[i], x).value for i in range(3)]
    np.testing.assert_allclose(jac, rows, rtol=1e-6, atol=1e-8)


def test_grad_of_grad_to_the_fifth_order():
    f = np.exp
    for _ in range(5):
        f = tg.grad(f)
        assert f(0.7) == pytest.approx(np.exp(0.7), rel=1e-14)


def test_nested_derivatives_do_not_confuse_their_variables():
    # d/dx (x * d/dy (x + y)) = d/dx (x * 1) = 1
    assert tg.grad(lambda x: x * tg.grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert tg.grad(lambda x: x * tg.grad(lambda y: x + y)(x))(1.0) == 1.0
    # d/dw of d/dx (w x^2) at x = 3 is 6
    assert tg.grad(lambda w: tg.grad(lambda x: w * x * x)(3.0))(2.0) == 6.0


def test_several_arguments_and_containers():
    def f(params, x, scale=1.0):
        return scale * np.sum(params["w"] * x + params["b"][0] * params["b"][1])

    params = {"w": np.array([1.0, 2.0]), "b": [3.0, (4.0)]}
    x = np.array([5.0, 6.0])
    gradient = tg.grad(f)(params, x, scale=2.0)
    np.testing.assert_array_equal(gradient["w"], [10, 12])
    assert gradient["b"] == [16.0, 12.0]
    first, second = tg.grad(f, argnums=(1, 0))(params, x)
    np.testing.assert_array_equal(first, [1, 2])
    np.testing.assert_array_equal(second["w"], [5, 6])
    value, _ = tg.value_and_grad(f)(params, x)
    assert value == f({"w": params["w"], "b": params["b"]}, x)


@pytest.mark.parametrize("x", [3, np.arange(3), True, [1.0, 2]])
def test_integers_are_refused(x):
    with pytest.raises(TypeError, match="float"):
        tg.grad(lambda x: np.sum(x))(x)


def test_what_is_not_one_real_number_is_refused():
    with pytest.raises(TypeError, match=r"jacobian"):
        tg.grad(lambda x: x * 2)(np.ones(2))
    with pytest.raises(TypeError, match="returned float"):
        tg.grad(lambda x: x.item())(1.0)
    with pytest.raises(TypeError, match="argument 1"):
        tg.grad(lambda x: x, argnums=1)(1.0)


def test_plain_arrays_in_plain_arrays_out_and_values_stay_connected():
    assert type(tg.grad(lambda x: (x**2).sum())(np.ones(3))) is np.ndarray
    w = Value(2.0)
    slope = tg.grad(lambda x: w * x * x)(3.0)
    assert type(slope) is Value
    slope.backward()
    assert w.grad == 6.0
    with tg.no_grad():
        assert tg.grad(lambda x: w * x * x)(3.0) == 12.0


def test_a_constant_value_made_inside_does_not_count_as_outside():
    assert type(tg.grad(lambda x: x * Value(2.0))(3.0)) is np.float64


def test_elementwise_grad():
    x = np.linspace(-2, 2, 5)
    np.testing.assert_allclose(tg.elementwise_grad(np.tanh)(x), 1 / np.cosh(x) ** 2, rtol=1e-14)


def test_jvp_at_an_infinite_slope():
    _, change = tg.jvp(np.sqrt, 0.0, 1.0)
    assert change == np.inf


def test_jvp_refuses_tangents_of_other_shapes():
    with pytest.raises(ValueError, match="tangents"):
        tg.jvp(np.sin, np.ones(3), np.ones(2))


# -- checkpoint ------------------------------------------------------------------------------------------------------


def test_checkpoint_gives_the_same_gradients_to_arguments_and_closures():
    w = Value(np.array([0.5, -1.0]))

    def f(x):
        return np.sum(np.exp(w * x) * x)

    x = Value(np.array([1.0, 2.0]))
    expected = tg.gradients(f(x), [x, w])
    got = tg.gradients(tg.checkpoint(f)(x), [x, w])
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    [slope] = tg.gradients(tg.checkpoint(f)(x), [x], create_graph=True)
    [reference] = tg.gradients(f(x), [x], create_graph=True)
    np.testing.assert_allclose(tg.gradients(slope.sum(), [w])[0], tg.gradients(reference.sum(), [w])[0], rtol=1e-14)


def test_checkpoint_forgets_the_intermediate_results():
    x = Value(np.ones(4))
    y = tg.checkpoint(lambda v: np.exp(np.sin(v) * 2).sum())(x)
    assert y.args[0] == (x,)


def test_checkpoint_notices_a_function_that_changes():
    rng = np.random.default_rng(0)
    y = tg.checkpoint(lambda v: v * rng.normal())(Value(1.0))
    with pytest.raises(RuntimeError, match="another result"):
        y.backward()


def test_hessian_of_several_arguments_and_of_containers():
    def f(x, p):
        return np.sum(np.sin(x) * p["a"]) * p["b"] ** 2

    x, p = np.array([0.3, -0.7]), {"a": np.array([1.5, 0.5]), "b": 2.0}
    (xx, xp), second = tg.hessian(f, (0, 1))(x, p)
    (ax, ap), (bx, bp) = second["a"], second["b"]
    np.testing.assert_allclose(xx, np.diag(-np.sin(x) * p["a"] * 4), rtol=1e-14)
    np.testing.assert_allclose(xp["a"], np.diag(np.cos(x) * 4), rtol=1e-14)
    np.testing.assert_allclose(ax, xp["a"].T, rtol=1e-14)
    np.testing.assert_allclose(bx, np.cos(x) * p["a"] * 4, rtol=1e-14)
    np.testing.assert_allclose(ap["b"], np.sin(x) * 4, rtol=1e-14)
    np.testing.assert_allclose(bp["b"], 2 * np.sum(np.sin(x) * p["a"]), rtol=1e-14)
    np.testing.assert_array_equal(ap["a"], np.zeros((2, 2)))
    np.testing.assert_array_equal(tg.hessian(f)(x, p), xx)
