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
from .activations import sigmoid, sigmoid_slope
from .auxiliary import is_small, mended
from .bessel import j0_slope, j1_slope
from .erf import bell, erfcinv_slope, erfcx_slope, erfinv_slope, hazard, ndtri_slope
from .gamma import beta_slope, digamma, gamma_slope, polygamma_gap, trigamma
from .modified import modified_derivative
from .normal import normal_pdf
from .taylor import in_float64
from .twofold import E

guarded = partial(define_rule, guarded=True)
ROOT_PI, LOG_2, LOG_10 = sqrt(pi), log(2), log(10)

# error functions and the normal distribution
define_rule(special.erf, lambda g, ans, x: g * bell(x) * (2 / ROOT_PI))
define_rule(special.erfc, lambda g, ans, x: -g * bell(x) * (2 / ROOT_PI))
define_rule(special.erfcx, lambda g, ans, x: g * erfcx_slope(x))
define_rule(special.ndtr, lambda g, ans, x: g * normal_pdf(x))
define_rule(special.log_ndtr, lambda g, ans, x: g * hazard(x))
guarded(special.erfinv, lambda g, ans, x: g * erfinv_slope(x))
guarded(special.erfcinv, lambda g, ans, x: g * erfcinv_slope(x))
guarded(special.ndtri, lambda g, ans, p: g * ndtri_slope(p))

# the logistic function; 1 - expit(x) is expit(-x), with all digits
define_rule(special.expit, lambda g, ans, x: g * sigmoid_slope(x))
define_rule(special.log_expit, lambda g, ans, x: g * expit_of_minus(x))
guarded(special.logit, lambda g, ans, x: g / (x * (1 - x)))


def expit_of_minus(x: Any) -> Any:
    """expit(-x), where scipy's is 0 instead of a denormal number."""
    found = special.expit(-x)
    return mended(found, is_small(found), lambda x: sigmoid(-x), x)


expit_of_minus = define_rule(expit_of_minus, lambda g, ans, x: -g * sigmoid_slope(x))

# entropies, with 0 log 0 = 0


def share(x: Any, y: Any) -> Any:
    """x / y, and 0 for 0 / 0."""
    return x / np.where((x == 0) & (y == 0), 1, y)


guarded(special.xlogy, lambda g, ans, x, y: g * np.log(y), lambda g, ans, x, y: g * share(x, y))
guarded(special.xlog1py, lambda g, ans, x, y: g * np.log1p(y), lambda g, ans, x, y: g * share(x, 1 + y))
guarded(special.entr, lambda g, ans, x: -g * one_plus_log(x, 1.0))
guarded(special.rel_entr, lambda g, ans, x, y: g * one_plus_log(x, y), lambda g, ans, x, y: -g * x / y)
guarded(special.kl_div, lambda g, ans, x, y: g * log_of_ratio(x, y), lambda g, ans, x, y: g * ((y - x) / y))


def log_of_ratio(x: Any, y: Any) -> Any:
    """log(x / y), by log1p where x and y are close, and by two logarithms where the quotient overflows."""
    close, quotient = (x < 2 * y) & (y < 2 * x), x / y
    far = np.where((quotient > 1e-37) & (quotient < 1e37), np.log(quotient), np.log(x) - np.log(y))
    return np.where(close, np.log1p(np.where(close, (x - y) / y, 0)), far)


@in_float64
def one_plus_log(x: Any, y: Any) -> Any:
    """1 + log(x / y), which is 0 at x = y / e; near there it is log1p((e x - y) / y)."""
    close, (part, power) = (x < 0.6 * y) & (0.2 * y < x), np.frexp(y)
    distance = (E * np.where(close, np.ldexp(x, -power), 0.5) - part).value() / part
    return np.where(close, np.log1p(np.where(close, distance, 0)), 1 + log_of_ratio(x, y))


one_plus_log = define_rule(one_plus_log, lambda g, ans, x, y: g / x, lambda g, ans, x, y: -g / y, guarded=True)

# the gamma function
guarded(special.gammaln, lambda g, ans, x: g * digamma(x))
guarded(special.gamma, lambda g, ans, x: g * gamma_slope(x))
guarded(special.digamma, lambda g, ans, x: g * trigamma(x))
guarded(special.beta, lambda g, ans, a, b: g * beta_slope(a, b), lambda g, ans, a, b: g * beta_slope(b, a))
guarded(
    special.betaln,
    lambda g, ans, a, b: -g * polygamma_gap(a, b, 0),
    lambda g, ans, a, b: -g * polygamma_gap(b, a, 0),
)

# Bessel functions of order 0 and 1
define_rule(special.j0, lambda g, ans, x: g * j0_slope(x))
define_rule(special.j1, lambda g, ans, x: g * j1_slope(x))
define_rule(special.i0, lambda g, ans, x: g * modified_derivative(x, 0, 1, False))
define_rule(special.i1, lambda g, ans, x: g * modified_derivative(x, 1, 1, False))
define_rule(special.i0e, lambda g, ans, x: g * modified_derivative(x, 0, 1, True))
define_rule(special.i1e, lambda g, ans, x: g * modified_derivative(x, 1, 1, True))

# those that NumPy has too
define_rule(special.exp2, lambda g, ans, x: g * np.exp2(x) * LOG_2)  # scipy's powers are 0 before they must be
define_rule(special.exp10, lambda g, ans, x: g * np.power(10.0, x) * LOG_10)
define_rule(special.expm1, lambda g, ans, x: g * np.exp(x))
define_rule(special.cosm1, lambda g, ans, x: -g * np.sin(x))
guarded(special.log1p, lambda g, ans, x: g / (1 + x))
guarded(special.cbrt, lambda g, ans, x: g * np.where(x == 0, np.inf, ans / x / 3))
