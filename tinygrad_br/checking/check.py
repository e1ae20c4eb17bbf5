"""`check_gradients`: the derivatives of a function of Values against numerical ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..value import Value, gradients
from .numerical import Target, entry_slope, numbers, points_of
from .report import GradientReport as GradientReport
from .report import Row

EPS = float(np.finfo(np.float64).eps)


def check_gradients(f: Callable[..., Any], *args: Any, order: int = 1, seed: Any = 0) -> GradientReport:
    """Hold the gradients that `backward` finds of a function against numerical ones.

    Args:
        f: takes Values, one for each of `args`, and returns a Value of any shape.
        args: arrays of any shape, numbers or Values; they are checked in float64.
        order: up to which order of derivative to check: 1, 2 or 3.
        seed: an int or a np.random.Generator, for the weights that make one number of the outputs.

    Returns:
        A report that prints as a table; `.ok` says whether nothing is wrong, `.raise_if_wrong()` is for tests.

    Raises:
        TypeError: if there are no arguments, or f does not return a Value.

    >>> check_gradients(lambda x: (x ** 3).sum(), [1.0, 2.0]).ok
    True
    """
    if not args:
        raise TypeError("check_gradients needs the point to check at: check_gradients(f, x)")
    rng = np.random.default_rng(seed)
    points = points_of(args)
    names = [getattr(arg, "name", None) or f"argument {i}" for i, arg in enumerate(args)]
    rows: list[Row] = []
    g = f
    for level in range(1, order + 1):
        target = Target(g, points)
        weights = cotangent(rng, target.output)
        analytic = analytic_gradients(g, points, weights)
        moved = [analytic_gradients(g, [jiggled(p, rng) for p in points], weights) for _ in range(2)]
        for i, name in enumerate(names):
            rounding = 4 * np.max([abs(m[i] - analytic[i]) for m in moved], axis=0) + 8 * EPS * abs(analytic[i])
            rows.append(judged(name, level, target, i, weights, np.asarray(analytic[i]), np.asarray(rounding)))
        g = next_order(g, weights, rng)
    return GradientReport(rows, "ridders", getattr(f, "__name__", type(f).__name__))


def cotangent(rng: np.random.Generator, output: Any) -> Any:
    """Weights for an output: random, since with equal ones many wrong rules look right; 1 for a single number."""
    return (
        rng.uniform(0.5, 1.5, output.shape) * rng.choice([-1.0, 1.0], output.shape)
        if output.size != 1
        else (np.ones(output.shape))
    )


def jiggled(x: Any, rng: np.random.Generator) -> Any:
    """The point with its last bits changed, which shows how far rounding can move a result."""
    return x * (1 + EPS * rng.integers(-2, 3, x.shape))


def analytic_gradients(f: Callable[..., Any], points: Any, weights: Any, create_graph: bool = False) -> list[Any]:
    inputs = [Value(p) for p in points]
    output = f(*inputs)
    if not isinstance(output, Value):
        raise TypeError(f"the function returned {type(output).__name__} for Values; a Value is expected")
    return gradients(output, inputs, weights, create_graph)


def next_order(f: Callable[..., Any], weights: Any, rng: np.random.Generator) -> Callable[..., Any]:
    """A function whose gradients are those of `f` one order higher: its gradients along random directions."""
    directions: list[Any] = []

    def along(*inputs: Any) -> Any:
        if not directions:
            directions.extend(rng.uniform(-1, 1, x.shape) for x in inputs)
        found = gradients(f(*inputs), inputs, weights, create_graph=True)
        return sum((d * g).sum() for d, g in zip(directions, found, strict=True))

    def call(*inputs: Any) -> Any:
        return along(*(x if isinstance(x, Value) else Value(x) for x in inputs))

    return call


def judged(name: str, order: int, target: Target, which: int, weights: Any, analytic: Any, rounding: Any) -> Row:
    """The row of one argument: every entry compared, the worst one shown."""
    worst: tuple[float, Any] = (-1.0, None)
    digits = limit = np.inf
    for index in np.ndindex(analytic.shape):
        s = entry_slope(target, which, index, weights)
        a = float(analytic[index])
        bound = s.error + float(rounding[index])
        gap = abs(a - s.value)
        badness = gap / bound if bound else float(gap > 0) * np.inf if gap else 0.0
        size = max(abs(a), abs(s.value)) or 1.0
        digits = min(digits, -np.log10(max(gap / size, EPS)))
        limit = min(limit, -np.log10(max(s.error / size, EPS)))
        if badness > worst[0] or worst[1] is None:
            worst = (badness, (index, a, s))
    if worst[1] is None:
        return Row(name, analytic.shape, "right", (), 0.0, 0.0, 0.0, 16.0, 16.0, 0, order=order)
    index, a, s = worst[1]
    unsure = s.method == "one-sided" or not np.isfinite(s.error)
    verdict = "wrong" if worst[0] > 1 else "cannot tell" if unsure else "right"
    cause = f"left slope {s.left:.4g}, right slope {s.right:.4g}" if verdict == "cannot tell" else ""
    return Row(
        name, analytic.shape, verdict, index, a, numbers(s.value).item(), s.error, digits, limit, analytic.size,
        cause, order,
    )  # fmt: skip
