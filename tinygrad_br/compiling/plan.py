"""From a trace to a plan: the steps that a program needs, each once, in an order that works.

The plan grows while the function is traced.  Steps that are done twice are dropped at once, and so are those that
change nothing (`simplify` says which); what nobody asks for goes at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import NO_KWARGS, Node
from .scalars import is_arithmetic
from .simplify import SIMPLER
from .variable import Variable, read_by, stepped, variables_in

if TYPE_CHECKING:
    from .trace import Trace


class Plan:
    """The steps of a program.

    `variables` has the variable of each node that can differ from call to call, or the number that it was found to be.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.variables: dict[Node, Any] = {}
        self.given: dict[Any, Variable] = {}
        self.known: dict[Any, Variable] = {}
        self.constants: dict[Any, Variable] = {}
        self.uniform: dict[Variable, Any] = {}
        self.kept_alive: list[Any] = []
        self.steps: list[Variable] = []
        self.section = "forward"
        self.is_guarded = False
        self.recorded = 0
        self.finite: list[Variable] = []
        self.reached: set[Variable] = set()

    def finish(self, roots: Iterable[Node], finite: Iterable[Node]) -> None:
        """Keep the steps that the program needs for these nodes."""
        self.recorded = len(self.steps)
        self.finite = [*variables_in([self.convert(node) for node in finite])]
        self.steps = self.alive([*variables_in([self.convert(node) for node in roots]), *self.finite])
        if late := self.dependents():  # the rest is done, and may be looked at, before anything is changed
            self.steps = [s for s in self.steps if s not in late] + [s for s in self.steps if s in late]
        self.is_guarded = any(step.is_guarded for step in self.steps)
        self.has_arithmetic = any(step.is_arithmetic for step in self.steps)
        self.has_arrays = not all(step.is_arithmetic for step in self.steps)
        self.known = {}

    @property
    def is_checked(self) -> bool:
        """Whether the program may find at its end that the eager function has to be asked."""
        return self.is_guarded or bool(self.finite)

    def alive(self, roots: Iterable[Variable]) -> list[Variable]:
        """The steps that the roots depend on, in order; `reached` are all variables that they depend on."""
        self.reached = found = set(roots)
        alive = []
        for step in reversed(self.steps):
            if step in found:
                alive.append(step)
                found.update(step.args if step.is_arithmetic else read_by(step))
        return alive[::-1]

    def sink(self, steps: Iterable[Variable]) -> None:
        """Move steps to the end that no other step reads."""
        last = set(steps)
        if not last:
            return
        last.difference_update(*map(read_by, self.steps))
        self.steps = [s for s in self.steps if s not in last] + [s for s in self.steps if s in last]

    # -- from nodes to variables ---------------------------------------------------------------------------------

    def convert(self, arg: Any) -> Any:
        """An argument with variables in the place of nodes and outside arrays, and plain numbers for constants."""
        if isinstance(arg, Node):
            return self.variables[arg] if arg in self.variables else self.leaf(arg)
        if isinstance(arg, (tuple, list)):
            converted = [self.convert(a) for a in arg]
            return tuple(converted) if isinstance(arg, tuple) else converted
        if isinstance(arg, np.ndarray):
            state = self.trace.state.get(id(arg))
            return self.give(("array", arg), arg) if state is None else self.convert(state[1])
        return self.give(("generator", arg), arg) if isinstance(arg, np.random.Generator) else arg

    def dependents(self) -> set[Variable]:
        """The steps of optimizers, and all that is computed from what they leave behind.

        A generator from which one of them draws is left behind, too.
        """
        found: set[Variable] = set()
        for step in self.steps:
            if step.op is stepped or (found and not found.isdisjoint(read_by(step))):
                found.add(step)
                found.update(v for v in read_by(step) if v.source and v.source[0] == "generator")
        return found

    def constant(self, array: Any) -> Variable:
        """A constant array, which stands in the program's text."""
        key = (array.shape, array.dtype, array.tobytes(), array.flags.fnc)
        if key not in self.constants:
            self.constants[key] = Variable(None, (), {}, array, ("constant", array))
        return self.constants[key]

    def leaf(self, node: Node) -> Any:
        """The variable of a node that was not computed in the trace, or the number of a constant."""
        trace = self.trace
        if node in trace.entry:
            variable = self.give(("gradient", trace.entry[node]), node._data)
        elif node in trace.inputs:
            variable = self.give(("argument", node), node._data)
        elif node.number < trace.start:
            variable = self.give(("data", node), node._data)
        else:
            data = node._data
            if not isinstance(data, np.ndarray):
                return data
            variable = self.give(("array", data), data)
            if data.size and np.all(data == data.flat[0]):
                self.uniform[variable] = data.flat[0]
            return variable
        self.variables[node] = variable
        return variable

    def give(self, source: tuple[str, Any], sample: Any) -> Variable:
        """The variable of something that the program is given."""
        key = (source[0], id(source[1]))
        if key not in self.given:
            self.given[key] = Variable(None, (), {}, sample, source)
        return self.given[key]

    # -- simplification ------------------------------------------------------------------------------------------

    def note(self, node: Node, op: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Add the step that makes a node."""
        new = {key: self.convert(value) for key, value in kwargs.items()}
        self.variables[node] = self.simplified(op, tuple(map(self.convert, args)), new, node._data)

    def simplified(self, op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], sample: Any) -> Any:
        """The variable, or constant, of a step: an old one if there is one."""
        if not kwargs and is_arithmetic(op, args, sample):
            return self.number(op, args, sample)
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

    def step(self, op: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], sample: Any) -> Variable:
        """The variable of a step that is done as it is, once."""
        key = (op, self.key(args), self.key(tuple(kwargs.items())))
        if any(v.source and v.source[0] == "generator" for v in variables_in(args)):
            key = object()  # type: ignore[assignment]
        if key not in self.known:
            self.known[key] = Variable(op, args, kwargs, sample, None, self.section)
            self.steps.append(self.known[key])
        return self.known[key]

    def number(self, op: Any, args: tuple[Any, ...], sample: Any) -> Any:
        """As `simplified`, for arithmetic of single numbers, of which graphs can have millions."""
        key: tuple[Any, ...] = op, args
        for arg in args:
            if arg.__class__ is not Variable:
                if Variable not in [a.__class__ for a in args]:
                    return op(*args)
                key = op, *[a or repr(float(a)) for a in args]  # -0.0 equals 0.0 and is another number
                break
        variable = self.known.get(key)
        if variable is None:
            if (len(key) > 2 or op is np.negative) and op in SIMPLER:
                result = SIMPLER[op](self, sample, *args)
                if result is not None:
                    return result
            variable = self.known[key] = Variable(op, args, NO_KWARGS, sample, None, self.section, True)
            self.steps.append(variable)
        return variable

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
