"""What derivatives are where they jump, are infinite or do not exist: the decisions, as data.

An expression is written with NumPy's names, so that other libraries can be asked the same question.  `tests/rules`
holds every line, `python -m tinygrad_br rules` measures it, and docs/hard-points.md shows it beside other libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..messages import op_name
from ..nn import relu
from ..value import Value, gradients

INF, NAN = float("inf"), float("nan")
OURS: dict[str, Any] = {**vars(np), "abs": np.abs, "relu": relu, "norm": np.linalg.norm}


class Kink(NamedTuple):
    """An expression in x and y, the numbers or lists where it is differentiated, and the gradient of its sum there.

    `function` is the NumPy function that the decision is about.
    """

    function: Callable[..., Any]
    text: str
    point: tuple[Any, ...]
    slope: tuple[Any, ...]

    def evaluate(self, args: tuple[Any, ...], names: Mapping[str, Any] = OURS) -> Any:
        """The expression of arguments of any library, whose functions are given by NumPy's names."""
        builtins = {"__import__": __import__}  # which libraries need that load a part of themselves when it is called
        return eval(self.text, {"__builtins__": builtins}, {**names, **dict(zip("xy", args)), "inf": INF, "nan": NAN})

    def measured(self) -> tuple[Any, ...]:
        """The gradient that Values give."""
        values = [Value(x) for x in self.point]
        with np.errstate(all="ignore"):
            return tuple(np.asarray(g).tolist() for g in gradients(np.sum(self.evaluate(tuple(values))), values))

    def ok(self) -> bool:
        """Whether Values give what was decided; the sign of a zero is left open."""
        return self.measured() == self.slope

    def place(self) -> str:
        """The point in words: "x = 0"."""
        return ", ".join(f"{name} = {plain(x, 15)}" for name, x in zip("xy", self.point))

    def __str__(self) -> str:
        return f"{' and '.join(map(plain, self.slope))} for {self.text} at {self.place()}"


def plain(x: Any, digits: int = 6) -> str:
    """A number, or a list of numbers of any depth, in few characters."""
    if isinstance(x, (list, tuple)):
        return f"[{', '.join(plain(entry, digits) for entry in x)}]"
    return f"{x + 0.0:.{digits}g}"


def one(function: Any, text: str, x: Any, slope: Any) -> Kink:
    """A kink of one argument."""
    return Kink(function, text, (x,), (slope,))


