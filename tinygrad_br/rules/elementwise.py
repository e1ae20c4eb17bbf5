"""Derivatives of functions that work entry by entry: each is g times the derivative at that entry."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..engine import define_rule

guarded = partial(define_rule, guarded=True)


def less_one(y: Any) -> Any:
    """The exponent y - 1 of the derivative of x**y; 1 where y is 0, since then the factor y makes it 0."""
    return y - 1 if isinstance(y, (int, float)) and y != 0 else np.where(y == 0, 1, y - 1)


# arithmetic
define_rule(np.positive, lambda g, ans, x: g)
define_rule(np.negative, lambda g, ans, x: -g)
define_rule(np.add, lambda g, ans, x, y: g, lambda g, ans, x, y: g)
define_rule(np.subtract, lambda g, ans, x, y: g, lambda g, ans, x, y: -g)
guarded(np.multiply, lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * x)
guarded(np.divide, lambda g, ans, x, y: g / y, lambda g, ans, x, y: -g * ans / y)
guarded(
    np.power,
    lambda g, ans, x, y: g * y * x ** less_one(y),
    lambda g, ans, x, y: g * ans * np.log(np.where((x == 0) & (y >= 0), 1.0, x)),
)
guarded(np.square, lambda g, ans, x: 2 * g * x)
guarded(np.sqrt, lambda g, ans, x: g / (2 * ans))
define_rule(np.absolute, lambda g, ans, x: g * np.sign(x))

# exponentials and logarithms
guarded(np.exp, lambda g, ans, x: g * ans)
guarded(np.log, lambda g, ans, x: g / x)

# choosing
define_rule(
    np.maximum,
    lambda g, ans, x, y: np.where(x == y, g / 2, g * (x > y)),
    lambda g, ans, x, y: np.where(x == y, g / 2, g * (y > x)),
)

# zero almost everywhere
for function in (np.sign, np.floor, np.ceil, np.trunc, np.rint):
    define_rule(function)

# truth values have no derivative
for function in (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.isnan):
    define_rule(function)
