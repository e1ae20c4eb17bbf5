"""What a drawing says of numbers, of operations and of their arguments."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..engine import RULES, Node
from ..messages import op_name
from .colours import Theme, heat
from .picture import Heat, readable

SYMBOLS: dict[Any, str] = {
    np.add: "+", np.subtract: "-", np.multiply: "×", np.divide: "÷", np.power: "**", np.matmul: "@",
    np.less: "<", np.less_equal: "<=", np.greater: ">", np.greater_equal: ">=", np.equal: "==", np.not_equal: "!=",
}  # fmt: skip
DIGITS_UP_TO = 4  # arrays of at most this many entries are written out
HEAT_ROWS, HEAT_COLUMNS = 8, 12


def number(x: Any, digits: int = 4) -> str:
    """A number with so many significant digits."""
    if isinstance(x, (bool, np.bool_)):
        return str(bool(x))
    return f"{x:.{digits}g}" if isinstance(x, (float, complex, np.inexact)) else str(x)


def shape_of(data: Any) -> str:
    """Shape and dtype of an array: "(64, 10) float32"."""
    return f"{data.shape} {data.dtype}"


def digits_of(data: Any, digits: int) -> str:
    """The numbers of a small array, or the range of a large one."""
    if not data.ndim:
        return number(data[()], digits)
    if not data.size:
        return "empty"
    if data.size <= DIGITS_UP_TO:
        return np.array2string(data, separator=", ", formatter={"all": lambda x: number(x, digits)}).replace("\n", "")
    return extent([data], digits)


def extent(arrays: Sequence[Any], digits: int) -> str:
    """The smallest and the largest of the finite real numbers in arrays, and how many are not finite."""
    flat = np.concatenate([np.ravel(a) for a in arrays])
    if flat.dtype.kind == "c":
        flat = np.abs(flat)
    finite = flat[np.isfinite(flat)] if flat.dtype.kind == "f" else flat
    wild = f", {flat.size - finite.size} not finite" if finite.size < flat.size else ""
    if not finite.size:
        return "not finite" if flat.size else "empty"
    low, high = number(finite.min(), digits), number(finite.max(), digits)
    return (low if low == high else f"{low} to {high}") + wild


def heat_map(data: Any, theme: Theme) -> Heat:
    """The colours of at most 8 x 12 entries of an array, taken at even distances."""
    table = np.abs(data) if data.dtype.kind == "c" else np.asarray(data, np.float64)
    table = table.reshape(-1, data.shape[-1])
    rows, columns = (
        np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))
        for n, most in zip(table.shape, (HEAT_ROWS, HEAT_COLUMNS), strict=True)
    )
    picked = table[np.ix_(rows, columns)]
    scale = float(np.max(np.abs(picked[np.isfinite(picked)]), initial=0.0))
    return [[heat(float(x), scale, theme) for x in row] for row in picked]


def arguments(node: Node) -> Iterator[tuple[int, int | None, Any]]:
    """The arguments of a node, tuples opened: the place of each, its place in the tuple or None, and itself."""
    for place, arg in enumerate(node.args):
        if type(arg) is tuple and any(isinstance(a, (Node, np.ndarray)) for a in arg):
            yield from ((place, inner, a) for inner, a in enumerate(arg))
        else:
            yield place, None, arg


def rule_of(node: Node, place: int) -> Any:
    """The rule for an argument of a node; None if no gradient ever flows to it."""
    rules = RULES[node.op].rules if node.op in RULES else ()
    return rules[place] if place < len(rules) else None


def is_constant(node: Node, place: int, arg: Any) -> bool:
    """Whether an argument is a number or array that is computed with, rather than an axis, a shape or an index."""
    if isinstance(arg, Node):
        return False
    if isinstance(arg, np.ndarray) and arg.ndim:
        return True
    return rule_of(node, place) is not None and isinstance(arg, (int, float, complex, np.generic, np.ndarray))


def index_text(index: Any) -> str:
    """An index as it is written: 1:3, ::2, ..."""
    if isinstance(index, tuple):
        return ", ".join(map(index_text, index))
    if isinstance(index, slice):
        ends = ["" if part is None else str(part) for part in (index.start, index.stop)]
        return ":".join(ends if index.step is None else [*ends, str(index.step)])
    if index is Ellipsis:
        return "..."
    return f"array {index.shape}" if isinstance(index, np.ndarray) else str(index)


def op_text(node: Node) -> str:
    """What an operation is called in a drawing, with its options: "+", "sum axis=0", "x[1:3]"."""
    symbol = SYMBOLS.get(node.op, op_name(node.op))
    options = [
        arg for place, _, arg in arguments(node) if not isinstance(arg, Node) and not is_constant(node, place, arg)
    ]
    if node.op is operator.getitem:
        return readable(f"[{index_text(options[0]) if options else 'i'}]", 28)
    words = [*map(index_text, options), *(f"{k}={index_text(v)}" for k, v in node.kwargs.items())]
    return readable(" ".join([symbol, *words]), 28)
