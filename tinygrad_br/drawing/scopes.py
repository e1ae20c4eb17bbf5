"""Which module of a network each Value of a graph belongs to.

A graph does not know modules, only parameters do: an operation on a parameter belongs to the parameter's module, and
so does what is made of its result alone, number by number, as an activation is.  What lies between modules belongs to
the module around them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine import Node
from .folding import Graph
from .labels import arguments, is_constant

Scope = tuple[str, ...]


class Scopes(NamedTuple):
    """The modules around each node, the outermost first, and the names of the parameters."""

    of: Mapping[Node, Scope]
    names: Mapping[Node, str]


NOWHERE = Scopes({}, {})


def scopes_of(model: Any, graph: Graph) -> Scopes:
    """The scopes of the nodes of a graph that a model computed."""
    scopes: dict[Node, Scope] = {}
    names: dict[Node, str] = {}
    modules = [name for name, item in model.contents() if hasattr(item, "contents")]
    for name, parameter in model.named_parameters():
        around = sorted((m for m in modules if m and name.startswith(m + ".")), key=len)
        steps = [inner[len(outer) :].lstrip(".") for outer, inner in zip(["", *around], around)]
        scopes[parameter] = (type(model).__name__, *steps)
        names[parameter] = name[len(around[-1] if around else "") :].lstrip(".")
    parameters = set(scopes)
    origin: dict[Node, Scope] = {}  # the modules around all that a node was made from
    for node, args in graph.items():
        if node.op is None:
            continue
        own = [scopes[arg] for arg in args if arg in parameters]
        before = [scopes.get(arg, ()) for arg in args if arg.op is not None]
        origin[node] = common([scopes.get(arg) or origin[arg] for arg in args if arg.op is not None] or own or [()])
        if own:
            scopes[node] = common(own)
        elif before and len(set(before)) == 1 and before[0] and number_by_number(node, args):
            scopes[node] = before[0]
    uses: dict[Node, list[Node]] = {}
    for node, args in list(graph.items())[::-1]:
        around = [scopes.get(user, ()) for user in uses.get(node, ())]
        if node.op is not None and node not in scopes and around and all(around):
            scopes[node] = common([*around, origin[node]])
        for arg in args:
            uses.setdefault(arg, []).append(node)
    return Scopes(scopes, names)


def common(scopes: Sequence[Scope]) -> Scope:
    """The modules that are around all."""
    shortest = min(scopes, key=len)
    same = [len({scope[i] for scope in scopes}) == 1 for i in range(len(shortest))]
    return shortest[: same.index(False)] if False in same else shortest


def number_by_number(node: Node, args: Sequence[Node]) -> bool:
    """Whether a result has its argument's shape and no number but 0, as in max(x, 0), has a part in it."""
    others = [arg for place, _, arg in arguments(node) if is_constant(node, place, arg)]
    if isinstance(node._data, tuple) or any(np.ndim(other) or other != 0 for other in others):
        return False
    return all(not isinstance(arg._data, tuple) and arg._data.shape == node._data.shape for arg in args)
