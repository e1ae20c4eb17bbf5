"""A catalogue of wrong rules, each with the mistakes that it may rightly be named after.

Every row is a right function with a wrong derivative, as people write them.  The checker must reject all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import tinygrad_br as tg

RNG = np.random.default_rng(20)
X = RNG.uniform(0.3, 2.0, (3, 4)) * RNG.choice([-1, 1], (3, 4))  # both signs, both sides of 1
P = RNG.uniform(0.3, 2.0, (3, 4))
Y = RNG.normal(size=(3, 4))
V = RNG.normal(size=5)
S, T = RNG.normal(size=(4, 4)), RNG.normal(size=(4, 4))
B = RNG.normal(size=4)


class Wrong(NamedTuple):
    name: str
    names: str  # the mistakes it may be named after, separated by blanks; empty where none is typical
    function: Callable[..., Any]
    rules: tuple[Any, ...]
    args: tuple[Any, ...]
    order: int = 1
    scalar: Callable[[Any], Any] | None = None  # what makes a number of the result

    def f(self) -> Callable[..., Any]:
        rule = tg.define_rule(lambda *args: self.function(*args), *self.rules)
        return rule if self.scalar is None else lambda *args: self.scalar(rule(*args))


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def last(g, factor):
    scale = np.ones(np.shape(g))
    scale.flat[-1] = factor
    return g * scale


def placed(g, x, where):
    out = np.zeros(np.shape(x))
    out[where] = g
    return out


def stop(x):
    return tg.stop_gradient(x) if isinstance(x, tg.Value) else x


CATALOGUE = [
    # the sign
    Wrong("tanh, sign", "sign", np.tanh, (lambda g, a, x: -g * (1 - a * a),), (X,)),
    Wrong("cos, sign", "sign", np.cos, (lambda g, a, x: g * np.sin(x),), (X,)),
    Wrong("subtract, sign of y", "sign", np.subtract, (lambda g, a, x, y: g, lambda g, a, x, y: g), (X, Y)),
    Wrong("divide, sign of y", "sign", np.divide, (lambda g, a, x, y: g / y, lambda g, a, x, y: g * a / y), (Y, P)),
    Wrong("reciprocal, sign", "sign", lambda x: 1 / x, (lambda g, a, x: g * a * a,), (P,)),
    Wrong(
        "mean absolute error of the book", "sign", lambda p, y: np.mean(abs(y - p)),
        (lambda g, a, p, y: g * np.sign(y - p) / p.size,), (X, Y),
    ),
    Wrong("negative, sign", "sign", np.negative, (lambda g, a, x: g,), (X,)),
    # a factor
    Wrong("square, 2 missing", "factor", np.square, (lambda g, a, x: g * x,), (X,)),
    Wrong("square, 2 too much", "factor", np.square, (lambda g, a, x: 4 * g * x,), (X,)),
    Wrong("cube, 3 missing", "factor", lambda x: x**3, (lambda g, a, x: g * x**2,), (X,)),
    Wrong("sqrt, 2 missing", "factor", np.sqrt, (lambda g, a, x: g / a,), (P,)),
    Wrong("mean, 1/n missing", "factor", np.mean, (lambda g, a, x: g * np.ones(x.shape),), (X,)),
    Wrong("mean, 1/n twice", "factor", np.mean, (lambda g, a, x: g * np.ones(x.shape) / x.size**2,), (X,)),
    Wrong("mean of rows, 1/n of the other axis", "factor", lambda x: x.mean(0),
          (lambda g, a, x: g * np.ones(x.shape) / 4,), (X,)),
    Wrong("squared error, batch size missing", "factor", lambda p, y: ((p - y) ** 2).sum() / len(p),
          (lambda g, a, p, y: 2 * g * (p - y), lambda g, a, p, y: -2 * g * (p - y)), (X, Y)),
    Wrong("variance, n - 1 for n", "factor", np.var, (lambda g, a, x: 2 * g * (x - x.mean()) / (x.size - 1),), (V,)),
    Wrong("log10 as log", "factor", np.log10, (lambda g, a, x: g / x,), (P,)),
    Wrong("log2 as log", "factor", np.log2, (lambda g, a, x: g / x,), (P,)),
    Wrong("exp2 as exp", "factor", np.exp2, (lambda g, a, x: g * a,), (X,)),
    Wrong("degrees as radians", "factor", lambda x: np.sin(np.radians(x)),
          (lambda g, a, x: g * np.cos(np.radians(x)),), (X,)),
    Wrong("sign and factor", "factor", np.square, (lambda g, a, x: -g * x,), (X,)),
    # transposed
    Wrong("matmul, other operand not transposed", "transposed", np.matmul,
          (lambda g, a, x, y: g @ y, lambda g, a, x, y: x.T @ g), (S, T)),
    Wrong("matmul, first operand not transposed", "transposed", np.matmul,
          (lambda g, a, x, y: g @ y.T, lambda g, a, x, y: x @ g), (S, T)),
    Wrong("matmul, result transposed", "transposed", np.matmul,
          (lambda g, a, x, y: (g @ y.T).T, lambda g, a, x, y: x.T @ g), (S, T)),
    Wrong("transpose, not transposed back", "transposed", np.transpose, (lambda g, a, x: g,), (S,)),
    Wrong("trace of a product", "transposed", lambda x, y: np.trace(x @ y),
          (lambda g, a, x, y: g * y, lambda g, a, x, y: g * x.T), (S, T)),
    Wrong("inverse, not transposed", "transposed axis", np.linalg.inv,
          (lambda g, a, x: -a @ g @ a,), (S + 4 * np.eye(4),)),
    Wrong("outer, transposed", "transposed argument axis", np.outer,
          (lambda g, a, x, y: g.T @ y, lambda g, a, x, y: g.T @ x), (S[0], T[0])),
    # the order of entries
    Wrong("flip, not flipped back", "order", np.flip, (lambda g, a, x: g,), (V,)),
    Wrong("roll, same direction", "order", lambda x: np.roll(x, 1), (lambda g, a, x: np.roll(g, 1),), (V,)),
    Wrong("roll, not rolled back", "order", lambda x: np.roll(x, 1), (lambda g, a, x: g,), (V,)),
    Wrong("slice, at the wrong place", "order", lambda x: x[1:], (lambda g, a, x: placed(g, x, np.s_[:-1]),), (V,)),
    Wrong("cumsum, from the front", "order", np.cumsum, (lambda g, a, x: np.cumsum(g),), (V,)),
    Wrong("flip of rows, wrong axis", "order axis", lambda x: np.flip(x, 0), (lambda g, a, x: np.flip(g, 1),), (S,)),
    Wrong("sort, not sorted back", "order cotangent", np.sort, (lambda g, a, x: g,), (V,)),
    # the wrong axis, broadcasting
    Wrong("sum, along the other axis", "axis transposed", lambda x: x.sum(0),
          (lambda g, a, x: g[:, None] * np.ones(x.shape),), (S,)),
    Wrong("cumsum, along the other axis", "axis", lambda x: np.cumsum(x, 0),
          (lambda g, a, x: np.flip(np.cumsum(np.flip(g, 1), 1), 1),), (S,)),
    Wrong("bias, only the first row", "axis", lambda x, b: x + b,
          (lambda g, a, x, b: g, lambda g, a, x, b: g[0]), (X, B)),
    Wrong("bias, only the last row", "axis", lambda x, b: x + b,
          (lambda g, a, x, b: g, lambda g, a, x, b: g[-1]), (X, B)),
    Wrong("bias, mean for sum", "factor", lambda x, b: x + b,
          (lambda g, a, x, b: g, lambda g, a, x, b: g.mean(0)), (X, B)),
    Wrong("scale, averaged", "factor", lambda x, s: x * s,
          (lambda g, a, x, s: g * s, lambda g, a, x, s: (g * x).mean()), (X, 1.5)),
    # a term dropped
    Wrong("softmax, sum dropped", "term", softmax, (lambda g, a, x: g * a,), (V,)),
    Wrong("x exp x, first term only", "term", lambda x: x * np.exp(x), (lambda g, a, x: g * np.exp(x),), (X,)),
    Wrong("x**2 + x, second term dropped", "term", lambda x: x * x + x, (lambda g, a, x: g * 2 * x,), (X,)),
    Wrong("centred, mean dropped", "term", lambda x: x - x.mean(), (lambda g, a, x: g,), (V,)),
    Wrong("tanh, square dropped", "term constant", np.tanh, (lambda g, a, x: g,), (X,)),
    Wrong("sigmoid, square dropped", "term power", lambda x: 1 / (1 + np.exp(-x)), (lambda g, a, x: g * a,), (X,)),
    Wrong("log softmax, sum dropped", "constant", lambda x: np.log(softmax(x)), (lambda g, a, x: g,), (V,)),
    Wrong("x*y + x, second term dropped", "term", lambda x, y: x * y + x,
          (lambda g, a, x, y: g * y, lambda g, a, x, y: g * x), (X, Y)),
    Wrong("normalised, projection dropped", "term", lambda x: x / np.linalg.norm(x),
          (lambda g, a, x: g / np.linalg.norm(x),), (V,)),
    # wrong in a region
    Wrong("relu, negative not cut", "region", lambda x: np.maximum(x, 0), (lambda g, a, x: g,), (X,)),
    Wrong("leaky relu, slope of the wrong sign", "region", lambda x: np.where(x > 0, x, 0.1 * x),
          (lambda g, a, x: g * np.where(x > 0, 1, -0.1),), (X,)),
    Wrong("abs, negative not turned", "region", np.absolute, (lambda g, a, x: g,), (X,)),
    Wrong("elu, 1 missing", "region", lambda x: np.where(x > 0, x, np.expm1(x)),
          (lambda g, a, x: g * np.where(x > 0, 1, a),), (X,)),
    Wrong("clip, passes everywhere", "region", lambda x: np.clip(x, -1, 1), (lambda g, a, x: g,), (X,)),
    Wrong("huber, not linear outside", "region",
          lambda x: np.where(abs(x) < 1, x * x / 2, abs(x) - 0.5), (lambda g, a, x: g * x,), (X,)),
    Wrong("one row forgotten", "region", np.exp, (lambda g, a, x: g * a * (np.arange(3) != 1)[:, None],), (X,)),
    # wrong in one entry
    Wrong("one entry, by a millionth", "entry", np.exp, (lambda g, a, x: last(g * a, 1 + 1e-6),), (X,)),
    Wrong("one entry, zero", "entry", np.sin, (lambda g, a, x: last(g * np.cos(x), 0.0),), (X,)),
    Wrong("repeated index, added once", "entry", lambda x: x[np.array([0, 0, 1, 2])],
          (lambda g, a, x: placed(g, x, np.array([0, 0, 1, 2])),), (V,)),
    # the cotangent
    Wrong("square, no cotangent", "cotangent", np.square, (lambda g, a, x: 2 * x,), (X,)),
    Wrong("loss, no cotangent", "cotangent", lambda x: (x * x).sum(), (lambda g, a, x: 2 * x,), (X,)),
    Wrong("scaled loss, no cotangent", "cotangent", lambda x: (x * x).sum(), (lambda g, a, x: 2 * x,), (X,), 1,
          lambda loss: 3 * loss),
    Wrong("square, mean cotangent", "cotangent", np.square, (lambda g, a, x: 2 * x * g.mean(),), (X,)),
    Wrong("square, sorted cotangent", "cotangent", np.square,
          (lambda g, a, x: 2 * x * np.sort(g, axis=None).reshape(3, 4),), (X,)),
    Wrong("softmax, right for ones", "cotangent term", softmax, (lambda g, a, x: a * (g - g.mean()),), (V,)),
    Wrong("cotangent squared", "cotangent", np.exp, (lambda g, a, x: g * g * a,), (X,)),
    # a constant, another argument, a power, zero
    Wrong("square, constant", "constant", np.square, (lambda g, a, x: 2 * g,), (X,)),
    Wrong("sin, constant", "constant", np.sin, (lambda g, a, x: g,), (X,)),
    Wrong("multiply, own argument", "argument", np.multiply,
          (lambda g, a, x, y: g * x, lambda g, a, x, y: g * y), (X, Y)),
    Wrong("concatenate, exchanged", "argument", lambda x, y: np.concatenate([x, y]),
          (lambda g, a, x, y: g[3:], lambda g, a, x, y: g[:3]), (X, Y)),
    Wrong("log, times for divided by", "power", np.log, (lambda g, a, x: g * x,), (P,)),
    Wrong("log, squared", "power", np.log, (lambda g, a, x: g / x**2,), (P,)),
    Wrong("tanh, the value", "power", np.tanh, (lambda g, a, x: g * a,), (X,)),
    Wrong("exp, no rule", "zero", np.exp, (None,), (X,)),
    Wrong("sin, not a number", "nan", np.sin, (lambda g, a, x: g * np.log(-abs(x)),), (P,)),
    # right to first order only
    Wrong("square, number inside", "order of derivative", np.square, (lambda g, a, x: g * (x + stop(x)),), (X,), 2),
    Wrong("exp, result as a number", "order of derivative", np.exp, (lambda g, a, x: g * stop(a),), (X,), 2),
    Wrong("tanh, half of it a number", "order of derivative", np.tanh,
          (lambda g, a, x: g * (1 - a * stop(a)),), (X,), 2),
    Wrong("multiply, other argument a number", "order of derivative", np.multiply,
          (lambda g, a, x, y: g * stop(y), lambda g, a, x, y: g * x), (X, Y), 2),
    Wrong("cube, wrong at third order", "order of derivative", lambda x: x**3,
          (lambda g, a, x: 3 * g * (2 * x * stop(x) - stop(x) ** 2),), (X,), 3),
]  # fmt: skip
