"""Derivatives of functions that work entry by entry: each is g times the derivative at that entry.

They are right to 4 ULP wherever the function is finite.  Where a formula is not the textbook one, that is why: it is
written so that no digits cancel and nothing overflows before the result does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import log
from typing import Any

import numpy as np

from ..dispatch import COMPOSED, composed, operand
from ..engine import Node, define_rule, record
from .auxiliary import (
    arctan_slope,
    conj,
    cosine,
    entries,
    hypot_slope,
    over_squares,
    pull,
    ratio,
    read,
    sech2,
    select,
    sinc_derivative,
    turned,
)  # fmt: skip
from .powers import power_growth, power_slope

guarded = partial(define_rule, guarded=True)
LOG_2, LOG2_E, LOG10_E = log(2), 1 / log(2), 1 / log(10)


def zero(g: Any, ans: Any, *args: Any, **kwargs: Any) -> Any:
    """The rule of a function that is constant almost everywhere."""
    return np.zeros_like(g)


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
        lambda g, ans, x, y: g * power_slope(x, y, ans),
        lambda g, ans, x, y: g * power_growth(x, y, ans),
    )
guarded(np.square, lambda g, ans, x: 2 * g * x)
guarded(np.sqrt, lambda g, ans, x: g / (2 * ans))
guarded(np.cbrt, lambda g, ans, x: g * np.where(x == 0, np.inf, ans / x / 3))

# remainders: x - y * quotient, whose quotient is an integer and so constant almost everywhere
guarded(np.remainder, lambda g, ans, x, y: g, lambda g, ans, x, y: -g * np.rint((x - ans) / y))
guarded(np.fmod, lambda g, ans, x, y: g, lambda g, ans, x, y: -g * np.rint((x - ans) / y))
guarded(np.divmod, lambda g, ans, x, y: g[1], lambda g, ans, x, y: -g[1] * ans[0])
define_rule(np.modf, lambda g, ans, x: g[0])

# the binary form of a number
define_rule(np.frexp, lambda g, ans, x: np.ldexp(g[0], -ans[1]))
define_rule(np.ldexp, lambda g, ans, x, exponent: np.ldexp(g, exponent))
define_rule(np.nextafter, lambda g, ans, x, y: g)

# absolute values and signs
define_rule(
    np.absolute,
    lambda g, ans, x: g * (np.sign(x) if x.dtype.kind == "f" else ratio(np.conjugate(x), ans)),
)
define_rule(
    np.sign,
    lambda g, ans, x: (
        np.zeros_like(g) if x.dtype.kind == "f" else ratio(g - np.real(g * ans) * np.conjugate(ans), np.abs(x))
    ),
)
define_rule(np.fabs, lambda g, ans, x: g * np.sign(x))
define_rule(np.copysign, lambda g, ans, x, y: g * np.sign(x) * np.copysign(1, y))

# exponentials and logarithms
guarded(np.exp, lambda g, ans, x: g * ans)
guarded(np.exp2, lambda g, ans, x: g * ans * LOG_2)
guarded(np.expm1, lambda g, ans, x: g * np.exp(x))
guarded(np.log, lambda g, ans, x: g / x)
guarded(np.log2, lambda g, ans, x: g * LOG2_E / x)
guarded(np.log10, lambda g, ans, x: g * LOG10_E / x)
guarded(np.log1p, lambda g, ans, x: g / (1 + x))
guarded(np.logaddexp, lambda g, ans, x, y: g * pull(x, y), lambda g, ans, x, y: g * pull(y, x))
guarded(np.logaddexp2, lambda g, ans, x, y: g * pull(x, y, 2), lambda g, ans, x, y: g * pull(y, x, 2))

# trigonometry
define_rule(np.sin, lambda g, ans, x: g * np.cos(x))
define_rule(np.cos, lambda g, ans, x: -g * np.sin(x))
guarded(  # 1 + tan**2 is more exact than 1 / cos**2, but asks more of the tangent than float32 has
    np.tan,
    lambda g, ans, x: (
        g * sech2(1j * x)
        if x.dtype.kind == "c"
        else g * (1 + np.square(ans if ans.dtype.itemsize >= 8 else np.tan(x.astype(np.float64))))
    ),
)
guarded(np.arcsin, lambda g, ans, x: g / cosine(x))
guarded(np.arccos, lambda g, ans, x: -g / cosine(x))
guarded(
    np.arctan,
    lambda g, ans, x: g / (1 - 1j * x) / (1 + 1j * x) if x.dtype.kind == "c" else g * arctan_slope(x),
)
define_rule(np.sinc, lambda g, ans, x: g * sinc_derivative(x, 1))
define_rule(np.deg2rad, lambda g, ans, x: np.deg2rad(g))
define_rule(np.radians, lambda g, ans, x: np.radians(g))
define_rule(np.rad2deg, lambda g, ans, x: np.rad2deg(g))
define_rule(np.degrees, lambda g, ans, x: np.degrees(g))

# hyperbolic functions
guarded(np.sinh, lambda g, ans, x: g * np.cosh(x))
guarded(np.cosh, lambda g, ans, x: g * np.sinh(x))
define_rule(np.tanh, lambda g, ans, x: g * sech2(x))
guarded(np.arcsinh, lambda g, ans, x: g / (np.hypot(1, x) if x.dtype.kind == "f" else cosine(turned(x))))
guarded(np.arccosh, lambda g, ans, x: g / (np.sqrt(x - 1) * np.sqrt(x - -1)))
guarded(np.arctanh, lambda g, ans, x: g / (1 - x) / (1 + x))

define_rule(np.i0, lambda g, ans, x: g * i0_slope(x))


def i0_slope(x: Any) -> Any:
    from .modified import modified_derivative  # its tables are made at first use

    return modified_derivative(x, 0, 1, False)


# lengths and angles, with gradient 0 at the origin
define_rule(np.hypot, lambda g, ans, x, y: g * hypot_slope(x, y, ans), lambda g, ans, x, y: g * hypot_slope(y, x, ans))
guarded(np.arctan2, lambda g, ans, y, x: g * over_squares(x, y), lambda g, ans, y, x: -g * over_squares(y, x))

# complex numbers
define_rule(np.real, lambda g, ans, x: g)
define_rule(np.imag, lambda g, ans, x: -1j * g)
define_rule(np.conjugate, lambda g, ans, x: conj(g))
guarded(np.angle, lambda g, ans, x, deg=False: -1j * (np.rad2deg(g) if deg else g) / x)
define_rule(np.real_if_close, lambda g, ans, x, tol=100: g)


# choosing
def chosen(g: Any, ans: Any, x: Any, y: Any) -> Any:
    """The share of x in the cotangent of a maximum or minimum of x and y: all, half if they are equal, or nothing."""
    if ans.__class__ is np.float64:
        return g / 2 if x == y else g if ans == x else g.dtype.type(0)
    return np.where(x == y, g / 2, np.where(ans == x, g, 0))


for extreme in (np.maximum, np.minimum, np.fmax, np.fmin):
    define_rule(extreme, chosen, lambda g, ans, x, y: chosen(g, ans, y, x))

define_rule(
    np.where,
    None,
    lambda g, ans, mask, x, y: select(mask, g),
    lambda g, ans, mask, x, y: select(np.logical_not(mask), g),
)


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
    lambda g, ans, x, low, high: select(
        (low <= x) & (x <= high) & (low < high), g
    ),  # at the bounds the gradient is x's
    lambda g, ans, x, low, high: select((x < low) & (low <= high), g),
    lambda g, ans, x, low, high: select((high < x) | (high < low), g),  # np.clip is minimum(maximum(x, low), high)
)

define_rule(np.nan_to_num, lambda g, ans, x, *args, **kwargs: select(np.isfinite(x), g))
define_rule(np.heaviside, None, lambda g, ans, x, y: select(x == 0, g))


@composed(np.select)
def select_rows(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """np.select: where no earlier condition holds, the later ones decide."""
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(f"np.select takes as many choices as conditions, but got {len(choicelist)}, {len(condlist)}")
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        default = np.where(operand(condition), operand(choice), operand(default))
    return default


@composed(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kwargs: Any) -> Any:
    """np.piecewise: each function sees only the numbers for which its condition is the last that holds."""
    conditions = condlist if np.ndim(condlist[0]) == np.ndim(x) else [condlist]
    x, conditions = operand(x), [c.data if isinstance(c, Node) else np.asarray(c) for c in conditions]  # type: ignore[attr-defined]
    if len(funclist) not in (len(conditions), len(conditions) + 1):
        raise ValueError(
            f"np.piecewise takes a function for each condition, but got {len(funclist)}, {len(conditions)}"
        )
    which = np.full(x.shape, len(conditions))
    for i, condition in enumerate(conditions):
        which[condition] = i
    order = np.argsort(which.ravel(), kind="stable")
    pieces = []
    for i in range(len(conditions) + 1):
        numbers = x.ravel()[order[which.ravel()[order] == i]]
        function = funclist[i] if i < len(funclist) else 0
        piece = function(numbers, *args, **kwargs) if callable(function) and numbers.size else function
        pieces.append(np.broadcast_to(0 if callable(piece) else piece, numbers.shape))
    return np.concatenate(pieces)[np.argsort(order)].astype(x.dtype).reshape(x.shape)


@composed(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """np.interp by its formula; the gradient reaches the places, the nodes and the values, and ends outside."""
    x, xp, fp = operand(x), operand(xp), operand(fp)
    if period is not None:
        x, xp, left, right = x % period, xp % period, None, None
        order = np.argsort(xp)
        xp, fp = entries(xp, order), entries(fp, order)
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    i = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, len(xp) - 2)
    x0, x1, f0, f1 = entries(xp, i), entries(xp, i + 1), entries(fp, i), entries(fp, i + 1)
    inside = (f1 - f0) / (x1 - x0) * (x - x0) + f0
    above = np.where(x > xp[-1], fp[-1] if right is None else right, np.where(x == xp[-1], fp[-1], inside))
    return np.where(x < xp[0], fp[0] if left is None else left, above)


# numpy.emath: real numbers that leave the domain of the real function become complex
def widened(function: Any, inside: Callable[[Any], Any]) -> Callable[..., Any]:
    """The function of real numbers if all are inside of its domain, else of complex ones."""

    def compose(*args: Any) -> Any:
        arrays = [operand(x) for x in args]
        fits = all(np.iscomplexobj(x) or np.all(inside(read(x, "numpy.emath"))) for x in arrays)
        return function(*arrays) if fits else function(*(x + 0j for x in arrays))

    return compose


for name in ("sqrt", "log", "log2", "log10"):
    COMPOSED[getattr(np.emath, name)] = widened(getattr(np, name), lambda x: x >= 0)
for name in ("arcsin", "arccos", "arctanh"):
    COMPOSED[getattr(np.emath, name)] = widened(getattr(np, name), lambda x: np.abs(x) <= 1)
COMPOSED[np.emath.power] = lambda x, p: widened(
    lambda base: np.power(base, p if isinstance(p, Node) else np.asarray(p)),  # type: ignore[arg-type]
    lambda base: base >= 0,
)(x)
COMPOSED[np.emath.logn] = lambda n, x: np.emath.log(x) / np.emath.log(n)

constant_almost_everywhere: tuple[Any, ...] = (
    np.floor, np.ceil, np.trunc, np.rint, np.round, np.around, np.fix, np.floor_divide,
)  # fmt: skip
without_derivative: tuple[Any, ...] = (
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.isclose,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.bitwise_count, np.left_shift, np.right_shift,
    np.gcd, np.lcm, np.signbit, np.isfinite, np.isnan, np.isinf, np.isneginf, np.isposinf,
    np.isreal, np.iscomplex, np.isin, np.spacing,
)  # fmt: skip
for function in constant_almost_everywhere:  # the gradient exists, and is zero
    define_rule(function, zero, zero)
for function in without_derivative:  # there is none
    define_rule(function)
