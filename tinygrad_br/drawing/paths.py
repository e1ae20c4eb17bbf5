"""The paths from one number of a graph to another, and how much each adds to the derivative.

The chain rule says: the derivative of the output with respect to the input is the sum, over all paths between them, of
the product of the local derivatives along the path.  Here a step of a path leads from one entry of an array to one
entry of another, so that each local derivative is a number.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import RULES, Node, ancestors, data_of, fit, part
from ..messages import op_name
from .labels import arguments

MOST_ENTRIES = 4_000_000  # of the local derivatives of one argument of one operation
SOME_ENTRIES = 20_000  # of these, where some will do


@dataclass(frozen=True)
class Step:
    """From entry `source` of an argument to entry `target` of a result, with the derivative of the one by the other."""

    argument: Node
    source: int
    result: Node
    target: int
    slope: float


@dataclass(frozen=True)
class Edge:
    """All steps from one argument to one result: `slopes[target, source]`, and which of them are paths at all."""

    argument: Node
    result: Node
    slopes: Any
    exists: Any


def size_of(node: Node) -> int:
    """How many numbers a node holds; those of all results for a function that returns several."""
    return sum(d.size for d in node._data) if isinstance(node._data, tuple) else int(node._data.size)


def edges_between(start: Node, output: Node) -> tuple[list[Node], dict[Node, list[Edge]]]:
    """The nodes on the way from `start` to `output`, in order, and for each the edges that leave it."""
    nodes = ancestors(output)
    on_the_way = {start}
    leaving: dict[Node, list[Edge]] = {}
    for node in nodes:
        if node.op is None:
            continue
        for place, inner, arg in arguments(node):
            if isinstance(arg, Node) and arg in on_the_way:
                on_the_way.add(node)
                edge = edge_of(node, place, inner, arg)
                if edge is not None:
                    leaving.setdefault(arg, []).append(edge)
    return [node for node in nodes if node in on_the_way], leaving


def edge_of(node: Node, place: int, inner: int | None, arg: Node) -> Edge | None:
    """The local derivatives of a result by one of its arguments, by the function's own rule; None if nothing flows."""
    rows, columns = size_of(node), size_of(arg)
    if rows * columns > MOST_ENTRIES:
        raise ValueError(
            f"{op_name(node.op)} has {rows:,} results of {columns:,} numbers, too many to follow one by one; "
            "explain a smaller case, such as the loss of one example"
        )
    if node.op is part:
        return part_edge(node, arg)
    slopes = jacobian_rows(node, place, inner, arg, range(rows))
    if slopes is None:
        return None
    return Edge(arg, node, slopes, np.ones((1, 1), bool) if slopes.size == 1 else slopes != 0)


def jacobian_rows(node: Node, place: int, inner: int | None, arg: Node, entries: Sequence[int]) -> Any:
    """The derivatives of some entries of a result by all entries of an argument, (entries, size of the argument).

    They are what the function's own rule says; None if it says that nothing flows.
    """
    rules, guarded = RULES[node.op]
    rule = rules[place] if place < len(rules) else None
    if rule is None:
        return None
    raw = [data_of(a) for a in node.args]
    slopes = np.zeros((len(entries), size_of(arg)))
    with np.errstate(all="ignore"):
        for row, g in enumerate(one_hots(node._data, entries)):
            share = rule(g, node._data, *raw, **node.kwargs)
            share = share if inner is None or share is None else share[inner]
            fitted = None if share is None else fit(share, arg._data, node, g if guarded else None)
            if fitted is not None:
                slopes[row] = np.ravel(fitted)
    return slopes


