"""`check_gradients`: the derivatives of a function, or of a whole model, against numerical ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..value import Value, as_data, gradients
from .blame import find_blame
from .compare import SMALL, compare
from .independent import Batch, compare_rows, in_rows
from .models import function_of_parameters
from .noise import Shaky, as_argument
from .numerical import Target, chosen, points_of
from .report import GradientReport as GradientReport
from .subject import Subject

MODES = {"reverse": ("reverse",), "forward": ("forward",), "both": ("reverse", "forward")}


def check_gradients(
    f: Callable[..., Any],
    *args: Any,
    order: int = 1,
    mode: str = "reverse",
    loss: Callable[..., Any] | None = None,
    gradient: Callable[..., Any] | None = None,
    exhaustive: bool = False,
    independent: str | None = None,
    seed: Any = 0,
) -> GradientReport:
    """Hold the derivatives of a function or a model against numerical ones, and say what is wrong, where and how.

    There is no tolerance to choose: the two derivatives are judged against the error bound of the numerical one and
    the rounding of the analytic one.  All is computed in float64, whatever the dtype of the arguments; a function that
    computes in float32 all the same, as those of other libraries do, is noticed and gets steps that fit.

    Args:
        f: takes Values, one for each of `args`, and returns a Value of any shape; or a model, whose parameters are
            checked then, on the input `args[0]`.
        args: arrays of any shape, numbers or Values.
        order: up to which order of derivative to check: 1, 2 or 3.
        mode: "reverse" (backward), "forward" (`tg.jvp`) or "both".
        loss: for a model: the loss of its output and `args[-1]`; without one, the output is weighted at random.
        gradient: for functions that are not made of Values: `gradient(*args)` gives the derivative with respect to
            each argument as arrays, `gradient(*args, g)` if the function's output has more than one entry, with the
            cotangent g of the output's shape.
        exhaustive: check all entries; otherwise large arguments are sampled, and the report says how.
        independent: "entries" for an elementwise function: each entry is a check by itself, and all are made at once,
            tens of thousands in a few seconds.  "rows": each row (along the first axis) of the output depends on the
            same rows of the arguments alone; f is called with any number of rows, too.  For first order in reverse.
        seed: an int or a np.random.Generator, for cotangents, directions and samples.

    Returns:
        A report that prints as a table; `.ok` says whether nothing is wrong, `.raise_if_wrong()` is for tests.

    Raises:
        TypeError: if there are no arguments, or f does not return a Value.
        ValueError: if f gives different results for the same arguments, if rows are not independent that should be,
            or if the order or mode is unknown.

    >>> check_gradients(lambda x: (x ** 3).sum(), [1.0, 2.0]).ok
    True
    """
    if order not in (1, 2, 3) or mode not in MODES:
        raise ValueError(f"order is 1, 2 or 3 and mode one of {', '.join(MODES)}, but got {order!r} and {mode!r}")
    name = getattr(f, "__name__", type(f).__name__)
    if hasattr(f, "named_parameters"):
        f, names, points = function_of_parameters(f, args, loss)
    else:
        points = points_of(args)
        points = points if independent is None else in_rows(points, independent, order, mode)
        names = [getattr(arg, "name", None) or f"argument {i}" for i, arg in enumerate(args)]
    rng = np.random.default_rng(seed)
    report = GradientReport([], subject=name)
    level = f
    for k in range(1, order + 1):
        target = Target(level, points) if independent is None else Batch(level, points)
        deterministic(target)
        small = k == 1 and independent is None and sum(p.size for p in points) <= SMALL // 4
        method, report.reason = (
            chosen(target, "auto") if small else ("ridders", "the method for large functions and higher orders")
        )
        weights = cotangent(rng, target.output)
        rule = of_values(level) if gradient is None else of_callable(gradient, target)
        subject = Subject(target, rule, names, weights, rng, k, method, exhaustive)
        report.targets.append((target, weights))
        if isinstance(target, Batch):
            with np.errstate(all="ignore"):
                report.rows = compare_rows(subject)
            break
        with np.errstate(all="ignore"):
            for way in MODES[mode]:
                report.rows += compare(subject, way, level if gradient is None else None)
        if method == "auto complex step" and all(row.method != "complex step" for row in report.rows):
            report.reason = "the complex step does not agree with differences, so the function is not analytic"
        if gradient is not None:
            break
        level = next_order(level, weights, rng)
    if not report.ok and gradient is None:
        first = min(row.order for row in report.rows if row.verdict == "wrong")
        report.blame = find_blame(f, points, first, rng)
    return report


def cotangent(rng: np.random.Generator, output: Any) -> Any:
    """Weights for an output: random, since with equal ones many wrong rules look right; 1 for a single number."""
    if output.size == 1:
        return np.ones(output.shape)
    return rng.uniform(0.5, 1.5, output.shape) * rng.choice([-1.0, 1.0], output.shape)


def deterministic(target: Target) -> None:
    with np.errstate(all="ignore"):
        again = target.call(*target.points)
    if not np.array_equal(again, target.output, equal_nan=True):
        raise ValueError(
            "the function gives different results for the same arguments, so it has no derivative; "
            "make what is random in it from a fixed seed, anew in each call"
        )


def of_values(f: Callable[..., Any]) -> Callable[[Sequence[Any], Any], Sequence[Any]]:
    """The gradients that the library finds: a function of the point and the cotangent."""

    def analytic(points: Sequence[Any], weights: Any) -> Sequence[Any]:
        inputs = [Value(p) for p in points]
        for x, p in zip(inputs, points, strict=True):
            if isinstance(p, Shaky):  # whose operations round anew
                x._data = p
        output = f(*inputs)
        if not isinstance(output, Value):
            raise TypeError(
                f"the function returned {type(output).__name__} for Values; a Value is expected, "
                "as np.concatenate or a sum makes of several"
            )
        return gradients(output, inputs, weights)

    return analytic


def of_callable(gradient: Callable[..., Any], target: Target) -> Callable[[Sequence[Any], Any], Sequence[Any]]:
    """The gradients that a function of the user's gives."""

    def analytic(points: Sequence[Any], weights: Any) -> Sequence[Any]:
        arguments = map(as_argument, points)
        found = gradient(*arguments) if target.output.size == 1 else gradient(*arguments, weights)
        found = found if isinstance(found, (tuple, list)) and len(points) > 1 else (found,)
        scale = weights.item() if target.output.size == 1 else 1
        for g in found:
            if g is None or isinstance(g, (str, dict)):
                kind = type(g).__name__
                raise TypeError(f"gradient returned {kind}, but an array is expected, or a tuple with one per argument")
        return [as_data(g._data if isinstance(g, Value) else g).astype(np.float64) * scale for g in found]

    return analytic


def next_order(f: Callable[..., Any], weights: Any, rng: np.random.Generator) -> Callable[..., Any]:
    """A function whose gradients are those of `f` one order higher: its gradients, along a random direction."""
    directions: list[Any] = []

    def along(*inputs: Any) -> Any:
        inputs = tuple(x if isinstance(x, Value) else Value(x) for x in inputs)
        if not directions:
            directions.extend(rng.uniform(0.5, 1.5, x.shape) * rng.choice([-1.0, 1.0], x.shape) for x in inputs)
        found = gradients(f(*inputs), inputs, weights, create_graph=True)
        return sum((d * g).sum() for d, g in zip(directions, found, strict=True))

    return along
