"""`why`: why a gradient is missing, zero, vanishing, huge or not a number."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..engine import RULES, Node, ancestors, cotangents, data_of, fit, nodes_in, part
from ..messages import describe, op_name
from ..value import Value
from .colours import HUGE, TINY, magnitude
from .labels import arguments, number, rule_of
from .picture import readable

# What is said of functions of one number that pass nothing, or next to nothing, for some of their inputs.
STATES = {
    **dict.fromkeys(("relu", "maximum", "minimum", "hard_swish"), "off"),
    **dict.fromkeys(("clip", "hard_tanh", "hard_sigmoid"), "at a bound"),
    **dict.fromkeys(("tanh", "sigmoid", "arctan", "erf", "softmax", "log_softmax"), "saturated"),
    **dict.fromkeys(("elu", "selu", "gelu", "silu", "mish", "softplus"), "saturated"),
    "leaky_relu": "on its flat side",
}
STEEPEST = {"sigmoid": 0.25, "hard_sigmoid": 1 / 6}  # the largest derivative, where it is not about 1
FAINT = 0.01  # of the largest derivative
PICKING = {"where", "max", "min", "amax", "amin", "sort", "take"}
STEPS = {
    "greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "sign", "floor", "ceil", "rint", "round",
    "trunc", "argmax", "argmin", "heaviside",
}  # fmt: skip


class Reason(str):
    """An answer of `why`, which prints as it is; `kind` is its first word: "none", "zero", "nan", "huge", "tiny",
    "ordinary".
    """

    kind: str

    def __repr__(self) -> str:
        return str(self)


def why(x: Value, output: Value | None = None) -> Reason:
    """Say why the gradient of a Value is as it is.

    It looks for the place where the gradient gets lost, becomes zero, grows or stops being a number: a path that does
    not exist or is cut, a function without a derivative, a relu that is off, a saturated sigmoid, the first operation
    with a result that is not finite.

    Args:
        x: the Value whose gradient is in question.
        output: the Value of size 1 that was differentiated; by default the youngest one alive that depends on x.

    No `.grad` is touched.  Lines of source are named for what was computed under `tg.debug`.

    >>> x = Value([-3.0, -1.0], name="x")
    >>> loss = np.maximum(x, 0).sum()
    >>> why(x, loss)
    zero: the gradient of 'x' is zero everywhere
    - maximum (shape (2,)) is off for 100 % of its 2 inputs: they lie from -3 to -1
    """
    if not isinstance(x, Value):
        raise TypeError(f"tg.why explains the gradient of a Value, but got {type(x).__name__}")
    if output is None:
        output = youngest_output(x)
        if output is None:
            return reason("none", f"the gradient of {called(x)} is None", [
                "no Value of size 1 that is still alive was computed from it, at least not in a way that was recorded",
                "under tg.no_grad(), and through x.data, nothing is recorded",
            ])  # fmt: skip
    if output.size != 1:
        raise ValueError(f"the output has shape {output.shape}; ask for one number, such as output.sum()")
    graph = {node: [*nodes_in(node.args)] for node in ancestors(output)}
    if x not in graph:
        return reason(
            "none", f"{called(x)} is on no path to {called(output)}, so no gradient reaches it", elsewhere(graph)
        )
    cut = cuts(x, output, graph)
    if cut:
        return reason("none", f"no gradient reaches {called(x)}: every path from it to {called(output)} is cut", cut)
    found = cotangents(output, np.ones(output.shape, output.dtype)[()])
    broken = not_finite(graph, found, output)
    gradient = found.get(x)
    if gradient is None:
        return reason("none", f"no gradient reaches {called(x)}", [f"its dtype {x.dtype} has no derivative"])
    size = magnitude(gradient)
    if not np.isfinite(size):
        return reason("nan", f"the gradient of {called(x)} is not finite", broken)
    unseen = [".grad is still None: nothing has called backward() since it was made or reset"] if x.grad is None else []
    if size == 0:
        return reason("zero", f"the gradient of {called(x)} is zero everywhere", where_zero(x, graph, found))
    if size > HUGE:
        steps = changes(x, graph, found, growing=True)
        return reason("huge", f"the gradient of {called(x)} is large, up to {number(size)}", steps)
    partly = faint(x, graph)
    if size < TINY:
        steps = changes(x, graph, found, growing=False)
        return reason(
            "tiny", f"the gradient of {called(x)} is small, at most {number(size)}", [*partly, *steps, *unseen]
        )
    return reason(
        "ordinary", f"the gradient of {called(x)} is nothing unusual, up to {number(size)}", [*partly, *unseen]
    )


def reason(kind: str, head: str, details: Sequence[str]) -> Reason:
    text = Reason("\n".join([f"{kind}: {head}", *(f"- {detail}" for detail in details)]))
    text.kind = kind
    return text


def called(node: Node) -> str:
    """What a Value is called in a sentence."""
    return (
        repr(readable(node.name))
        if node.name
        else "this Value"
        if node.op is None
        else f"the result of {op_name(node.op)}"
    )


def located(node: Node) -> str:
    """An operation with its shape and, if known, its line."""
    shape = "" if isinstance(node._data, tuple) else f" (shape {node._data.shape})"
    return f"{op_name(node.op)}{shape}" + (f" at {node.line}" if node.line else "")


def youngest_output(x: Value) -> Value | None:
    """The youngest living Value of size 1 that was computed from x: a graph points backwards only, so all are seen."""
    alive = sorted((v for v in gc.get_objects() if issubclass(type(v), Value)), key=lambda v: v.number)
    reached: set[Node] = {x}
    best = None
    for value in alive:
        if value.number > x.number and not reached.isdisjoint(nodes_in(value.args)):
            reached.add(value)
            data = value._data
            if not isinstance(data, tuple) and data.size == 1 and data.dtype.kind in "fc":
                best = value
    return best


def elsewhere(graph: Mapping[Node, Sequence[Node]]) -> list[str]:
    """What the output depends on instead, and where recording may have been off."""
    leaves = [node for node in graph if node.op is None]
    named = [repr(readable(node.name)) for node in leaves if node.name]
    made = [
        f"a result that was not recorded was made at {node.line}, under tg.no_grad()" for node in leaves if node.line
    ]
    count = f"{len(leaves)} {'leaf' if len(leaves) == 1 else 'leaves'}"
    depends = f"the output depends on {count}" + (f", among them {', '.join(named[:6])}" if named else "")
    return [depends, *made[:5]] if made else [
        depends,
        "if it was used, then under tg.no_grad(), or as x.data; run the computation under tg.debug() to see the lines",
    ]  # fmt: skip


def cuts(x: Node, output: Node, graph: Mapping[Node, Sequence[Node]]) -> list[str]:
    """If no gradient flows from the output to x: the operations that cut the paths; else nothing."""
    reached: set[Node] = {x}
    cutting: list[Node] = []
    for node in graph:
        for place, _, arg in arguments(node):
            if isinstance(arg, Node) and arg in reached and node not in reached:
                if node.op is part or rule_of(node, place) is not None:
                    reached.add(node)
                else:
                    cutting.append(node)
    if output in reached:
        return []
    return list(dict.fromkeys(sentence_of_cut(node) for node in cutting))[:8]


def sentence_of_cut(node: Node) -> str:
    name = op_name(node.op)
    if name == "stop_gradient":
        return f"{located(node)} lets no gradient through"
    if name in STEPS:
        kind = (
            "a comparison"
            if name in ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")
            else "a step"
        )
        return f"{located(node)} is {kind}: its result jumps or stays, so it has no derivative"
    return f"{located(node)} passes no gradient to this argument"


def edges(graph: Mapping[Node, Sequence[Node]], start: Node) -> Iterable[tuple[Node, Node]]:
    """Operations and arguments on the way from the output to `start`, from the output backwards."""
    reached = {start}
    for node, args in graph.items():
        if not reached.isdisjoint(args):
            reached.add(node)
    for node in reversed(list(graph)):
        for arg in dict.fromkeys(graph[node]):
            if arg in reached:
                yield node, arg


def where_zero(x: Node, graph: Mapping[Node, Sequence[Node]], found: Mapping[Node, Any]) -> list[str]:
    """The operations that turn a gradient into zero on the way to x."""
    said = []
    for node, arg in edges(graph, x):
        if node.op is part or not alive(found.get(node)) or alive(found.get(arg)):
            continue
        if any(map(alive, contributions(node, arg, found[node]))):
            said.append(f"the contributions of several uses of {called(arg)} cancel each other exactly")
        else:
            said.append(sentence_of_zero(node, arg))
    return list(dict.fromkeys(said))[:8]


def unreduced(node: Node, arg: Node, g: Any) -> Iterator[Any]:
    """What the rule gives for each use of an argument in an operation; `g` is the operation's gradient."""
    raw = [data_of(a) for a in node.args]
    for place, inner, used in arguments(node):
        rule = rule_of(node, place)
        if used is arg and rule is not None:
            with np.errstate(all="ignore"):
                share = rule(g, node._data, *raw, **node.kwargs)
            share = share if inner is None or share is None else share[inner]
            if share is not None:
                yield share


