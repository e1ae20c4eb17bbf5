"""Derivatives on branch cuts and where closed forms cancel or overflow, against the function itself and mpmath."""

from importlib.util import find_spec

import numpy as np
import pytest

import tinygrad_br as tg

scipy = pytest.mark.skipif(not find_spec("scipy"), reason="these functions are scipy's")
REAL_CUT = [complex(x, y) for x in (2.0, -2.0, 0.5) for y in (0.0, -0.0)]
IMAGINARY_CUT = [complex(x, y) for x in (0.0, -0.0) for y in (2.0, -2.0, 0.5)]


def slope(function, x):
    """The derivative of a function of one number; the gradient that users see is its conjugate."""
    x = tg.Value(np.array([x]))
    [found] = tg.gradients(function(x), [x])
    return np.conj(found[0])


@pytest.mark.parametrize("function", [np.arcsin, np.arccos, np.arctanh, np.arccosh, np.sqrt, np.log])
@pytest.mark.parametrize("z", REAL_CUT)
def test_on_cuts_of_the_real_axis_the_sign_of_a_zero_tells_the_side(function, z):
    after, before = function(np.array([complex(z.real + h, z.imag) for h in (1e-6, -1e-6)]))
    assert slope(function, z) == pytest.approx((after - before) / 2e-6, rel=1e-8)


@pytest.mark.parametrize("function", [np.arcsinh, np.arctan])
@pytest.mark.parametrize("z", IMAGINARY_CUT)
def test_on_cuts_of_the_imaginary_axis(function, z):
    after, before = function(np.array([complex(z.real, z.imag + h) for h in (1e-6, -1e-6)]))
    assert slope(function, z) == pytest.approx((after - before) / 2e-6j, rel=1e-8)


def test_the_complex_tangents_far_out():
    assert slope(np.tanh, 800 + 3j) == slope(np.tanh, -1e9 + 1j) == slope(np.tan, 2 + 900j) == 0
    assert slope(np.tanh, 25 + 1j) == pytest.approx(4 * np.exp(-50 - 2j), rel=1e-15)
    assert slope(np.tan, 1 + 25j) == pytest.approx(4 * np.exp(-50 + 2j), rel=1e-15)


def test_a_negative_base_with_a_complex_exponent():
    base, exponent = tg.Value(np.array([-1e-9])), tg.Value(np.array([0.5 + 0.5j]))
    [found] = tg.gradients(np.power(base, exponent), [exponent])
    assert np.conj(found[0]) == pytest.approx(complex(-1e-9) ** (0.5 + 0.5j) * np.log(complex(-1e-9)), rel=1e-14)


def test_clip_between_equal_bounds_is_constant():
    assert slope(lambda x: np.clip(x, 3.0, 3.0), 3.0) == 0


@scipy
@pytest.mark.parametrize(
    ("a", "b"), [(3.0, 2.0), (1e-9, 1e4), (1e9, 1e-9), (255.0, 2e-4), (1e8, 1e8 / 3), (1e-100, 1e-40)]
)
def test_second_derivatives_of_beta(a, b):
    from scipy import special

    mpmath = pytest.importorskip("mpmath")
    x, y = tg.Value(np.array([a])), tg.Value(np.array([b]))
    [first] = tg.gradients(special.beta(x, y), [x], create_graph=True)
    found = tg.gradients(first, [x, y])
    with mpmath.workdps(400):
        a, b = mpmath.mpf(a), mpmath.mpf(b)
        p, q = (mpmath.digamma(a + b) - mpmath.digamma(z) for z in (a, b))
        end, start = mpmath.polygamma(1, a + b), mpmath.polygamma(1, a)
        true = [mpmath.beta(a, b) * (p * p + start - end), mpmath.beta(a, b) * (p * q - end)]
    for got, exact in zip(found, map(float, true), strict=True):
        assert got[0] == pytest.approx(exact, rel=1e-13)


@scipy
@pytest.mark.parametrize("x", [13.0, 1e3, 1e9])
def test_second_derivatives_far_out(x):
    """Against the first terms of their asymptotic series."""
    from scipy import special

    def second(function, x):
        x = tg.Value(np.array([x]))
        [first] = tg.gradients(function(x), [x], create_graph=True)
        return tg.gradients(first, [x])[0][0]

    u = 1 / x**2
    root = np.sqrt(2 * np.pi * x)
    assert second(special.i0e, x) == pytest.approx(0.75 * u / root, rel=2 / x)
    assert second(special.i0e, -x) == second(special.i0e, x)
    assert second(special.erfcx, x) == pytest.approx(2 * u / x / np.sqrt(np.pi) * (1 - 3 * u), rel=100 * u * u + 1e-14)
    assert second(special.log_ndtr, -x) == pytest.approx(-1 + u - 6 * u * u, rel=100 * u**3 + 1e-14)


@scipy
def test_beta_of_huge_arguments():
    """For a huge a and a tiny b it is 1 / b - log(a), with the derivatives -1 / a and -1 / b**2; for huge both, 0."""
    from scipy import special

    a, b = tg.Value(np.array([1e200, 1.4e281])), tg.Value(np.array([1e-200, 1.4e281]))
    by_a, by_b = tg.gradients(np.sum(special.beta(a, b)), [a, b])
    np.testing.assert_allclose(by_a, [-1e-200, 0], rtol=1e-15)
    assert by_b[0] == -np.inf
    assert by_b[1] == 0


def test_second_derivatives_of_powers():
    """Where x**y underflows, where y is nearly 1, and at integers, where they are exact."""
    x = tg.Value(np.array([1e-310, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0]))
    y = np.array([2.0, 1.0 + 2**-40, 2.0, 0.0, 1.0, 2.0, 3.0])
    [first] = tg.gradients(np.sum(x**y), [x], create_graph=True)
    [second] = tg.gradients(np.sum(first), [x])
    np.testing.assert_allclose(second, [2, y[1] * 2.0**-40 * 2.0 ** (y[1] - 2), 2, 0, 0, 2, 0], rtol=1e-14)


def test_second_derivatives_of_lengths_and_angles():
    """By their closed forms, also where fourth powers overflow or vanish."""
    for size in (1e150, 1.0, 1e-150):
        y, x = tg.Value(3 * size), tg.Value(4 * size)
        for function, true in ((np.hypot, [16, -12]), (np.arctan2, [-24 / 5, -7 / 5])):
            [first] = tg.gradients(function(y, x), [y], create_graph=True)
            found = [g * size if function is np.hypot else g * size * size for g in tg.gradients(first, [y, x])]
            np.testing.assert_allclose(found, np.array(true) / 125, rtol=1e-14)


def test_the_derivative_of_the_slope_of_a_power_by_an_exponent_of_0():
    """It is y (y - 1) x**(y - 2), which is 0 at y = 0 and grows with y by -1 / x**2 there."""
    x, y = tg.Value(np.array([0.5])), tg.Value(np.array([0.0]))
    [first] = tg.gradients(x**y, [x], create_graph=True)
    [second] = tg.gradients(first, [x], create_graph=True)
    assert second.data == 0
    assert tg.gradients(second, [y])[0] == -4
