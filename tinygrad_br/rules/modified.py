"""Derivatives of any order of the modified Bessel functions, the first of order 0 and 1 right to 4 ULP.

Up to 20 they come from Taylor series around points, found from their power series; beyond, from Hankel's expansions.
NIST Digital Library of Mathematical Functions, 10.25 and 10.40.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from ..engine import define_rule
from .taylor import Expansions, expansions, in_float64, moved, product

NEAR = 20  # where Hankel's expansions begin


def derivative_weights(n: int, order: int, scaled: bool) -> tuple[Fraction, ...]:
    """The weights of I_0, I_1, ... in a derivative of I_n(x), or of I_n(x) exp(-x), for x >= 0.

    They follow from 2 I_n' = I_(n-1) + I_(n+1), where I_(-1) is I_1.
    """
    weights = [Fraction(0)] * n + [Fraction(1)]
    for _ in range(order):
        found = [-w if scaled else Fraction(0) for w in (*weights, Fraction(0))]
        for k, w in enumerate(weights):
            found[abs(k - 1)] += w / 2
            found[k + 1] += w / 2
        weights = found
    return tuple(weights)


def power_series(n: int, count: int = 120) -> list[Fraction]:
    """The coefficients of 1, x, x**2, ... in the modified function I_n(x)."""
    found = [Fraction(0)] * count
    for k in range((count - n + 1) // 2):
        found[n + 2 * k] = Fraction(1, 2 ** (n + 2 * k) * math.factorial(k) * math.factorial(k + n))
    return found


def hankel(n: int, count: int = 90) -> list[Fraction]:
    """The coefficients of 1, 1/x, 1/x**2, ... in Hankel's expansion of I_n(x) exp(-x) sqrt(2 pi x)."""
    found = [Fraction(1)]
    for k in range(1, count):
        found.append(found[-1] * Fraction((2 * k - 1) ** 2 - 4 * n * n, 8 * k))
    return found


def weighted(series: Callable[[int], Sequence[Fraction]], weights: Sequence[Fraction]) -> list[Fraction]:
    """The sum of weights[n] times the series of order n."""
    terms = [[w * c for c in series(n)] for n, w in enumerate(weights)]
    return [sum(column, Fraction()) for column in zip(*terms, strict=True)]


@cache
def near_modified(weights: Sequence[Fraction]) -> Expansions:
    """exp(-x) times a sum of modified Bessel functions, for 0 <= x <= 20."""
    with localcontext() as context:
        context.prec = 60
        series = [Decimal(c.numerator) / c.denominator for c in weighted(power_series, weights)]

        def around(z: Decimal) -> list[Decimal]:
            damping = [(-z).exp() * (-1) ** k / math.factorial(k) for k in range(18)]
            return product(moved(series, z, 18), damping)

        points = [*map(Decimal, range(NEAR + 1))]
        if weights == derivative_weights(1, 1, True):  # the one with a zero
            zero = Decimal("1.5451")
            for _ in range(5):
                value, slope, *_ = around(zero)
                zero -= value / slope
            points.insert(2, zero)
        return expansions(points, [*map(around, points)])


@cache
def far_modified(weights: Sequence[Fraction]) -> list[float]:
    return [*map(float, weighted(hankel, weights)[:40])]


def modified(x: Any, weights: Sequence[Fraction], scaled: bool) -> Any:
    """A sum of modified Bessel functions for x >= 0, times exp(-x) if it is scaled."""
    small, large = np.minimum(x, NEAR), np.maximum(x, NEAR)
    near, far = near_modified(weights)(small), 0.0
    if np.any(x > NEAR):
        first, second, *others = far_modified(weights)
        inverse, rest = 1 / large, np.zeros_like(large)
        for coefficient in reversed(others):
            rest = (rest + coefficient) * inverse
        far = ((rest + second) / large + first) / (4 * np.sqrt(large * (math.pi / 8)))  # 2 pi x itself may overflow
    if not scaled:
        near, far = near * np.exp(small), far * math.exp(5) * np.exp(large - 5)  # exp(x) itself may overflow
    return np.where(x <= NEAR, near, far)


def modified_derivative(x: Any, n: int, order: int, scaled: bool) -> Any:
    """A derivative of I_n(x), or of I_n(x) exp(-|x|), whose odd ones are 0 at 0 where they jump."""

    def compute(x: Any) -> Any:
        value = modified(np.abs(x), derivative_weights(n, order, scaled), scaled)
        return np.sign(x) * value if (n + order) % 2 else value

    return in_float64(compute)(x)


modified_derivative = define_rule(
    modified_derivative, lambda g, ans, x, n, order, scaled: g * modified_derivative(x, n, order + 1, scaled)
)