def contributions(node: Node, arg: Node, g: Any) -> Iterator[Any]:
    """What each use of an argument in an operation adds to the argument's gradient."""
    guard = g if RULES[node.op].guarded else None
    return (fit(share, arg._data, node, guard) for share in unreduced(node, arg, g))


def alive(gradient: Any) -> bool:
    """Whether a gradient has an entry that is not zero."""
    parts = gradient if isinstance(gradient, list) else [gradient]
    return any(p is not None and bool(np.any(p)) for p in parts)


def sentence_of_zero(node: Node, arg: Node) -> str:
    name = op_name(node.op)
    if name in STEPS:
        return f"{located(node)} is a step: its derivative is 0 almost everywhere"
    if name in STATES and not isinstance(arg._data, tuple) and arg._data.size:
        return f"{located(node)} is {STATES[name]} for {inputs_of(arg)}"
    if name in PICKING:
        return f"{located(node)} picks no entry of {called(arg)} that anything depends on"
    if name in ("multiply", "matmul"):
        return f"{located(node)} multiplies {called(arg)} by zero"
    return f"{located(node)} has the derivative 0 here with respect to {called(arg)}"


def inputs_of(arg: Node) -> str:
    """How many inputs an operation has, and where they lie."""
    data = arg._data
    if data.size == 1:
        return f"its input {number(data.item())}"
    return f"100 % of its {data.size:,} inputs: they lie from {number(data.min())} to {number(data.max())}"


