"""Functions that compute in float32, as those of other libraries do: their precision is seen, and the steps fit it."""

import numpy as np
import pytest

import tinygrad_br as tg

RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(4, 3)).astype(np.float32)


def single(function):
    """A function of NumPy's that computes in float32 whatever it is given, and returns a Python float."""
    return lambda x: float(function(np.asarray(x, np.float32)))


# a function and its gradient
FUNCTIONS = {
    "squares": (lambda x: (x**2).sum(), lambda x: 2 * x),
    "sines": (lambda x: np.sin(x).sum(), np.cos),
    "exponentials": (lambda x: np.exp(x).sum(), np.exp),
    "a layer": (lambda x: np.tanh(x @ WEIGHTS).sum(), lambda x: (1 - np.tanh(x @ WEIGHTS) ** 2) @ WEIGHTS.T),
}
BOTH = pytest.mark.parametrize(("f", "gradient"), FUNCTIONS.values(), ids=[*FUNCTIONS])


def check(f, gradient, factor, x):
    return tg.check_gradients(single(f), x, gradient=lambda x: factor * gradient(np.asarray(x, np.float32)))


@BOTH
def test_right_gradients_pass_to_as_many_digits_as_float32_allows(f, gradient):
    rights = 0
    for _ in range(8):
        [row] = check(f, gradient, 1, RNG.normal(size=4)).rows
        assert row.verdict != "wrong"
        if row.verdict == "right":
            rights += 1
            assert 3 < row.digits < 9
    assert rights >= 6


@BOTH
@pytest.mark.parametrize("factor", [0, -1, 2, 0.25, 1.01])
def test_wrong_gradients_are_found(f, gradient, factor):
    for _ in range(4):
        assert not check(f, gradient, factor, RNG.normal(size=4)).ok


@BOTH
def test_the_bound_of_a_numerical_gradient_is_honest(f, gradient):
    for _ in range(20):
        x = RNG.normal(size=4)
        value, error = tg.numerical_gradient(single(f), x)
        at = x.astype(np.float32).astype(float)
        assert np.all(abs(value - gradient(at)) <= error + 1e-6 * abs(gradient(at)))
        assert np.all(error < 1e-2 * np.max(abs(value)))


@BOTH
@pytest.mark.parametrize(("factor", "mistake"), [(0, "zero"), (-1, "sign"), (2, "factor")])
def test_mistakes_are_named(f, gradient, factor, mistake):
    [row] = check(f, gradient, factor, RNG.normal(size=4)).rows
    assert row.mistake == mistake


def test_many_inputs_in_float32():
    def f(x):
        return np.sin(x.astype(np.float32))

    x = RNG.normal(size=200)
    for factor, verdict in ((1, "right"), (-1, "wrong"), (1.01, "wrong")):
        [row] = tg.check_gradients(
            f, x, gradient=lambda x, g, c=factor: c * g * np.cos(x.astype(np.float32)), independent="entries"
        ).rows
        assert (row.verdict == "wrong") == (verdict == "wrong")


@pytest.mark.parametrize("f", [np.floor, np.sign, lambda x: x * 0 + 2, lambda x: np.round(x, 1)])
def test_simple_numbers_are_no_sign_of_float32(f):
    """Whole numbers are numbers of float32, too, and what is constant has the slope 0 in both."""
    [row] = tg.check_gradients(f, 1.6180339887).rows
    assert row.verdict == "right"
    assert row.analytic == 0
