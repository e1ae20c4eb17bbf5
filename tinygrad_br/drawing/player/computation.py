"""The computation of one example as the page shows it: boxes in ranks and lanes, and the numbers in them.

Ranks are the steps of the computation, from the input to the loss.  In each rank lane 0 is the way that the data take;
what comes in from the side, weights and biases, lies in the lanes beside it, one rank before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...engine import Node, cotangents, part
from ..graph import graph_of
from ..labels import arguments, op_text
from ..paths import local_derivatives
from ..picture import readable
from ..scopes import scopes_of
from .numbers import rounded, some_of

MOST_CELLS = 24  # numbers of a node that are shown
MOST_NUMBERS = 240_000  # in all frames, so that the page stays small

Link = tuple[Node, Node, int, int | None]  # from an argument to a result, and which argument it is


class Computation:
    """The graph of one loss: `structure` is what all frames have in common, `numbers` are those of this one."""

    def __init__(self, loss: Any, model: Any) -> None:
        self.loss, self.model = loss, model
        self.graph = graph_of([loss])
        nodes = [node for node in self.graph if not isinstance(node._data, tuple)]
        self.place = dict.fromkeys(nodes, 0)
        self.rank = self.ranks()
        self.nodes = sorted(nodes, key=lambda node: (self.rank[node], node.op is not None))
        self.place = {node: i for i, node in enumerate(self.nodes)}
        self.links = [link for node in self.nodes for link in self.links_to(node)]

    def links_to(self, node: Node) -> list[Link]:
        """The arguments of a node; those of the whole function for one of several results."""
        made = node.args[0] if node.op is part else node
        among = arguments(made)
        return [(arg, node, at, inner) for at, inner, arg in among if isinstance(arg, Node) and arg in self.place]

    def structure(self) -> dict[str, Any]:
        """What stands in the boxes besides numbers, where they lie, and what is joined with what."""
        scopes = scopes_of([self.model], self.graph)
        used: dict[int, int] = {}
        boxes: list[dict[str, Any]] = [{} for _ in self.nodes]
        for node in sorted(self.nodes, key=lambda n: (n.op is None, n in scopes.names)):
            lane = used.get(self.rank[node], 0)
            used[self.rank[node]] = lane + 1
            name = readable(node.name or scopes.names.get(node, ""), 24)
            boxes[self.place[node]] = {
                "name": name or ("" if node.op is None else op_text(node)),
                "op": "" if node.op is None or not name else op_text(node),
                "where": " / ".join(scopes.of.get(node, ())[1:]),
                "kind": "output" if node is self.loss else "leaf" if node.op is None else "value",
                "shape": [*node._data.shape],
                "rank": self.rank[node],
                "lane": lane,
            }
        return {"nodes": boxes, "links": [[self.place[a], self.place[b]] for a, b, _, _ in self.links]}

    def ranks(self) -> Mapping[Node, int]:
        """How many steps lie before each node; a leaf stands one step before it is first used."""
        ranks: dict[Node, int] = {}
        first_use: dict[Node, int] = {}
        for node in self.place:
            before = [arg for arg, _, _, _ in self.links_to(node)]
            ranks[node] = 1 + max((ranks[arg] for arg in before), default=-1)
            if node.op is not None and not before:
                ranks[node] = 1
            for arg in before:
                first_use[arg] = min(first_use.get(arg, ranks[node]), ranks[node])
        return {n: max(first_use.get(n, 1) - 1, 0) if n.op is None else rank for n, rank in ranks.items()}

    def numbers(self, frames: int) -> dict[str, Any]:
        """Values, gradients and, for each link, the least and the greatest of its local derivatives.

        Args:
            frames: how many frames there will be.
        """
        most = max(1, min(MOST_CELLS, MOST_NUMBERS // (2 * frames * len(self.nodes))))
        found = cotangents(self.loss, np.ones(self.loss.shape, self.loss.dtype)[()])
        gradients = [found.get(node) for node in self.nodes]
        return {
            "nodes": [
                {"v": some_of(node._data, most), "g": None if g is None else some_of(g, most)}
                for node, g in zip(self.nodes, gradients, strict=True)
            ],
            "slopes": [self.slopes(*link) for link in self.links],
        }

    def slopes(self, arg: Node, node: Node, at: int, inner: int | None) -> list[float | None] | None:
        """By what a gradient is multiplied on its way back along a link; None where none goes back."""
        if node.op is part:
            return None
        found = local_derivatives(node, at, inner, arg)
        if found is None or not found.size:
            return None
        low, high = rounded(np.min(found), 3), rounded(np.max(found), 3)
        return [low] if low == high else [low, high]
