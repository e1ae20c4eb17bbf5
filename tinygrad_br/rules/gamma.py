"""The gamma function and its kin where scipy's have not enough digits for derivatives that are right to 4 ULP.

For large x they come from Stirling's series; smaller arguments are raised with Gamma(x + 1) = x Gamma(x), those below
1/2 are reflected: NIST Digital Library of Mathematical Functions, 5.5 and 5.11.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import comb, factorial, prod
from operator import add, mul
from typing import Any

import numpy as np
from scipy import special

from ..engine import define_rule
from . import twofold
from .taylor import in_float64
from .twofold import PI, Twofold, choose, sin_and_cos_of_pi_times, sum_and_rest, together

STEPS = 16  # arguments are raised by so much, where 20 terms of Stirling's series leave out less than 1e-33


def bernoulli(count: int) -> list[Fraction]:
    """Bernoulli's numbers of index 2, 4, ..., 2 * count."""
    found = [Fraction(1)]
    for n in range(1, 2 * count + 1):
        found.append(-sum((comb(n + 1, k) * found[k] for k in range(n)), Fraction()) / (n + 1))
    return found[2::2]


BERNOULLI = bernoulli(20)
HALF_LOG_2_PI = twofold.log(PI * np.array(2.0)) * 0.5
STIRLING = [float(b / (2 * k * (2 * k - 1))) for k, b in enumerate(BERNOULLI[:8], 1)]
STIRLING_SLOPE = twofold.series([b / (2 * k) for k, b in enumerate(BERNOULLI, 1)], 1 / STEPS**2)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(10)  # for integrals of s f(s) from 0 to 1
NODES, WEIGHTS = (1 + NODES) / 2, WEIGHTS * (1 + NODES) / 4
SLOPES = [float(b / (2 * k)) for k, b in enumerate(BERNOULLI[:8], 1)]


def stirling(x: Twofold) -> Any:
    """log Gamma(x) - (x - 1/2) log(x) + x - log(2 pi) / 2, for x >= STEPS, which is below 1/192."""
    inverse = 1 / x.high
    total = np.zeros_like(inverse)
    for coefficient in reversed(STIRLING):
        total = total * inverse * inverse + coefficient
    return total * inverse


def exp(x: Twofold) -> Twofold:
    """e**x, as exact as float64's."""
    return Twofold(np.exp(x.high)) * Twofold(1 + x.low)


def reflected(x: Any) -> tuple[Any, Twofold]:
    """Whether x is below 1/2, and 1 - x there, x elsewhere."""
    x = twofold.twofold(x)
    left = x.high < 0.5
    return left, choose(left, 1.0 - x, x)


def steps_from(x: Twofold) -> Twofold:
    """x, x + 1, ..., x + STEPS - 1 along a new first axis."""
    return x + np.arange(float(STEPS)).reshape((-1,) + (1,) * x.high.ndim)


def digamma_twofold(x: Any) -> Twofold:
    left, y = reflected(x)
    inverse, steps = 1.0 / (y + float(STEPS)), twofold.combined(add, 1.0 / steps_from(y))
    right = twofold.log(y + float(STEPS)) - inverse * (inverse * STIRLING_SLOPE(inverse * inverse) + 0.5) - steps
    if not np.any(left):
        return right
    sine, cosine = sin_and_cos_of_pi_times(x)
    return choose(left, right - PI * cosine / sine, right)


def gamma_twofold(x: Any) -> tuple[Twofold, Twofold]:
    """Two factors of Gamma(x), which may overflow itself."""
    left, y = reflected(x)
    small = y.high < STEPS
    top, product = choose(small, y + float(STEPS), y), twofold.combined(mul, steps_from(choose(small, y, 1.0)))
    logarithm = (top - 0.5) * twofold.log(top) - top + HALF_LOG_2_PI + stirling(top)
    excess = np.where(logarithm.high > 600, 200.0, 0.0)
    first, second = exp(logarithm - excess) / choose(small, product, 1.0), Twofold(np.exp(excess))
    if not np.any(left):
        return first, second
    sine, _ = sin_and_cos_of_pi_times(x)
    return choose(left, PI / (sine * first), first), choose(left, 1.0 / second, second)


