"""Derivatives of scipy.special; loaded when one of its ufuncs first meets a Value.

scipy.special's Python functions (softmax, logsumexp, polygamma, ...) turn what they get into plain arrays, which a
Value refuses; tinygrad_br.nn has softmax and logsumexp, and `polygamma` below is the derivative of digamma.
"""

from __future__ import annotations

from functools import partial
from math import log, pi, sqrt
from typing import Any

import numpy as np
from scipy import special

from ..engine import define_rule

guarded = partial(define_rule, guarded=True)
ROOT_PI, ROOT_2, LOG_10 = sqrt(pi), sqrt(2), log(10)


# functions that the rules need, each with a rule that keeps the digits at every order
def bell(x: Any, c: float = 1.0) -> Any:
    """exp(-c x**2) for c = 1 or 1/2, to full precision.

    The rounding of x**2, which exp multiplies by x**2, is avoided: z is x cut to 24 bits, so that z**2 is exact.
    """
    x64 = np.clip(np.asarray(x, np.float64), -40, 40)
    z = x64.astype(np.float32).astype(np.float64)
    return (np.exp(-c * z * z) * np.exp(-c * (x64 - z) * (x64 + z))).astype(np.result_type(x))[()]


def polygamma(n: int, x: Any) -> Any:
    """The n-th derivative of digamma.

    >>> float(polygamma(1, 1.0))  # pi**2 / 6
    1.6449340668482266
    """
    return np.asarray(special.polygamma(n, x)).astype(np.result_type(np.asarray(x).dtype, np.float32))[()]


def hazard(x: Any) -> Any:
    """The derivative of log_ndtr, the normal density over its integral, by erfcx where both become tiny."""
    left = sqrt(2 / pi) / special.erfcx(-np.minimum(x, 0) / ROOT_2)
    return np.where(x < -1, left, bell(x, 0.5) / (sqrt(2 * pi) * special.ndtr(x)))[()]


def inverse_slope(y: Any, tail: Any) -> Any:
    """exp(y**2) where erfc(|y|) = tail: for a small tail as erfcx(|y|) / tail, without the rounding of y**2."""
    return np.where(tail > 0.5, np.exp(np.minimum(y * y, 1)), special.erfcx(np.abs(y)) / tail)[()]


def erfinv_slope(x: Any) -> Any:
    return ROOT_PI / 2 * inverse_slope(special.erfinv(x), 1 - np.abs(x))


def erfcinv_slope(x: Any) -> Any:
    return -ROOT_PI / 2 * inverse_slope(special.erfcinv(x), np.minimum(x, 2 - x))


def ndtri_slope(p: Any) -> Any:
    return sqrt(2 * pi) * inverse_slope(special.ndtri(p) / ROOT_2, 2 * np.minimum(p, 1 - p))


bell = define_rule(bell, lambda g, ans, x, c=1.0: -2 * c * g * x * ans)
polygamma = define_rule(polygamma, None, lambda g, ans, n, x: g * polygamma(n + 1, x))
hazard = define_rule(hazard, lambda g, ans, x: -g * ans * (x + ans))
erfinv_slope = define_rule(erfinv_slope, lambda g, ans, x: 2 * g * special.erfinv(x) * ans * ans)
erfcinv_slope = define_rule(erfcinv_slope, lambda g, ans, x: 2 * g * special.erfcinv(x) * ans * ans)
ndtri_slope = define_rule(ndtri_slope, lambda g, ans, p: g * special.ndtri(p) * ans * ans)

# error functions and the normal distribution
define_rule(special.erf, lambda g, ans, x: g * bell(x) * (2 / ROOT_PI))
define_rule(special.erfc, lambda g, ans, x: -g * bell(x) * (2 / ROOT_PI))
define_rule(special.ndtr, lambda g, ans, x: g * bell(x, 0.5) / sqrt(2 * pi))
define_rule(special.log_ndtr, lambda g, ans, x: g * hazard(x))
define_rule(special.erfcx, lambda g, ans, x: g * (2 * x * ans - 2 / ROOT_PI))
guarded(special.erfinv, lambda g, ans, x: g * erfinv_slope(x))
guarded(special.erfcinv, lambda g, ans, x: g * erfcinv_slope(x))
guarded(special.ndtri, lambda g, ans, p: g * ndtri_slope(p))

