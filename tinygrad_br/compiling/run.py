"""`compile`: the function that users call, its programs and how they meet the live objects."""

from __future__ import annotations

import inspect
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import update_wrapper
from types import MethodType
from typing import Any

import numpy as np

from ..engine import NO_KWARGS, NUMBERS, Node, define_rule
from ..modes import MODE, mode
from ..transforms import flatten, rebuild
from ..value import Value
from .memory import Memory
from .plan import Plan, Variable, variables_in
from .source import Source
from .trace import Trace, updated
from .update import has_text, pool_updates

MOST_PROGRAMS = 64  # of one function; the one that was not used for the longest time goes first


def from_program(*inputs: Any) -> Any:
    """What made the result of a compiled function."""
    raise NotImplementedError


def no_way_back(*args: Any) -> Any:
    raise TypeError(
        "this Value is the result of a compiled function, which keeps no graph; call backward() inside the function"
    )


from_program = define_rule(from_program, no_way_back)


class Program:
    """One program: made for arguments of certain shapes and dtypes, run with any such.

    Args:
        function: the user's.
        leaves: the arrays, Values and numbers among the arguments, in order.
        call: gives the function's result for other leaves.
        names: of the leaves.
        had_gradients: Values that are known to have had a gradient before the call.
    """

    def __init__(
        self,
        name: str,
        leaves: Sequence[Any],
        call: Callable[[Sequence[Any]], Any],
        names: Sequence[str],
        had_gradients: set[Node],
    ) -> None:
        trace = Trace()
        stand_ins = [stand_in(trace, leaf, wish) for leaf, wish in zip(leaves, names)]
        with mode(recording=True, debugging=False, trace=trace), np.errstate(all="ignore"):
            try:
                result = call(stand_ins)
                grads = {node: node.grad for node in trace.grads}
            finally:
                trace.restore()
        self.tree, self.positions = result, {s: i for i, s in enumerate(stand_ins) if isinstance(s, Node)}
        self.leaves = flatten(result)
        self.is_value = [isinstance(v, Node) and v not in trace.plain for v in self.leaves]
        self.grads = [(node, grad) for node, grad in grads.items() if node not in trace.plain]
        self.data = [(node, new) for node, new in trace.current.items() if node not in trace.plain]
        roots = [v for v in self.leaves if isinstance(v, Node)]
        roots += [grad for _, grad in self.grads if isinstance(grad, Node)] + [new for _, new in self.data]
        roots += [update.token for update in trace.updates]
        plan = Plan(trace, roots)
        self.optimizers = [update.optimizer for update in trace.updates]
        updates = {plan.convert(update.token): pool_updates(plan, update) for update in trace.updates}
        textual = all(has_text(update.optimizer) for update in trace.updates)
        homes, numbers = self.homes_in(plan, trace)
        commits = [(array, plan.convert(gradient)) for gradient, array in homes.values()]
        scalars: list[Any] = []
        self.gradients: list[tuple[Node, Any]] = []
        aliases = {}
        for node, grad in self.grads:
            new, entry = plan.convert(grad) if grad is not None else None, plan.given.get(("gradient", id(node)))
            if grad is None or not node._data.shape:
                scalars.append(new)
                self.gradients.append((node, None))
                continue
            array = entry or plan.give(("target", node), node._data)
            if node in homes and plan.convert(homes[node][0]) is new and textual:
                array = homes[node][1]
                if entry is not None:
                    aliases[array] = entry
            else:
                commits.append((array, new))
            self.gradients.append((node, array))
        for node, new in self.data:
            if not node._data.shape:
                scalars.append(plan.convert(new))
            elif plan.convert(new).op is not updated or plan.convert(new).args[0].source[1] is not node:
                commits.append((plan.give(("data", node), node._data), plan.convert(new)))
        targets = {}
        for array, v in reversed(commits):
            kind = array.source[0]
            safe = kind == "target" or (kind == "array" and array not in aliases)
            if isinstance(v, Variable) and (safe or not (plan.guarded or (kind == "data" and updates))):
                targets[v] = array
        plan.sink([v for v, array in targets.items() if array.source[0] == "data"])
        outputs = [plan.convert(v) if isinstance(v, Node) else None for v in self.leaves]
        kept = [*variables_in(scalars), *variables_in([v for _, v in commits])]
        memory = Memory(plan.steps, [*variables_in(outputs)], kept, targets, aliases)
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
        used = used.union(numbers.values(), *(variables_in((s.args, *s.kwargs.values())) for s in plan.steps))
        given = [v for v in plan.given.values() if v in used]
        self.needs_grad = [v.source[1] for v in given if v.source[0] == "gradient"]
        self.needs_none = [
            node
            for node, grad in trace.grads.items()
            if grad is None and not {node} & (trace.plain | trace.forgotten | had_gradients)
        ]
        wishes = {v: self.wish(v, names) for v in given}
        for us in updates.values():
            for u in us:
                wishes |= {v: name for name, v in u.vectors.items()}
        for node, (_, array) in homes.items():
            wishes[array] = f"{node.name or 'p'}_grad"
        self.source = Source(name, plan, memory, given, [*outputs, *scalars], commits, wishes, updates, numbers)
        self.pool = [self.source.function()]
        self.given, self.gather = given, [self.reader(v) for v in given]
        self.bytes = memory.size
        self.counts = (plan.recorded, len(plan.steps))
        for step in (*plan.steps, *given):
            step.sample = None

    def homes_in(self, plan: Plan, trace: Trace) -> tuple[dict[Node, tuple[Any, Variable]], dict[Variable, Variable]]:
        """Where optimizers want gradients: the gradient and the array of each parameter; and where they keep numbers."""
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

    def wish(self, variable: Variable, names: Sequence[str]) -> str:
        kind, thing = variable.source
        if kind == "argument":
            return names[self.positions[thing]]
        if kind in ("gradient", "target"):
            return f"{thing.name or 'p'}_grad"
        return (thing.name or "p") if kind == "data" else kind

    def reader(self, variable: Variable) -> Callable[[Sequence[Any]], Any]:
        """A function from the leaves of a call to what the program is given for a variable."""
        kind, thing = variable.source
        if kind == "argument" or (kind in ("data", "gradient", "target") and thing in self.positions):
            i = self.positions[thing]
            if kind == "gradient":
                return lambda leaves: leaves[i].grad
            if kind == "target":
                return lambda leaves: gradient_array(leaves[i])
            return lambda leaves: leaves[i]._data if isinstance(leaves[i], Value) else leaves[i]
        if kind == "data":
            return lambda leaves: thing._data
        if kind == "target":
            return lambda leaves: gradient_array(thing)
        if kind in ("lr", "steps"):
            return lambda leaves: getattr(thing, kind)
        return (lambda leaves: thing.grad) if kind == "gradient" else (lambda leaves: thing)

    def live(self, node: Any, leaves: Sequence[Any]) -> Any:
        """The object that a node of the trace stands for."""
        return leaves[self.positions[node]] if node in self.positions else node

    def fits(self, leaves: Sequence[Any]) -> bool:
        """Whether gradients stand where they stood in the trace."""
        return all(self.live(node, leaves).grad is not None for node in self.needs_grad) and all(
            self.live(node, leaves).grad is None for node in self.needs_none
        )

    def __call__(self, leaves: Sequence[Any]) -> Any:
        try:
            run = self.pool.pop()
        except IndexError:  # in use by another thread
            run = self.source.function()
        before = [(o, o.lr, o.steps) for o in self.optimizers]
        for optimizer in self.optimizers:
            optimizer.begin_step()
        try:
            given = [read(leaves) for read in self.gather]
            with np.errstate(all="ignore"):
                results = run(*given)
        except BaseException:
            undo(before)
            raise
        finally:
            self.pool.append(run)
        if results is None:
            undo(before)
            return NotImplemented
        i, arrays = len(self.leaves), dict(zip(self.given, given))
        for node, array in self.gradients:
            live = self.live(node, leaves)
            if array is not None:
                live.grad = arrays[array]
            else:
                live.grad, i = results[i], i + 1
        for node, _ in self.data:
            live = self.live(node, leaves)
            if not node._data.shape:
                live._data, i = live._data.dtype.type(results[i]), i + 1
            live.number = next(NUMBERS)
        for optimizer in self.optimizers:
            optimizer.end_step()
        answers = []
        for leaf, is_value, result in zip(self.leaves, self.is_value, results):
            if isinstance(leaf, Node) and leaf in self.positions:
                answers.append(leaves[self.positions[leaf]])
            else:
                answers.append(wrapped(result) if is_value else result if isinstance(leaf, Node) else leaf)
        return rebuild(self.tree, iter(answers))