def beta_twofold(a: Any, b: Any) -> tuple[Twofold, Any]:
    """Two factors of B(a, b) for positive arguments, of which the second is 1, or huge."""
    least, large = Twofold(np.minimum(np.minimum(a, b), 1e9)), np.maximum(a, b)  # B is 0 for a and b beyond 1e9
    capped = Twofold(np.minimum(large, 1e100))  # beyond, B(a, b) is Gamma(b) / a**b to all digits
    top, raised = capped + float(STEPS), least + float(STEPS)
    whole = top + least
    end = Twofold(*sum_and_rest(large, least.high)) + float(STEPS)
    logs, corrections = twofold.log(together(raised, end)), stirling(together(top, raised, whole))
    logarithm = (raised - 0.5) * logs[0] - (top - 0.5) * twofold.log1p(least / top) - logs[1] * least - float(STEPS)
    logarithm = logarithm + HALF_LOG_2_PI + corrections[0] + corrections[1] - corrections[2]
    root = exp(choose(logarithm.high < -740, -740.0, logarithm))
    others = steps_from(capped + least) / (steps_from(capped) * steps_from(least))
    usual = least.high > 1e-130
    others.high[0], others.low[0] = np.where(usual, others.high[0], 1), np.where(usual, others.low[0], 0)
    return root * twofold.combined(mul, others), np.where(usual, 1, 1 / a + 1 / b)


@in_float64
def digamma(x: Any) -> Any:
    """The derivative of log|Gamma|; scipy's where it is good, for positive x."""
    found = special.digamma(x)
    if np.any(left := x < -1e-100):
        found = np.where(left, digamma_twofold(np.where(left, x, 1.0)).value(), found)
    return found


def raised(x: Any, term: Callable[[Any], Any]) -> tuple[Any, Any, Any]:
    """x + STEPS where x is smaller than that, and the sum of term(x), ..., term(x + STEPS - 1) there, with its rest."""
    small = x < STEPS
    terms = np.where(small, term(steps_from(Twofold(x)).high), 0)
    total = twofold.combined(add, Twofold(np.where(np.isinf(terms[0]), 0, terms)))
    return np.where(small, x + STEPS, x), np.where(np.isinf(terms[0]), terms[0], total.high), total.low


@in_float64
def trigamma(x: Any) -> Any:
    """The derivative of digamma."""
    top, total, rest = raised(np.where(x < 0, 1 - x, x), lambda y: 1 / (y * y))
    series = sum(2 * k * c * top ** (-2.0 * k - 1) for k, c in enumerate(SLOPES, 1))
    found = total + (1 / top + (0.5 / top / top + (series + rest)))
    if np.any(x < 0):
        sine, _ = sin_and_cos_of_pi_times(x)
        found = np.where(x < 0, np.where(x > -1e-100, 1 / (x * x), (PI / sine).value() ** 2 - found), found)
    return found


def power_gap(x: Any, step: Any, p: int) -> Any:
    """(x + step)**-p - x**-p for positive arguments, without cancellation."""
    return -step / (x + step) / x if p == 1 else x**-p * np.expm1(-p * np.log1p(step / x))


def polygamma_gap(a: Any, b: Any, n: int) -> Any:
    """The n-th derivative of digamma at a + b less that at a: of positive arguments a sum of terms of one sign."""

    def compute(a: Any, b: Any) -> Any:
        backwards = (n > 0) & (b < 0) & (a + b > 0)
        a, b = np.where(backwards, a + b, a), np.where(backwards, -b, b)
        top, total, rest = raised(a, lambda y: -factorial(n) * power_gap(y, b, n + 1))
        first = np.log1p(b / top) if n == 0 else -factorial(n - 1) * power_gap(top, b, n)
        terms = (c * prod(range(2 * k, 2 * k + n)) * power_gap(top, b, 2 * k + n) for k, c in enumerate(SLOPES, 1))
        found = total + (first - (factorial(n) / 2 * power_gap(top, b, n + 1) + sum(terms) - rest))
        if np.any(reflect := (a < 0) | (b < 0)):
            low, step = np.where(reflect, a, 1.0), np.where(reflect, b, 1.0)
            if n == 0:
                gap = (digamma_twofold(Twofold(*sum_and_rest(low, step))) - digamma_twofold(low)).value()
            else:
                gap = special.polygamma(n, low + step) - special.polygamma(n, low)
            found = np.where(reflect, (-1) ** n * gap, found)
        return np.where(backwards, -1, 1) * (-1) ** n * found

    return in_float64(compute)(a, b)