# the logistic function; 1 - expit(x) is expit(-x), with all digits
define_rule(special.expit, lambda g, ans, x: g * ans * special.expit(-x))
define_rule(special.log_expit, lambda g, ans, x: g * special.expit(-x))
guarded(special.logit, lambda g, ans, x: g / (x * (1 - x)))

# entropies, with 0 log 0 = 0


def share(x: Any, y: Any) -> Any:
    """x / y, and 0 for 0 / 0."""
    return x / np.where((x == 0) & (y == 0), 1, y)


guarded(special.xlogy, lambda g, ans, x, y: g * np.log(y), lambda g, ans, x, y: g * share(x, y))
guarded(special.xlog1py, lambda g, ans, x, y: g * np.log1p(y), lambda g, ans, x, y: g * share(x, 1 + y))
guarded(special.entr, lambda g, ans, x: -g * (np.log(x) + 1))
guarded(special.rel_entr, lambda g, ans, x, y: g * (log_of_ratio(x, y) + 1), lambda g, ans, x, y: -g * x / y)
guarded(special.kl_div, lambda g, ans, x, y: g * log_of_ratio(x, y), lambda g, ans, x, y: g * ((y - x) / y))


def log_of_ratio(x: Any, y: Any) -> Any:
    """log(x / y), by log1p where x and y are close, and by two logarithms where the quotient overflows."""
    close, quotient = (x < 2 * y) & (y < 2 * x), x / y
    far = np.where((quotient > 1e-37) & (quotient < 1e37), np.log(quotient), np.log(x) - np.log(y))
    return np.where(close, np.log1p(np.where(close, (x - y) / y, 0)), far)


# the gamma function
guarded(special.gammaln, lambda g, ans, x: g * special.digamma(x))
guarded(special.gamma, lambda g, ans, x: g * ans * special.digamma(x))
guarded(special.digamma, lambda g, ans, x: g * polygamma(1, x))
guarded(
    special.beta,
    lambda g, ans, a, b: g * ans * (special.digamma(a) - special.digamma(a + b)),
    lambda g, ans, a, b: g * ans * (special.digamma(b) - special.digamma(a + b)),
)
guarded(
    special.betaln,
    lambda g, ans, a, b: g * (special.digamma(a) - special.digamma(a + b)),
    lambda g, ans, a, b: g * (special.digamma(b) - special.digamma(a + b)),
)


# Bessel functions; scipy's orders are constants
def order_is_constant(g: Any, ans: Any, v: Any, x: Any) -> Any:
    raise TypeError("Bessel functions have no derivative with respect to their order here; pass the order's data")


define_rule(special.j0, lambda g, ans, x: -g * special.j1(x))
define_rule(special.j1, lambda g, ans, x: g * (special.j0(x) - special.jv(2, x)) / 2)
define_rule(special.jv, order_is_constant, lambda g, ans, v, x: g * (special.jv(v - 1, x) - special.jv(v + 1, x)) / 2)
define_rule(special.i0, lambda g, ans, x: g * special.i1(x))
define_rule(special.i1, lambda g, ans, x: g * (special.i0(x) + special.iv(2, x)) / 2)
define_rule(special.iv, order_is_constant, lambda g, ans, v, x: g * (special.iv(v - 1, x) + special.iv(v + 1, x)) / 2)
define_rule(special.i0e, lambda g, ans, x: g * (special.i1e(x) - np.sign(x) * ans))
define_rule(special.i1e, lambda g, ans, x: g * ((special.i0e(x) + special.ive(2, x)) / 2 - np.sign(x) * ans))
define_rule(
    special.ive,
    order_is_constant,
    lambda g, ans, v, x: g * ((special.ive(v - 1, x) + special.ive(v + 1, x)) / 2 - np.sign(x) * ans),
)

# those that NumPy has too
define_rule(special.exp2, lambda g, ans, x: g * ans * log(2))
define_rule(special.exp10, lambda g, ans, x: g * ans * LOG_10)
define_rule(special.expm1, lambda g, ans, x: g * np.exp(x))
define_rule(special.cosm1, lambda g, ans, x: -g * np.sin(x))
guarded(special.log1p, lambda g, ans, x: g / (1 + x))
guarded(special.cbrt, lambda g, ans, x: g * np.where(x == 0, np.inf, ans / x / 3))
