"""Numbers of twice the precision: unevaluated sums of two float64 numbers, about 32 digits.

For derivatives that are small differences of large terms, where float64 has nothing left.  The error-free sum is
Knuth's, the product Dekker's ("A floating-point technique for extending the available precision", 1971).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np


class Twofold:
    """high + low, two arrays of float64 of one shape; `low` is at most half a unit in the last place of `high`.

    >>> third = Twofold(1.0) / 3.0
    >>> bool(abs((third * 3.0 - 1.0).value()) < 1e-31)
    True
    """

    __slots__ = ("high", "low")
    __array_ufunc__ = None  # array * twofold is a twofold

    def __init__(self, high: Any, low: Any = None) -> None:
        self.high, self.low = high, np.zeros_like(high) if low is None else low

    def value(self) -> Any:
        """The nearest float64 numbers."""
        return self.high + self.low

    def __getitem__(self, index: Any) -> Twofold:
        return Twofold(self.high[index], self.low[index])

    def __neg__(self) -> Twofold:
        return Twofold(-self.high, -self.low)

    def __add__(self, other: Any) -> Twofold:
        other = twofold(other)
        high, rest = sum_and_rest(self.high, other.high)
        low, rest_of_low = sum_and_rest(self.low, other.low)
        high, rest = quick_sum(high, rest + low)
        return Twofold(*quick_sum(high, rest + rest_of_low))

    def __sub__(self, other: Any) -> Twofold:
        return self + -twofold(other)

    def __rsub__(self, other: Any) -> Twofold:
        return -self + twofold(other)

    def __mul__(self, other: Any) -> Twofold:
        other = twofold(other)
        high, rest = product_and_rest(self.high, other.high)
        return Twofold(*quick_sum(high, rest + (self.high * other.low + self.low * other.high)))

    def __truediv__(self, other: Any) -> Twofold:
        other = twofold(other)
        first: Any = self.high / other.high
        rest = self - other * first
        second = rest.high / other.high
        third = Twofold((rest - other * second).high / other.high)
        return Twofold(*quick_sum(first, second)) + third

    def __rtruediv__(self, other: Any) -> Twofold:
        return twofold(other) / self

    __radd__ = __add__
    __rmul__ = __mul__


def twofold(x: Any) -> Twofold:
    return x if isinstance(x, Twofold) else Twofold(x)


def exactly(x: Fraction | float) -> Twofold:
    """The nearest twofold number of a fraction."""
    high = float(x)
    return Twofold(high, float(Fraction(x) - Fraction(high)))


def sum_and_rest(x: Any, y: Any) -> tuple[Any, Any]:
    """x + y in float64, and what rounding left."""
    total = x + y
    back = total - x
    return total, (x - (total - back)) + (y - back)


def quick_sum(x: Any, y: Any) -> tuple[Any, Any]:
    """The same for |x| >= |y|."""
    total = x + y
    return total, y - (total - x)


def product_and_rest(x: Any, y: Any) -> tuple[Any, Any]:
    """x * y in float64, and what rounding left; |x| and |y| below 1e300."""
    (a, b), (c, d) = halves(x), halves(y)
    product = x * y
    return product, ((a * c - product) + a * d + b * c) + b * d


def halves(x: Any) -> tuple[Any, Any]:
    """x as a sum of two numbers of 26 bits."""
    big = 134217729.0 * x
    first = big - (big - x)
    return first, x - first


def choose(mask: Any, x: Any, y: Any) -> Twofold:
    """np.where for twofold numbers."""
    x, y = twofold(x), twofold(y)
    return Twofold(np.where(mask, x.high, y.high), np.where(mask, x.low, y.low))


class Series(NamedTuple):
    """A power series for arguments up to some size: its first terms in twice the precision, the others in float64."""

    first: list[Twofold]
    others: list[float]

    def __call__(self, x: Twofold) -> Twofold:
        rest: Any = 0.0
        for coefficient in reversed(self.others):
            rest = rest * x.high + coefficient
        total = Twofold(rest + np.zeros_like(x.high))
        for term in reversed(self.first):
            total = total * x + term
        return total


def series(coefficients: Sequence[Fraction], size: float) -> Series:
    """The series with these coefficients for |x| <= size: terms below 2**-55 of the first need no more than float64."""
    terms = [abs(float(c)) * size**k for k, c in enumerate(coefficients)]
    count = 1 + max((k for k, term in enumerate(terms) if term > 2.0**-55 * terms[0]), default=0)
    return Series([*map(exactly, coefficients[:count])], [*map(float, coefficients[count:])])


def combined(operation: Callable[[Twofold, Twofold], Twofold], x: Twofold) -> Twofold:
    """The sum or product along the first axis, whose length is a power of 2."""
    while len(x.high) > 1:
        half = len(x.high) // 2
        x = operation(x[:half], x[half:])
    return x[0]


def together(*numbers: Twofold) -> Twofold:
    """Stacked along a new first axis: what is done to all of them is faster done at once."""
    return Twofold(np.stack([x.high for x in numbers]), np.stack([x.low for x in numbers]))


def machin(digits: int) -> Fraction:
    """pi to so many decimal digits, by Machin's 16 arctan(1/5) - 4 arctan(1/239)."""
    one = 10 ** (digits + 10)

    def arctan_of_inverse(n: int) -> int:
        return sum((-1) ** k * one // ((2 * k + 1) * n ** (2 * k + 1)) for k in range(3 * digits // 4 + 20))

    return Fraction(16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239), one)


