"""From a trace to a plan: the steps that a program needs, each once, in an order that works.

What is dropped: results nobody asks for, the same step done twice, steps that change nothing (x * 1, x + 0, -(-x), the
transpose of a transpose, a shape or dtype that is there already).  What is left is brought to few forms: all
reductions without `keepdims`, all reshapings as `np.reshape`, all changes of axes as `np.transpose`.

x + 0 is dropped although it would turn -0.0 into 0.0, which no comparison tells from -0.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..engine import Node, nodes_in, part
from ..value import astype
from .trace import Trace, same, stepped, together

EXACT = (float, np.float64)


class Variable:
    """One result in a program, or one thing that it is given.

    `op` is None for what is given; `source` then says what it is: ("argument", i), ("data", Value), ("gradient",
    Value), ("array", ndarray) or ("generator", Generator).  `sample` are the numbers it had in the trace.
    """

    __slots__ = ("args", "kwargs", "name", "op", "place", "sample", "section", "source")

    def __init__(self, op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], sample: Any, source: Any = None) -> None:
        self.op, self.args, self.kwargs, self.sample, self.source = op, args, kwargs, sample, source
        self.name, self.section, self.place = "", "", None

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.sample)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.sample.dtype  # type: ignore[no-any-return]


def variables_in(arg: Any) -> Iterator[Variable]:
    """The variables in an argument, those inside tuples too."""
    if isinstance(arg, Variable):
        yield arg
    elif isinstance(arg, (tuple, list)):
        for a in arg:
            if isinstance(a, Variable):
                yield a
            elif isinstance(a, (tuple, list)):
                yield from variables_in(a)


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


# What is simpler than it was written: functions of (plan, sample of the result, *args, **kwargs) that give the variable
# that holds the same numbers, or None if there is nothing simpler.


def first(plan: Plan, sample: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    return x


def unless_changed(x: Any, sample: Any) -> Any:
    """x, if it is a variable of the shape and dtype of the sample."""
    return x if isinstance(x, Variable) and x.shape == np.shape(sample) and x.dtype == sample.dtype else None


def is_number(x: Any, number: int) -> bool:
    return isinstance(x, (int, float, np.floating, np.integer)) and x == number


def product(plan: Plan, sample: Any, x: Any, y: Any) -> Any:
    return unless_changed(x, sample) if is_number(y, 1) else unless_changed(y, sample) if is_number(x, 1) else None


def total(plan: Plan, sample: Any, x: Any, y: Any) -> Any:
    return unless_changed(x, sample) if is_number(y, 0) else unless_changed(y, sample) if is_number(x, 0) else None


def difference(plan: Plan, sample: Any, x: Any, y: Any) -> Any:
    return unless_changed(x, sample) if is_number(y, 0) else None


def quotient(plan: Plan, sample: Any, x: Any, y: Any) -> Any:
    return unless_changed(x, sample) if is_number(y, 1) else None


def power(plan: Plan, sample: Any, x: Any, y: Any) -> Any:
    if is_number(y, 1):
        return unless_changed(x, sample)
    if is_number(y, 2) and isinstance(x, Variable) and x.shape and x.dtype == sample.dtype and x.dtype.kind in "fc":
        return plan.simplified(np.square, (x,), {}, sample)  # as NumPy does for x ** 2
    return None


def opposite(plan: Plan, sample: Any, x: Any) -> Any:
    return x.args[0] if isinstance(x, Variable) and x.op is np.negative else None


def cast(plan: Plan, sample: Any, x: Any, dtype: Any) -> Any:
    return unless_changed(x, sample)


def reshaped(plan: Plan, sample: Any, x: Any, *args: Any, order: str = "C", **kwargs: Any) -> Any:
    """np.reshape, np.ravel, np.squeeze and np.expand_dims as np.reshape, and several of them as one."""
    if order != "C" or (args and args[-1] in ("F", "A", "K")) or not isinstance(x, Variable):
        return None
    while x.op is np.reshape and len(x.args) == 2 and not x.kwargs:
        x = x.args[0]
    return unless_changed(x, sample) or plan.step(np.reshape, (x, np.shape(sample)), {}, sample)


def reordered(order_of: Callable[..., Any]) -> Callable[..., Any]:
    """np.transpose with a tuple of axes, and several of them as one."""

    def simpler(plan: Plan, sample: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(x, Variable):
            return None
        axes = order_of(len(x.shape), *args, **kwargs)
        if x.op is np.transpose:
            x, axes = x.args[0], tuple(x.args[1][i] for i in axes)
        return x if axes == tuple(range(len(axes))) else plan.step(np.transpose, (x, axes), {}, sample)

    return simpler


def transposed_axes(n: int, axes: Any = None) -> tuple[int, ...]:
    return tuple(range(n))[::-1] if axes is None else tuple(int(i) % n for i in axes)


def moved_axes(n: int, source: Any, destination: Any) -> tuple[int, ...]:
    positions = np.moveaxis(np.empty(range(1, n + 1)), source, destination).shape
    return tuple(i - 1 for i in positions)


def swapped_axes(n: int, axis1: int, axis2: int) -> tuple[int, ...]:
    order = list(range(n))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return tuple(order)


def last_swapped(n: int) -> tuple[int, ...]:
    return swapped_axes(n, -1, -2)


def repeated(plan: Plan, sample: Any, x: Any, shape: Any, subok: bool = False) -> Any:
    return unless_changed(x, sample)


def reduction(function: Any) -> Callable[..., Any]:
    """A sum, maximum, ... over a tuple of axes without keepdims, brought to its shape afterwards."""

    def simpler(plan: Plan, sample: Any, x: Any, axis: Any = None, keepdims: Any = False, **kwargs: Any) -> Any:
        if kwargs or not isinstance(x, Variable) or not isinstance(keepdims, (bool, np.bool_)) or not x.shape:
            return None
        n = len(x.shape)
        axes = tuple(range(n)) if axis is None else tuple(sorted(int(i) % n for i in np.atleast_1d(axis)))
        if not axes or len(set(axes)) < len(axes):
            return None
        result = plan.step(function, (x,), {"axis": axes}, np.asarray(sample).reshape(without(x.shape, axes))[()])
        return result if not keepdims else plan.simplified(np.reshape, (result, np.shape(sample)), {}, sample)

    return simpler


def without(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def mean(plan: Plan, sample: Any, x: Any, axis: Any = None, keepdims: bool = False, **kwargs: Any) -> Any:
    """The sum by the count, as NumPy does it for these dtypes."""
    if kwargs or not isinstance(x, Variable) or x.dtype.char not in "fdFD" or not x.sample.size:
        return None
    summed = np.sum(x.sample, axis=axis, keepdims=keepdims)
    total = plan.simplified(np.sum, (x,), {"axis": axis, "keepdims": keepdims}, summed)
    return plan.simplified(np.divide, (total, x.sample.size // max(summed.size, 1)), {}, sample)


def component(plan: Plan, sample: Any, results: Variable, index: int) -> Any:
    return results.args[index] if results.op is together else None


SIMPLER: dict[Any, Callable[..., Any]] = {
    same: first, np.positive: first, np.copy: first, part: component,
    np.multiply: product, np.divide: quotient, np.add: total, np.subtract: difference, np.power: power,
    np.negative: opposite, astype: cast, np.ndarray.astype: cast,
    np.reshape: reshaped, np.expand_dims: reshaped, np.squeeze: reshaped, np.ravel: reshaped,
    np.transpose: reordered(transposed_axes), np.matrix_transpose: reordered(last_swapped),
    np.swapaxes: reordered(swapped_axes), np.moveaxis: reordered(moved_axes),
    np.broadcast_to: repeated, np.mean: mean,
    np.sum: reduction(np.sum), np.max: reduction(np.max), np.min: reduction(np.min), np.prod: reduction(np.prod),
    np.all: reduction(np.all), np.any: reduction(np.any),
}  # fmt: skip
