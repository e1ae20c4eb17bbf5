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

ATOM, PRODUCT, SUM, CHOICE = 3, 2, 1, 0
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


HELPER_OF = {np.divide: divide, np.power: power, np.exp: exp, np.log: log, np.sqrt: sqrt, np.sin: sin, np.cos: cos}
HELPERS = {f.__name__ for f in HELPER_OF.values()}


def truth_of(step: Variable) -> int | None:
    """Which factor of a product is a truth value, if one is."""
    for i, arg in enumerate(step.args):
        if arg.__class__ is Variable and arg.sample.__class__ is np.bool_:
            return i
    return None


masked = template("{0} if {1} else {0} * 0.0")
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


def twice_in(step: Variable) -> Sequence[int]:
    """The arguments that stand twice in the text of a step, so they must be names."""
    if step.op is np.multiply:
        return () if (i := truth_of(step)) is None else (1 - i,)
    return TWICE.get(step.op, ())


def reads(step: Variable) -> list[Variable]:
    """The variables that an arithmetic step reads, twice those that stand twice in its text."""
    found = [a for a in step.args if a.__class__ is Variable]
    if twice := twice_in(step):
        found += [a for i in twice if (a := step.args[i]).__class__ is Variable]
    return found


def literal(number: Any) -> str:
    number = float(number)
    plain = repr(number) if math.isfinite(number) else f"float('{number}')"
    return plain if plain[0] != "-" else f"({plain})"


class Scalars:
    """The lines of a program's arithmetic.

    `read` are the numbers that it reads, `given` has the names of those that are not its own.  Where it is cut into
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
        self.names: dict[Variable, str] = {}
        self.free: list[str] = []
        own = [step for step in steps if step.is_arithmetic]
        self.read = {v for step in own for v in step.args if v.__class__ is Variable}
        if len(own) > LONG:
            self.cut(steps)
        self.uses: Counter[Variable] = Counter()
        elsewhere = [*results]
        for step in steps:
            if not step.is_arithmetic:
                elsewhere += read_by(step)
                continue
            read = reads(step)
            self.uses.update(read)
            if self.part_of:
                elsewhere += [v for v in read if self.part_of.get(v) != self.part_of[step]]
        for v in elsewhere:
            self.uses[v] += 2  # so it is not written inside another number
            if self.part_of and (v.is_arithmetic or v in self.read):
                self.places.setdefault(v, len(self.places))
        self.left = Counter() if self.part_of else self.uses.copy()

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
        self.left = Counter(v for step in steps for v in reads(step))
        numbers = itertools.count(1)
        self.new_name = lambda wish: f"{wish}{next(numbers)}"

    def lines(self, step: Variable, shared: str = "") -> list[str]:
        """The lines of a step; none if it stands inside another one.  `shared` is the list of the parts."""
        args: list[tuple[str, int]] = []
        held: list[Variable] = []
        lines: list[str] = []
        size = 1
        for arg in step.args:
            if arg.__class__ is not Variable:
                args.append((literal(arg), ATOM))
            elif arg in self.pieces:
                text, level, inner, n = self.pieces.pop(arg)
                args.append((text, level))
                held += inner
                size += n
            elif arg in self.places and arg not in self.names:
                place = f"{shared}[{self.places[arg]}]"
                if self.left[arg] > 1:
                    self.names[arg] = self.name()
                    lines.append(f"{self.names[arg]} = {place}")
                    place = self.names[arg]
                args.append((place, ATOM))
                held.append(arg)
            else:
                args.append((self.names.get(arg) or self.given.get(arg) or arg.name, ATOM))
                held.append(arg)
        if twice := twice_in(step):
            held += [a for i in twice if (a := step.args[i]).__class__ is Variable]
        if step.op in HELPER_OF:
            self.needs.add(HELPER_OF[step.op])
        if step.op is np.multiply and (i := truth_of(step)) is not None:
            text, level = masked([args[1 - i], args[i]])
        elif step.op is np.maximum and args[1][0] == "0.0":
            text, level = rectified(args)
        else:
            text, level = FORMS[step.op](args)
        if self.uses[step] == 1 and size <= MOST_INLINED:
            self.pieces[step] = text, level, held, size
            return lines
        for v in held:
            self.left[v] -= 1
            if not self.left[v] and v in self.names:
                self.free.append(self.names.pop(v))
        if step in self.places:
            step.name = f"{shared}[{self.places[step]}]"
            lines.append(f"{step.name} = {text}")
            if self.left[step]:
                self.names[step] = self.name()
                lines[-1] = f"{self.names[step]} = {lines[-1]}"
        else:
            step.name = self.names[step] = self.name()
            lines.append(f"{step.name} = {text}")
        return lines

    def name(self) -> str:
        """A name for a number: one that is not needed any more, or a new one."""
        return self.free.pop() if self.free else self.new_name("t")
