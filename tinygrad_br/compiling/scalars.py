"""Steps on single numbers as plain Python arithmetic.

NumPy takes twenty times as long for one number.  `a * b` of floats is what NumPy computes, bit for bit.  Where Python
raises instead (1 / 0, math.exp(1000), math.log(0)) the text asks NumPy: `divide(a, b)`, `exp(x)` and their like are
defined before the program.  `math.exp`, `math.tanh` and the other functions of the math module may differ from NumPy's
by 2 ULP.

A number that is used once stands where it is used, and names are used again when their number is no longer needed,
because Python is fastest with few names.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .variable import Variable, variables_in

ATOM, PRODUCT, SUM, CHOICE = 3, 2, 1, 0
MOST_INLINED = 60  # numbers in one expression
MOST_NAMES = 200


def binary(sign: str, level: int) -> Callable[[list[tuple[str, int]]], tuple[str, int]]:
    def text(args: list[tuple[str, int]]) -> tuple[str, int]:
        left, right = args
        return f"{within(left, level)} {sign} {within(right, level + 1)}", level

    return text


def within(arg: tuple[str, int], level: int) -> str:
    """An expression as part of one of a level, in parentheses if it binds less."""
    return arg[0] if arg[1] >= level else f"({arg[0]})"


def call(name: str) -> Callable[[list[tuple[str, int]]], tuple[str, int]]:
    return lambda args: (f"{name}({', '.join(a for a, _ in args)})", ATOM)


def compared(sign: str) -> Callable[[list[tuple[str, int]]], tuple[str, int]]:
    return lambda args: (f"({within(args[0], SUM)} {sign} {within(args[1], SUM)})", ATOM)  # in parentheses, not chained


def template(text: str) -> Callable[[list[tuple[str, int]]], tuple[str, int]]:
    """A form in which arguments may stand more than once, so they are names or numbers."""
    return lambda args: (text.format(*(within(a, ATOM) for a in args)), ATOM if text[0] == "(" else CHOICE)


FORMS: dict[Any, Callable[[list[tuple[str, int]]], tuple[str, int]]] = {
    np.add: binary("+", SUM), np.subtract: binary("-", SUM), np.multiply: binary("*", PRODUCT),
    np.negative: lambda args: (f"-{within(args[0], ATOM)}", PRODUCT),
    np.divide: template("{0} / {1} if {1} else divide({0}, {1})"),
    np.maximum: template("{0} if {0} >= {1} or {0} != {0} else {1}"),
    np.minimum: template("{0} if {0} <= {1} or {0} != {0} else {1}"),
    np.square: template("({0} * {0})"), np.absolute: call("abs"), np.power: call("power"),
    np.where: template("{1} if {0} else {2}"),
    np.greater: compared(">"), np.less: compared("<"), np.greater_equal: compared(">="),
    np.less_equal: compared("<="), np.equal: compared("=="), np.not_equal: compared("!="),
    np.exp: call("exp"), np.log: call("log"), np.sqrt: call("sqrt"), np.tanh: call("math.tanh"),
    np.sin: call("sin"), np.cos: call("cos"),
}  # fmt: skip
TWICE = {np.divide: (0, 1), np.maximum: (0, 1), np.minimum: (0, 1), np.square: (0,), np.where: ()}
TRUTH = {np.greater, np.less, np.greater_equal, np.less_equal, np.equal, np.not_equal}


def divide(a: float, b: float) -> float:
    return float(np.divide(a, b))


def power(a: float, b: float) -> float:
    return a * a if b == 2 else float(np.power(a, b))


def exp(x: float) -> float:
    return math.exp(x) if x < 709.0 else float(np.exp(x))


def log(x: float) -> float:
    return math.log(x) if x > 0.0 else float(np.log(x))


def sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0.0 else float(np.sqrt(x))


def sin(x: float) -> float:
    return math.sin(x) if -1e300 < x < 1e300 else float(np.sin(x))


def cos(x: float) -> float:
    return math.cos(x) if -1e300 < x < 1e300 else float(np.cos(x))


HELPERS = {f.__name__: f for f in (divide, power, exp, log, sqrt, sin, cos)}


def truth_of(step: Variable) -> int | None:
    """Which factor of a product is a truth value, if one is."""
    return next((i for i, a in enumerate(step.args) if isinstance(a, Variable) and a.dtype == np.bool_), None)


masked = template("{0} if {1} else {0} * 0.0")
rectified = template("{0} if {0} > 0.0 or {0} != {0} else 0.0")


def is_number(arg: Any) -> bool:
    """Whether an argument of a step is one float64 number or a plain number."""
    if isinstance(arg, Variable):
        return not arg.shape and not isinstance(arg.sample, tuple) and arg.dtype in (np.float64, np.bool_)
    return isinstance(arg, (int, float)) and not isinstance(arg, bool)


def is_scalar(step: Variable) -> bool:
    if step.op not in FORMS or step.kwargs or step.shape or not all(map(is_number, step.args)):
        return False
    wanted = np.bool_ if step.op in TRUTH else np.float64
    return step.dtype == wanted and any(not isinstance(a, Variable) or a.dtype == np.float64 for a in step.args)


class Scalars:
    """The steps of a program that are plain arithmetic.

    `inlined` are those that stand inside the expression of another one.
    """

    def __init__(self, steps: Sequence[Variable], results: Iterable[Variable]) -> None:
        self.steps = {s for s in steps if is_scalar(s)}
        uses = Counter(v for s in steps for v in variables_in((s.args, *s.kwargs.values())))
        uses.update(dict.fromkeys(results, 2))
        self.inlined: set[Variable] = set()
        size: dict[Variable, int] = {}
        for step in steps:
            if step not in self.steps:
                continue
            size[step] = 1
            for i, arg in enumerate(step.args):
                if arg in self.steps and uses[arg] == 1 and i not in TWICE.get(step.op, ()):
                    if step.op is np.multiply and truth_of(step) == 1 - i:
                        continue
                    if size[step] + size[arg] <= MOST_INLINED:
                        self.inlined.add(arg)
                        size[step] += size[arg]
        self.last: dict[Variable, Variable] = {}
        kept = set(results)
        for step in steps:
            if step not in self.inlined:
                for v in self.read_by(step):
                    self.last[v] = step
        self.ends: dict[Variable, list[Variable]] = {}
        for v, step in self.last.items():
            if v in self.steps and v not in kept:
                self.ends.setdefault(step, []).append(v)
        self.free: list[str] = []
        self.names: dict[Variable, str] = {}

    def read_by(self, step: Variable) -> Iterable[Variable]:
        """The named variables that the line of a step reads."""
        waiting = [*variables_in((step.args, *step.kwargs.values()))]
        while waiting:
            v = waiting.pop()
            if v in self.inlined:
                waiting += variables_in(v.args)
            else:
                yield v

    def expression(self, step: Variable, text: Callable[[Any], str]) -> tuple[str, int]:
        args = []
        for arg in step.args:
            if isinstance(arg, Variable) and arg in self.inlined:
                args.append(self.expression(arg, text))
            elif isinstance(arg, Variable):
                args.append((self.names.get(arg, arg.name), ATOM))
            else:
                number = float(arg)
                plain = repr(number) if math.isfinite(number) else f"float('{number}')"
                args.append((plain if plain[0] != "-" else f"({plain})", ATOM))
        if step.op is np.multiply and (i := truth_of(step)) is not None:
            return masked([args[1 - i], args[i]])
        if step.op is np.maximum and args[1][0] == "0.0":
            return rectified(args)
        return FORMS[step.op](args)

    def release(self, step: Variable) -> None:
        """Names that nobody reads after this step can be used again."""
        self.free += [v.name for v in self.ends.get(step, [])]
