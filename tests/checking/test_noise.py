"""Functions that lose digits: how much is measured, and the verdict says so instead of blaming the gradient."""

import mpmath
import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br.checking.noise import arithmetic_noise, shaky
from tinygrad_br.checking.rows import FAMILIES

from .false_alarms import Drawn

EPS = np.finfo(float).eps

# the same function in NumPy and in mpmath; near 0 it divides what rounding left by a small number
CANCELLING = {
    "(exp(x) - 1) / x": (lambda x: (np.exp(x) - 1) / x, lambda x: (mpmath.exp(x) - 1) / x),
    "log(1 + x) / x": (lambda x: np.log(1 + x) / x, lambda x: mpmath.log(1 + x) / x),
    "(sqrt(1 + x) - 1) / x": (lambda x: (np.sqrt(1 + x) - 1) / x, lambda x: (mpmath.sqrt(1 + x) - 1) / x),
    "(1 - cos(x)) / x^2": (lambda x: (1 - np.cos(x)) / x**2, lambda x: (1 - mpmath.cos(x)) / x**2),
}
CANCELLINGS = pytest.mark.parametrize(("f", "exact"), CANCELLING.values(), ids=[*CANCELLING])


def noise_of(f, *points):
    points = [np.array(p, float) for p in points]
    return arithmetic_noise(lambda *a: np.asarray(f(*a)), points, np.asarray(f(*points)), np.random.default_rng(0))


@CANCELLINGS
def test_the_noise_of_the_arithmetic_covers_the_true_error_and_little_more(f, exact):
    for x in np.random.default_rng(1).uniform(1, 9, 10) * 10.0 ** np.arange(-7, 3):
        with mpmath.workdps(60):
            error = float(abs(mpmath.mpf(float(f(x))) - exact(mpmath.mpf(float(x)))))
        size = EPS * (1 / min(x, 1) ** (2 if f is CANCELLING["(1 - cos(x)) / x^2"][0] else 1) + abs(float(f(x))))
        assert error <= noise_of(f, x) <= 100 * size


@pytest.mark.parametrize("f", [np.max, np.abs, np.floor, lambda x: np.maximum(-x, 0), lambda x: np.sort(x)[::-1]])
def test_operations_that_do_not_round_have_no_noise(f):
    assert np.all(noise_of(f, [1.5, -2.25, 1e9]) == 0)


def test_arrays_that_round_anew_go_through_numpy():
    x = shaky(np.arange(1.0, 5), np.random.default_rng(0))
    total = np.zeros(4)
    np.add(x, 1, out=total)
    parts = np.modf(x * 1.5)
    assert [*map(len, parts)] == [4, 4]
    assert np.allclose(total, [2, 3, 4, 5], rtol=4 * EPS)
    assert np.allclose(np.concatenate([x, x]).reshape(2, 4) @ x, 30, rtol=16 * EPS)
    assert 0 < abs(np.asarray(np.cumsum(x * 1.1) / np.cumsum(np.arange(1.0, 5) * 1.1)) - 1).max() < 16 * EPS


@CANCELLINGS
def test_a_gradient_that_loses_digits_is_not_called_wrong(f, exact):
    for x in np.random.default_rng(2).uniform(1, 9, 16) * 10.0 ** np.arange(-16, 0):
        assert tg.check_gradients(f, x).ok
        if x > 1e-2:
            assert tg.check_gradients(f, x).rows[0].verdict == "right"


def test_the_verdict_says_that_rounding_spoils_the_gradient():
    [row] = tg.check_gradients(lambda x: (np.exp(x) - 1) / x, 1e-12).rows
    assert row.verdict == "cannot tell"
    assert "rounding leaves the analytic one only good to" in row.cause


@CANCELLINGS
def test_a_wrong_rule_beside_lost_digits_is_found(f, exact):
    wrong = tg.define_rule(lambda x: f(x), lambda g, ans, x: -g * tg.grad(f)(x))
    for x in (1e-3, 0.1, 2.5):
        assert not tg.check_gradients(wrong, x).ok


# inputs that were once called wrong: results stand still, or are noise, at all steps that tell anything
HARD = [
    ("cov-weights, corrected", [
        [[-135866048056.07825, -21072.377201987412, -53510790.30965469],
         [-1.331883741441225e-11, 10947.142775331626, -95986.0875820877]],
        [2163314467.1668496, 7.208825784338094e-06, 2.2232597532853178e-11],
    ]),
    ("betaln-negative", [-3802.6809386914456, 1.5289224758376434e-11]),
    ("betaln-negative", [-713543194179.677, 18325702974.0029]),  # waves finer than the steps, lower than the noise
    ("polygamma_gap-1", [2.0936e-12, 1.609e-06]),
    ("unwrap", [[1734509864104.2065, -0.00016383214028520775, -1.0656650309683874e-10, 492915648235.0437]]),
    ("floor_divide", [2.7032559458054904e-06, 2.9962987994886285e-12]),  # whole numbers that float32 could hold
]  # fmt: skip


@pytest.mark.parametrize(("name", "inputs"), HARD)
def test_results_that_stand_still_are_no_mistake(name, inputs):
    row = next(row for rows in FAMILIES.values() for row in rows if row.name == name)
    for seed in range(5):
        moves = np.random.default_rng(seed)
        args = [np.array([np.asarray(x) * (1 + 1e-6 * moves.normal(size=np.shape(x)))] * 2) for x in inputs]
        drawn = Drawn(row)
        with np.errstate(all="ignore"):
            drawn.find_axes(args)
            report = tg.check_gradients(drawn, *args, gradient=drawn.gradient, independent="rows", seed=seed)
        assert report.ok, str(report)


@pytest.mark.parametrize("x", [3e-5, 2e-8, 1.5])
@pytest.mark.parametrize(("factor", "mistake"), [(-1, "sign"), (2, "factor")])
def test_where_digits_are_lost_the_steps_are_large_enough_to_find_mistakes(x, factor, mistake):
    """At smaller steps than what is lost (x + 1e6) - 1e6 stands still, and has no slope at all."""

    def f(x):
        return (x + 1e6) - 1e6 + x * x

    [row] = tg.check_gradients(f, x, gradient=lambda x: factor * (1 + 2 * x)).rows
    assert row.verdict == "wrong"
    assert row.mistake == mistake
    assert tg.check_gradients(f, x, gradient=lambda x: 1 + 2 * x).rows[0].verdict == "right"


def test_a_gradient_that_was_rounded_to_float32_is_found():
    """It goes up and down around the right one, but the function has no noise that could hide such waves."""
    x = np.random.default_rng(0).normal(size=50)
    [row] = tg.check_gradients(
        np.sin, x, gradient=lambda x, w: (w * np.cos(x)).astype(np.float32).astype(float), independent="entries"
    ).rows
    assert row.wrong >= 3