PI_EXACT = machin(50)
PI, LOG_2 = exactly(PI_EXACT), Twofold(0.6931471805599453, 2.3190468138462996e-17)
E = exactly(sum((Fraction(1, math.factorial(k)) for k in range(40)), Fraction()))


EXPM1 = series([Fraction(1, math.factorial(k)) for k in range(1, 14)], 0.7 / 64)
SINE = series([Fraction((-1) ** k, math.factorial(2 * k + 1)) for k in range(15)], 0.64)
COSINE = series([Fraction((-1) ** k, math.factorial(2 * k)) for k in range(15)], 0.64)


def expm1_of_small(x: Twofold) -> Twofold:
    """exp(x) - 1 for |x| < 0.7: of x / 64 by its series, then doubled 6 times, exp(2x) - 1 = e (2 + e)."""
    e = x * (1 / 64)
    e = e * EXPM1(e)
    for _ in range(6):
        e = e * (e + 2.0)
    return e


def exp(x: Any) -> Twofold:
    """e**x, without overflow for |x| < 700."""
    x = twofold(x)
    power = np.rint(x.high / LOG_2.high)
    e = expm1_of_small(x - LOG_2 * power) + 1.0
    power = power.astype(int)
    return Twofold(np.ldexp(e.high, power), np.ldexp(e.low, power))


def log(x: Twofold) -> Twofold:
    """The logarithm of positive numbers: that of float64 and one step of Newton's method."""
    mantissa, power = np.frexp(x.high)
    part = Twofold(mantissa, np.ldexp(x.low, -power))
    start = np.log(mantissa)
    return Twofold(start) + (part * exp(-start) - twofold(1.0)) + LOG_2 * Twofold(power.astype(np.float64))


def log1p(x: Twofold) -> Twofold:
    """log(1 + x) for -1/3 <= x <= 1, also where x is tiny."""
    start = Twofold(np.log1p(x.high))
    e = expm1_of_small(start)
    return start + (x - e) / (e + 1.0)


def sin_and_cos(x: Twofold) -> tuple[Twofold, Twofold]:
    """The sine and cosine of |x| < 0.8."""
    square = x * x
    return x * SINE(square), COSINE(square)


def turned(sine: Twofold, cosine: Twofold, quarters: Any) -> tuple[Twofold, Twofold]:
    """The sine and cosine after so many quarter turns."""
    odd, far = quarters % 2 == 1, np.where(quarters % 4 >= 2, -1.0, 1.0)
    return choose(odd, cosine, sine) * far, choose(odd, -sine, cosine) * far


def sin_and_cos_of_pi_times(x: Any) -> tuple[Twofold, Twofold]:
    """sin(pi x) and cos(pi x)."""
    x = twofold(x)
    quarters = np.rint(2 * x.high)
    return turned(*sin_and_cos(PI * (x - quarters / 2)), quarters)
