"""One call of a function in a trace, with stand-ins for its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Node
from ..modes import mode
from ..transforms import flatten
from ..value import Value
from .trace import Trace


class TracedCall:
    """One run of a function in a trace.

    `positions` says for the nodes that stood for leaves which they are.  `gradients` are the ones that the run left in
    `.grad` of Values, None where it took one away, `data` the new data of Values.

    Args:
        call: gives the function's result for other leaves.
        leaves: of the arguments.
        names: of the leaves.
        samples: whether large arguments are shapes without numbers.
    """

    def __init__(
        self, call: Callable[[Sequence[Any]], Any], leaves: Sequence[Any], names: Sequence[str], samples: bool
    ) -> None:
        self.trace = trace = Trace(samples)
        values = {id(leaf): stand_in(trace, leaf, wish) for leaf, wish in zip(leaves, names) if isinstance(leaf, Value)}
        stand_ins = [
            values[id(leaf)] if id(leaf) in values else stand_in(trace, leaf, wish) for leaf, wish in zip(leaves, names)
        ]
        with mode(recording=True, debugging=False, trace=trace), np.errstate(all="ignore"):
            try:
                self.result = call(stand_ins)
                self.gradients = {node: node.grad for node in trace.grads if self.is_value(node)}
            finally:
                trace.restore()
        self.positions = {node: i for i, node in enumerate(stand_ins) if isinstance(node, Node)}
        self.data = {node: new for node, new in trace.current.items() if self.is_value(node)}

    def is_value(self, node: Node) -> bool:
        """Whether a node would be a Value without the trace."""
        return node not in self.trace.plain

    @property
    def roots(self) -> list[Node]:
        """The nodes whose numbers the program must find."""
        trace = self.trace
        news = (*flatten(self.result), *self.gradients.values(), *(new for _, new in trace.state.values()))
        roots = [new for new in news if isinstance(new, Node)]
        return [*roots, *self.data.values(), *(update.token for update in trace.updates)]


def stand_in(trace: Trace, leaf: Any, name: str) -> Any:
    """What a function is called with in a trace."""
    if isinstance(leaf, Value):
        value = trace.argument(leaf._data, plain=False, name=leaf.name or name)
        value.grad = leaf.grad
        return value
    return trace.argument(leaf, plain=True, name=name) if is_numbers(leaf) else leaf


def is_numbers(leaf: Any) -> bool:
    """Whether an argument changes from call to call: arrays, NumPy numbers and floats."""
    return isinstance(leaf, (float, complex)) or (
        isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "biufc"
    )
