"""The trace: one run of a function on stand-ins, in which every operation is noted.

A trace changes nothing that outlives it.  The function runs once, and each operation goes at once into the plan of the
program; each array among its arguments is replaced by a
Value that stands for it.  Derivatives run their rules on Values, so the backward pass is noted like the forward pass.
What the function does to Values from outside (their `.grad`, their data, the step of an optimizer) is noted as an
effect and not done.

A node of a trace is *moving* if its numbers can differ between calls: it comes from an argument, from a Value that was
there before (a parameter), from an array outside, or from a random generator.  All others are constants.  It is
*plain* if without a trace it would be an array and not a Value; no gradient reaches the function's results through it.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import NO_KWARGS, NUMBERS, Node, cotangents, nodes_in
from ..messages import describe, op_name
from ..modes import mode
from ..value import Value, stop_gradient
from .attributes import Attributes
from .lowering import WHOLE, body_of
from .plan import Plan
from .samples import sample_of
from .templates import note_number, number_cotangents
from .variable import NUMBER, Variable, stepped, together, updated


class TraceError(TypeError):
    """A function that is being compiled asks for something that a program cannot repeat."""


@dataclass(eq=False)
class Update:
    """A step of an optimizer: the node that stands for it, and the gradients of the parameters that have one."""

    optimizer: Any
    token: Node
    gradients: dict[Any, Any]


SHAPED_BY_NUMBERS = {np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.extract, np.compress, np.trim_zeros}


class Trace:
    """What is known of one run.

    With `samples`, large arguments are shapes without numbers.  `plan` has what each moving node is; `templates` and
    `rules` have what operations on single numbers and their derivatives become.  `current` has the present data of
    Values that were given new ones, `entry` the gradients that stood in `.grad` when the function was called, `grads`
    and `numbers` what is put back when the trace ends.  `modules` were called with these settings; `state` are their
    arrays that get new numbers, by id; what is in `finite` must be so, else the eager function is asked.  The gradients
    at the start of Values in `forgotten` do not matter.
    """

    def __init__(self, samples: bool = False) -> None:
        self.samples = samples
        self.start = next(NUMBERS)
        self.plan = Plan(self)
        self.templates: dict[Any, Any] = {}
        self.rules: dict[Any, Any] = {}
        self.plain: set[Node] = set()
        self.inputs: set[Node] = set()
        self.current: dict[Node, Node] = {}
        self.entry: dict[Node, Node] = {}
        self.grads: dict[Node, Any] = {}
        self.forgotten: set[Node] = set()
        self.numbers: dict[Node, int] = {}
        self.updates: list[Update] = []
        self.modules: dict[Any, Attributes] = {}
        self.state: dict[int, tuple[Any, Any]] = {}
        self.finite: list[Any] = []

    # -- stand-ins -----------------------------------------------------------------------------------------------

    def stand_in(self, data: Any, plain: bool, name: str | None = None) -> Value:
        """A leaf that keeps the dtype of its numbers, integers too."""
        node: Value = object.__new__(Value)
        node._data = np.asanyarray(data)[()]
        node.grad = node.op = node.line = None
        node.args, node.kwargs, node.name, node.number = (), NO_KWARGS, name, next(NUMBERS)
        if plain:
            self.plain.add(node)
        return node

    def argument(self, data: Any, plain: bool, name: str) -> Value:
        """The stand-in of an argument of the function."""
        node = self.stand_in(sample_of(data) if self.samples else data, plain, name)
        self.inputs.add(node)
        self.plan.convert(node)
        return node

    def is_moving(self, arg: Any) -> bool:
        """Whether the numbers of an argument of an operation can differ between calls."""
        if isinstance(arg, Node):
            return arg in self.plan.variables or arg.number < self.start
        if isinstance(arg, (tuple, list)):
            return any(map(self.is_moving, arg))
        return isinstance(arg, (np.ndarray, np.random.Generator))

    def is_outside(self, node: Node) -> bool:
        """Whether a Value was there before the trace, so that what is done to it is an effect."""
        outside = node.number < self.start or node in self.inputs or node in self.numbers
        return outside and node not in self.entry

    # -- what the engine and Value report ------------------------------------------------------------------------

    def note(self, node: Node, op: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Remember how a result was made, unless it is a constant."""
        if kwargs is NO_KWARGS and node._data.__class__ in NUMBER and note_number(self, node, op, args):
            return
        nodes = [*nodes_in(args)]
        if nodes and all(arg in self.plain for arg in nodes):
            self.plain.add(node)
        if not (self.is_moving(args) or self.is_moving(tuple(kwargs.values()))):
            return
        self.check_shape(op, args)
        if op is stop_gradient:
            self.plan.variables[node] = self.plan.convert(args[0])
        elif not (hasattr(op, "recorded") and op not in WHOLE and self.lower(node, op, args, kwargs)):
            self.plan.note(node, op, args, kwargs)

    def lower(self, node: Node, op: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        """Note one of our own functions as NumPy functions; False if its body needs plain arrays."""
        try:
            with mode(recording=False):
                result = body_of(op)(*args, **kwargs)
        except Exception:
            return False
        if isinstance(node._data, tuple):
            if not isinstance(result, tuple) or not all(isinstance(r, Node) for r in result):
                return False
            self.plan.note(node, together, result, NO_KWARGS)
            return True
        if not isinstance(result, Node) or result._data.dtype != node._data.dtype:
            return False
        if result._data.shape != node._data.shape:
            return False
        self.plan.variables[node] = self.plan.convert(result)
        return True

    def check_shape(self, op: Any, args: tuple[Any, ...]) -> None:
        """Refuse results whose shape depends on numbers: a program has one shape for everything."""
        masks = [a for a in nodes_in(args[1:]) if a._data.dtype == bool] if op is operator.getitem else []
        if any(map(self.is_moving, masks)) or op in SHAPED_BY_NUMBERS or (op is np.where and len(args) == 1):
            how = "x[mask]" if op is operator.getitem else f"np.{op_name(op)}"
            raise TraceError(
                f"{how} gives a shape that depends on numbers, and a compiled program has one shape for all calls; "
                "write np.where(mask, x, 0), or leave tg.compile out"
            )

    def made(self, node: Node, data: Any) -> None:
        """A Value was constructed: from a node it goes on, and an array from outside is read again at each call."""
        if node.op is not None:
            if self.is_moving(node.args):
                self.plan.variables[node] = self.plan.convert(node.args[0])
        elif isinstance(data, np.ndarray) and data.ndim:
            self.plan.note(node, np.ndarray.astype, (data, node._data.dtype), NO_KWARGS)

    def draw(self, function: Any, generator: Any, *args: Any) -> Node:
        """Random numbers that every call draws anew; the trace leaves the generator as it is."""
        node = self.stand_in(function(deepcopy(generator), *args), plain=True)
        self.plan.note(node, function, (generator, *args), NO_KWARGS)
        return node

    def data(self, node: Any) -> Any:
        """What `.data` and gradients are in a trace: the same numbers, plain, and no gradient flows through them."""
        if not isinstance(node, Node) or (node.op is None and not self.is_moving(node)):
            return node._data if isinstance(node, Node) else node
        result = stop_gradient(node)
        self.plain.add(result)
        return result

    def ancestors(self, output: Node) -> list[Node]:
        """As the engine's function, but not beyond what would be plain arrays without a trace."""
        found, waiting = {output}, [output]
        while waiting:
            for node in nodes_in(waiting.pop().args):
                if node not in found and node not in self.plain:
                    found.add(node)
                    waiting.append(node)
        return list(found)

    def guard(self, cotangent: Any) -> bool:
        """The engine asks whether NaN must be replaced by 0: the program will look for NaN at its end instead."""
        if isinstance(variable := self.plan.convert(cotangent), Variable):
            variable.is_guarded = True
        return False

    def refuse(self, node: Node, how: str) -> None:
        """Raise if a number of this node is no constant."""
        if self.is_moving(node):
            raise TraceError(
                f"{how} would read a number of {described(node)} while tg.compile records the function, and the "
                "program would keep this one number for all later calls; return the Value and read it outside, write "
                "np.where instead of if, or leave tg.compile out"
            )

    # -- effects -------------------------------------------------------------------------------------------------

    def manage(self, node: Node) -> None:
        """Keep what stands in `.grad` of a Value from outside, and let a stand-in take its place."""
        if self.is_outside(node) and node not in self.grads:
            self.grads[node] = node.grad
            if isinstance(node.grad, Node):
                raise TraceError(f"the gradient of {described(node)} is a Value; call zero_grad() before compiling")
            if node.grad is not None:
                stand_in = self.stand_in(node.grad, plain=True)
                self.entry[stand_in] = node
                self.plan.convert(stand_in)
                node.grad = stand_in

    def call(self, module: Any) -> None:
        """A module is called: the program is for the settings that it has now."""
        if module not in self.modules:
            self.modules[module] = Attributes(module)

    def remember(self, array: Any, new: Any) -> None:
        """An array of state gets new numbers."""
        self.state[id(array)] = array, new

    def zero_grad(self, node: Node) -> None:
        """As `Value.zero_grad`, recorded."""
        if self.is_outside(node) and node not in self.grads:
            self.forgotten.add(node)
        self.manage(node)
        node.grad = None

    def cotangents(self, output: Value, gradient: Any, inputs: Any = None, create_graph: bool = True) -> Any:
        """As the engine's function, on Values."""
        gradient = gradient if isinstance(gradient, Node) else Value(gradient)
        before, self.plan.section = self.plan.section, "backward"
        try:
            found = None if create_graph else number_cotangents(self, output, gradient, inputs)
            return cotangents(output, gradient, inputs, create_graph=True) if found is None else found
        finally:
            self.plan.section = before

    def backward(self, output: Value, gradient: Any) -> None:
        """As `Value.backward`, recorded."""
        start = next(NUMBERS)
        for node, cotangent in self.cotangents(output, gradient, create_graph=False).items():
            if cotangent.__class__ is list:
                continue
            self.manage(node)
            if isinstance(cotangent, Node) and cotangent.number > start and cotangent in self.plan.variables:
                self.plain.add(cotangent)  # it was made for this and has no other use
            else:
                cotangent = self.data(cotangent)
            node.grad = cotangent if node.grad is None else self.data(node.grad + cotangent)

    def set_data(self, node: Node, data: Any) -> None:
        """As the setter of `Value.data`, recorded."""
        if np.shape(data) != node._data.shape:
            raise ValueError(
                f"data of shape {np.shape(data)} do not fit a Value of shape {node._data.shape}; make a new Value"
            )
        if not self.is_outside(node):
            raise TraceError("only Values from outside can get new data in a compiled function; make a new Value here")
        with mode(recording=False):
            new = data if isinstance(data, Node) else Value(np.asarray(data, node._data.dtype))
            self.renew(node, new if new._data.dtype == node._data.dtype else new.astype(node._data.dtype))  # type: ignore[attr-defined]

    def renew(self, node: Node, new: Node) -> None:
        """From here on a Value from outside has other data, and graphs that used the old ones are stale."""
        self.numbers.setdefault(node, node.number)
        self.current[node] = new
        self.plan.variables[node] = self.plan.convert(new)
        node.number = next(NUMBERS)

    def update(self, optimizer: Any, gradients: list[Any]) -> None:
        """As `Optimizer.step`, recorded."""
        present = []
        for parameter, gradient in zip(optimizer.parameters, gradients):
            if gradient is not None and gradient is parameter.grad and not isinstance(gradient, Node):
                self.manage(parameter)
                gradient = parameter.grad
            if gradient is not None:
                present.append((parameter, gradient))
        token = self.stand_in(np.zeros(()), plain=True)
        update = Update(optimizer, token, dict(present))
        self.updates.append(update)
        self.plan.section = "update"
        self.plan.note(token, stepped, (tuple(g for _, g in present), update), NO_KWARGS)
        for parameter, _ in present:
            new = self.stand_in(parameter._data, plain=True)
            self.plan.note(new, updated, (parameter, token), NO_KWARGS)
            self.renew(parameter, new)
        self.plan.section = "forward"

    def restore(self) -> None:
        """Put everything back that the trace touched.

        Raises TraceError if a module's own code has changed its attributes, which a program would not do.
        """
        for node, grad in self.grads.items():
            node.grad = grad
        for node, number in self.numbers.items():
            node.number = number
        changed = [f"{type(module).__name__}.{name}" for module, a in self.modules.items() for name in a.put_back()]
        if changed:
            raise TraceError(
                f"the function changes {', '.join(changed)}, and a compiled program would not do so at each call; draw "
                "random numbers with tg.nn.Dropout, or leave tg.compile out"
            )


def described(node: Node) -> str:
    return f"{node.name!r}" if node.name else describe(node).partition(" of shape")[0]
