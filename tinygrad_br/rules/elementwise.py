"""Derivatives of functions that work entry by entry: each is g times the derivative at that entry.

They are right to 4 ULP wherever the function is finite.  Where a formula is not the textbook one, that is why: it is
written so that no digits cancel and nothing overflows before the result does.
"""

from __future__ import annotations

from functools import partial
from math import log
from typing import Any

import numpy as np

from ..dispatch import composed, operand
from ..engine import define_rule, record
from .auxiliary import conj, less_one_power, pull, ratio, sech2, select, sinc_derivative

guarded = partial(define_rule, guarded=True)
LOG_2, LOG_10 = log(2), log(10)

# arithmetic
define_rule(np.positive, lambda g, ans, x: g)
define_rule(np.negative, lambda g, ans, x: -g)
define_rule(np.add, lambda g, ans, x, y: g, lambda g, ans, x, y: g)
define_rule(np.subtract, lambda g, ans, x, y: g, lambda g, ans, x, y: -g)
guarded(np.multiply, lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * x)
guarded(np.divide, lambda g, ans, x, y: g / y, lambda g, ans, x, y: -g * ans / y)
guarded(np.reciprocal, lambda g, ans, x: -g * ans * ans)
for power in (np.power, np.float_power):
    guarded(
        power,
        lambda g, ans, x, y: g * y * less_one_power(x, y),
        lambda g, ans, x, y: g * ans * np.log(np.where((x == 0) & (y >= 0), 1.0, x)),  # 0**y is constant for y >= 0
    )
guarded(np.square, lambda g, ans, x: 2 * g * x)
guarded(np.sqrt, lambda g, ans, x: g / (2 * ans))
guarded(np.cbrt, lambda g, ans, x: g / (3 * ans * ans))

# remainders: x - y * quotient, whose quotient is an integer and so constant almost everywhere
guarded(np.remainder, lambda g, ans, x, y: g, lambda g, ans, x, y: -g * np.rint((x - ans) / y))
guarded(np.fmod, lambda g, ans, x, y: g, lambda g, ans, x, y: -g * np.rint((x - ans) / y))
guarded(np.divmod, lambda g, ans, x, y: g[1], lambda g, ans, x, y: -g[1] * ans[0])
define_rule(np.modf, lambda g, ans, x: g[0])

# absolute values and signs
define_rule(
    np.absolute,
    lambda g, ans, x: g * (np.sign(x) if x.dtype.kind == "f" else ratio(np.conjugate(x), ans)),
)
define_rule(np.fabs, lambda g, ans, x: g * np.sign(x))
define_rule(np.copysign, lambda g, ans, x, y: g * np.sign(x) * np.copysign(1, y))

# exponentials and logarithms
guarded(np.exp, lambda g, ans, x: g * ans)
guarded(np.exp2, lambda g, ans, x: g * ans * LOG_2)
guarded(np.expm1, lambda g, ans, x: g * np.exp(x))
guarded(np.log, lambda g, ans, x: g / x)
guarded(np.log2, lambda g, ans, x: g / x / LOG_2)
guarded(np.log10, lambda g, ans, x: g / x / LOG_10)
guarded(np.log1p, lambda g, ans, x: g / (1 + x))
guarded(np.logaddexp, lambda g, ans, x, y: g * pull(x, y), lambda g, ans, x, y: g * pull(y, x))

# trigonometry
define_rule(np.sin, lambda g, ans, x: g * np.cos(x))
define_rule(np.cos, lambda g, ans, x: -g * np.sin(x))
guarded(np.tan, lambda g, ans, x: g / np.square(np.cos(x)))
guarded(np.arcsin, lambda g, ans, x: g / np.sqrt((1 - x) * (1 + x)))
guarded(np.arccos, lambda g, ans, x: -g / np.sqrt((1 - x) * (1 + x)))
guarded(np.arctan, lambda g, ans, x: g / (1 + np.square(x)))
define_rule(np.sinc, lambda g, ans, x: g * sinc_derivative(x, 1))
define_rule(np.deg2rad, lambda g, ans, x: np.deg2rad(g))
define_rule(np.radians, lambda g, ans, x: np.radians(g))
define_rule(np.rad2deg, lambda g, ans, x: np.rad2deg(g))
define_rule(np.degrees, lambda g, ans, x: np.degrees(g))

# hyperbolic functions
guarded(np.sinh, lambda g, ans, x: g * np.cosh(x))
guarded(np.cosh, lambda g, ans, x: g * np.sinh(x))
define_rule(np.tanh, lambda g, ans, x: g * sech2(x))
guarded(np.arcsinh, lambda g, ans, x: g / (np.hypot(1, x) if x.dtype.kind == "f" else np.sqrt(1 + np.square(x))))
guarded(np.arccosh, lambda g, ans, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)))
guarded(np.arctanh, lambda g, ans, x: g / ((1 - x) * (1 + x)))

# lengths and angles, with gradient 0 at the origin
define_rule(np.hypot, lambda g, ans, x, y: g * ratio(x, ans), lambda g, ans, x, y: g * ratio(y, ans))


# complex numbers
define_rule(np.real, lambda g, ans, x: g)
define_rule(np.imag, lambda g, ans, x: -1j * g)
define_rule(np.conjugate, lambda g, ans, x: conj(g))


# choosing
def chosen(g: Any, ans: Any, x: Any, y: Any) -> Any:
    """The share of x in the cotangent of a maximum or minimum of x and y: all, half if they are equal, or nothing."""
    if ans.__class__ is np.float64:
        return g / 2 if x == y else g if ans == x else g.dtype.type(0)
    return np.where(x == y, g / 2, np.where(ans == x, g, 0))


for extreme in (np.maximum, np.minimum, np.fmax, np.fmin):
    define_rule(extreme, chosen, lambda g, ans, x, y: chosen(g, ans, y, x))

define_rule(np.where, None, lambda g, ans, mask, x, y: select(mask, g), lambda g, ans, mask, x, y: select(mask == 0, g))


@composed(np.clip)
def clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **options: Any) -> Any:
    """Record np.clip in one of its many spellings."""
    low, high = options.pop("min", a_min), options.pop("max", a_max)
    if out is not None or options:
        raise TypeError(f"np.clip of a Value takes bounds only, but got {', '.join(options) or 'out'}=; use its result")
    bounds = (-np.inf if low is None else low, np.inf if high is None else high)
    return record(np.clip, tuple(map(operand, (a, *bounds))))


define_rule(
    np.clip,
    lambda g, ans, x, low, high: select((low <= x) & (x <= high), g),  # at the bounds the gradient is x's
    lambda g, ans, x, low, high: select((x < low) & (low <= high), g),
    lambda g, ans, x, low, high: select((high < x) | (high < low), g),  # np.clip is minimum(maximum(x, low), high)
)

# constant almost everywhere
for function in (np.sign, np.floor, np.ceil, np.trunc, np.rint, np.floor_divide, np.spacing):
    define_rule(function)

# truth values and integers have no derivative
for function in (
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert,
    np.isfinite, np.isnan, np.isinf, np.signbit,
):  # fmt: skip
    define_rule(function)
