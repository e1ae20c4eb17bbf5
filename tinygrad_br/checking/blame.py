"""Which operation is to blame: every node of a recorded graph is checked by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine import RULES, Node, ancestors, part
from ..messages import op_name
from ..modes import debug
from ..value import Value, gradients
from .compare import compare
from .numerical import Target
from .report import Row
from .subject import Subject
from .verdict import WRONG

REPEATS = 3  # of one operation, so many nodes are checked


class Blame(NamedTuple):
    """An operation whose rule is wrong by itself.

    `argument` is its place, `shapes` are those of all arguments, `line` is where the user's code made it, and `rule`
    where the rule is written; both are "file:line", or None if not known.
    """

    op: str
    argument: int
    shapes: tuple[tuple[int, ...], ...]
    line: str | None
    rule: str | None
    row: Row

    def sentence(self) -> str:
        shapes = " and ".join(map(str, self.shapes))
        rule = f"; its rule is at {self.rule}" if self.rule else ""
        line = f", made at {self.line}" if self.line else ""
        cause = f" ({self.row.cause})" if self.row.cause else ""
        return (
            f"to blame: {self.op} of shapes {shapes}{line}: the gradient of its argument {self.argument}{cause}{rule}"
        )


def find_blame(f: Callable[..., Any], points: Sequence[Any], order: int, rng: np.random.Generator) -> list[Blame]:
    """The operations in a function that are wrong by themselves, at an order of derivative; the first made first."""
    inputs = [Value(p) for p in points]
    try:
        with debug(), np.errstate(all="ignore"):
            output = f(*inputs)
    except FloatingPointError:
        output = f(*inputs)
    if not isinstance(output, Value):
        return []
    seen: Counter[Any] = Counter()
    found: dict[Any, Blame] = {}
    for node in ancestors(output):
        if node.op is None or node.op is part or not any(RULES[node.op].rules):
            continue
        seen[node.op] += 1
        if seen[node.op] <= REPEATS:
            for blame in blame_node(node, order, rng):
                found.setdefault((node.op, blame.argument), blame)
    return list(found.values())


def blame_node(node: Node, order: int, rng: np.random.Generator) -> Iterator[Blame]:
    """The wrong arguments of one node."""
    op: Any = node.op
    places = [*float_places(node.args)]
    points = [np.array(at_place(node.args, place)._data, np.float64) for place in places]
    weights: list[Any] = []

    def alone(*inputs: Any) -> Any:
        """The operation as a function of its floating-point arguments, with one number as its result."""
        args = node.args
        for place, x in zip(places, inputs, strict=True):
            args = replaced(args, place, x)
        result = op(*map(plain, args), **node.kwargs)
        parts = list(result) if isinstance(result, tuple) else [result]
        if not weights:
            weights.extend(rng.uniform(0.5, 1.5, np.shape(p)) for p in parts)
        return sum((p * w).sum() for p, w in zip(parts, weights, strict=True) if np.result_type(p).kind == "f")

    try:
        f = alone if order == 1 else derivative(alone, order - 1, rng)
        target = Target(f, points)
        if not np.isfinite(target.output):
            return
        subject = Subject(target, gradient_of(f), [str(p[0]) for p in places], np.ones(()), rng)
        rows = compare(subject, "reverse", None)
    except (TypeError, ValueError, RuntimeError):
        return
    for place, row in zip(places, rows if len(rows) == len(places) else [], strict=False):
        if row.verdict == WRONG:
            shapes = tuple(np.shape(at_place(node.args, p)) for p in places)
            yield Blame(op_name(op), place[0], shapes, node.line, written_at(RULES[op].rules, place[0]), row)


def gradient_of(f: Callable[..., Any]) -> Callable[[Sequence[Any], Any], Sequence[Any]]:
    def analytic(points: Sequence[Any], weights: Any) -> Sequence[Any]:
        inputs = [Value(p) for p in points]
        return gradients(f(*inputs), inputs, weights)

    return analytic


def derivative(f: Callable[..., Any], order: int, rng: np.random.Generator) -> Callable[..., Any]:
    """The derivative of a function with one output, along fixed random directions."""
    directions: list[Any] = []

    def along(*inputs: Any) -> Any:
        inputs = tuple(x if isinstance(x, Value) else Value(x) for x in inputs)
        if not directions:
            directions.extend(rng.uniform(0.5, 1.5, x.shape) for x in inputs)
        found = gradients(f(*inputs), inputs, create_graph=True)
        return sum((d * g).sum() for d, g in zip(directions, found, strict=True))

    return along if order == 1 else derivative(along, order - 1, rng)


def float_places(args: Sequence[Any], before: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Where among arguments, nested in tuples perhaps, the Values with floating-point numbers are."""
    for i, arg in enumerate(args):
        if isinstance(arg, Node) and not isinstance(arg._data, tuple) and arg._data.dtype.kind == "f":
            yield (*before, i)
        elif type(arg) is tuple:
            yield from float_places(arg, (*before, i))


def at_place(args: Any, place: tuple[int, ...]) -> Any:
    for i in place:
        args = args[i]
    return args


def replaced(args: tuple[Any, ...], place: tuple[int, ...], new: Any) -> tuple[Any, ...]:
    i, *rest = place
    inner = replaced(args[i], tuple(rest), new) if rest else new
    return (*args[:i], inner, *args[i + 1 :])


def plain(arg: Any) -> Any:
    """An argument without the graph it came from: other Values count as constants."""
    return arg._data if isinstance(arg, Node) and arg._data is not None and arg.op is not None else arg


def written_at(rules: Sequence[Any], argument: int) -> str | None:
    """Where a rule is written."""
    code = getattr(rules[argument] if argument < len(rules) else None, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else None
