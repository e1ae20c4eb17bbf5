"""Special functions where they are hardest: beside the zeros of their derivatives, and where formulas change."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br.checking.accuracy import CASES, LIMIT, error_in_ulp, special_cases
from tinygrad_br.engine import RULES
from tinygrad_br.messages import op_name
from tinygrad_br.rules import twofold

mpmath = pytest.importorskip("mpmath")
scipy = pytest.mark.skipif(not find_spec("scipy"), reason="these functions are scipy's")
BY_NAME = {op_name(case.function): case for case in (*CASES, *special_cases())}


def beside(points):
    """The floats next to some points, and points at tiny distances from them."""
    points = np.asarray(points, np.float64)
    near = [np.nextafter(points, -np.inf), points, np.nextafter(points, np.inf)]
    return np.concatenate([*near, *(points * (1 + sign * 10.0**-k) for k in (6, 10, 14) for sign in (-1, 1))])


def zeros(name):
    """Where the derivative of a function is zero, to the last bit."""
    from scipy import special

    return {
        "j0": special.jn_zeros(1, 200)[::9], "j1": special.jnp_zeros(1, 200)[::9], "i1e": [1.5450946875566743],
        "entr": [np.exp(-1)], "gammaln": [1.4616321449683622, -0.5040830082644554, -1.573498473162390, -9.702672540001],
        "gamma": [1.4616321449683622, -2.610720868444144], "sinc": [1.4302966531242027, 2.4590240332, 20.495067],
    }[name]  # fmt: skip


def assert_exact(name, *args):
    case = BY_NAME[name]
    with np.errstate(all="ignore"):
        ans = case.function(*args)
        slopes = [rule(np.ones_like(ans), ans, *args) for rule in RULES[case.function].rules]
    with mpmath.workdps(80):
        for slope, derivative in zip(slopes, case.derivatives, strict=True):
            for got, *point in zip(slope, *args, strict=True):
                true = derivative(mpmath.mp, *(mpmath.mpf(float(x)) for x in point))
                assert error_in_ulp(got, true, mpmath.mp) <= LIMIT, point


@scipy
@pytest.mark.parametrize("name", ["j0", "j1", "i1e", "entr", "gammaln", "gamma", "sinc"])
def test_at_the_zeros_of_the_derivative(name):
    assert_exact(name, beside(zeros(name)))


@scipy
@pytest.mark.parametrize(
    ("name", "switches"),
    [
        ("j0", [40.0, 1e4]), ("j1", [40.0, 1e4]), ("i0", [20.0, 713.0]), ("i1", [20.0]), ("i0e", [20.0, 1e9]),
        ("i1e", [20.0, 1e9]), ("erfcx", [5.0, 0.0, -26.0]), ("erfinv", [0.5, 0.999]), ("log_ndtr", [0.0, -7.0]),
        ("erfcinv", [0.5, 1e-300, 1.5]), ("ndtri", [0.25, 1e-300, 0.75]), ("psi", [16.0, 1e-9, -1e-9, -3.5]),
    ],
)  # fmt: skip
def test_where_formulas_change(name, switches):
    assert_exact(name, beside(switches))


@scipy
@pytest.mark.parametrize("name", ["beta", "betaln"])
def test_beta_of_very_different_arguments(name):
    a = np.array([1e-3, 5.0, 16.0, 1e8, 3e-9, 2.0, 300.0, 1e-150])
    assert_exact(name, a, a[::-1].copy())
    assert_exact(name, a, a * 1e-12)
    assert_exact(name, a, np.full(8, 0.5))


def test_twofold_numbers_keep_32_digits():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 40)) * 10.0 ** rng.uniform(-5, 5, (2, 40))
    small = rng.uniform(-0.3, 0.9, 40)
    cases = [
        (twofold.Twofold(x) + y, lambda a, b, c: a + b), (twofold.Twofold(x) * y, lambda a, b, c: a * b),
        (x / twofold.Twofold(y), lambda a, b, c: a / b), (1.0 - twofold.Twofold(x) * x, lambda a, b, c: 1 - a * a),
        (twofold.log(twofold.Twofold(np.abs(x))), lambda a, b, c: mpmath.log(abs(a))),
        (twofold.log1p(twofold.Twofold(small)), lambda a, b, c: mpmath.log1p(c)),
        (twofold.exp(twofold.Twofold(small)), lambda a, b, c: mpmath.exp(c)),
        (twofold.sin_and_cos_of_pi_times(x)[0], lambda a, b, c: mpmath.sinpi(a)),
        (twofold.sin_and_cos_of_pi_times(x)[1], lambda a, b, c: mpmath.cospi(a)),
    ]  # fmt: skip
    with mpmath.workdps(60):
        for found, true in cases:
            for high, low, *point in zip(found.high, found.low, x, y, small, strict=True):
                exact = true(*map(mpmath.mpf, map(float, point)))
                assert abs(mpmath.mpf(float(high)) + mpmath.mpf(float(low)) - exact) <= 1e-30 * abs(exact)


@scipy
def test_no_derivative_of_complex_numbers_is_made_up():
    from scipy import special

    with pytest.raises(TypeError, match="real numbers only"):
        np.real(special.gamma(tg.Value(1 + 2j))).backward()


@scipy
@pytest.mark.parametrize(
    ("name", "points"), [("ndtri", (0.0, 1.0, 1.5)), ("erfinv", (1.0, -1.0, 2.0)), ("erfcinv", (2.0, 0.0, -1.0))]
)
def test_inverses_at_their_ends_and_beyond(name, points):
    """Vertical at the ends, undefined outside, for numbers as for arrays."""
    from scipy import special

    with np.errstate(all="ignore"):
        found = [tg.grad(getattr(special, name))(x) for x in points]
        array = tg.elementwise_grad(getattr(special, name))(np.array(points))
    assert np.array_equal(np.abs(found), [np.inf, np.inf, np.nan], equal_nan=True)
    assert np.array_equal(found, array, equal_nan=True)


@scipy
@pytest.mark.parametrize("name", ["j0", "i0e", "gamma", "erfinv", "erfcx", "beta"])
def test_dtype_and_shape(name):
    from scipy import special

    for x in (np.float32(0.25), np.full((2, 0), 0.25), np.full((2, 3), 0.25, np.float32)):
        v = tg.Value(x)
        y = special.beta(v, 0.5) if name == "beta" else getattr(special, name)(v)
        [slope] = tg.gradients(np.sum(y), [v])
        assert (slope.shape, slope.dtype) == (x.shape, x.dtype)


@pytest.mark.parametrize("function", [np.cov, np.i0, np.sinc, lambda v: np.linspace(v, 2.0, 3), np.median])
def test_compiled(function):
    """Rules that run as programs give the same, for other numbers too; orders of axes are plain integers in them."""

    def step(x):
        v = tg.Value(x)
        return tg.gradients(np.sum(function(v)), [v])[0]

    x = np.linspace(0.3, 2, 6).reshape(2, 3)
    program = tg.compile(step)
    for point in (x, x * 1.1):
        np.testing.assert_allclose(program(point), step(point), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("function", [np.nanmedian, np.maximum.accumulate, np.emath.sqrt, np.trim_zeros])
def test_programs_do_not_bake_in_decisions(function):
    def step(x):
        v = tg.Value(x)
        return tg.gradients(np.sum(function(v)), [v])[0]

    with pytest.raises(TypeError, match=r"tg\.compile"):
        tg.compile(step)(np.array([1.0, 2.0, 3.0]))


@scipy
@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize(("a", "b"), [(0.9999999994213525, -1.7001568916974547e-09), (2.5, -2.4), (7.0, 1e-12)])
def test_gaps_of_polygamma_functions_close_together(n, a, b):
    """Steps back keep their digits as steps forward do."""
    from tinygrad_br.rules.gamma import polygamma_gap

    with mpmath.workdps(50):
        gap = mpmath.polygamma(n, mpmath.mpf(a) + mpmath.mpf(b)) - mpmath.polygamma(n, mpmath.mpf(a))
        assert abs(polygamma_gap(np.float64(a), np.float64(b), n) / gap - 1) < 1e-15
