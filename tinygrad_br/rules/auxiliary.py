"""Functions that the rules need and NumPy does not have.

Those that are registered at the end are operations of their own, with a rule in terms of themselves or their like:
so derivatives of any order are as exact as the first.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..dispatch import holds_values
from ..engine import Node, data_of, define_rule, record
from ..modes import reading
from .normal import floats


def conj(x: Any) -> Any:
    """The conjugate; costs nothing for real numbers."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


def select(mask: Any, g: Any) -> Any:
    """`g` where the mask is true, else 0.

    A choice, not a product with 0, which would make NaN of an infinite g.  Python chooses between scalars, because
    np.where needs microseconds for that.
    """
    return (g if mask else g.dtype.type(0)) if mask.__class__ is np.bool_ else np.where(mask, g, 0)


def ratio(x: Any, length: Any) -> Any:
    """`x / length`, and 0 where the length is 0: the decision for the kink of a norm at the origin."""
    zero = length == 0
    return np.where(zero, 0, x / np.where(zero, 1, length))


def mended(found: Any, wrong: Any, mend: Callable[..., Any], *args: Any) -> Any:
    """`found`, and `mend(*args)` at the few entries where `wrong` is true: where there is none, that costs one look.

    For plain arrays only: a function that is made with it has rules of its own.
    """
    if not wrong.any():
        return found
    found = np.array(found)
    found[wrong] = mend(*(np.broadcast_to(x, found.shape)[wrong] for x in args))
    return found[()]


@cache
def least(dtype: Any) -> Any:
    """The least positive number of a dtype that has all of its digits: what is smaller is a denormal number."""
    return np.finfo(dtype).tiny


def is_small(x: Any) -> Any:
    """Whether numbers are 0 or denormal, which have lost digits."""
    limit = least(x.dtype)
    return (np.abs(x) < limit) if x.dtype.kind == "c" else (x < limit) & (x > -limit)  # faster than np.abs


def read(x: Any, what: str) -> Any:
    """The numbers of an argument on which a decision depends; a program that is being compiled is told so."""
    if isinstance(x, Node):
        reading(x, what)
    return data_of(x)


def entries(x: Any, index: Any) -> Any:
    """x[index], where x may be a plain array and the index a Value, as positions found from Values are."""
    return record(operator.getitem, (x, index)) if holds_values((x, index)) else x[index]