def faint(x: Node, graph: Mapping[Node, Sequence[Node]]) -> list[str]:
    """The activations on the way that pass nothing, or next to nothing, for more than half of their inputs."""
    said = []
    for node, arg in edges(graph, x):
        name = op_name(node.op)
        if name not in STATES or isinstance(node._data, tuple) or not node._data.size:
            continue
        if name in ("softmax", "log_softmax"):
            sure = surest(node)
            if name == "softmax" and sure > 0.5:
                said.append(
                    f"{located(node)} is saturated: one of its results is above 0.99 in {100 * sure:.0f} % of all"
                )
            continue
        ones = np.ones(node._data.shape, node._data.dtype)[()]
        slopes = np.abs(sum(np.broadcast_to(c, ones.shape) for c in unreduced(node, arg, ones)))
        off, weak = float(np.mean(slopes == 0)), float(np.mean(slopes <= FAINT * STEEPEST.get(name, 1.0)))
        if max(off, weak) > 0.5:
            share = off if off > 0.5 else weak
            what = inputs_of(arg) if share == 1 else f"{100 * share:.0f} % of its {node._data.size:,} inputs"
            passing = (
                "" if off > 0.5 else f"; it passes at most {FAINT * STEEPEST.get(name, 1.0):g} of the gradient there"
            )
            said.append(f"{located(node)} is {STATES[name]} for {what}{passing}")
    return said[:5]


def surest(node: Node) -> float:
    """The share of distributions of a softmax in which one result is nearly 1."""
    axis = node.args[1] if len(node.args) > 1 else node.kwargs.get("axis", -1)
    return float(np.mean(node._data.max(axis=axis) > 1 - FAINT)) if node._data.ndim else 0.0


def changes(x: Node, graph: Mapping[Node, Sequence[Node]], found: Mapping[Node, Any], growing: bool) -> list[str]:
    """The operations that change the size of the gradient most on the way to x."""
    steps = []
    for node, arg in edges(graph, x):
        after, before = found.get(node), found.get(arg)
        if node.op is part or isinstance(after, list) or isinstance(before, list) or after is None or before is None:
            continue
        a, b = magnitude(after), magnitude(before)
        if a and b and np.isfinite(a) and np.isfinite(b) and ((b > 2 * a) if growing else (2 * b < a)):
            steps.append((b / a if growing else a / b, node, arg, a, b))
    steps.sort(key=lambda step: -step[0])
    verb = "multiplies" if growing else "divides"
    return [
        f"{located(node)} {verb} the gradient by {number(ratio, 3)}: {number(a, 3)} after it, {number(b, 3)} before it"
        for ratio, node, _, a, b in steps[:4]
    ] or ["no single operation does it: many small factors multiply"]


def not_finite(graph: Mapping[Node, Sequence[Node]], found: Mapping[Node, Any], output: Node) -> list[str]:
    """The first operation that gave a NaN or an infinity, forward or, if all results are finite, backward."""
    for node in graph:
        parts = node._data if isinstance(node._data, tuple) else (node._data,)
        if all(np.all(np.isfinite(p)) for p in parts if p.dtype.kind in "fc"):
            continue
        if node.op is None:
            return [f"{called(node)} holds numbers that are not finite"]
        given = ", ".join(describe(arg) for arg in graph[node])
        return [f"the first result that is not finite is that of {located(node)}; its inputs: {given}"]
    for node in reversed(list(graph)):
        g = found.get(node)
        if node.op is None or node.op is part or g is None or isinstance(g, list) or not np.all(np.isfinite(g)):
            continue
        for arg in graph[node]:
            c = found.get(arg)
            if c is not None and not isinstance(c, list) and not np.all(np.isfinite(c)):
                return [f"the derivative of {located(node)} is not finite for {describe(arg)}"]
    return []
