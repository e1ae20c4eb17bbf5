"""One forward and backward pass through a network, laid out layer by layer for those who examine it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine import Node, ancestors, cotangents, nodes_in
from ...value import Value

Array = np.ndarray[Any, Any]


class Passage:
    """What went through a network on its way forward and back, for some rows of data.

    A layer is here what a module with parameters of its own computes, up to the next such module: `layer_of[node]` is
    the name of the module whose parameters a result met last.

    Args:
        model: a tg.nn.Module.
        loss: a function of outputs and targets.
        x, y: rows of data.

    Attributes:
        output: the network's output.
        loss: its loss.
        entering: the arrays that meet the first parameters: x, or what the network makes of it before.
        nodes: the results that depend on x, in the order of their creation, without those of the loss.
        layer_of: the layer that each of them belongs to.
        ends: the last result of each layer, from the first layer to the last.
        found: the gradient of the loss with respect to each node.
        names: the parameters' names.
    """

    def __init__(self, model: Any, loss: Callable[..., Any], x: Array, y: Array) -> None:
        given = Value(x) if x.dtype.kind == "f" else None
        with np.errstate(all="ignore"):
            try:
                self.output = model(x if given is None else given)
            except TypeError:  # a model that takes nothing but plain arrays
                self.output = model(x)
            self.loss = loss(self.output, y)
        self.names = {p: name for name, p in model.named_parameters()}
        self.found = cotangents(self.loss, np.ones(self.loss.shape, self.loss.dtype)[()])
        self.nodes: list[Node] = []
        self.layer_of: dict[Node, str] = {}
        self.entering: list[Array] = []
        self.walk(given, x)
        self.ends = {layer: node for node, layer in self.layer_of.items()}

    def walk(self, given: Any, x: Array) -> None:
        """Go through the graph of the output and note what depends on the data, and in which layer it is."""
        from_data = {given}
        for node in ancestors(self.output):
            if node.op is None:
                continue
            args = [*nodes_in(node.args)]
            arrays = [a for a in node.args if isinstance(a, np.ndarray) and a.ndim and len(a) == len(x)]
            own = [self.names[a].rpartition(".")[0] or "model" for a in args if a in self.names]
            if not arrays and from_data.isdisjoint(args):
                if own:  # made of parameters alone, such as weights that are normalized
                    self.layer_of[node] = own[-1]
                continue
            from_data.add(node)
            layers = own or [self.layer_of[a] for a in args if a in self.layer_of]
            if not layers:
                continue  # still on the way to the first parameters
            fresh = [a for a in args if a in from_data and a not in self.layer_of]
            if len(fresh) + len(arrays) and not any(a in self.layer_of and a in from_data for a in args):
                self.entering += [a._data for a in fresh] or arrays
            self.layer_of[node] = layers[-1]
            self.nodes.append(node)

    def gradient_of(self, node: Node) -> Array:
        """The gradient of the loss with respect to a node; zeros if none reaches it."""
        return np.asarray(self.found[node]) if node in self.found else np.zeros(node._data.shape)
