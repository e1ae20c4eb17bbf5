"""Steps on single numbers as plain Python arithmetic.

NumPy takes twenty times as long for one number.  `a * b` of floats is what NumPy computes, bit for bit.  Where Python
raises instead (1 / 0, math.exp(1000), math.log(0)) the text asks NumPy: `divide(a, b)`, `exp(x)` and their like are
defined before the program.  `math.exp`, `math.tanh` and the other functions of the math module may differ from NumPy's
by 2 ULP.

A number that is used once stands where it is used, and names are used again when their number is no longer needed,
because Python is fastest with few names.

Python needs 5 kilobytes for each line of a function that it compiles.  So a long program is cut into parts, functions
that hand each other numbers in a list.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .variable import Variable, read_by

ATOM, PRODUCT, SUM, COMPARISON, CHOICE = 4, 3, 2, 1, 0
MOST_INLINED = 60  # numbers in one expression
LONG = 12_000  # steps; more are cut into parts
PART = 4_000


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


def reads(step: Variable) -> list[Variable]:
    """The variables that an arithmetic step reads, twice those that stand twice in its text."""
    found = [a for a in step.args if a.__class__ is Variable]
    if step.op is np.multiply:
        if any(a.sample.__class__ is np.bool_ for a in found):
            found += [a for a in found if a.sample.__class__ is not np.bool_]
    elif step.op in TWICE and not divides_safely(step):
        found += [a for i in TWICE[step.op] if (a := step.args[i]).__class__ is Variable]
    return found


def divides_safely(step: Variable) -> bool:
    """Whether a step divides by a constant that is not zero, so Python does it as NumPy does."""
    return step.op is np.divide and step.args[1].__class__ is not Variable and step.args[1] != 0


def literal(number: Any) -> str:
    number = float(number)
    plain = repr(number) if math.isfinite(number) else f"float('{number}')"
    return plain if plain[0] != "-" else f"({plain})"


class Scalars:
    """The lines of a program's arithmetic.

    `read` are the numbers that it reads and that are not its own, `given` has names for them.  Where it is cut into
    parts, `part_of` has the number of the part of each step, and `places` the index in the list of each number that is
    not used in one part alone.

    Args:
        steps: of the program.
        results: what is read after the steps.
        new_name: gives a name that is not taken.
    """

    def __init__(self, steps: Sequence[Variable], results: Iterable[Variable], new_name: Callable[[str], str]) -> None:
        self.new_name = new_name
        self.part_of: dict[Variable, int] = {}
        self.places: dict[Variable, int] = {}
        self.given: dict[Variable, str] = {}
        self.needs: set[Any] = set()
        self.pieces: dict[Variable, tuple[str, int, list[Variable], int]] = {}
        self.left: dict[Variable, int] = {}
        self.names: dict[Variable, str] = {}
        self.free: list[str] = []
        self.read: set[Variable] = set()
        if sum(step.is_arithmetic for step in steps) > LONG:
            self.cut(steps)
        part_of = self.part_of
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
                if part_of and part_of.get(v) != part_of[step]:
                    elsewhere.append(v)
        for v in elsewhere:
            uses[v] = uses.get(v, 0) + 2  # so it is not written inside another number
            if part_of and (v.is_arithmetic or v in self.read):
                self.places.setdefault(v, len(self.places))
        self.left = {} if part_of else uses.copy()

    def cut(self, steps: Sequence[Variable]) -> None:
        """Divide the arithmetic into parts of steps that follow each other."""
        part = size = 0
        for step in steps:
            if size == PART or (size and not step.is_arithmetic):
                part, size = part + 1, 0
            if step.is_arithmetic:
                self.part_of[step] = part
                size += 1

    def begin(self, steps: Iterable[Variable]) -> None:
        """Begin the part that consists of these steps."""
        self.names, self.free = {}, []
        self.left = dict(Counter(v for step in steps for v in reads(step)))
        numbers = itertools.count(1)
        self.new_name = lambda wish: f"{wish}{next(numbers)}"

    def lines(self, step: Variable, shared: str = "") -> list[str]:
        """The lines of a step; none if it stands inside another one.  `shared` is the list of the parts."""
        op, places, names = step.op, self.places, self.names
        args: list[tuple[str, int]] = []
        held: list[Variable] = []
        lines: list[str] = []
        truth, size = None, 1
        for i, arg in enumerate(step.args):
            if arg.__class__ is not Variable:
                args.append((literal(arg), ATOM))
                continue
            if arg.sample.__class__ is np.bool_:
                truth = i
            if arg in self.pieces:
                text, level, inner, n = self.pieces.pop(arg)
                args.append((text, level))
                held += inner
                size += n
                continue
            held.append(arg)
            name = names.get(arg)
            if name is None and arg in places:
                name = f"{shared}[{places[arg]}]"
                if self.left[arg] > 1:
                    names[arg] = self.name()
                    lines.append(f"{names[arg]} = {name}")
                    name = names[arg]
            args.append((name or self.given.get(arg) or arg.name, ATOM))
        if op is np.multiply and truth is not None:
            text, level = chosen(args[1 - truth], args[truth], (f"{args[1 - truth][0]} * 0.0", PRODUCT))
            held += [a] if (a := step.args[1 - truth]).__class__ is Variable else []
        elif op in SIGNS:
            sign, level = SIGNS[op]
            (one, one_level), (other, other_level) = args
            one = one if one_level >= level else f"({one})"
            text = f"{one} {sign} {other}" if other_level > level else f"{one} {sign} ({other})"
        elif divides_safely(step):
            text, level = divided(args)
        elif op in TWICE:
            held += [a for i in TWICE[op] if (a := step.args[i]).__class__ is Variable]
            text, level = (rectified if op is np.maximum and args[1][0] == "0.0" else FORMS[op])(args)
        else:
            text, level = FORMS[op](args)
        if op in HELPER_OF and not divides_safely(step):
            self.needs.add(HELPER_OF[op])
        if self.uses[step] == 1 and size <= MOST_INLINED:
            self.pieces[step] = text, level, held, size
            return lines
        left = self.left
        for v in held:
            left[v] -= 1
            if not left[v] and v in names:
                self.free.append(names.pop(v))
        if step in places:
            step.name = f"{shared}[{places[step]}]"
            lines.append(f"{step.name} = {text}")
            if step in left:
                names[step] = self.name()
                lines[-1] = f"{names[step]} = {lines[-1]}"
        else:
            step.name = names[step] = self.name()
            lines.append(f"{step.name} = {text}")
        return lines

    def name(self) -> str:
        """A name for a number: one that is not needed any more, or a new one."""
        return self.free.pop() if self.free else self.new_name("t")