def undo(before: list[tuple[Any, Any, int]]) -> None:
    """Put back what optimizers knew before a step that did not happen."""
    for optimizer, lr, steps in before:
        optimizer.lr, optimizer.steps = lr, steps


def gradient_array(node: Any) -> Any:
    """The array in `.grad` of a Value, or a new one: what a program writes its gradient into."""
    grad = node.grad
    if type(grad) is np.ndarray and grad.flags.writeable and grad.flags.c_contiguous:
        return grad
    return np.empty(node._data.shape, node._data.dtype)


def wrapped(data: Any) -> Value:
    """A Value that a program gives."""
    node: Value = object.__new__(Value)
    node._data = data
    node.grad = node.name = node.line = None
    node.op, node.args, node.kwargs, node.number = None, (), NO_KWARGS, next(NUMBERS)
    return node


def stand_in(trace: Trace, leaf: Any, name: str) -> Any:
    """What a function is called with in a trace."""
    if isinstance(leaf, Value):
        value = trace.stand_in(leaf._data, plain=False, name=leaf.name or name)
        value.grad = leaf.grad
        return value
    return trace.stand_in(leaf, plain=True, name=name) if is_numbers(leaf) else leaf


def is_numbers(leaf: Any) -> bool:
    """Whether an argument changes from call to call: arrays, NumPy numbers and floats."""
    return isinstance(leaf, (float, complex)) or (
        isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "biufc"
    )


