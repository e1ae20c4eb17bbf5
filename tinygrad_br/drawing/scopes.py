"""Which module of a network each Value of a graph belongs to.

A graph does not know modules, only parameters do: an operation on a parameter belongs to the parameter's module, and
so does what is made of its result alone, number by number, as an activation is.  What lies between modules belongs to
the module around them.

The modules need not be said.  Nothing is noted while a module is called, which would slow every call; whoever draws
looks through the objects that are alive for the modules whose parameters occur in the graph.
"""

from __future__ import annotations

import gc
import operator
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine import Node
from .folding import Graph
from .labels import arguments, is_constant

Scope = tuple[str, ...]
PLURAL = re.compile(r"(?<=[^\Ws\d_])s$")  # the s of a list's name, but not that of "pass"


class Scopes(NamedTuple):
    """The modules around each node, the outermost first, and the names of the parameters."""

    of: Mapping[Node, Scope]
    names: Mapping[Node, str]


NOWHERE = Scopes({}, {})


def living_models(graph: Graph) -> list[Any]:
    """The modules whose parameters are leaves of a graph, those inside others left out, the largest first."""
    leaves = {node for node in graph if node.op is None}
    if "tinygrad_br.nn" not in sys.modules or not leaves:
        return []
    from ..nn.layers import LayerNeuron
    from ..nn.module import Module

    kinds = {Module, *subclasses(Module)}
    modules = [thing for thing in gc.get_objects() if type(thing) in kinds]
    owned = {id(m): leaves.intersection(Module.parameters(m)) for m in modules if not isinstance(m, LayerNeuron)}
    inner: set[int] = {id(part) for m in modules if owned.get(id(m)) for part in m.modules()[1:]}
    outermost = [m for m in modules if owned.get(id(m)) and id(m) not in inner]
    models = []
    for model in sorted(outermost, key=lambda m: -len(owned[id(m)])):
        if leaves & owned[id(model)]:
            models.append(model)
            leaves -= owned[id(model)]
    return models


def subclasses(cls: type) -> set[type]:
    """All classes derived from a class, those derived from these too."""
    direct: list[type] = cls.__subclasses__()
    return {*direct, *(inner for kind in direct for inner in subclasses(kind))}


def scopes_of(models: Sequence[Any], graph: Graph) -> Scopes:
    """The scopes of the nodes of a graph that models computed."""
    scopes: dict[Node, Scope] = {}
    names: dict[Node, str] = {}
    layers: set[Node] = set()  # parameters of which each column or entry is a neuron's
    for title, model in titled(models):
        modules = {name: item for name, item in model.contents() if hasattr(item, "contents")}
        for name, parameter in model.named_parameters():
            if parameter in scopes:
                continue
            around = sorted((m for m in modules if m and name.startswith(m + ".")), key=len)
            steps = [inner[len(outer) :].lstrip(".") for outer, inner in zip(["", *around], around)]
            scopes[parameter] = (title, *map(spoken, steps))
            owner = around[-1] if around else ""
            names[parameter] = name[len(owner) :].lstrip(".")
            if hasattr(modules[owner], "neurons"):
                layers.add(parameter)
    parameters = set(scopes)
    origin: dict[Node, Scope] = {}  # the modules around all that a node was made from
    for node, args in graph.items():
        if node.op is None:
            continue
        if node.op is operator.getitem and node.args[0] in layers and (neuron := neuron_of(node.args[1])) is not None:
            scopes[node] = origin[node] = (*scopes[node.args[0]], f"neuron {neuron + 1}")
            parameters.add(node)
            continue
        own = [scopes[arg] for arg in args if arg in parameters]
        before = [scopes.get(arg, ()) for arg in args if arg.op is not None]
        origin[node] = common([scopes.get(arg) or origin[arg] for arg in args if arg.op is not None] or own or [()])
        if own:
            scopes[node] = common(own)
        elif len(before) == len(args) and len(set(before)) == 1 and before[0] and number_by_number(node, args):
            scopes[node] = before[0]
    uses: dict[Node, list[Node]] = {}
    for node, args in list(graph.items())[::-1]:
        around = [scopes.get(user, ()) for user in uses.get(node, ())]
        if node.op is not None and node not in scopes and around and all(around):
            scopes[node] = common([*around, origin[node]])
        for arg in args:
            uses.setdefault(arg, []).append(node)
    return Scopes(scopes, names)


def titled(models: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Models with the names of their classes, and a number where a name has been used."""
    used: list[str] = []
    for model in models:
        name = type(model).__name__
        used.append(name)
        yield name if used.count(name) == 1 else f"{name} {used.count(name)}", model


def spoken(step: str) -> str:
    """A module's place in the words of a drawing, counted from 1: "layers.1" is "layer 2"."""
    name, _, place = step.rpartition(".")
    return f"{PLURAL.sub('', name)} {int(place) + 1}" if name and place.isdigit() else step


def neuron_of(index: Any) -> int | None:
    """Which neuron of a layer an index picks: the last part, if that is one number from 0 on."""
    last = index[-1] if isinstance(index, tuple) and index else index
    return int(last) if isinstance(last, (int, np.integer)) and last >= 0 else None


def common(scopes: Sequence[Scope]) -> Scope:
    """The modules that are around all."""
    if len(scopes) == 1 or len(set(scopes)) == 1:
        return scopes[0]
    shortest = min(scopes, key=len)
    same = [len({scope[i] for scope in scopes}) == 1 for i in range(len(shortest))]
    return shortest[: same.index(False)] if False in same else shortest


def number_by_number(node: Node, args: Sequence[Node]) -> bool:
    """Whether a result has its argument's shape and no number but 0, as in max(x, 0), has a part in it."""
    others = [arg for place, _, arg in arguments(node) if is_constant(node, place, arg)]
    if isinstance(node._data, tuple) or any(np.ndim(other) or other != 0 for other in others):
        return False
    return all(not isinstance(arg._data, tuple) and arg._data.shape == node._data.shape for arg in args)
