"""From a trace to a plan: the steps that a program needs, each once, in an order that works.

Results that nobody asks for and steps that are done twice are dropped; `simplify` says which steps change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine import Node, nodes_in
from .simplify import SIMPLER
from .trace import Trace, stepped
from .variable import Variable, variables_in


class Plan:
    """The steps of a program.

    Args:
        trace: of one run.
        roots: the nodes whose numbers the program must have in the end.
    """

    def __init__(self, trace: Trace, roots: Iterable[Node]) -> None:
        self.trace = trace
        self.variables: dict[Node, Any] = {}
        self.given: dict[Any, Variable] = {}
        self.known: dict[Any, Variable] = {}
        self.constants: dict[Any, Variable] = {}
        self.uniform: dict[Variable, Any] = {}
        self.kept_alive: list[Any] = []
        self.steps: list[Variable] = []
        self.section = "forward"
        roots = list(roots)
        needed = self.needed(roots)
        self.recorded = len(trace.recipes)
        for node in [node for node in trace.recipes if node in needed]:
            op, args, kwargs, self.section = trace.recipes[node]
            new = {key: self.convert(value) for key, value in kwargs.items()}
            self.variables[node] = self.simplified(op, tuple(map(self.convert, args)), new, node._data)
        self.roots = {node: self.convert(node) for node in roots}
        self.steps = self.alive(variables_in(list(self.roots.values())))
        guarded = {self.variables[node] for node in trace.guarded if isinstance(self.variables.get(node), Variable)}
        self.guarded = not guarded.isdisjoint(self.steps)
        self.finite = [*variables_in([self.convert(node) for node in trace.finite])]

    @property
    def is_checked(self) -> bool:
        """Whether the program may find at its end that the eager function has to be asked."""
        return self.guarded or bool(self.finite)

    def needed(self, roots: list[Node]) -> set[Node]:
        """The moving nodes that the roots depend on."""
        found, waiting = set(roots), list(roots)
        while waiting:
            recipe = self.trace.recipes.get(waiting.pop())
            if recipe is not None:
                for node in nodes_in((recipe.args, *recipe.kwargs.values())):
                    if node not in found:
                        found.add(node)
                        waiting.append(node)
        return found

    def alive(self, roots: Iterable[Variable]) -> list[Variable]:
        """The steps that the roots depend on, in order."""
        found = set(roots)
        waiting = list(found)
        while waiting:
            variable = waiting.pop()
            for v in variables_in((variable.args, *variable.kwargs.values())):
                if v not in found:
                    found.add(v)
                    waiting.append(v)
        return [step for step in self.steps if step in found]

    def sink(self, steps: Iterable[Variable]) -> None:
        """Move steps to the end that no other step reads."""
        last = set(steps).difference(*(variables_in((s.args, *s.kwargs.values())) for s in self.steps))
        self.steps = [s for s in self.steps if s not in last] + [s for s in self.steps if s in last]

    # -- from nodes to variables ---------------------------------------------------------------------------------

    def convert(self, arg: Any) -> Any:
        """An argument with variables in the place of nodes and outside arrays, and plain numbers for constants."""
        if isinstance(arg, Node):
            if arg not in self.variables:
                self.variables[arg] = self.leaf(arg)
            return self.variables[arg]
        if isinstance(arg, (tuple, list)):
            converted = [self.convert(a) for a in arg]
            return tuple(converted) if isinstance(arg, tuple) else converted
        if isinstance(arg, np.ndarray):
            return self.give(("array", arg), arg)
        return self.give(("generator", arg), arg) if isinstance(arg, np.random.Generator) else arg

    def dependents(self) -> set[Variable]:
        """The steps of optimizers, and all that is computed from what they leave behind."""
        found: set[Variable] = set()
        for step in self.steps:
            if step.op is stepped or not found.isdisjoint(variables_in(step.args)):
                found.add(step)
        return found

    def constant(self, array: Any) -> Variable:
        """A constant array, which stands in the program's text."""
        key = (array.shape, array.dtype, array.tobytes())
        if key not in self.constants:
            self.constants[key] = Variable(None, (), {}, array, ("constant", array))
        return self.constants[key]

    def leaf(self, node: Node) -> Any:
        trace = self.trace
        if node in trace.entry:
            return self.give(("gradient", trace.entry[node]), node._data)
        if node in trace.inputs:
            return self.give(("argument", node), node._data)
        if node.number < trace.start or node in trace.current:
            return self.give(("data", node), node._data)
        data = node._data
        if not isinstance(data, np.ndarray):
            return data
        variable = self.give(("array", data), data)
        if data.size and np.all(data == data.flat[0]):
            self.uniform[variable] = data.flat[0]
        return variable

    def give(self, source: tuple[str, Any], sample: Any) -> Variable:
        """The variable of something that the program is given."""
        key = (source[0], id(source[1]))
        if key not in self.given:
            self.given[key] = Variable(None, (), {}, sample, source)
        return self.given[key]

    # -- simplification ------------------------------------------------------------------------------------------

    def simplified(self, op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], sample: Any) -> Any:
        """The variable, or constant, of a step: an old one if there is one."""
        if isinstance(op, np.ufunc) and op.signature is None:
            args = self.with_numbers(args, sample)
        if op in SIMPLER:
            result = SIMPLER[op](self, sample, *args, **kwargs)
            if result is not None:
                return result
        return self.step(op, args, kwargs, sample)

    def with_numbers(self, args: tuple[Any, ...], sample: Any) -> tuple[Any, ...]:
        """The arguments, with one number for a constant array of equal numbers where the shape allows it."""
        for i, arg in enumerate(args):
            if isinstance(arg, Variable) and arg in self.uniform:
                others = [np.shape(a.sample if isinstance(a, Variable) else a) for a in (*args[:i], *args[i + 1 :])]
                if np.broadcast_shapes(*others) == np.shape(sample):
                    args = (*args[:i], self.uniform[arg], *args[i + 1 :])
        return args

    def step(self, op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], sample: Any) -> Variable:
        """The variable of a step that is done as it is, once."""
        key = (op, self.key(args), self.key(tuple(kwargs.items())))
        if any(v.source and v.source[0] == "generator" for v in variables_in(args)):
            key = object()  # type: ignore[assignment]
        if key not in self.known:
            self.known[key] = Variable(op, args, kwargs, sample)
            self.known[key].section = self.section
            self.steps.append(self.known[key])
        return self.known[key]

    def key(self, arg: Any) -> Any:
        """Something hashable that two arguments share only if they are the same."""
        if isinstance(arg, Variable):
            return id(arg)
        if isinstance(arg, (tuple, list)):
            return type(arg), tuple(map(self.key, arg))
        if isinstance(arg, slice):
            return slice, self.key((arg.start, arg.stop, arg.step))
        if isinstance(arg, (float, complex, np.generic)):
            return type(arg), repr(arg)
        try:
            hash(arg)
        except TypeError:
            self.kept_alive.append(arg)
            return id(arg)
        return type(arg), arg