def key_of(leaf: Any) -> Any:
    """What two leaves share if one program serves both."""
    if isinstance(leaf, Value):
        return Value, leaf._data.shape, leaf._data.dtype
    if isinstance(leaf, (np.ndarray, np.generic)):
        return np.ndarray, leaf.shape, leaf.dtype
    if isinstance(leaf, (float, complex)):
        return type(leaf)
    return (type(leaf), leaf) if isinstance(leaf, (int, str, bytes, type(None))) else id(leaf)


class Compiled:
    """A function that runs as a program from its second call on; `compile` makes it."""

    def __init__(self, function: Callable[..., Any], static_argnums: int | Sequence[int] = ()) -> None:
        self.function = function
        self.static = {static_argnums} if isinstance(static_argnums, int) else set(static_argnums)
        self.programs: OrderedDict[Any, list[Program]] = OrderedDict()
        self.lock = threading.RLock()
        self.calls = self.compilations = 0
        update_wrapper(self, function)
        self.__name__ = getattr(function, "__name__", "program")
        try:
            self.names = [p.name for p in inspect.signature(function).parameters.values() if p.kind < p.VAR_POSITIONAL]
        except (TypeError, ValueError):
            self.names = []

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        present = MODE.get()
        if present.trace is not None or present.debugging or not present.recording:
            return self.function(*args, **kwargs)
        program, leaves = self.program(args, kwargs)
        self.calls += 1
        if program is None:
            return self.function(*args, **kwargs)
        result = program(leaves)
        return self.function(*args, **kwargs) if result is NotImplemented else result

    def program(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Program | None, list[Any]]:
        """The program for these arguments, made now if there is none, and the leaves of the arguments."""
        moving = {i: a for i, a in enumerate(args) if i not in self.static}
        tree = [list(moving.values()), kwargs]
        leaves = flatten(tree)
        statics = tuple((i, args[i]) for i in sorted(self.static) if i < len(args))
        if any(isinstance(leaf, Value) and leaf.op is not None for leaf in leaves):
            return None, leaves
        values = [leaf for leaf in leaves if isinstance(leaf, Value)]
        twins = tuple(values.index(v) for v in values) if len(values) > 1 and False else ()
        key = (structure(tree), tuple(map(key_of, leaves)), statics, twins)
        try:
            hash(key)
        except TypeError:
            raise TypeError(
                "arguments named by static_argnums must be hashable, such as numbers, strings and tuples"
            ) from None
        with self.lock:
            found = self.programs.setdefault(key, [])
            self.programs.move_to_end(key)
            for program in found:
                if program.fits(leaves):
                    return program, leaves
            had_gradients = {node for p in found for node, _ in p.grads if p.live(node, leaves).grad is not None}
            program = self.build(args, tree, leaves, moving, had_gradients)
            self.compilations += 1
            found.append(program)
            if len(self.programs) > MOST_PROGRAMS:
                self.programs.popitem(last=False)
            return program, leaves

    def build(
        self, args: tuple[Any, ...], tree: Any, leaves: list[Any], moving: dict[int, Any], had: set[Node]
    ) -> Program:
        def call(stand_ins: Sequence[Any]) -> Any:
            positional, named = rebuild(tree, iter(stand_ins))
            complete = list(args)
            for i, arg in zip(moving, positional):
                complete[i] = arg
            return self.function(*complete, **named)

        names = []
        for i, arg in moving.items():
            name = self.names[i] if i < len(self.names) else f"x{i}"
            n = len(flatten(arg))
            names += [name] if n == 1 else [f"{name}_{j}" for j in range(n)]
        for name, arg in tree[1].items():
            names += [name] * len(flatten(arg))
        return Program(self.__name__, leaves, call, names, had)

    def source(self, *args: Any, **kwargs: Any) -> str:
        """The text of the program for arguments like these; it needs nothing but `import numpy as np`."""
        program, _ = self.program(args, kwargs)
        return program.source.text() if program else ""

    def stats(self, *args: Any, **kwargs: Any) -> dict[str, int]:
        """Numbers of calls and compilations, and for example arguments what their program consists of."""
        with self.lock:
            numbers = {"calls": self.calls, "compilations": self.compilations}
        if args or kwargs:
            program, _ = self.program(args, kwargs)
            if program:
                numbers |= {"instructions_before": program.counts[0], "instructions_after": program.counts[1]}
                numbers["buffer_bytes"] = program.bytes
        return numbers


def structure(tree: Any) -> Any:
    """The shape of nested containers, without their leaves."""
    if isinstance(tree, dict):
        return dict, tuple((key, structure(branch)) for key, branch in tree.items())
    return (type(tree), tuple(map(structure, tree))) if isinstance(tree, (list, tuple)) else None


def compile(function: Any = None, *, static_argnums: int | Sequence[int] = ()) -> Any:
    """A function that becomes a flat NumPy program."""
    if function is None:
        return lambda f: Compiled(f, static_argnums)
    return Compiled(function, static_argnums)