def in_line(x: Any, axis: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The axes of a reduction merged into one, the last, and the way back; `axis` is None, an int or a tuple."""
    axes = [*range(x.ndim)] if axis is None else [i % x.ndim for i in np.atleast_1d(axis)]
    order = [*(i for i in range(x.ndim) if i not in axes), *axes]
    moved = np.transpose(x, order)
    length = math.prod(moved.shape[x.ndim - len(axes) :])
    line = moved.reshape((*moved.shape[: x.ndim - len(axes)], length))
    return line, lambda y: np.transpose(y.reshape(moved.shape), np.argsort(order).tolist())


def arctan_slope(x: Any) -> Any:
    """1 / (1 + x**2); both times the power of two that keeps the square of a huge x finite, which is exact."""
    small = np.finfo(x.dtype).eps
    return small / (small + x * (small * x))


def scaled(x: Any, y: Any) -> tuple[Any, Any, Any]:
    """x and y times the power of two that brings the larger of them close to 1, which is exact, and its exponent."""
    power = -np.frexp(np.maximum(np.abs(x), np.abs(y)))[1]
    return np.ldexp(floats(x), power), np.ldexp(floats(y), power), power


def over_squares(x: Any, y: Any) -> Any:
    """`x / (x**2 + y**2)`, the slope of an angle, and 0 at the origin; scaled, so that only the result is rounded."""
    near, other, power = scaled(x, y)
    bits = np.finfo(near.dtype).nmant  # which a denormal x lacks
    return np.ldexp(ratio(np.ldexp(near, bits), near * near + other * other), power - bits)


def hypot_slope(x: Any, y: Any, length: Any) -> Any:
    """`x / hypot(x, y)`, given the length, and 0 at the origin; a denormal length is rounded to few digits."""

    def over_root(x: Any, y: Any) -> Any:
        x, y, _ = scaled(x, y)
        return ratio(x, np.sqrt(x * x + y * y))

    return mended(x / length, length < least(length.dtype), over_root, x, y)


def cosine(sine: Any) -> Any:
    """sqrt(1 - sine**2), the cosine of arcsin(sine).

    On the branch cuts of a complex sine the sign of a zero tells the side: x - -1 keeps that of -0, x + 1 does not.
    """
    if sine.dtype.kind == "f":
        return np.sqrt((1 - sine) * (1 + sine))
    return np.sqrt(-(sine - 1)) * np.sqrt(sine - -1)


def turned(z: Any) -> Any:
    """1j * z, also in the signs of zeros."""
    return np.where(np.imag(z) > 0, -(-1j * z), 1j * z)


def sech2(x: Any) -> Any:
    """1 / cosh(x)**2, the derivative of tanh, without overflow; 1 - tanh(x)**2 has lost all digits at x = 19.

    It is 4e / (1 + e)**2 with e = exp(-2|x|), written so that 1 + e is not rounded, which the square would double.
    """
    if x.__class__ is np.float64:  # ten times as fast for a number
        e = math.exp(-2 * abs(x))
        return np.float64(e / (0.25 + e * (0.5 + 0.25 * e)))
    if np.iscomplexobj(x):
        far = np.abs(np.real(x)) > 20  # where cosh is half an exponential, to the last bit
        with np.errstate(all="ignore"):
            return np.where(far, 4 * np.exp(np.where(np.real(x) < 0, 2, -2) * x), 1 / np.cosh(x) ** 2)[()]
    e = np.exp(-2 * np.abs(x))
    return e / (0.25 + e * (0.5 + 0.25 * e))


def pull(x: Any, y: Any, base: float = math.e) -> Any:
    """b**x / (b**x + b**y), the share of x in logaddexp(x, y) for b = e and in logaddexp2(x, y) for b = 2.

    The rounding error of the difference y - x, which the power multiplies by the difference, is found and put back.
    The power is of minus the distance: it cannot overflow, and the share of the smaller one may be a denormal number.
    """
    difference = y - x
    back = difference + x
    rest = (y - back) + ((back - difference) - x)
    power = np.exp2(-np.abs(difference)) if base == 2 else np.exp(-np.abs(difference))
    turned = np.where(difference > 0, -rest, rest) * math.log(base)
    power = power * (1 + np.where(np.isfinite(rest), turned, 0))
    return np.where(difference > 0, power, 1) / (1 + power)


def sinc_derivative(x: Any, n: int) -> Any:
    """The n-th derivative of np.sinc, f(x) = sin(pi x) / (pi x).

    Near 0 the Taylor series, where the closed form cancels; else x f_n + n f_(n-1) = pi**(n-1) sin(pi x + n pi / 2),
    which is the n-th derivative of x f(x) = sin(pi x) / pi.  pi x is reduced by half turns, which is exact.
    """
    near = np.abs(x) < 0.3 + 0.2 * n
    small, large = np.where(near, x, 0), np.where(near, 1, x)
    series = np.zeros_like(small)
    for k in range(n // 2 + n % 2 + 14, n // 2 + n % 2 - 1, -1):
        falling = math.factorial(2 * k) // math.factorial(2 * k - n)
        series = series * small**2 + (-1) ** k * math.pi ** (2 * k) * falling / math.factorial(2 * k + 1)
    halves = np.rint(large)
    turn, sign = math.pi * (large - halves), 1 - 2 * (halves % 2)
    waves = sign * np.sin(turn), sign * np.cos(turn), -sign * np.sin(turn), -sign * np.cos(turn)
    closed = waves[0] / (math.pi * large)
    for i in range(1, n + 1):
        closed = (math.pi ** (i - 1) * waves[i % 4] - i * closed) / large
    if n == 1 and np.any(cancelled := np.abs(closed * large) < 0.7):
        closed = np.array(closed)
        closed[cancelled] = sinc_slope(large[cancelled])
    return np.where(near, series * small ** (n % 2), closed)[()]


def sinc_slope(x: Any) -> Any:
    """(cos(pi x) - sinc(x)) / x in twice the precision, for its zeros."""
    from .twofold import PI, sin_and_cos_of_pi_times

    x = np.asarray(x, np.float64)
    sine, cosine = sin_and_cos_of_pi_times(x)
    return ((cosine - sine / (PI * x)) / x).value()


hypot_slope = define_rule(
    hypot_slope,
    lambda g, ans, x, y, length: g * ratio(np.square(hypot_slope(y, x, length)), length),
    lambda g, ans, x, y, length: -g * ratio(ans * hypot_slope(y, x, length), length),
)
sech2 = define_rule(sech2, lambda g, ans, x: -2 * g * ans * np.tanh(x))
pull = define_rule(
    pull,
    lambda g, ans, x, y, base=math.e: g * math.log(base) * ans * pull(y, x, base),
    lambda g, ans, x, y, base=math.e: -g * math.log(base) * ans * pull(y, x, base),
)
sinc_derivative = define_rule(sinc_derivative, lambda g, ans, x, n: g * sinc_derivative(x, n + 1))
