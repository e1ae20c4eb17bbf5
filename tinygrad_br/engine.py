"""The engine: how a computation is recorded, and how its derivatives are found.

Recording.  A `Node` holds data and how they were made: the NumPy function `op`, its `args` and its `kwargs`.
Arguments that are nodes are differentiated, all others are constants.  Every node takes the next number of one
counter, so the order of the numbers is a topological order of every graph, and a graph only points backwards.

Backward.  `cotangents` collects the ancestors of an output with a loop, sorts them by number and walks them from the
last to the first.  For each argument of each node it asks the rule of the node's function for the argument's
cotangent, that is, the derivative of the output with respect to that argument.  What all rules need is done here,
once, in `fit`: a cotangent is summed over the axes that were broadcast and brought to the dtype of its value, and a
cotangent that is exactly zero stays zero even where a derivative is infinite or NaN.

Rules run on plain arrays.  When the gradient itself is to be differentiated (`create_graph=True`), the same rules run
on nodes and are recorded in their turn: derivatives of any order need no other code.

Mutation.  Giving a node new data gives it a new number too.  A node that used the old data is then older than its own
argument, which `ancestors` notices: no gradient is computed silently from data that a setter or an optimizer changed.
What is written into an array itself, be it `v.data[0] = 1` or into a constant, cannot be noticed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from inspect import signature
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy import float64, ndarray

from .messages import changed_after_use, check_finite, shapes_do_not_fit, wrong_cotangent
from .modes import AS_IT_IS, MODE, mode, watch

Function = Callable[..., Any]
Kwargs = Mapping[str, Any]
NO_KWARGS: Kwargs = {}
NUMBERS = itertools.count()


class Node:
    """Data and how they were made; `Value`, the one subclass, adds what users do with them.

    `op` is None for a leaf.  `number` is the place in the order of creation.  `line` is "file:line" in debug mode.
    """

    value_class: ClassVar[type[Node]]
    __slots__ = ("__weakref__", "_data", "args", "grad", "kwargs", "line", "name", "number", "op")
    _data: Any
    args: tuple[Any, ...]
    grad: Any
    kwargs: Kwargs
    line: str | None
    name: str | None
    number: int
    op: Function | None


def nodes_in(args: Sequence[Any]) -> Iterator[Node]:
    """The nodes among arguments, those inside tuples too, in order and with repetitions."""
    for arg in args:
        if isinstance(arg, Node):
            yield arg
        elif type(arg) is tuple:
            yield from nodes_in(arg)


def data_of(arg: Any) -> Any:
    """The plain data of an argument: those of a node, of the nodes in a tuple, or the argument itself."""
    return arg._data if isinstance(arg, Node) else tuple(map(data_of, arg)) if type(arg) is tuple else arg


def record(op: Function, args: tuple[Any, ...], kwargs: Kwargs = NO_KWARGS, compute: Function | None = None) -> Any:
    """Run `op` on the data of `args`, of which at least one is a node; the result is a node that remembers both.

    `compute` is another way to the same result.  A function that returns a tuple gets one node for the tuple and one
    for each of its parts.
    """
    raw = [*map(data_of, args)]
    try:
        data = (compute or op)(*raw, **kwargs)
    except ValueError as error:
        raise type(error)(shapes_do_not_fit(op, raw, error)) from None
    node = result_node(data, op, args, kwargs)
    if isinstance(data, tuple):
        parts = [result_node(data[i], part, (node, i)) for i in range(len(data))]
        return type(data)._make(parts) if hasattr(data, "_make") else tuple(parts)
    return node


def result_node(data: Any, op: Function, args: tuple[Any, ...], kwargs: Kwargs = NO_KWARGS) -> Any:
    """The node of a computed result: the one place where operations are recorded."""
    node = object.__new__(Node.value_class)
    node._data = data if data.__class__ is not ndarray or data.ndim else data[()]
    node.grad = node.name = node.line = None
    node.number = next(NUMBERS)
    recording, debugging, trace = MODE.get()
    node.op, node.args, node.kwargs = (op, args, kwargs) if recording else (None, (), NO_KWARGS)
    if debugging or trace is not None:
        watch(node, op, args, kwargs)
    return node


def part(results: tuple[Any, ...], index: int) -> Any:
    """One of the results of a function that returns several; the engine knows its derivative."""
    return results[index]


def ancestors(output: Node) -> list[Node]:
    """All nodes that `output` was made from, and itself, in the order of their creation."""
    found, waiting = {output}, [output]
    while waiting:
        node = waiting.pop()
        for arg in (args := [*node.args]):  # which grows by what is inside tuples
            if isinstance(arg, Node):
                if arg.number > node.number:
                    raise RuntimeError(changed_after_use(arg, node))
                if arg not in found:
                    found.add(arg)
                    waiting.append(arg)
            elif type(arg) is tuple:
                args += arg
    return sorted(found, key=attrgetter("number"))


@np.errstate(all="ignore")
def cotangents(output: Node, gradient: Any, inputs: Any = None, create_graph: bool = False) -> dict[Node, Any]:
    """The derivative of `output`, weighted by `gradient`, with respect to each node on the way to it.

    With `inputs`, only what lies between them and the output is computed, and only theirs are returned.
    """
    nodes, debugging = ancestors(output), MODE.get().debugging
    kept = set(nodes if inputs is None else inputs)
    wanted = kept.copy() if inputs else kept
    wanted.update(filter(lambda n: not wanted.isdisjoint(nodes_in(n.args)), nodes if inputs else ()))
    found: dict[Node, Any] = {output: conjugate(gradient)}
    with mode(recording=True, debugging=False) if create_graph else AS_IT_IS:
        for node in reversed(nodes):
            if node.op is None or node not in found:
                continue
            g = found[node] if node in kept else found.pop(node)
            if node.op is part:
                whole, index = node.args
                shares = found.setdefault(whole, [np.zeros_like(d) for d in whole._data])
                shares[index] = shares[index] + g
                continue
            rules, guarded = RULES[node.op]
            call = (g, node, *node.args) if create_graph else (g, node._data, *map(data_of, node.args))
            for arg, rule in zip(node.args, rules):
                if not rule or (arg not in wanted if isinstance(arg, Node) else type(arg) is not tuple):
                    continue
                if type(arg) is tuple and wanted.isdisjoint(nodes_in(arg)):
                    continue
                share = rule(*call, **node.kwargs) if node.kwargs else rule(*call)
                for target, c in ((arg, share),) if isinstance(arg, Node) else zip(arg, share, strict=True):
                    if c is None or not (target is arg or (isinstance(target, Node) and target in wanted)):
                        continue
                    if (data := target._data).__class__ is float64 is c.__class__:
                        c = float64(0) if guarded and c != c and g == 0 else c
                    elif guarded or c.__class__ is not ndarray or c.shape != data.shape or c.dtype is not data.dtype:
                        c = fit(c, data, node, g if guarded else None)
                    if debugging:
                        check_finite(data_of(c), "has a gradient with", node.op, node.args, node.line)
                    if c is not None:
                        found[target] = found[target] + c if target in found else c
        return {n: c if c.__class__ is ndarray and c.dtype.kind == "f" else conjugate(c) for n, c in found.items()}


def fit(cotangent: Any, data: Any, node: Node, g: Any) -> Any:
    """Bring a cotangent to the shape and dtype of the data it belongs to; None if these are integers or truth values.

    Where the data were broadcast the cotangent is summed: each use of a number adds to its derivative.  `g` is the
    cotangent of the node if zero is to stay zero, else None.
    """
    if data.dtype.kind not in "fc":
        return None
    c: Any = cotangent if isinstance(cotangent, (Node, ndarray)) else np.asarray(cotangent)
    if g is not None and has_nan(c):
        c = np.where((g == 0) & np.isnan(c), 0.0, c)
    while c.ndim > data.ndim:
        c = np.add.reduce(c)
    if c.shape != data.shape:
        axes = tuple(i for i in range(-c.ndim, 0) if c.shape[i] != 1 == data.shape[i])
        c = np.add.reduce(c, axis=axes, keepdims=True) if axes else c
        try:
            c = c if c.shape == data.shape else np.broadcast_to(c, data.shape)
        except ValueError:
            raise ValueError(wrong_cotangent(node, cotangent, data)) from None
    if c.dtype != data.dtype:
        c = (c.real if c.dtype.kind == "c" and data.dtype.kind == "f" else c).astype(data.dtype)
    return c if isinstance(c, Node) or c.ndim else c[()]


def has_nan(x: Any) -> bool:
    """Whether there is a NaN in an array, a NumPy scalar or a node: one pass, no temporary."""
    trace, y = MODE.get().trace, data_of(x)
    return bool((square := np.vdot(y, y)) != square) if trace is None else trace.guard(x)


def conjugate(c: Any) -> Any:
    """Inside the engine a complex number has the conjugate of its gradient, for which the chain rule is a product."""
    return c if c.__class__ is float64 or c.__class__ is list or c.dtype.kind != "c" else np.conjugate(c)


class Entry(NamedTuple):
    """What the registry knows of a function: a rule for each argument, and whether zero must be kept zero for it."""

    rules: Sequence[Function | None]
    guarded: bool = False


RULES: dict[Any, Entry] = {}


def define_rule(function: Any, *rules: Function | None, guarded: bool = False) -> Any:
    """Give a function its derivative: one rule for each argument; `tinygrad_br.rules` says what a rule is."""
    dispatches = isinstance(function, (np.ufunc, type(len))) or hasattr(function, "_implementation")
    function = function if dispatches or hasattr(function, "recorded") else recorded(function)
    RULES[function] = Entry(rules, guarded)
    return function


def recorded(function: Function) -> Function:
    """Wrap a function of arrays so that a call with a Value among its arguments is recorded as one operation."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs and any(isinstance(v, Node) for v in kwargs.values()):  # rules find arguments by their positions
            bound = signature(function).bind(*args, **kwargs)
            args, kwargs = bound.args, bound.kwargs
        with_nodes = (args and isinstance(args[0], Node)) or next(nodes_in(args), None) is not None
        return record(call, args, kwargs, function) if with_nodes else function(*args, **kwargs)

    call.recorded = True  # type: ignore[attr-defined]
    return call