@in_float64
def gamma_slope(x: Any) -> Any:
    """The derivative of Gamma."""
    tiny, far = np.abs(x) < 1e-100, x < -200  # there it is less than any float
    usual = np.where(tiny | far, 1.0, x)
    first, second = gamma_twofold(usual)
    found = (first * digamma_twofold(usual)).value() * second.value()
    return np.where(tiny, -1 / (x * x), np.where(far, 0 * special.gamma(x), found))


@in_float64
def beta_slope(a: Any, b: Any) -> Any:
    """The derivative of B(a, b) with respect to a."""
    first, second = beta_twofold(np.abs(a), np.abs(b))
    found = -first.value() * second * polygamma_gap(a, b, 0)
    if np.any(far := (b < 1e-140 * a) & (a > 0)):  # there the gap is linear in b, and may underflow
        found = np.where(far, -first.value() * (second * b) * trigamma(a), found)
    if np.any(reflect := (a < 0) | (b < 0)):
        low, step = np.where(reflect, a, 1.0), np.where(reflect, b, 1.0)
        end = Twofold(*sum_and_rest(low, step))
        gap, product = digamma_twofold(low) - digamma_twofold(end), Twofold(np.ones_like(low))
        for x, y, z in zip(gamma_twofold(low), gamma_twofold(step), gamma_twofold(end)):
            product = product * (x * y / z)
        found = np.where(reflect, (gap * product).value(), found)
    return found


def beta(slope: Any, a: Any, b: Any) -> Any:
    """B(a, b) from its derivative with respect to a; scipy's has lost digits where a and b are of different sizes."""
    return np.where((a > 0) & (b > 0), -slope / polygamma_gap(a, b, 0), special.beta(a, b))


def mixed_slope(beta: Any, a: Any, b: Any) -> Any:
    """The derivative of B(a, b) with respect to a and b, for positive arguments a sum of positive terms.

    B is (1/a + 1/b) E with E = Gamma(1 + a) Gamma(1 + b) / Gamma(1 + a + b), whose derivatives stay finite at 0.
    """
    gaps = polygamma_gap(1 + a, b, 0) * polygamma_gap(1 + b, a, 0)
    return beta * gaps + beta / (1 / a + 1 / b) * (trigamma_drop(1 + a, b) + trigamma_drop(1 + b, a))


def reflected_mixed_slope(a: Any, b: Any) -> Any:
    """The same for other arguments."""
    return -beta_slope(b, a) * polygamma_gap(a, b, 0) - special.beta(a, b) * trigamma(a + b)


def trigamma_drop(x: Any, step: Any) -> Any:
    """By how much trigamma at x + step is below its mean over the way from x, per step; for x >= 1 and step > 0.

    For short steps it is the integral of -s polygamma(2, x + s step) for s from 0 to 1.
    """
    integral = -np.sum(WEIGHTS * polygamma(2, x[..., None] + step[..., None] * NODES), axis=-1)
    return np.where(2 * step < x, integral, (polygamma_gap(x, step, 0) / step - trigamma(x + step)) / step)


def polygamma(n: int, x: Any) -> Any:
    """The n-th derivative of digamma.

    >>> float(polygamma(1, 1.0))  # pi**2 / 6
    1.6449340668482266
    """
    return np.asarray(special.polygamma(n, x)).astype(np.result_type(np.asarray(x).dtype, np.float32))[()]


polygamma = define_rule(polygamma, None, lambda g, ans, n, x: g * polygamma(n + 1, x))
digamma = define_rule(digamma, lambda g, ans, x: g * trigamma(x), guarded=True)
trigamma = define_rule(trigamma, lambda g, ans, x: g * polygamma(2, x), guarded=True)
polygamma_gap = define_rule(
    polygamma_gap,
    lambda g, ans, a, b, n: g * polygamma_gap(a, b, n + 1),
    lambda g, ans, a, b, n: g * (polygamma(n + 1, a + b) if n else trigamma(a + b)),
    guarded=True,
)
gamma_slope = define_rule(gamma_slope, lambda g, ans, x: g * (ans * digamma(x) + special.gamma(x) * trigamma(x)))
beta_slope = define_rule(  # -B(a, b) times the gap of digamma
    beta_slope,
    lambda g, ans, a, b: -g * (ans * polygamma_gap(a, b, 0) + beta(ans, a, b) * polygamma_gap(a, b, 1)),
    lambda g, ans, a, b: (
        g * np.where((a > 0) & (b > 0), mixed_slope(beta(ans, a, b), a, b), reflected_mixed_slope(a, b))
    ),
)
