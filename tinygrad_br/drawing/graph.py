"""The picture of a computation graph: from recorded nodes to boxes and arrows."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from ..collector import collector_paused
from ..engine import Node, cotangents, nodes_in, part
from ..messages import op_name
from .colours import Theme, gradient_colour, magnitude
from .folding import Graph, Item, by_module, folded, operations, unfolded
from .labels import (
    arguments,
    digits_of,
    extent,
    heat_map,
    is_constant,
    number,
    op_text,
    rule_of,
    shape_of,
)
from .paths import local_derivatives
from .picture import Arrow, Box, Picture, readable
from .scopes import NOWHERE, Scopes, common, living_models, scopes_of

DIGITS_UP_TO = 4  # arrays with more entries than this are shown as heat maps


@dataclass(frozen=True)
class Options:
    """What `draw` was asked for; see there."""

    theme: Theme
    digits: int = 4
    heat: bool = True
    explain: bool = False
    show_source: bool = False
    unbroadcast: bool = True


def graph_of(outputs: Sequence[Node]) -> Graph:
    """All nodes that the outputs were made from, in the order of creation, with the nodes among their arguments.

    Other than `engine.ancestors` it goes on where data were changed after use, since it computes nothing from them;
    a leaf that was changed comes first, before the nodes that used it.
    """
    args: dict[Node, list[Node]] = {}
    waiting = list(outputs)
    newer: set[Node] = set()
    while waiting:
        node = waiting.pop()
        if node not in args:
            args[node] = mine = [*nodes_in(node.args)] if node.args else []
            for arg in mine:
                waiting.append(arg)
                if arg.number > node.number:
                    newer.add(arg)
    by_number = sorted(args, key=attrgetter("number"))
    ordered = [n for n in by_number if n in newer] + [n for n in by_number if n not in newer] if newer else by_number
    return {node: args[node] for node in ordered}


def gradients_of(outputs: Sequence[Node], nodes: Iterable[Node], gradients: bool | None) -> Mapping[Node, Any]:
    """The gradient of each node that has one: those on the nodes, those computed here, or none."""
    if gradients is None:
        return {node: node.grad for node in nodes if node.grad is not None}
    if not gradients:
        return {}
    if len(outputs) > 1 or isinstance(outputs[0]._data, tuple) or outputs[0]._data.size != 1:
        raise ValueError(
            "gradients=True needs one output of size 1; draw value.sum(), or call .backward(gradient) first and draw "
            "with gradients=None, which shows every .grad there is"
        )
    output = outputs[0]
    found = cotangents(output, np.ones(output._data.shape, output._data.dtype)[()])
    return {node: c for node, c in found.items() if not isinstance(c, list)}


def picture_of(
    outputs: Sequence[Node],
    options: Options,
    limit: int | None = 200,
    gradients: bool | None = None,
    model: Any = None,
    depth: int | None = None,
) -> Picture:
    """The picture of everything that `outputs` were computed from, folded if that is more than `limit` values."""
    with collector_paused():
        return picture_at_once(outputs, options, limit, gradients, model, depth)


def picture_at_once(
    outputs: Sequence[Node],
    options: Options,
    limit: int | None,
    gradients: bool | None,
    model: Any,
    depth: int | None,
) -> Picture:
    """What `picture_of` does, without a pause."""
    nodes = graph_of(outputs)
    grads = gradients_of(outputs, nodes, gradients)
    picture = Picture()
    models = living_models(nodes) if model is None else [] if model is False else [model]
    if not all(hasattr(m, "contents") for m in models):
        raise TypeError(f"model= is the tg.nn.Module that computed the Values, or False, but got {model!r}")
    scopes = scopes_of(models, nodes) if models else NOWHERE
    if depth is not None and not scopes.of.keys() & nodes.keys():
        raise ValueError(
            "depth= folds the modules of a model, but no living model has parameters in this graph; draw what a model "
            "computed while you still have the model"
        )
    if depth is not None:
        items = by_module(nodes, scopes.of, depth, limit)
    else:
        items = unfolded(nodes) if limit is None or len(nodes) <= limit else folded(nodes, limit)
    if depth is None and len(items) < len(nodes):
        picture.notes.append(
            f"folded: {len(nodes):,} values in {len(items)} groups (limit={limit}; limit=None draws all)"
        )
    Painter(picture, items, grads, options, scopes, set(outputs)).paint()
    if options.show_source and not any(node.line for node in nodes):
        picture.notes.append("no source lines: they are kept for what is computed under tg.debug()")
    return picture


class Painter:
    """Turns items into boxes and arrows."""

    def __init__(
        self,
        picture: Picture,
        items: Sequence[Item],
        grads: Mapping[Node, Any],
        options: Options,
        scopes: Scopes,
        outputs: set[Node],
    ) -> None:
        self.picture, self.items, self.grads, self.options = picture, items, grads, options
        self.scopes, self.outputs = scopes, outputs
        self.ids = {id(item): f"v{i}" for i, item in enumerate(items)}
        self.meanings: dict[str, str] = {}

    def paint(self) -> None:
        for item in self.items:
            if item.folded:
                self.fold(item)
            elif item.node.op is None or item.node.op is part:
                self.value(item)
            else:
                self.operation(item)
                if not isinstance(item.node._data, tuple):
                    self.value(item)
                    self.picture.arrows.append(Arrow("o" + self.ids[id(item)][1:], self.ids[id(item)]))
            if not self.outputs.isdisjoint(item.members):
                self.picture.outputs.append(self.ids[id(item)])
        order = ("vanishing", "exploding", "zero", "NaN")
        self.picture.legend = sorted(
            ((colour, word) for word, colour in self.meanings.items()), key=lambda pair: order.index(pair[1])
        )

    def origin(self, source: Item) -> str:
        """The box that arrows from an item start at: a tuple of results has no box but its operation's."""
        own = self.ids[id(source)]
        tuple_node = not source.folded and source.node.op is not None and isinstance(source.node._data, tuple)
        return "o" + own[1:] if tuple_node else own

    def fold(self, item: Item) -> None:
        """One box for a stretch of the graph."""
        counts = operations(item.members)
        steps = sum(counts.values())
        parameters = sum(m._data.size for m in item.members if m in self.scopes.names)
        if item.title:
            title = readable(item.title, 60)
            what = readable(", ".join(op_text(m) for m in item.members if m.op is not None), 60)
        elif item.rounds:
            title = f"{item.rounds:,} more times"
            what = readable(", ".join("..." if step.folded else op_text(step.node) for step in item.body), 60)
        else:
            title = f"{steps:,} earlier operation" + ("" if steps == 1 else "s")
            what = ", ".join(f"{op_name(op)} ({n:,})" for op, n in counts.most_common(4))
            what += ", ..." if len(counts) > 4 else ""
        rows = [("", what), ("", f"{parameters:,} parameters" if item.title else f"{len(item.members):,} values")]
        own = self.ids[id(item)]
        self.picture.boxes.append(Box(own, "fold", title, rows, tooltip=f"{title}: {what}", scope=self.scope(item)))
        self.picture.arrows += [Arrow(self.origin(source), own) for source, _ in item.inputs]

    def operation(self, item: Item) -> None:
        """The box of an operation, its constants, and the arrows that lead to it."""
        node, own = item.node, "o" + self.ids[id(item)][1:]
        rows = []
        if self.options.show_source and node.line:
            path, _, line = node.line.rpartition(":")
            rows.append(("", f"{os.path.basename(path)}:{line}"))
        where = f", made at {node.line}" if node.line else ""
        tooltip = readable(f"{op_text(node)}{where}", 200)
        self.picture.boxes.append(Box(own, "op", op_text(node), rows, tooltip=tooltip, scope=self.scope(item)))
        sources: dict[int, list[Item]] = {}
        for source, place in item.inputs:
            sources.setdefault(place, []).append(source)
        place, alone = 0, len(item.members) == 1
        for position, inner, arg in arguments(node):
            if isinstance(arg, Node):
                arrows = [
                    self.arrow(source, own, node, position, inner, arg, alone) for source in sources.get(place, ())
                ]
                self.picture.arrows += arrows
                place += 1
            elif is_constant(node, position, arg):
                self.constant(item, own, position, inner, arg)

    def arrow(
        self, source: Item, own: str, node: Node, position: int, inner: int | None, arg: Node, alone: bool
    ) -> Arrow:
        """The arrow of an argument, with the local derivative and the sum that a broadcast leads to, if any."""
        rule = rule_of(node, position)
        words = []
        if alone and self.options.explain and rule is not None:
            words += self.slopes(node, position, inner, arg)
        summed = summed_axes(node, arg) if self.options.unbroadcast and rule is not None else ()
        if summed:
            counts = "×".join(str(n) for n in summed)
            words.append(f"gradient: sum over {counts}")
        return Arrow(self.origin(source), own, "\n".join(words), rule is not None)

    def slopes(self, node: Node, position: int, inner: int | None, arg: Node) -> list[str]:
        """By what the gradient is multiplied on its way back: one number, or the least and the greatest of many."""
        parts = [*(node._data if isinstance(node._data, tuple) else (node._data,)), arg._data]
        found = None if any(p.dtype.kind == "c" for p in parts) else local_derivatives(node, position, inner, arg)
        if found is None or not found.size:
            return []
        low, high = (number(x, self.options.digits) for x in (np.min(found), np.max(found)))
        return [f"×{low}" if low == high else f"×{low} … {high}"]

    def constant(self, item: Item, own: str, position: int, inner: int | None, arg: Any) -> None:
        """A number or an array that is not a Value."""
        name = f"c{own[1:]}_{position}" + ("" if inner is None else f"_{inner}")
        array = np.asarray(arg)
        same = len(item.members) == 1 or all(
            np.array_equal(array, np.asarray(other)) for other in constants_at(item.members, position, inner)
        )
        rows = [("", shape_of(array))] if array.ndim else []
        rows.append(("", digits_of(array, max(self.options.digits, 6)) if same else "several numbers"))
        tooltip = f"constant, {shape_of(array)}"
        self.picture.boxes.append(Box(name, "constant", "", rows, tooltip=tooltip, scope=self.scope(item)))
        self.picture.arrows.append(Arrow(name, own, flows=False))

    def value(self, item: Item) -> None:
        """The box of a value, or of several that are alike."""
        node, own, options = item.node, self.ids[id(item)], self.options
        data = node._data
        output = not self.outputs.isdisjoint(item.members)
        kind = "output" if output else "leaf" if node.op is None else "value"
        given = (self.scopes.names.get(m) if m.name is None else m.name for m in item.members[:100])
        names = list(dict.fromkeys(readable(name) for name in given if name is not None))
        title = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        if len(item.members) > 1:
            title = f"{title}  {len(item.members):,} times".strip()
        box = Box(own, kind, title, scope=self.scope(item))
        if data.ndim:
            box.rows.append(("", shape_of(data)))
        grads = [self.grads[member] for member in item.members if member in self.grads]
        all_data = [member._data for member in item.members]
        self.numbers(box, "data", all_data)
        if grads:
            self.numbers(box, "grad", grads)
            sizes = [magnitude(g) for g in grads if np.size(g)] or [1.0]
            colour, word = gradient_colour(float(np.max(sizes)), options.theme.value)
            if word:
                box.colour = colour
                self.meanings[word] = colour
        box.tooltip = self.tooltip(node, title, grads[-1] if grads else None)
        self.picture.boxes.append(box)
        if node.op is part:
            index = node.args[1]
            for source, _ in item.inputs:
                self.picture.arrows.append(Arrow(self.origin(source), own, f"result {index}"))

    def numbers(self, box: Box, caption: str, arrays: Sequence[Any]) -> None:
        """Add data or gradients to a box: digits for few numbers, else a heat map with the range below."""
        array = np.asarray(arrays[-1])
        if len(arrays) > 1:
            box.rows.append((caption, extent(arrays, self.options.digits)))
            return
        if array.size > DIGITS_UP_TO and array.ndim and self.options.heat and array.dtype.kind in "fc":
            box.heats.append((caption, heat_map(array, self.options.theme)))
        box.rows.append((caption, digits_of(array, self.options.digits)))

    def tooltip(self, node: Node, title: str, grad: Any) -> str:
        """Everything that is known of a value, in a line."""
        said = [title or "value", f"shape {node._data.shape}", str(node._data.dtype)]
        said.append(f"data {digits_of(node._data, 8)}")
        if grad is not None:
            said.append(f"grad {digits_of(np.asarray(grad), 8)}")
        if node.op is not None:
            said.append(f"op {op_name(node.op)}")
        if node.line:
            said.append(f"made at {node.line}")
        return readable(", ".join(said), 300)

    def scope(self, item: Item) -> tuple[str, ...]:
        """The modules around an item: those around all of its members."""
        scope = common([self.scopes.of.get(member, ()) for member in item.members]) if self.scopes.of else ()
        return scope[:-1] if item.title else scope


def constants_at(members: Sequence[Node], position: int, inner: int | None) -> list[Any]:
    """The same argument of several nodes."""
    found = [node.args[position] for node in members]
    return found if inner is None else [arg[inner] for arg in found]


def summed_axes(node: Node, arg: Node) -> tuple[int, ...]:
    """The lengths over which the gradient of an argument is summed because the argument was broadcast."""
    if not isinstance(node.op, np.ufunc) or isinstance(node._data, tuple):
        return ()
    full, own = node._data.shape, arg._data.shape
    if node.op is np.matmul:
        full, own = full[:-2], own[:-2]
    extra = len(full) - len(own)
    if extra < 0:
        return ()
    return tuple(n for i, n in enumerate(full) if n != 1 and (i < extra or own[i - extra] == 1))
