"""Hypothesis strategies: arrays of a domain, shapes that broadcast, and random graphs over the table of rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from .engine import RULES
from .rules.elementwise import zero

DOMAINS = {
    "real": (-3.0, 3.0), "positive": (0.1, 10.0), "negative": (-10.0, -0.1), "unit": (-0.95, 0.95),
    "probability": (0.05, 0.95), "above one": (1.1, 10.0),
}  # fmt: skip


def arrays_for(domain: Any = "real", shape: Any = None, dtype: Any = np.float64) -> st.SearchStrategy[Any]:
    """A strategy for arrays with entries in a domain.

    Args:
        domain: "real", "positive", "negative", "unit", "probability", "above one", or a pair (lowest, highest).
        shape: a shape, a strategy for shapes, or None for up to three axes of lengths 1 to 4.
        dtype: a floating-point dtype.

    Raises:
        ValueError: for an unknown domain.
    """
    if isinstance(domain, str) and domain not in DOMAINS:
        raise ValueError(f"domain is one of {', '.join(DOMAINS)} or a pair of numbers, but got {domain!r}")
    low, high = DOMAINS[domain] if isinstance(domain, str) else domain
    width = 8 * np.dtype(dtype).itemsize
    low, high = (float(np.dtype(dtype).type(bound)) for bound in (low, high))
    elements = st.floats(low, high, width=width, allow_subnormal=False)
    shape = hnp.array_shapes(min_dims=0, max_dims=3, max_side=4) if shape is None else shape
    return hnp.arrays(dtype, shape, elements=elements)


def broadcastable_shapes(count: int = 2, max_dims: int = 3, max_side: int = 4) -> st.SearchStrategy[Any]:
    """A strategy for tuples of `count` shapes that broadcast together."""
    shapes = hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=max_dims, max_side=max_side)
    return shapes.map(lambda found: found.input_shapes)


class Step(NamedTuple):
    """One operation of an expression: what it computes, on which earlier results, and how it reads."""

    compute: Callable[..., Any]
    operands: tuple[int, ...]
    text: str


class Expression:
    """A random function: call it with arrays or Values; `args` are arrays that it takes, its text is the program."""

    def __init__(self, args: Sequence[Any], steps: Sequence[Step]) -> None:
        self.args, self.steps = tuple(args), tuple(steps)

    def __call__(self, *args: Any) -> Any:
        results = [*args]
        for step in self.steps:
            results.append(step.compute(*(results[i] for i in step.operands)))
        return results[-1]

    def __repr__(self) -> str:
        count = len(self.args)
        inputs = [f"v{i} = {arg!r}" for i, arg in enumerate(self.args)]
        lines = [
            f"v{count + k} = {step.text.format(*(f'v{i}' for i in step.operands))}" for k, step in enumerate(self.steps)
        ]
        return "\n".join([*inputs, *lines])


# ways to bring any number into the domain of a function, each with the text for it
SQUASHED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "real": (lambda x: 1.5 * np.tanh(x), "1.5 * tanh({})"),
    "positive": (lambda x: 1.5 + np.tanh(x), "(1.5 + tanh({}))"),
    "unit": (lambda x: 0.9 * np.tanh(x), "(0.9 * tanh({}))"),
    "above one": (lambda x: 2.5 + np.tanh(x), "(2.5 + tanh({}))"),
}


@cache
def operations(inputs: int) -> tuple[tuple[Any, str], ...]:
    """The ufuncs with a slope that take so many inputs, each with a domain in which it is finite."""
    found = []
    points = np.linspace(-5, 5, 41)
    for function, entry in RULES.items():
        elementwise = isinstance(function, np.ufunc) and function.signature is None
        smooth = any(entry.rules) and zero not in entry.rules
        if elementwise and smooth and (function.nin, function.nout) == (inputs, 1):
            domain = next((d for d in SQUASHED if finite(function, SQUASHED[d][0](points))), None)
            if domain:
                found.append((function, domain))
    return tuple(found)


def finite(function: Any, points: Any) -> bool:
    """Whether a ufunc gives finite floating-point numbers at points."""
    with np.errstate(all="ignore"):
        try:
            result = function(*[points] * function.nin)
        except TypeError:
            return False
    return bool(result.dtype.kind == "f" and np.all(np.isfinite(result)))


@st.composite
def expressions(draw: Any, max_operations: int = 6, max_inputs: int = 3) -> Expression:
    """A strategy for random graphs over the table of rules.

    Elementwise functions of one and two arguments, with broadcasting, reductions, reordering and indexing are put
    together; whatever has a rule is used.  The result is an `Expression`.
    """
    count = draw(st.integers(1, max_inputs))
    shapes = draw(broadcastable_shapes(count))
    args = [draw(arrays_for("real", shape)) for shape in shapes]
    results, steps = [*args], []
    for _ in range(draw(st.integers(1, max_operations))):
        step = draw(one_step(results))
        with np.errstate(all="ignore"):
            result = step.compute(*(results[i] for i in step.operands))
        results.append(np.asarray(result))
        steps.append(step)
    return Expression(args, steps)


@st.composite
def one_step(draw: Any, results: Sequence[Any]) -> Step:
    """One more operation on earlier results."""
    i = draw(st.integers(0, len(results) - 1))
    kind = draw(st.sampled_from(["unary", "binary", "reduce", "rearrange"]))
    axis = draw(st.integers(0, results[i].ndim - 1)) if results[i].ndim else None
    if kind == "unary" or axis is None:
        function, domain = draw(st.sampled_from(operations(1)))
        squash, text = SQUASHED[domain]
        return Step(lambda x: function(squash(x)), (i,), f"{function.__name__}({text})")
    if kind == "binary":
        partners = [k for k, r in enumerate(results) if broadcasts(r, results[i])]
        function, domain = draw(st.sampled_from(operations(2)))
        squash, text = SQUASHED[domain]
        pair = (i, draw(st.sampled_from(partners)))
        return Step(lambda x, y: function(squash(x), squash(y)), pair, f"{function.__name__}({text}, {text})")
    if kind == "reduce":
        function = draw(st.sampled_from([np.sum, np.mean, np.max, np.prod, np.var]))
        keep = draw(st.booleans())
        text = f"{function.__name__}({{}}, axis={axis}, keepdims={keep})"
        return Step(lambda x: function(x, axis=axis, keepdims=keep), (i,), text)
    rearrange: list[tuple[Callable[[Any], Any], str]] = [
        (np.transpose, "transpose({})"), (np.ravel, "ravel({})"), (lambda x: np.flip(x, axis), f"flip({{}}, {axis})"),
        (lambda x: x[..., :1], "{}[..., :1]"), (lambda x: x[[0, 0, -1]], "{}[[0, 0, -1]]"),
        (lambda x: np.concatenate([x, x], axis), f"concatenate([{{0}}, {{0}}], {axis})"),
        (lambda x: np.cumsum(x, axis), f"cumsum({{}}, {axis})"),
    ]  # fmt: skip
    compute, text = draw(st.sampled_from(rearrange))
    return Step(compute, (i,), text)


def broadcasts(x: Any, y: Any) -> bool:
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return False
    return True