def local_derivatives(node: Node, place: int, inner: int | None, arg: Node) -> Any:
    """The numbers by which an operation multiplies what comes back to one of its arguments, or some of very many.

    For each result these are its derivatives by the entries of the argument that it depends on, and 0 if there are
    none.  None for an operation that has no derivative.
    """
    if node.op is part:
        return np.ones(1)
    count = size_of(node)
    picked = np.linspace(0, count - 1, min(count, max(1, SOME_ENTRIES // max(size_of(arg), 1)))).round().astype(int)
    rows = jacobian_rows(node, place, inner, arg, picked.tolist()) if count else None
    if rows is None:
        return None
    idle = not np.all(rows.any(axis=1))
    return np.append(rows[rows != 0], 0.0) if idle else rows[rows != 0]


def part_edge(node: Node, whole: Node) -> Edge:
    """The edge from a tuple of results to one of them: each number is itself."""
    index = node.args[1]
    before = sum(d.size for d in whole._data[:index])
    slopes = np.zeros((size_of(node), size_of(whole)))
    slopes[np.arange(size_of(node)), before + np.arange(size_of(node))] = 1
    return Edge(whole, node, slopes, slopes != 0)


def one_hots(data: Any, entries: Sequence[int]) -> Iterator[Any]:
    """Cotangents that are 1 for one entry of a result and 0 for all others, for one entry after the other."""
    parts = data if isinstance(data, tuple) else (data,)
    ends = np.cumsum([p.size for p in parts])
    for entry in entries:
        cotangents = [np.zeros(p.shape, p.dtype) for p in parts]
        i = int(np.searchsorted(ends, entry, side="right"))
        cotangents[i].flat[entry - ends[i]] = 1  # counted from the end of the part
        yield cotangents if isinstance(data, tuple) else cotangents[0][()]


class Paths:
    """The paths from an entry of `start` to the one entry of `output`; `count` says how many there are."""

    def __init__(self, start: Node, entry: int, output: Node) -> None:
        self.start, self.entry, self.output = start, entry, output
        nodes, self.leaving = edges_between(start, output)
        self.best: dict[Node, Any] = {node: np.zeros(size_of(node)) for node in nodes}
        counts: dict[Node, Any] = {node: np.zeros(size_of(node)) for node in nodes}
        if output in self.best:
            self.best[output] = counts[output] = np.ones(1)
        with np.errstate(all="ignore"):
            for node in reversed(nodes):
                for edge in self.leaving.get(node, ()):
                    after = counts[edge.result]
                    counts[node] = counts[node] + np.where(edge.exists, after[:, None], 0.0).sum(axis=0)
                    reach = np.nan_to_num(np.abs(edge.slopes) * self.best[edge.result][:, None], nan=np.inf)
                    self.best[node] = np.maximum(self.best[node], np.where(edge.exists, reach, 0.0).max(axis=0))
        self.counts = counts
        self.count = float(counts[start][entry]) if start in counts else 0.0

    def largest(self, most: int) -> list[list[Step]]:
        """The paths with the largest products, at most so many, each as its steps from the start to the output."""
        found: list[list[Step]] = []
        tie = itertools.count(0, -1)  # among equals the newest first, so that equal paths are not all begun at once
        waiting: list[tuple[float, int, float, Node, int, Any]] = []
        if self.count:
            waiting.append((-self.best[self.start][self.entry], next(tie), 1.0, self.start, self.entry, None))
        while waiting and len(found) < most:
            _, _, product, node, entry, trail = heapq.heappop(waiting)
            if node is self.output:
                found.append(unwound(trail))
                continue
            for edge in self.leaving.get(node, ()):
                reachable = edge.exists[:, entry if edge.exists.shape[1] > 1 else 0] & (self.counts[edge.result] > 0)
                for target in np.flatnonzero(reachable).tolist():
                    slope = float(edge.slopes[target, entry])
                    so_far = product * abs(slope)
                    hope = so_far * float(self.best[edge.result][target])
                    step = Step(node, entry, edge.result, target, slope)
                    rank = -math.inf if math.isnan(hope) else -hope
                    heapq.heappush(waiting, (rank, next(tie), so_far, edge.result, target, (step, trail)))
        return found


def unwound(trail: Any) -> list[Step]:
    """The steps of a trail, which is linked from its end, in order."""
    steps = []
    while trail is not None:
        step, trail = trail
        steps.append(step)
    return steps[::-1]


def product(steps: Sequence[Step]) -> float:
    """The product of the local derivatives, taken from the output backwards; what is exactly 0 stays 0."""
    result = 1.0
    for step in reversed(steps):
        result = 0.0 if result == 0 else result * step.slope
    return result
