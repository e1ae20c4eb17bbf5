"""Functions that turn a function into its derivative: grad, jacobian, hessian, jvp and their like.

A transform wraps the arguments it differentiates in Values, runs the function and asks the engine for the answer.
"What you wrap is differentiated" holds for the result too: if all that the function touched were plain arrays, the
result is plain arrays; if it reached a Value from outside, through an argument or a closure, the result is a Value
that depends on it.  So transforms nest to any order, and the gradient of a gradient penalty reaches the weights.

An argument may be a number, an array, or a list, tuple or dict of them, nested as you like; the derivative has the
same structure.  Integers are refused: a derivative with respect to them does not exist, and 3.0 is easily written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any, NamedTuple

import numpy as np

from .engine import NUMBERS, RULES, Entry, Node, ancestors, cotangents, data_of, define_rule, nodes_in, result_node
from .messages import describe
from .modes import MODE, mode
from .value import Value, gradients, seed

Function = Callable[..., Any]


def flatten(tree: Any) -> list[Any]:
    """The leaves of nested lists, tuples and dicts, in order."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [leaf for branch in tree for leaf in flatten(branch)] if isinstance(tree, (list, tuple)) else [tree]


def rebuild(tree: Any, leaves: Iterator[Any]) -> Any:
    """A structure like `tree` with other leaves."""
    if isinstance(tree, dict):
        return {key: rebuild(branch, leaves) for key, branch in tree.items()}
    if isinstance(tree, (list, tuple)):
        branches = [rebuild(branch, leaves) for branch in tree]
        return type(tree)._make(branches) if hasattr(tree, "_make") else type(tree)(branches)
    return next(leaves)


def variable(leaf: Any) -> Value:
    """A new Value for one number or array of an argument; one that is a Value already stays connected to it."""
    if not isinstance(leaf, Value) and np.asarray(leaf).dtype.kind in "biu":
        raise TypeError(
            f"derivatives exist with respect to floats, but got {leaf!r}; write floats, such as 3.0 or x.astype(float)"
        )
    return Value(leaf)


