"""What a call leaves behind besides its result: gradients, new data of Values, the state of modules and optimizers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..engine import Node
from .plan import Plan
from .trace import Trace
from .traced import TracedCall
from .update import PoolUpdate, has_text, pool_updates
from .variable import Variable, updated, variables_in


class Effects:
    """What a program writes.

    `commits` are pairs of an array that the program is given and the variable whose numbers it gets at the end;
    `scalars` are gradients and data without axes, which the program returns after its results.  `gradients` are the
    nodes that get one, each with the array it is written into, None if it is one of the scalars; `data` are the nodes
    that get new data.  `targets` are the commits whose variable can be computed in its array from the start.

    Of optimizers, `updates` has what each step needs, `homes` for a parameter its gradient and the array in which it is
    wanted, `numbers` for a parameter without axes the array in which it is kept, and `vectors` for an array that is
    part of a vector which the program writes as a whole, the vector.  `aliases` has for a home the array that is in
    `.grad` when the program is called: the two may be one.
    """

    def __init__(self, traced: TracedCall) -> None:
        trace, plan = traced.trace, traced.trace.plan
        for update in trace.updates:
            for pool in update.optimizer.pools:
                pool.settle_in_columns()
        self.optimizers = [update.optimizer for update in trace.updates]
        self.have_texts = all(map(has_text, self.optimizers))
        self.updates = {plan.convert(update.token): pool_updates(plan, update) for update in trace.updates}
        self.homes: dict[Node, tuple[Any, Variable]] = {}
        self.numbers: dict[Variable, Variable] = {}
        self.settle_in(plan, trace)
        self.commits = [(array, plan.convert(gradient)) for gradient, array in self.homes.values()]
        state = {plan.give(("array", array), array): plan.convert(new) for array, new in trace.state.values()}
        self.commits += state.items()
        self.scalars: list[Any] = []
        self.gradients: list[tuple[Node, Variable | None]] = []
        self.aliases: dict[Variable, Variable] = {}
        for node, gradient in traced.gradients.items():
            self.gradients.append((node, self.array_of_gradient(plan, node, gradient)))
        self.data = [*traced.data]
        for node, new in traced.data.items():
            self.give_data(plan, node, plan.convert(new))
        self.targets: dict[Variable, Variable] = {}
        for array, v in reversed(self.commits):
            kind = array.source[0]
            safe = kind == "target" or (kind == "array" and array not in self.aliases and array not in state)
            if isinstance(v, Variable) and (safe or not (plan.is_checked or (kind == "data" and self.updates))):
                self.targets[v] = array
        self.vectors = {
            self.homes[p][1]: u.vectors["gradients"]
            for u in self.pool_updates()
            if u.stretches == [(0, len(u.pool.data))]
            for p in u.pool.parameters
        }

    def settle_in(self, plan: Plan, trace: Trace) -> None:
        """Find where optimizers want the gradient of each parameter, and where they keep numbers without axes."""
        for update in trace.updates:
            for pool in update.optimizer.pools:
                for parameter, home, piece in zip(pool.parameters, pool.gradients, pool.pieces):
                    if (data := plan.given.get(("data", id(parameter)))) is not None and piece.ndim:
                        data.sample = piece  # the trace may have met other data, which lay in another way
                    if parameter in update.gradients:
                        self.homes[parameter] = update.gradients[parameter], plan.give(("array", home), home)
                        if not piece.ndim:
                            data = plan.give(("data", parameter), parameter._data)
                            self.numbers[data] = plan.give(("array", piece), piece)

    def array_of_gradient(self, plan: Plan, node: Node, gradient: Any) -> Variable | None:
        """The array that a gradient is written into; one without axes, or one that is taken away, is a scalar."""
        new = plan.convert(gradient) if gradient is not None else None
        if gradient is None or not node._data.shape:
            self.scalars.append(new)
            return None
        entry = plan.given.get(("gradient", id(node)))
        if node in self.homes and plan.convert(self.homes[node][0]) is new and self.have_texts:
            home = self.homes[node][1]
            if entry is not None:
                self.aliases[home] = entry
            return home
        array = entry or plan.give(("target", node), node._data)
        self.commits.append((array, new))
        return array

    def give_data(self, plan: Plan, node: Node, new: Any) -> None:
        """Give a node new data, unless an optimizer does so."""
        if not node._data.shape:
            self.scalars.append(new)
        elif new.op is not updated or new.args[0].source[1] is not node:
            self.commits.append((plan.give(("data", node), node._data), new))

    def pool_updates(self) -> Iterator[PoolUpdate]:
        return (update for updates in self.updates.values() for update in updates)

    def used(self) -> Iterator[Variable]:
        """The variables that are read after the last step or by the steps of optimizers."""
        yield from variables_in((self.scalars, self.commits, [*self.numbers.values()]))
        for update in self.pool_updates():
            yield from (*update.vectors.values(), update.lr, update.steps)
