"""What of a graph is drawn: every node by itself, or, above a limit, what is alike together and counted.

A large graph is folded in three steps, each of which takes time in proportion to the graph:

1. **Alike.**  Nodes that were computed the same way (the same functions of inputs of the same shapes) become one item
   with a count: the 32 products of a layer of neurons written with scalars are one "multiply, 32 times".
2. **Repeated.**  Where the sequence of operations repeats itself, as the body of a loop does, the first and the last
   round are drawn and one item stands for those between.  This is done again on the result, for loops in loops.
3. **Far.**  If that is still too much, the oldest operations become one item.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..engine import Node

LONGEST_BODY = 64  # how long the body of a loop may be to be found
LEAST_ROUNDS = 4  # how often it must repeat to be folded
MOST_SOURCES = 4  # so many arguments of an operation are compared one by one
PASSES = 12  # how many loops, one after the other or nested, are folded

Graph = Mapping[Node, Sequence[Node]]  # nodes with their arguments, in topological order, the output last


@dataclass(eq=False, slots=True)
class Item:
    """What is drawn as one thing: a node, nodes that are alike, or a stretch of the graph that is folded away.

    `inputs` are the items it is computed from, with the place among the arguments.  `rounds` counts the repetitions
    that an item with `folded=True` stands for, of which `body` is one; 0 says that they are not repetitions.
    `title` is the module that is folded away, if it is one.
    """

    members: list[Node]
    inputs: list[tuple[Item, int]] = field(default_factory=list)
    folded: bool = False
    rounds: int = 0
    body: Sequence[Item] = ()
    title: str = ""

    @property
    def node(self) -> Node:
        return self.members[-1]


def unfolded(graph: Graph) -> list[Item]:
    """An item for each node."""
    items: dict[Node, Item] = {}
    for node, args in graph.items():
        items[node] = Item([node], [(items[arg], place) for place, arg in enumerate(args)])
    return list(items.values())


def folded(graph: Graph, limit: int) -> list[Item]:
    """At most about `limit` items for the nodes of a graph."""
    return shortened(alike(graph), limit)


def by_module(graph: Graph, scopes: Mapping[Node, tuple[str, ...]], depth: int, limit: int | None) -> list[Item]:
    """An item for each module that lies deeper than `depth` levels, and for each node elsewhere."""
    items = unfolded(graph)
    modules: dict[tuple[str, ...], list[Item]] = {}
    for item in items:
        scope = scopes.get(item.node, ())
        if len(scope) > depth:
            modules.setdefault(scope[: depth + 1], []).append(item)
    items = replaced(items, [*modules.values()], [0] * len(modules), [" / ".join(scope) for scope in modules])
    return items if limit is None or len(items) <= limit else shortened(items, limit)


def shortened(items: list[Item], limit: int) -> list[Item]:
    """The items with loops folded, and the far part if that is not enough."""
    for _ in range(PASSES):
        fewer = without_repetitions(items)
        if len(fewer) == len(items):
            break
        items = fewer
    return without_far_part(items, limit) if len(items) > limit else items


class Numbering(dict[Hashable, int]):
    """A number for each new key: equal keys have equal numbers."""

    def __missing__(self, key: Hashable) -> int:
        self[key] = number = len(self)
        return number


def kind_of(data: Any) -> Hashable:
    """Shape and dtype, by which nodes are told apart; a class stands for both where there are very many."""
    if data.__class__ is np.float64:
        return np.float64
    return tuple(map(kind_of, data)) if isinstance(data, tuple) else (data.shape, data.dtype.char)


def alike(graph: Graph) -> list[Item]:
    """The nodes that were computed in the same way, together.  Leaves must be used in the same way, too."""
    number = Numbering()
    group_of: dict[Node, int] = {}
    uses: dict[Node, set[tuple[int, int]]] = {}
    for node, args in graph.items():
        group = number[node.op, kind_of(node._data), tuple([group_of[a] for a in args])]
        group_of[node] = group
        for place, a in enumerate(args):
            if a.op is None:
                uses.setdefault(a, set()).add((group, place))
    for leaf, used in uses.items():
        group_of[leaf] = number[None, kind_of(leaf._data), frozenset(used)]
    items: dict[int, Item] = {}
    for node, args in graph.items():
        group = group_of[node]
        inputs = [(items[group_of[a]], place) for place, a in enumerate(args)]
        if group in items:
            item = items[group]
            item.members.append(node)
            item.inputs += [pair for pair in inputs if pair not in item.inputs]
        else:
            items[group] = Item([node], inputs)
    return list(items.values())


def without_repetitions(items: list[Item]) -> list[Item]:
    """The items with the middle rounds of every loop folded into one."""
    steps = [item for item in items if item.inputs or item.folded]
    body, runs = best_repetition(*series_of(steps))
    middles = [steps[first + body : first + (rounds - 1) * body] for first, rounds in runs]
    return replaced(items, middles, [rounds - 2 for _, rounds in runs])


def series_of(steps: Sequence[Item]) -> tuple[Any, Any]:
    """What each step does, as a number, and where its arguments come from: the places of the steps, -1 for leaves."""
    place_of = {id(item): i for i, item in enumerate(steps)}
    number = Numbering()
    does = np.empty(len(steps), np.int64)
    sources = np.full((MOST_SOURCES, len(steps)), -1, np.int64)
    for i, item in enumerate(steps):
        places = [place_of.get(id(source), -1) for source, _ in item.inputs]
        for row, place in enumerate(places[:MOST_SOURCES]):
            sources[row, i] = place
        rest = tuple([i - place for place in places[MOST_SOURCES:]]) if len(places) > MOST_SOURCES else ()
        what = (item.rounds, len(item.members)) if item.folded else (item.node.op, item.node._data.__class__)
        does[i] = number[what, len(places), rest]
    return does, sources


def best_repetition(does: Any, sources: Any) -> tuple[int, list[tuple[int, int]]]:
    """The length of a body whose repetition saves most, and where it repeats: first place and number of rounds."""
    count = len(does)
    best: tuple[int, int, list[tuple[int, int]]] = (0, 1, [])
    same: dict[int, Any] = {}
    for body in range(1, min(LONGEST_BODY, count // LEAST_ROUNDS) + 1):
        same[body] = repeats(does, sources, body)
        edges = np.flatnonzero(np.diff(same[body], prepend=False, append=False)).tolist()
        runs = []
        for first, end in zip(edges[::2], edges[1::2], strict=True):
            rounds = (end - first + body) // body
            shorter = any(body % d == 0 and same[d][first : end + body - d].all() for d in same if d < body)
            if rounds >= LEAST_ROUNDS and not shorter:
                runs.append((first, rounds))
        saved = sum((rounds - 2) * body - 1 for _, rounds in runs)
        if saved > best[0]:
            best = (saved, body, runs)
        if best[0] > 0.9 * count:
            break
    return best[1], best[2]


def repeats(does: Any, sources: Any, body: int) -> Any:
    """For each step but the last ones, whether the step a body's length later is the same again.

    It is if it does the same with arguments that are as far back, or with the very same arguments.
    """
    same = does[body:] == does[:-body]
    if same.any():
        for row in sources:
            distance = row[body:] - row[:-body]
            same &= (distance == body) | (distance == 0)
    return same


def without_far_part(items: list[Item], limit: int) -> list[Item]:
    """The items with the oldest operations folded into one, so that about `limit` remain."""
    steps = [item for item in items if item.inputs or item.folded]
    per_step = max(len(items) / len(steps), 1.0)
    return replaced(items, [steps[: -max(int(limit / per_step) - 2, 1)]], [0])


def replaced(
    items: list[Item], stretches: Sequence[Sequence[Item]], rounds: Sequence[int], titles: Sequence[str] = ()
) -> list[Item]:
    """The items with each of the stretches replaced by one folded item.

    The leaves that only it uses go with it, unless it has a title: what goes into a module is not part of it.
    """
    into: dict[int, Item] = {}
    for stretch, count, title in zip(stretches, rounds, titles or [""] * len(stretches), strict=True):
        body = stretch[: len(stretch) // count] if count else ()
        fold = Item([], folded=True, rounds=count, body=body, title=title)
        into.update((id(item), fold) for item in stretch)
    users: dict[int, set[int | None]] = {}
    for item in items:
        for source, _ in item.inputs:
            if not source.inputs and not source.folded:
                users.setdefault(id(source), set()).add(id(into[id(item)]) if id(item) in into else None)
    folds = {id(fold): fold for fold in into.values()}
    for item in items:
        user = users.get(id(item), set())
        if not titles and len(user) == 1 and (only := next(iter(user))) is not None:
            into[id(item)] = folds[only]
    result: dict[int, Item] = {}
    seen: dict[int, set[tuple[int, int]]] = {}
    for item in items:
        target = into.get(id(item), item)
        if target is item or item.inputs or item.folded:
            result[id(target)] = target
        if target is item:
            item.inputs = [(into.get(id(source), source), place) for source, place in item.inputs]
            continue
        target.members += item.members
        for source, place in item.inputs:
            origin = into.get(id(source), source)
            if origin is not target and (id(origin), 0) not in seen.setdefault(id(target), set()):
                seen[id(target)].add((id(origin), 0))
                target.inputs.append((origin, place))
    return list(result.values())


def operations(members: Iterable[Node]) -> Counter[Any]:
    """How often each function occurs among nodes, leaves apart."""
    return Counter(node.op for node in members if node.op is not None)