class Run:
    """One run of a function on variables, and the derivatives of its output.

    `positions` are those of the arguments that are differentiated; `variables` are the Values that stand for their
    leaves.  `constant` tells that nothing outside the run can be differentiated, so that plain arrays will do.
    """

    def __init__(self, f: Function, positions: Sequence[int], args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        if max(positions) >= len(args):
            raise TypeError(f"argnums names argument {max(positions)}, but only {len(args)} were given")
        recording, start = MODE.get().recording, next(NUMBERS)
        self.trees = [args[i] for i in positions]
        with mode(recording=True):
            self.variables = [variable(leaf) for leaf in flatten(self.trees)]
            wrapped = list(args)
            for i, tree in zip(positions, rebuild(self.trees, iter(self.variables)), strict=True):
                wrapped[i] = tree
            self.output = f(*wrapped, **kwargs)
        if not isinstance(self.output, Value):
            raise TypeError(
                f"the function returned {type(self.output).__name__}, which no gradient reaches; return a Value "
                "computed from the arguments (for a constant: Value(0.0))"
            )
        trace = MODE.get().trace
        nodes = ancestors(self.output) if trace is None else trace.ancestors(self.output)
        self.constant = not recording or all(node.op or node.number > start for node in nodes)

    def value(self) -> Any:
        """The output: plain numbers if nothing outside can be differentiated."""
        return self.output.data if self.constant else self.output

    def derivatives(self, gradient: Any = None) -> list[Any]:
        """The derivatives of the output, weighted by `gradient`, by each variable."""
        with mode(recording=True):
            return gradients(self.output, self.variables, gradient, create_graph=not self.constant)

    def result(self, leaves: Sequence[Any], argnums: int | Sequence[int]) -> Any:
        """The leaves in the structure of the arguments: one for an int, a tuple for several."""
        trees = rebuild(self.trees, iter(leaves))
        return trees[0] if isinstance(argnums, int) else tuple(trees)


def positions(argnums: int | Sequence[int]) -> Sequence[int]:
    return (argnums,) if isinstance(argnums, int) else argnums


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that gives f's value and its gradient, for the price of one run.

    Args:
        f: gives one real number.
        argnums: position of the argument to differentiate by, or a tuple of positions.

    Raises:
        TypeError: if the arguments are integers, or f does not give one real number.

    >>> print(*value_and_grad(lambda w: w * w)(3.0))
    9.0 6.0
    """

    @wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        run = Run(f, positions(argnums), args, kwargs)
        if run.output.size != 1 or run.output.dtype.kind != "f":
            raise TypeError(
                f"grad needs one real number, but the function gave {describe(run.output)}; use tg.jacobian for "
                "several, or tg.elementwise_grad where each output depends on its own input"
            )
        return run.value(), run.result(run.derivatives(), argnums)

    return value_and_gradient


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that gives the gradient of f, which gives one real number; arguments as in `value_and_grad`.

    >>> print(grad(grad(lambda x: x**3))(2.0))
    12.0
    >>> grad(lambda p: p["w"] * 2.0 + p["b"])({"w": 5.0, "b": 1.0})
    {'w': np.float64(2.0), 'b': np.float64(1.0)}
    """
    both = value_and_grad(f, argnums)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def elementwise_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The derivative of a function that works entry by entry, at every entry, of the argument's shape.

    >>> elementwise_grad(np.sin)(np.array([0.0, np.pi]))
    array([ 1., -1.])
    """

    @wraps(f)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        run = Run(f, positions(argnums), args, kwargs)
        return run.result(run.derivatives(np.ones(run.output.shape, run.output.dtype)), argnums)

    return derivative


def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that gives all first derivatives of f: an array of shape f(x).shape + x.shape.

    One backward pass for each entry of the output.

    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @wraps(f)
    def derivatives(*args: Any, **kwargs: Any) -> Any:
        run = Run(f, positions(argnums), args, kwargs)
        shape, size = run.output.shape, run.output.size
        units = np.eye(size, dtype=run.output.dtype).reshape(size, *shape)
        rows = [run.derivatives(unit) for unit in units]
        columns = [
            np.reshape(np.stack([row[i] for row in rows]), (*shape, *v.shape)) if rows else np.zeros((*shape, *v.shape))
            for i, v in enumerate(run.variables)
        ]
        return run.result([c if isinstance(c, Node) else c[()] for c in columns], argnums)

    return derivatives


def hessian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that gives all second derivatives of f, which gives one real number: shape x.shape + x.shape.

    Of several arguments, lists or dicts it is the gradient's structure, with a gradient of its own in each place.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    >>> hessian(lambda p: p["a"] * p["b"] ** 2)({"a": 3.0, "b": 5.0})["a"]
    {'a': np.float64(0.0), 'b': np.float64(10.0)}
    """
    slopes = grad(f, argnums)

    @wraps(f)
    def second_derivatives(*args: Any, **kwargs: Any) -> Any:
        tree = args[argnums] if isinstance(argnums, int) else tuple(args[i] for i in argnums)
        rows = [
            jacobian(lambda *a, i=i, **k: flatten(slopes(*a, **k))[i], argnums)(*args, **kwargs)
            for i in range(len(flatten(tree)))
        ]
        return rebuild(tree, iter(rows))

    return second_derivatives


def vjp(f: Function, *args: Any) -> Any:
    """The output of f and the function that pulls a cotangent of the output back to the arguments.

    `vjp(f, *args)` gives `(output, pullback)`, and `pullback(cotangent)` a tuple with one entry for each argument.
    `vjp(f)` alone gives the function of the arguments.

    >>> output, pullback = vjp(np.multiply, 3.0, 5.0)
    >>> print(output, *pullback(1.0))
    15.0 5.0 3.0
    """
    if not args:
        return lambda *args: vjp(f, *args)
    run = Run(f, range(len(args)), args, {})
    return run.value(), lambda cotangent: run.result(run.derivatives(cotangent), range(len(args)))


def jvp(f: Function, *args: Any) -> Any:
    """The output of f and how it changes when the arguments change by tangents: forward mode.

    `jvp(f, arguments, tangents)` takes two tuples (or, for one argument, two arrays) and gives `(output, change)`.
    `jvp(f)` alone gives the function of both.

    The pullback is linear in its cotangent u; the derivative by u of <pullback(u), tangents> is the change
    (Christianson 1992; the "double-backward trick").

    >>> print(*jvp(np.sin, 0.0, 2.0))
    0.0 2.0
    """
    if not args:
        return lambda arguments, tangents: jvp(f, arguments, tangents)
    arguments, tangents = (a if isinstance(a, tuple) else (a,) for a in args)
    run = Run(f, range(len(arguments)), arguments, {})
    directions = flatten(list(tangents))
    if [np.shape(d) for d in directions] != [v.shape for v in run.variables]:
        raise ValueError(
            f"tangents of shapes {[np.shape(d) for d in directions]} do not fit arguments of shapes "
            f"{[v.shape for v in run.variables]}; give one for each argument, of its shape"
        )
    with mode(recording=True):
        # any point would do, since the pullback is linear; at zero, infinite slopes would be taken for zero
        u = Value(np.ones(run.output.shape, run.output.dtype))
        pulled = cotangents(run.output, seed(run.output, u), run.variables, create_graph=True)
        terms = [np.sum(np.real(np.conj(pulled[v]) * d)) for v, d in zip(run.variables, directions) if v in pulled]
        inner = sum(terms[1:], terms[0]) if terms else Value(0.0)
        [change] = gradients(inner, [u], create_graph=not run.constant)
    return run.value(), change


def hvp(f: Function, *args: Any) -> Any:
    """The product of the Hessian of f at x with a vector: the change of the gradient along it, without the Hessian.

    `hvp(f, x, vector)` gives an array of x's shape; `hvp(f)` alone gives the function of both.

    >>> hvp(lambda x: (x**3).sum(), np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([  6., 120.])
    """
    if not args:
        return lambda x, vector: hvp(f, x, vector)
    x, vector = args
    directions = flatten(vector)

    def slope(x: Any) -> Any:
        products = [np.sum(g * d) for g, d in zip(flatten(grad(f)(x)), directions, strict=True)]
        return sum(products[1:], products[0])

    return grad(slope)(x)


class Segment(NamedTuple):
    """A call that was run and forgotten, and the Values from outside that it used."""

    function: Function
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: tuple[Node, ...]


def run_segment(inputs: tuple[Any, ...], segment: Segment) -> Any:
    """The result of a checkpointed call; `inputs`, the data of `segment.inputs`, are what its derivative is by."""
    return segment.function(*segment.args, **segment.kwargs).data


def segment_cotangents(g: Any, ans: Any, inputs: tuple[Any, ...], segment: Segment) -> list[Any]:
    with mode(recording=True):
        output = segment.function(*segment.args, **segment.kwargs)
        if not np.array_equal(output.data, data_of(ans), equal_nan=True):
            raise RuntimeError(
                "the second run of a checkpointed function gave another result than the first; it must not draw "
                "random numbers or change anything"
            )
        return gradients(output, segment.inputs, g, create_graph=isinstance(ans, Value))


RULES[run_segment] = Entry((segment_cotangents,))


def primitive(*rules: Function | None, guarded: bool = False) -> Callable[[Function], Function]:
    """Make the decorated function of arrays one differentiable operation: `define_rule` as a decorator.

    Args:
        rules: one for each argument, called as rule(g, ans, *args); `tinygrad_br.rules` says what a rule is.
        guarded: keep a zero cotangent zero where the derivative is infinite or NaN.

    >>> @primitive(lambda g, ans, x: g * 3 * x**2)
    ... def cube(x):
    ...     return x**3
    >>> print(grad(cube)(2.0))
    12.0
    """
    return lambda function: define_rule(function, *rules, guarded=guarded)


def checkpoint(f: Function) -> Function:
    """f, with less memory: its intermediate results are forgotten, and computed again when gradients are asked for.

    f gives one Value, and the same one each time (no dropout inside).  Values that it reaches through a closure, as a
    model its weights, get their gradients like its arguments.

    Raises RuntimeError in the backward pass if the second run gives another result than the first.

    >>> w = Value(2.0)
    >>> y = checkpoint(lambda x: np.exp(w * x))(3.0)
    >>> y.backward()
    >>> print(w.grad / y.item())
    3.0
    """

    @wraps(f)
    def forgetful(*args: Any, **kwargs: Any) -> Any:
        if MODE.get().trace is not None:  # a compiled program plans its memory itself
            return f(*args, **kwargs)
        start = next(NUMBERS)
        output = f(*args, **kwargs)
        if not isinstance(output, Value):
            raise TypeError(f"a checkpointed function gives one Value, but this one gave {type(output).__name__}")
        inputs: dict[Node, None] = {}
        seen: set[Node] = {output}
        waiting: list[Node] = [output]
        while waiting:
            for arg in nodes_in(waiting.pop().args):
                if arg.number < start:
                    inputs[arg] = None
                elif arg not in seen:
                    seen.add(arg)
                    waiting.append(arg)
        segment = Segment(f, args, kwargs, tuple(inputs))
        return result_node(output.data, run_segment, (segment.inputs, segment)) if inputs else output

    return forgetful
