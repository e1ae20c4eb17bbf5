"""The error bound of a numerical derivative is honest: the true error, known from mpmath, lies within it."""

import mpmath
import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br.checking.ladder import climb
from tinygrad_br.checking.numerical import complex_slopes

# a smooth function, the same in mpmath, and how its points are drawn
SMOOTH = {
    "exp": (np.exp, mpmath.exp, lambda r: r.normal()),
    "exp at small x": (np.exp, mpmath.exp, lambda r: 10 ** r.uniform(-12, 0)),
    "log": (np.log, mpmath.log, lambda r: 10 ** r.uniform(-12, 12)),
    "sqrt": (np.sqrt, mpmath.sqrt, lambda r: 10 ** r.uniform(-12, 12)),
    "sin": (np.sin, mpmath.sin, lambda r: 3 * r.normal()),
    "sin(30 x)": (lambda x: np.sin(30 * x), lambda x: mpmath.sin(30 * x), lambda r: r.normal()),
    "tanh": (np.tanh, mpmath.tanh, lambda r: 2 * r.normal()),
    "arcsin": (np.arcsin, mpmath.asin, lambda r: r.uniform(-0.99, 0.99)),
    "x / (1 + x^2)": (lambda x: x / (1 + x * x),) * 2 + (lambda r: r.normal() * 10 ** r.uniform(-3, 3),),
    "x log x + sin x": (
        lambda x: x * np.log(x) + np.sin(x), lambda x: x * mpmath.log(x) + mpmath.sin(x), lambda r: r.uniform(0.01, 5)
    ),
    "x^5": (lambda x: x * x * x * x * x, lambda x: x**5, lambda r: r.normal() * 10 ** r.uniform(-3, 3)),
    "with cancellation": (lambda x: (x + 1e4) - 1e4 + x * x, lambda x: x + x * x, lambda r: r.normal()),
}  # fmt: skip


def outcomes(method, draws, seed):
    """For each draw: the true error over the bound, and the digits that the bound promises."""
    rng = np.random.default_rng(seed)
    ratios, digits = [], []
    for f, exact, draw in SMOOTH.values():
        points = np.array([draw(rng) for _ in range(draws)])
        slopes = method(lambda lanes, t, f=f, x=points: f(x[lanes] + t)[:, None], points, np.ones((1, 1)))
        for x, found in zip(points, slopes, strict=True):
            with mpmath.workdps(50):
                true = mpmath.diff(exact, mpmath.mpf(float(x)))
                ratios.append(float(abs(mpmath.mpf(found.value) - true) / found.error))
            digits.append(-np.log10(found.error / abs(float(true))))
    return np.array(ratios), np.array(digits)


RUNGS = [pytest.param(climb, 11, id="ridders"), pytest.param(complex_slopes, 14, id="complex step")]
METHODS = pytest.mark.parametrize(("method", "promised"), RUNGS)


@METHODS
def test_bounds_are_honest_and_tight(method, promised):
    ratios, digits = outcomes(method, 20, seed=1)
    assert (ratios > 1).mean() <= 0.005
    assert np.median(digits) >= promised


@pytest.mark.slow
@METHODS
def test_bounds_are_honest_in_10_000_cases(method, promised):
    ratios, digits = outcomes(method, 10_000 // len(SMOOTH) + 1, seed=2)
    assert (ratios > 1).mean() <= 0.001
    assert np.median(digits) >= promised


def test_an_oscillation_finer_than_the_first_steps_is_seen():
    for x in np.random.default_rng(3).uniform(1e3, 1e9, 20):
        value, error = tg.numerical_gradient(np.sin, x, method="ridders")
        assert abs(value - np.cos(x)) <= error + 1e-12
