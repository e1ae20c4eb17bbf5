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
from itertools import count
from typing import Any

import numpy as np

from .variable import Variable, read_by

ATOM, PRODUCT, SUM, COMPARISON, CHOICE = 4, 3, 2, 1, 0
MOST_INLINED = 60  # numbers in one expression


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
    return lambda args: (f"{within(args[0], SUM)} {sign} {within(args[1], SUM)}", COMPARISON)


def template(text: str) -> Callable[[list[tuple[str, int]]], tuple[str, int]]:
    """A form in which arguments may stand more than once, so they are names or numbers."""
    return lambda args: (text.format(*(within(a, ATOM) for a in args)), ATOM if text[0] == "(" else CHOICE)


def chosen(one: tuple[str, int], condition: tuple[str, int], other: tuple[str, int]) -> tuple[str, int]:
    return f"{within(one, COMPARISON)} if {within(condition, COMPARISON)} else {within(other, COMPARISON)}", CHOICE


SIGNS = {np.add: ("+", SUM), np.subtract: ("-", SUM), np.multiply: ("*", PRODUCT)}
FORMS: dict[Any, Callable[[list[tuple[str, int]]], tuple[str, int]]] = {
    **{ufunc: binary(sign, level) for ufunc, (sign, level) in SIGNS.items()},
    np.negative: lambda args: (f"-{within(args[0], ATOM)}", PRODUCT),
    np.divide: template("{0} / {1} if {1} else divide({0}, {1})"),
    np.maximum: template("{0} if {0} >= {1} or {0} != {0} else {1}"),
    np.minimum: template("{0} if {0} <= {1} or {0} != {0} else {1}"),
    np.square: template("({0} * {0})"), np.absolute: call("abs"), np.power: call("power"),
    np.where: lambda args: chosen(args[1], args[0], args[2]),
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


HELPER_OF = {np.divide: divide, np.power: power, np.exp: exp, np.log: log, np.sqrt: sqrt, np.sin: sin, np.cos: cos}
HELPERS = {f.__name__ for f in HELPER_OF.values()}


divided = binary("/", PRODUCT)
rectified = template("0.0 if {0} <= 0.0 else {0}")


def is_arithmetic(op: Any, args: Sequence[Any], sample: Any) -> bool:
    """Whether a step can be written so."""
    if op not in FORMS or sample.__class__ is not (np.bool_ if op in TRUTH else np.float64):
        return False
    floats = False
    for arg in args:
        if isinstance(arg, Variable):
            if not arg.is_number:
                return False
            floats = floats or arg.sample.__class__ is np.float64
        elif isinstance(arg, (int, float)) and not isinstance(arg, bool):
            floats = True
        else:
            return False
    return floats


class Composite:
    """Several steps, each of which reads the one before, as one.

    Args:
        steps: which depend on nothing but `leaves`.
        leaves: for which the arguments of the composite stand.

    Raises ValueError if a step is read twice, so that its result needs a name.
    """

    def __init__(self, steps: Sequence[Variable], leaves: Sequence[Variable]) -> None:
        self.steps, self.leaves = steps, leaves
        uses = Counter(v for step in steps for v in reads(step))
        if any(uses[step] > 1 for step in steps):
            raise ValueError("a step that is read twice needs a name")
        self.reads = [i for i, leaf in enumerate(leaves) for _ in range(uses[leaf])]
        self.needs = {helper for step in steps for helper in helpers_of(step)}


def reads(step: Variable) -> list[Variable]:
    """The variables that an arithmetic step reads, twice those that stand twice in its text."""
    if step.op.__class__ is Composite:
        return [step.args[i] for i in step.op.reads]
    found = [a for a in step.args if a.__class__ is Variable]
    if step.op is np.multiply:
        if found[0].sample.__class__ is np.bool_ or found[-1].sample.__class__ is np.bool_:
            found += [a for a in found if a.sample.__class__ is not np.bool_]
    elif step.op in TWICE and not divides_safely(step):
        found += [a for i in TWICE[step.op] if (a := step.args[i]).__class__ is Variable]
    return found


def divides_safely(step: Variable) -> bool:
    """Whether a step divides by a constant that is not zero, so Python does it as NumPy does."""
    return step.op is np.divide and step.args[1].__class__ is not Variable and step.args[1] != 0


def kind_of(number: Variable) -> str:
    """The Python type of a number."""
    return "float" if number.dtype == np.float64 else "bool"


def literal(number: Any) -> str:
    number = float(number)
    plain = repr(number) if math.isfinite(number) else f"float('{number}')"
    return plain if plain[0] != "-" else f"({plain})"


def helpers_of(step: Variable) -> set[Any]:
    """The functions that the text of a step calls."""
    if step.op.__class__ is Composite:
        return step.op.needs
    return {HELPER_OF[step.op]} if step.op in HELPER_OF and not divides_safely(step) else set()


def expression(step: Variable, args: list[tuple[str, int]]) -> tuple[str, int]:
    """The text of a step, of arguments with these texts."""
    op = step.op
    if op in SIGNS:
        if op is np.multiply:
            for truth, arg in enumerate(step.args):
                if arg.__class__ is Variable and arg.sample.__class__ is np.bool_:
                    number = args[1 - truth]
                    return chosen(number, args[truth], (f"{number[0]} * 0.0", PRODUCT))
        sign, level = SIGNS[op]
        (one, one_level), (other, other_level) = args
        one = one if one_level >= level else f"({one})"
        return f"{one} {sign} {other}" if other_level > level else f"{one} {sign} ({other})", level
    if op.__class__ is Composite:
        texts = dict(zip(op.leaves, args))
        for inner in op.steps:
            of = [texts[arg] if arg.__class__ is Variable else (literal(arg), ATOM) for arg in inner.args]
            texts[inner] = expression(inner, of)
        return texts[inner]
    if op is np.maximum and args[1][0] == "0.0":
        return rectified(args)
    return divided(args) if divides_safely(step) else FORMS[op](args)


class Scalars:
    """The lines of arithmetic.

    `pieces` are the steps, `read` the numbers that arithmetic reads and does not make, `given` has names for numbers
    from elsewhere and for constants of sums and products, by their text, `needs` are the functions that the lines call.

    Args:
        steps: of a program, or of a part of it.
        results: what is read after the steps.
        new_name: gives a name that is not taken.
    """

    def __init__(
        self, steps: Sequence[Variable], results: Iterable[Variable], new_name: Callable[[str], str] | None = None
    ) -> None:
        numbers = count(1)
        self.pieces: Sequence[Any] = steps
        self.functions: list[str] = []
        self.new_name = new_name or (lambda wish: f"{wish}{next(numbers)}")
        self.given: dict[Any, str] = {}
        self.needs: set[Any] = set()
        self.inside: dict[Variable, tuple[str, int, int, list[Variable]]] = {}
        self.names: dict[Variable, str] = {}
        self.free: list[str] = []
        self.read: set[Variable] = set()
        self.uses: dict[Variable, int] = dict.fromkeys(steps, 0)
        uses, elsewhere = self.uses, [*results]
        for step in steps:
            if not step.is_arithmetic:
                elsewhere += read_by(step)
                continue
            for v in reads(step):
                uses[v] = uses.get(v, 0) + 1
                if not v.is_arithmetic:
                    self.read.add(v)
        for v in elsewhere:
            uses[v] = uses.get(v, 0) + 2  # so it is not written inside another number
        self.left = uses.copy()

    def first_lines(self, given: Iterable[Variable]) -> list[str]:
        """The lines that make numbers of Python's of what a program is given."""
        names = {v: self.new_name(f"{v.name}_") for v in given}
        self.given |= names
        return [f"{name} = {kind_of(v)}({v.name})" for v, name in names.items()]

    def place_of(self, step: Variable) -> str:
        """What stands before the name of a number that no arithmetic makes."""
        return ""

    def line(self, step: Variable) -> str:
        """The line of a step; "" if it stands inside another one."""
        names, inside = self.names, self.inside
        held: list[Variable] = []
        for v in reads(step):
            held += inside[v][3] if v in inside else (v,)
        args: list[tuple[str, int]] = []
        size = 1
        for arg in step.args:
            if arg.__class__ is not Variable:
                text = literal(arg)
                args.append((self.given.get(text, text) if step.op in SIGNS else text, ATOM))
            elif arg in inside:
                text, level, n, _ = inside.pop(arg)
                args.append((text, level))
                size += n
            else:
                args.append((names.get(arg) or self.given.get(arg) or arg.name, ATOM))
        text, level = expression(step, args)
        if step.op not in SIGNS:
            self.needs |= helpers_of(step)
        if self.uses[step] == 1 and size <= MOST_INLINED:
            inside[step] = text, level, size, held
            return ""
        left = self.left
        for v in held:
            left[v] -= 1
            if not left[v] and v in names:
                self.free.append(names.pop(v))
        step.name = names[step] = self.free.pop() if self.free else self.new_name("t")
        return f"{step.name} = {text}"