KINKS = [
    one(np.absolute, "abs(x)", 0.0, 0.0),
    one(np.absolute, "abs(x * (1 + 2j))", 0.0, 0.0),
    one(np.fabs, "fabs(x)", 0.0, 0.0),
    one(relu, "relu(x)", 0.0, 0.0),
    one(np.copysign, "copysign(x, -1.0)", 0.0, 0.0),
    one(np.sign, "sign(x)", 0.0, 0.0),
    one(np.floor, "floor(x)", 2.0, 0.0),
    one(np.ceil, "ceil(x)", 2.0, 0.0),
    one(np.trunc, "trunc(x)", 2.0, 0.0),
    one(np.rint, "rint(x)", 2.5, 0.0),
    one(np.round, "round(x)", 2.5, 0.0),
    one(np.heaviside, "heaviside(x, 0.5)", 0.0, 0.0),
    one(np.greater, "x * (x > 0)", 0.0, 0.0),
    one(np.remainder, "remainder(x, 2.0)", 4.0, 1.0),
    # equal numbers share
    one(np.maximum, "maximum(x, 2.0)", 2.0, 0.5),
    one(np.minimum, "minimum(x, 2.0)", 2.0, 0.5),
    one(np.maximum, "maximum(x, x)", 2.0, 1.0),
    Kink(np.maximum, "maximum(x, y)", (1.0, 1.0), (0.5, 0.5)),
    Kink(np.fmax, "fmax(x, y)", (1.0, 1.0), (0.5, 0.5)),
    Kink(np.fmin, "fmin(x, y)", (1.0, 1.0), (0.5, 0.5)),
    one(np.fmax, "fmax(x, nan)", 2.0, 1.0),
    one(np.max, "max(x)", [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
    one(np.min, "min(x)", [1.0, 1.0, 2.0], [0.5, 0.5, 0.0]),
    one(np.ptp, "ptp(x)", [3.0, 3.0], [0.0, 0.0]),
    one(np.clip, "clip(x, 0.0, 1.0)", 0.0, 1.0),
    one(np.clip, "clip(x, 0.0, 1.0)", 1.0, 1.0),
    one(np.clip, "clip(x, 0.0, 1.0)", 1.5, 0.0),
    # slopes that are infinite, or are not a number without a decision
    one(np.sqrt, "sqrt(x)", 0.0, INF),
    one(np.cbrt, "cbrt(x)", 0.0, INF),
    one(np.power, "x ** 0.5", 0.0, INF),
    one(np.power, "x ** 0", 0.0, 0.0),
    one(np.power, "x ** 1", 0.0, 1.0),
    one(np.power, "x ** 2", 0.0, 0.0),
    Kink(np.power, "x ** y", (0.0, 0.0), (0.0, 0.0)),
    Kink(np.power, "x ** y", (0.0, 2.0), (0.0, 0.0)),
    one(np.log, "log(x)", 0.0, INF),
    one(np.log1p, "log1p(x)", -1.0, INF),
    one(np.arcsin, "arcsin(x)", 1.0, INF),
    one(np.arccos, "arccos(x)", -1.0, -INF),
    one(np.arccosh, "arccosh(x)", 1.0, INF),
    one(np.arctanh, "arctanh(x)", 1.0, INF),
    one(np.reciprocal, "reciprocal(x)", 0.0, -INF),
    one(np.sinc, "sinc(x)", 0.0, 0.0),
    Kink(np.hypot, "hypot(x, y)", (0.0, 0.0), (0.0, 0.0)),
    Kink(np.arctan2, "arctan2(x, y)", (0.0, 0.0), (0.0, 0.0)),
    Kink(np.logaddexp, "logaddexp(x, y)", (-INF, 0.0), (0.0, 1.0)),
    one(np.nan_to_num, "nan_to_num(x)", INF, 0.0),
    one(np.linalg.norm, "norm(x)", [0.0, 0.0], [0.0, 0.0]),
    one(np.std, "std(x)", [3.0, 3.0, 3.0], [0.0, 0.0, 0.0]),
    one(np.std, "std(x)", [0.1, 0.1, 0.1], [0.0, 0.0, 0.0]),
    one(np.prod, "prod(x)", [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
    one(np.prod, "prod(x)", [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
    one(np.cumprod, "cumprod(x)", [0.0, 2.0, 3.0], [9.0, 0.0, 0.0]),
]

# a branch that was not chosen, or a factor of zero, adds nothing, whatever its own derivative is
ZEROS = [
    one(np.log, "where(x > 0, log(x), 0.0)", 0.0, 0.0),
    one(np.log, "where(x > 0, x * log(x), 0.0)", 0.0, 0.0),
    one(np.sqrt, "where(x > 0, sqrt(x), 0.0)", 0.0, 0.0),
    one(np.sqrt, "sqrt(maximum(x, 0.0))", -1.0, 0.0),
    one(np.sqrt, "0.0 * sqrt(x)", 0.0, 0.0),
    one(np.divide, "where(x != 0, sin(x) / x, 1.0)", 0.0, 0.0),
    one(np.reciprocal, "where(x != 0, 1 / x, 0.0)", 0.0, 0.0),
    one(np.power, "where(x > 0, x ** 0.5, 0.0)", 0.0, 0.0),
    one(np.power, "where(x > 0, x ** 1.5, 0.0)", -1.0, 0.0),
    one(np.exp, "where(x < 100, exp(x), 0.0)", 1000.0, 0.0),
    one(np.arcsin, "where(abs(x) < 1, arcsin(x), 0.0)", 1.0, 0.0),
    one(np.arctanh, "where(abs(x) < 1, arctanh(x), 0.0)", 1.0, 0.0),
    one(np.log1p, "0.0 * log1p(x)", -1.0, 0.0),
]


def decision(function: Any) -> str:
    """What was decided for a function, in one line; empty if it has no kinks."""
    return "; ".join(str(kink) for kink in KINKS if kink.function is function)


def broken() -> list[str]:
    """Sentences on the kinks where Values give something else than was decided."""
    return [
        f"{op_name(k.function)}: the decision is {k}, but it gives {' and '.join(map(plain, k.measured()))}"
        for k in (*KINKS, *ZEROS)
        if not k.ok()
    ]
