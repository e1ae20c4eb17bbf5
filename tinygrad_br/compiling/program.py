"""`Program`: from the trace of one call to something that can be called again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Node
from ..modes import mode
from ..transforms import flatten
from ..value import Value
from .caller import Caller
from .faster import make_faster
from .memory import Memory
from .plan import Plan
from .source import Source
from .tiles import instructions, make_tiles, overwritten
from .trace import Trace
from .update import has_text, pool_updates
from .variable import Variable, updated, variables_in


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
            trace, stand_ins, result, grads = traced(call, leaves, names, samples=True)
        except np.linalg.LinAlgError:  # of zeros, perhaps, in the place of numbers
            trace, stand_ins, result, grads = traced(call, leaves, names, samples=False)
        self.positions = {s: i for i, s in enumerate(stand_ins) if isinstance(s, Node)}
        results = flatten(result)
        written = [(node, grad) for node, grad in grads.items() if node not in trace.plain]
        data = [(node, new) for node, new in trace.current.items() if node not in trace.plain]
        roots = [v for v in results if isinstance(v, Node)]
        roots += [grad for _, grad in written if isinstance(grad, Node)] + [new for _, new in data]
        roots += [update.token for update in trace.updates]
        roots += [new for _, new in trace.state.values() if isinstance(new, Node)]
        plan = trace.plan
        plan.finish(roots, trace.finite)
        optimizers = [update.optimizer for update in trace.updates]
        copies = [pair for attributes in trace.modules.values() for pair in attributes.copies]
        settings = [single for attributes in trace.modules.values() for single in attributes.singles]
        settings += [(o, name, setting) for o in optimizers for name, setting in settings_of(o)]
        updates = {plan.convert(update.token): pool_updates(plan, update) for update in trace.updates}
        textual = all(has_text(update.optimizer) for update in trace.updates)
        homes, numbers = self.homes_in(plan, trace)
        read = {*variables_in([plan.convert(root) for root in roots]), *plan.finite}
        if plan.has_arrays:
            make_faster(plan, read)
            make_tiles(plan, read)
        commits = [(array, plan.convert(gradient)) for gradient, array in homes.values()]
        state = {plan.give(("array", array), array): plan.convert(new) for array, new in trace.state.values()}
        commits += state.items()
        scalars: list[Any] = []
        gradients: list[tuple[Node, Any]] = []
        aliases = {}
        for node, grad in written:
            new, entry = plan.convert(grad) if grad is not None else None, plan.given.get(("gradient", id(node)))
            if grad is None or not node._data.shape:
                scalars.append(new)
                gradients.append((node, None))
                continue
            array = entry or plan.give(("target", node), node._data)
            if node in homes and plan.convert(homes[node][0]) is new and textual:
                array = homes[node][1]
                if entry is not None:
                    aliases[array] = entry
            else:
                commits.append((array, new))
            gradients.append((node, array))
        for node, new in data:
            if not node._data.shape:
                scalars.append(plan.convert(new))
            elif plan.convert(new).op is not updated or plan.convert(new).args[0].source[1] is not node:
                commits.append((plan.give(("data", node), node._data), plan.convert(new)))
        targets = {}
        for array, v in reversed(commits):
            kind = array.source[0]
            safe = kind == "target" or (kind == "array" and array not in aliases and array not in state)
            if isinstance(v, Variable) and (safe or not (plan.is_checked or (kind == "data" and updates))):
                targets[v] = array
        plan.sink([v for v, array in targets.items() if array.source[0] == "data"])
        outputs = [plan.convert(v) if isinstance(v, Node) else None for v in results]
        kept = [*variables_in(scalars), *variables_in([v for _, v in commits]), *plan.finite]
        arrays = [step for step in plan.steps if not step.is_arithmetic]
        memory = Memory(arrays, [*variables_in(outputs)], kept, targets, aliases, overwritten(plan.steps))
        used = set(
            variables_in(
                [
                    outputs,
                    scalars,
                    commits,
                    *([*u.vectors.values(), u.lr, u.steps] for us in updates.values() for u in us),
                ]
            )
        )
        used = used.union(numbers.values(), plan.reached)
        given = [v for v in plan.given.values() if v in used]
        needs_grad = [v.source[1] for v in given if v.source[0] == "gradient"]
        needs_none = [
            node
            for node, grad in trace.grads.items()
            if grad is None and not (node in trace.plain or node in trace.forgotten or node in had_gradients)
        ]
        wishes = {v: self.wish(v, names) for v in given}
        for us in updates.values():
            for u in us:
                wishes |= {v: name for name, v in u.vectors.items()}
        for node, (_, array) in homes.items():
            wishes[array] = f"{self.name_of(node)}_grad"
        vectors: dict[Variable, Variable] = {}
        for u in (u for us in updates.values() for u in us):
            if u.stretches == [(0, len(u.pool.data))]:
                vectors |= {homes[p][1]: u.vectors["gradients"] for p in u.pool.parameters}
        self.source = Source(
            name, plan, memory, given, [*outputs, *scalars], commits, wishes, updates, numbers, vectors
        )
        self.pool = [self.source.function()]
        self.arrays = [v.source[1] for v in given if v.source[0] == "array"]
        generators = [v.source[1].bit_generator for v in given if v.source[0] == "generator"]
        pieces = {
            p: piece for o in optimizers for q in o.pools for p, piece in zip(q.parameters, q.pieces) if piece.ndim
        }
        caller = Caller(self.positions)
        caller.gather(given, pieces, lambda node: node not in trace.plain)
        caller.begin_steps(optimizers, pieces)
        i = caller.give_gradients(gradients, len(outputs))
        caller.give_data([node for node, _ in data], i)
        caller.end_steps(optimizers)
        answer = caller.answer(result, lambda node: node not in trace.plain)
        self.fits, self.serves = caller.conditions(copies, settings, needs_grad, needs_none, leaves)
        make, strict = self.source.function, bool(needs_grad)
        self.run = caller.function(answer, optimizers, generators, self.pool, make, strict)
        self.gradients = [node for node, _ in gradients]
        self.bytes = memory.size
        self.counts = (plan.recorded, instructions(plan.steps))
        for step in (*plan.steps, *given):
            step.sample, step.args, step.kwargs = None, (), {}  # which lead to the whole trace
        for node in self.positions:
            node._data = None

    def homes_in(self, plan: Plan, trace: Trace) -> tuple[dict[Node, tuple[Any, Variable]], dict[Variable, Variable]]:
        """Where optimizers want the gradient of each parameter, and where they keep numbers without axes."""
        homes, numbers = {}, {}
        for update in trace.updates:
            for pool in update.optimizer.pools:
                for parameter, home, piece in zip(pool.parameters, pool.gradients, pool.pieces):
                    if parameter in update.gradients:
                        homes[parameter] = update.gradients[parameter], plan.give(("array", home), home)
                        if not piece.ndim:
                            data = plan.give(("data", parameter), parameter._data)
                            numbers[data] = plan.give(("array", piece), piece)
        return homes, numbers

    def name_of(self, node: Node) -> str:
        return node.name or self.outside.get(id(node), "p")

    def wish(self, variable: Variable, names: Sequence[str]) -> str:
        kind, thing = variable.source
        if kind == "argument":
            return names[self.positions[thing]]
        if kind in ("gradient", "target"):
            return f"{self.name_of(thing)}_grad"
        return self.name_of(thing) if kind == "data" else kind

    def live(self, node: Any, leaves: Sequence[Any]) -> Any:
        """The object that a node of the trace stands for."""
        return leaves[self.positions[node]] if node in self.positions else node

    def is_like(self, other: Program) -> bool:
        """Whether another program computes the same, also with the arrays that are not arguments."""
        if self.source.text() != other.source.text() or len(self.arrays) != len(other.arrays):
            return False
        return all(one is two or np.array_equal(one, two) for one, two in zip(self.arrays, other.arrays))


def traced(
    call: Callable[[Sequence[Any]], Any], leaves: Sequence[Any], names: Sequence[str], samples: bool
) -> tuple[Trace, list[Any], Any, dict[Node, Any]]:
    """Run a function in a trace: the trace, what stood for the leaves, the result, and the gradients it left."""
    trace = Trace(samples)
    values = {id(leaf): stand_in(trace, leaf, wish) for leaf, wish in zip(leaves, names) if isinstance(leaf, Value)}
    stand_ins = [
        values[id(leaf)] if id(leaf) in values else stand_in(trace, leaf, wish) for leaf, wish in zip(leaves, names)
    ]
    with mode(recording=True, debugging=False, trace=trace), np.errstate(all="ignore"):
        try:
            result = call(stand_ins)
            return trace, stand_ins, result, {node: node.grad for node in trace.grads}
        finally:
            trace.restore()


def settings_of(optimizer: Any) -> list[tuple[str, Any]]:
    """The numbers of an optimizer that are constants of a program, which users may change all the same."""
    changing = ("lr", "steps")
    return [
        (k, v) for k, v in vars(optimizer).items() if k == "betas" or (type(v) in (float, bool) and k not in changing)
    ]


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
