"""`Program`: from the trace of one call to something that can be called again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..collector import collector_paused
from ..engine import Node
from ..transforms import flatten
from .caller import Caller
from .effects import Effects
from .faster import make_faster
from .memory import Memory
from .plan import Plan
from .source import Source
from .tiles import instructions, make_tiles, overwritten
from .traced import TracedCall
from .variable import Variable, variables_in


class Program:
    """One program: made for arguments of certain shapes and dtypes, run with any such.

    Args:
        function: the user's.
        leaves: the arrays, Values and numbers among the arguments, in order.
        call: gives the function's result for other leaves.
        names: of the leaves.
        outside: names of Values that the function reaches, by their id.
        had_gradients: Values that are known to have had a gradient before the call.
    """

    @collector_paused()
    def __init__(
        self,
        name: str,
        leaves: Sequence[Any],
        call: Callable[[Sequence[Any]], Any],
        names: Sequence[str],
        had_gradients: set[Node],
        outside: dict[int, str],
    ) -> None:
        self.outside = outside
        self.kept: list[Any] = []  # objects that are told apart by their id, which must not be given to others
        try:
            traced = TracedCall(call, leaves, names, samples=True)
        except np.linalg.LinAlgError:  # of zeros, perhaps, in the place of numbers
            traced = TracedCall(call, leaves, names, samples=False)
        self.positions = traced.positions
        plan = traced.trace.plan
        plan.finish(traced.roots, traced.trace.finite)
        effects = Effects(traced)
        if plan.has_arrays:
            read = {*variables_in([plan.convert(root) for root in traced.roots]), *plan.finite}
            make_faster(plan, read, effects.targets)
            make_tiles(plan, read)
        plan.sink([v for v, array in effects.targets.items() if array.source[0] == "data"])
        outputs = [plan.convert(v) if isinstance(v, Node) else None for v in flatten(traced.result)]
        used = {*variables_in(outputs), *effects.used(), *plan.reached}
        given = [v for v in plan.given.values() if v in used]
        memory = memory_of(plan, effects, [*variables_in(outputs)])
        results = [*outputs, *effects.scalars]
        self.source = Source(name, plan, memory, given, results, self.wishes(given, effects, names), effects)
        self.pool = [self.source.function()]
        self.arrays = [v.source[1] for v in given if v.source[0] == "array"]
        self.gradients = [node for node, _ in effects.gradients]
        self.bytes = memory.size
        self.counts = (plan.recorded, instructions(plan.steps))
        caller = self.make_call(traced, effects, given, len(outputs))
        self.make_conditions(caller, traced, effects, given, had_gradients, leaves)
        for node in self.positions:
            node._data = None
        del plan.trace  # a cycle, in which all would wait for the garbage collector

    def wishes(self, given: Sequence[Variable], effects: Effects, names: Sequence[str]) -> dict[Variable, str]:
        """What the things that the program is given should be called."""
        wishes = {v: self.wish(v, names) for v in given}
        for update in effects.pool_updates():
            wishes |= {v: name for name, v in update.vectors.items()}
        return wishes | {array: f"{self.name_of(node)}_grad" for node, (_, array) in effects.homes.items()}

    def wish(self, variable: Variable, names: Sequence[str]) -> str:
        kind, thing = variable.source
        if kind == "argument":
            return names[self.positions[thing]]
        if kind in ("gradient", "target"):
            return f"{self.name_of(thing)}_grad"
        return self.name_of(thing) if kind == "data" else kind

    def name_of(self, node: Node) -> str:
        return node.name or self.outside.get(id(node), "p")

    def make_call(self, traced: TracedCall, effects: Effects, given: Sequence[Variable], count: int) -> Caller:
        """Make `run`, the function that calls the program with live objects; it returns `count` results."""
        pools = [pool for optimizer in effects.optimizers for pool in optimizer.pools]
        pieces = {p: piece for pool in pools for p, piece in zip(pool.parameters, pool.pieces) if piece.ndim}
        caller = Caller(self.positions)
        caller.gather(given, pieces, traced.is_value)
        caller.begin_steps(effects.optimizers, pieces)
        i = caller.give_gradients(effects.gradients, count)
        caller.give_data(effects.data, i)
        caller.end_steps(effects.optimizers)
        answer = caller.answer(traced.result, traced.is_value, itertools.count())
        generators = [v.source[1].bit_generator for v in given if v.source[0] == "generator"]
        strict = any(v.source[0] == "gradient" for v in given)
        self.run = caller.function(answer, effects.optimizers, generators, self.pool, self.source.function, strict)
        return caller

    def make_conditions(
        self,
        caller: Caller,
        traced: TracedCall,
        effects: Effects,
        given: Sequence[Variable],
        had_gradients: set[Node],
        leaves: Sequence[Any],
    ) -> None:
        """Make `fits` and `serves`, which say whether things stand as they stood in the trace."""
        trace = traced.trace
        copies = [pair for attributes in trace.modules.values() for pair in attributes.copies]
        settings = [single for attributes in trace.modules.values() for single in attributes.singles]
        settings += [(o, name, setting) for o in effects.optimizers for name, setting in settings_of(o)]
        has = [v.source[1] for v in given if v.source[0] == "gradient"]
        lacks = [
            node
            for node, gradient in trace.grads.items()
            if gradient is None and traced.is_value(node) and node not in trace.forgotten and node not in had_gradients
        ]
        self.fits, self.serves = caller.conditions(copies, settings, has, lacks, leaves)

    def live(self, node: Any, leaves: Sequence[Any]) -> Any:
        """The object that a node of the trace stands for."""
        return leaves[self.positions[node]] if node in self.positions else node

    def is_like(self, other: Program) -> bool:
        """Whether another program computes the same, also with the arrays that are not arguments."""
        if self.source.text() != other.source.text() or len(self.arrays) != len(other.arrays):
            return False
        return all(one is two or np.array_equal(one, two) for one, two in zip(self.arrays, other.arrays))


def memory_of(plan: Plan, effects: Effects, outputs: Sequence[Variable]) -> Memory:
    """Where the results of a plan live."""
    kept = [*variables_in((effects.scalars, [v for _, v in effects.commits])), *plan.finite]
    arrays = [step for step in plan.steps if not step.is_arithmetic]
    return Memory(arrays, outputs, kept, effects.targets, effects.aliases, overwritten(plan.steps))


def settings_of(optimizer: Any) -> list[tuple[str, Any]]:
    """The numbers of an optimizer that are constants of a program, which users may change all the same."""
    changing = ("lr", "steps")
    return [
        (k, v) for k, v in vars(optimizer).items() if k == "betas" or (type(v) in (float, bool) and k not in changing)
    ]
