"""`explain`: the chain rule with numbers, path by path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..engine import Node
from ..messages import op_name
from ..value import Value, gradients
from .graph import graph_of
from .labels import SYMBOLS, arguments, index_text, is_constant, number
from .paths import Paths, Step, product
from .picture import readable
from .scopes import living_models, scopes_of

LONG = 16  # paths with more steps than this are shown with their ends only


class Explanation(str):
    """The text of an explanation, which prints as it is.

    `latex` is the same as a formula; `gradient` the derivative; `path_count` the number of paths; `products` what each
    path that is shown adds.
    """

    latex: str
    gradient: float
    path_count: float
    products: list[float]

    def __repr__(self) -> str:
        return str(self)

    def _repr_latex_(self) -> str:
        return f"${self.latex}$"


def explain(output: Value, input: Value, index: Any = None, paths: int = 10, digits: int = 4) -> Explanation:
    """Say how the derivative of `output` with respect to `input` comes about.

    Each path from the input to the output adds the product of the local derivatives along it; the derivative is the
    sum over the paths: the chain rule, d L / d x = sum over paths of the product of d result / d argument.

    Args:
        output: a Value of size 1.
        input: a Value that it was computed from.
        index: which entry of an input that is an array, as in `input[index]`; by default the one with the largest
            gradient.
        paths: how many paths are shown, the largest ones; the sum of all others is said, too.
        digits: significant digits of numbers.

    Returns text, with `.latex`, `.gradient`, `.path_count` and `.products`.

    Raises:
        ValueError: if the output is not one number, or an operation on the way has so many numbers that they cannot be
            followed one by one.
        IndexError: if the index is not one entry of the input.

    >>> a, b = Value(2.0, name="a"), Value(-3.0, name="b")
    >>> y = a * b + a
    >>> y.name = "y"
    >>> explain(y, a)
    d y / d a = -2, the sum over 2 paths
    <BLANKLINE>
    path 1: a -> v1 -> y
      v1 = a × b     d v1 / d a = -3
      y = v1 + a     d y / d v1 = 1
      product        1 · (-3) = -3
    path 2: a -> y
      y = v1 + a     d y / d a = 1
      product        1
    <BLANKLINE>
    sum: (-3) + 1 = -2
    """
    if not isinstance(output, Value) or not isinstance(input, Value):
        raise TypeError("tg.explain explains the derivative of one Value with respect to another")
    if output.size != 1:
        raise ValueError(f"the output has shape {output.shape}; explain one number, such as output.sum() or output[0]")
    gradient = np.asarray(gradients(output, [input], np.ones(output.shape, output.dtype))[0])
    entry = entry_of(input, index, gradient)
    writer = Writer(input, entry, output, digits, parameter_names(output))
    found = Paths(input, entry, output)
    shown = found.largest(paths)
    total = float(gradient.flat[entry]) if gradient.dtype.kind == "f" else gradient.flat[entry].item()
    text = Explanation(writer.text(shown, found.count, total, index is None))
    text.latex = writer.latex(shown, found.count, total)
    text.gradient, text.path_count, text.products = total, found.count, [product(steps) for steps in shown]
    return text


def entry_of(input: Value, index: Any, gradient: Any) -> int:
    """The place of one entry in the flat order."""
    if index is None:
        return int(np.argmax(np.nan_to_num(np.abs(gradient), nan=np.inf)))
    places = np.arange(input.size).reshape(input.shape)[index]
    if np.ndim(places):
        raise IndexError(f"index {index!r} of an input of shape {input.shape} is not one entry")
    return int(places)


class Writer:
    """Writes paths as text and as a formula; gives names to what has none."""

    def __init__(self, start: Node, entry: int, output: Node, digits: int, known: Mapping[Node, str]) -> None:
        self.start, self.entry, self.output, self.digits, self.known = start, entry, output, digits, known
        self.given: dict[Node, str] = {
            start: start.name or known.get(start, "input"),
            output: output.name or "output",
        }
        self.unnamed = 0

    def name(self, node: Node, entry: int | None = None) -> str:
        """What a node, or an entry of it, is called: its name, or v1, v2, ... in the order of mention."""
        if node not in self.given:
            self.unnamed += not (node.name or node in self.known)
            self.given[node] = node.name or self.known.get(node, f"v{self.unnamed}")
        name = readable(self.given[node], 24).replace("\n", " ")
        data = node._data
        if entry is None or isinstance(data, tuple) or not data.shape:
            return name
        place = ", ".join(str(int(i)) for i in np.unravel_index(entry, data.shape))
        return f"{name}[{place}]"

    def number(self, x: float) -> str:
        return number(x, self.digits)

    def formula(self, node: Node) -> str:
        """How a node was made, in one line."""
        words = []
        for place, _, arg in arguments(node):
            if isinstance(arg, Node):
                words.append(self.name(arg))
            elif is_constant(node, place, arg):
                array = np.asarray(arg)
                words.append(f"array {array.shape}" if array.ndim else number(array[()], max(self.digits, 6)))
            else:
                words.append(index_text(arg))
        words += [f"{key}={index_text(value)}" for key, value in node.kwargs.items()]
        symbol = SYMBOLS.get(node.op)
        if symbol and len(words) == 2:
            return f"{words[0]} {symbol} {words[1]}"
        return f"{op_name(node.op)}({', '.join(words)})"

    def text(self, shown: Sequence[Sequence[Step]], count: float, total: float, chosen: bool) -> str:
        end, begin = self.name(self.output), self.name(self.start, self.entry)
        what = f"d {end} / d {begin} = {self.number(total)}"
        if not count:
            return f"{what}: no path leads from {begin} to {end}; tg.why says why"
        note = ", the entry with the largest gradient" if chosen and self.start._data.size > 1 else ""
        lines = [f"{what}, {'by one path' if count == 1 else f'the sum over {counted(count)} paths'}{note}"]
        for i, steps in enumerate(shown, 1):
            lines += ["", *self.path(i, steps)] if i == 1 else self.path(i, steps)
        terms = [self.number(product(steps)) for steps in shown]
        if count > len(shown):
            rest = total - sum(product(steps) for steps in shown)
            lines += ["", f"the other {counted(count - len(shown))} paths add up to {self.number(rest)}"]
            terms.append(self.number(rest))
        if count > 1:
            lines += ["", f"sum: {' + '.join(signed(t) for t in terms)} = {self.number(total)}"]
        return "\n".join(lines)

    def path(self, place: int, steps: Sequence[Step]) -> list[str]:
        """The lines of a path."""
        whole = short(steps)
        rows = []
        stations = [self.name(self.start, self.entry)]
        for step in whole:
            if step is None:
                middle = steps[LONG // 2 : len(steps) - LONG // 2]
                rows.append((f"... {len(middle):,} more steps", f"their product is {self.number(product(middle))}"))
                stations.append("...")
                continue
            result, argument = self.name(step.result, step.target), self.name(step.argument, step.source)
            rows.append(
                (f"{self.name(step.result)} = {self.formula(step.result)}",
                 f"d {result} / d {argument} = {self.number(step.slope)}")
            )  # fmt: skip
            stations.append(result)
        factors = ["..." if s is None else self.number(s.slope) for s in reversed(whole)]
        result = self.number(product(steps))
        said = f"{' · '.join(signed(f) if i else f for i, f in enumerate(factors))} = {result}"
        rows.append(("product", said if len(steps) > 1 else result))
        width = max(len(left) for left, _ in rows) + 5
        return [f"path {place}: {' -> '.join(stations)}", *(f"  {left:<{width}}{right}" for left, right in rows)]

    def latex(self, shown: Sequence[Sequence[Step]], count: float, total: float) -> str:
        """The chain rule as a formula: with symbols, with numbers, and its result."""

        def slope(result: str, argument: str) -> str:
            return rf"\frac{{\partial {result}}}{{\partial {argument}}}"

        begin, end = latex_name(self.name(self.start, self.entry)), latex_name(self.name(self.output))
        if not count:
            return f"{slope(end, begin)} = 0"
        symbols, numbers = [], []
        for steps in shown:
            whole = short(steps)[::-1]
            symbols.append("".join(
                r"\cdots" if s is None else
                slope(latex_name(self.name(s.result, s.target)), latex_name(self.name(s.argument, s.source)))
                for s in whole
            ))  # fmt: skip
            factors = [r"\cdots" if s is None else signed(latex_number(self.number(s.slope))) for s in whole]
            numbers.append(r" \cdot ".join(factors))
        if count > len(shown):
            rest = total - sum(product(steps) for steps in shown)
            symbols.append(rf"\text{{{counted(count - len(shown))} more}}")
            numbers.append(signed(latex_number(self.number(rest))))
        parts = [slope(end, begin), " + ".join(symbols), " + ".join(numbers), latex_number(self.number(total))]
        return " = ".join(parts)


def parameter_names(output: Node) -> dict[Node, str]:
    """What the parameters of living models are called: "layer 2 weights"."""
    graph = graph_of([output])
    scopes = scopes_of(living_models(graph), graph)
    return {node: " ".join([*scopes.of[node][1:], name]) for node, name in scopes.names.items()}


def short(steps: Sequence[Step]) -> list[Step | None]:
    """The steps, or the first and the last of many with None between."""
    return list(steps) if len(steps) <= LONG else [*steps[: LONG // 2], None, *steps[len(steps) - LONG // 2 :]]


def signed(text: str) -> str:
    """A number as it stands in a sum or product: negative ones in brackets."""
    return f"({text})" if text.startswith("-") else text


def counted(count: float) -> str:
    """A number of paths, exact as far as it is known."""
    return f"{int(count):,}" if count < 2**53 else f"about {count:.0e}" if np.isfinite(count) else "more than 1e+308"


def latex_name(name: str) -> str:
    """A name in a formula, an entry's place as an index; what has no name of its own is v with a number."""
    found = re.fullmatch(r"(.*)\[([\d, ]+)\]", name)
    head, place = found.groups() if found else (name, "")
    if re.fullmatch(r"v\d+", head):
        return f"v_{{{head[1:]}}}" + (f"^{{({place})}}" if place else "")
    safe = "".join(c if c.isalnum() or c in " .,'()" else rf"\{c}" if c in "#$%&_{}" else "?" for c in head)
    text = safe if len(head) == 1 and safe.isalpha() else rf"\mathrm{{{safe}}}"
    return text + (f"_{{{place}}}" if place else "")


def latex_number(text: str) -> str:
    """1e-05 as 1 \\cdot 10^{-5}."""
    mantissa, e, power = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}" if e and power.lstrip("+-").isdigit() else text
