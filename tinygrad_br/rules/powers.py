"""Derivatives of x**y, also where powers overflow or underflow before the derivative does.

The derivative by x is y * (x**y / x): so it needs no second power, and no digits are lost in y - 1.  Where x**y is no
ordinary number, the root of it still is one, and the derivatives are made of two of these.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import define_rule
from .auxiliary import is_small, least, mended, select
from .normal import wide

LEAST = least(np.float64)
# plain exponents for which y * x**(y - 1) is exact enough, as it is for 0.5 <= y <= 7: y - 1 is exact, what the power
# loses as a denormal number is not multiplied by much, and it does not overflow before the product
USUAL = {0, *(y / 2 for y in range(1, 15)), *(y / 2 for y in range(-14, -1))}


def power_slope(x: Any, y: Any, power: Any) -> Any:
    """The derivative of x**y by x, given x**y; 0 for y = 0."""
    if isinstance(y, (int, float)) and (y in USUAL or 0.5 <= y <= 7):
        y = y if y in USUAL else x.dtype.type(y)  # y - 1 is exact if y is a number of this dtype
        return y * x ** (y - 1 if y else 1)
    return general_slope(x, y, power)


def general_slope(x: Any, y: Any, power: Any) -> Any:
    """The derivative of x**y by x, for exponents of any kind."""
    slope = power / x
    if slope.__class__ is np.float64 and abs(power) > LEAST and LEAST < abs(slope) < np.inf:
        return y * slope  # Python decides faster about one number
    wrong = is_small(power) | is_small(slope) | ~np.isfinite(slope)
    slope *= y
    return mended(slope, wrong, slope_by_roots, x, y, power)


def slope_by_roots(x: Any, y: Any, power: Any) -> Any:
    found, usual = y * x ** (y - 1), np.isfinite(x) & (x != 0) & ~np.isnan(power)
    if found.dtype.kind != "c":
        size, less = np.abs(x), (y > 0.5) & (y < 1000)  # where y - 1 is exact, and x**y may be 0 before the slope is
        root = size ** (np.where(less, y - 1, y) / 2)
        product = np.where(less | is_small(power), y * root * root, y * np.abs(power))
        sign = np.copysign(1, x) * np.copysign(1, power)
        found = np.where(usual, np.where(less, product, product / size) * sign, found)
    return np.where(y == 0, 0, found)


def power_growth(x: Any, y: Any, power: Any) -> Any:
    """The derivative x**y * log(x) of x**y by y, given x**y; 0 for x = 0 and y >= 0, where x**y is constant."""
    if power.__class__ is np.float64 and x > 0 and power > LEAST:
        return power * np.log(x)
    x = np.asarray(x, power.dtype)  # negative numbers become complex where the power is
    return mended(power * np.log(x), is_small(power) | (x == 0), growth_by_roots, x, y, power)


def growth_by_roots(x: Any, y: Any, power: Any) -> Any:
    if power.dtype.kind == "c":
        found = power * np.log(x)
    else:
        root = np.abs(wide(x)) ** (wide(y) / 2)
        found = root * np.log(wide(x)) * root
    return np.where((x == 0) & (y >= 0), 0, found)


def mixed_slope(x: Any, y: Any, power: Any) -> Any:
    """The derivative of x**y by x and y, x**(y - 1) * (1 + y log(x))."""
    less = np.where(power == 0, x ** (y - 1), power / x)
    return less * (1 + y * np.log(np.where(x == 0, power.dtype.type(1), x)))


general_slope = define_rule(
    general_slope,
    lambda g, ans, x, y, power: g * select((x != 0) | (y != 0), y * general_slope(x, y - 1, power / x)),
    lambda g, ans, x, y, power: g * mixed_slope(x, y, power),
    guarded=True,
)
power_growth = define_rule(
    power_growth,
    lambda g, ans, x, y, power: g * mixed_slope(x, y, power),
    lambda g, ans, x, y, power: g * ans * np.log(np.where((x == 0) & (y >= 0), ans.dtype.type(1), x)),
    guarded=True,
)
