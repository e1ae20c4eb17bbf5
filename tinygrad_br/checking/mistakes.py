"""What kind of mistake a wrong gradient shows: sign, factor, transposed, one axis not summed, and the like.

Every test is an experiment.  Either the wrong gradient becomes the right one when it, the cotangent or an argument is
changed in the way of a typical mistake; or the wrong rule does not react to what it should react to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np

from .numerical import Target, slopes

CLOSE = 1e-5  # of the gradient's size: what is nearer is the same, as far as naming a mistake goes
Gradient = Callable[[Sequence[Any], Any], Sequence[Any]]


class Case:
    """A wrong gradient and all that is known of it.

    `numeric` holds the numerical gradients of all arguments, `which` is the wrong one; `gradient(points, weights)`
    runs the rule under test at other points and with other cotangents.
    """

    def __init__(
        self, target: Target, gradient: Gradient, weights: Any, analytic: Any, numeric: Sequence[Any], which: int
    ) -> None:
        self.target, self.gradient, self.weights, self.which = target, gradient, weights, which
        self.analytic, self.numeric, self.all_numeric = analytic, numeric[which], numeric
        self.x = target.points[which]
        self.scale = float(np.max(abs(self.numeric), initial=0.0)) or 1.0
        self.near = max(CLOSE / 10, 1e4 * target.unit)  # how far ratios of entries may be off
        self.slack = max(CLOSE, self.near) * self.scale

    def same(self, candidate: Any, numeric: Any = None) -> bool:
        numeric = self.numeric if numeric is None else numeric
        return np.shape(candidate) == numeric.shape and bool(np.all(abs(candidate - numeric) <= self.slack))

    def rerun(self, points: Sequence[Any] | None = None, weights: Any = None) -> Any:
        """The gradient under test elsewhere; NaN where it cannot be had."""
        try:
            with np.errstate(all="ignore"):
                found = self.gradient(
                    self.target.points if points is None else points, self.weights if weights is None else weights
                )[self.which]
        except (TypeError, ValueError, ArithmeticError, IndexError):
            return np.full(self.numeric.shape, np.nan)
        return np.asarray(found)

    def measure(self, points: Sequence[Any] | None = None, weights: Any = None) -> Any:
        """The numerical gradient elsewhere."""
        target = Target(self.target.call, self.target.points if points is None else points)
        found = slopes(target, self.which, self.weights if weights is None else weights, "ridders")
        return np.array([s.value for s in found.flat], float).reshape(found.shape)


def name_mistake(case: Case) -> tuple[str, str]:
    """A short name and a sentence for a mistake; empty if it is none of the typical ones."""
    experiments: tuple[Callable[[Case], tuple[str, str] | None], ...] = (sign_or_factor, part_of_the_entries)
    if not np.all(np.isfinite(case.analytic)):
        return "nan", ""
    if not case.same(case.analytic):
        experiments = (
            no_gradient, forgotten_cotangent, sign_or_factor, other_argument, rearranged, unsummed,
            part_of_the_entries, constant, only_for_ones, other_term, other_power,
        )  # fmt: skip
    with np.errstate(all="ignore"):
        return next(filter(None, (experiment(case) for experiment in experiments)), ("", ""))


def no_gradient(case: Case) -> tuple[str, str] | None:
    if np.any(case.analytic):
        return None
    return "zero", "no gradient arrives: the rule is missing or returns zeros, or the data left the graph"


def forgotten_cotangent(case: Case) -> tuple[str, str] | None:
    found = case.rerun(weights=case.weights * 2)
    if case.same(found, case.analytic):
        return "cotangent", "the cotangent g is not used: the gradient stays the same when g is doubled"
    return None


def sign_or_factor(case: Case) -> tuple[str, str] | None:
    large = abs(case.numeric) > 16 * case.near * case.scale
    ratios = case.analytic[large] / case.numeric[large]
    if not ratios.size or not np.all(np.isfinite(ratios)) or np.ptp(ratios) > case.near * abs(ratios[0]):
        return None
    ratio = float(np.median(ratios))
    if not ratio or abs(ratio - 1) < case.near / 10 or not case.same(case.analytic / ratio):
        return None
    if abs(ratio + 1) < case.near:
        return "sign", "ratio -1: the sign is wrong"
    sign = ", and the sign is wrong" if ratio < 0 else ""
    factor = Fraction(abs(ratio)).limit_denominator(min(1000, int(0.1 / case.near)))
    if factor == 1 or abs(float(factor) - abs(ratio)) > case.near * abs(ratio):
        return "factor", f"ratio {ratio:.6g}: a constant factor is wrong"
    which = f"a factor {1 / factor} is missing" if factor < 1 else f"a factor {factor} too much"
    return "factor", f"ratio {ratio:.4g}: {which}{counted(case, factor)}{sign}"


def counted(case: Case, factor: Fraction) -> str:
    """What in the shapes a factor may come from."""
    number = factor.numerator if factor.denominator == 1 else factor.denominator if factor.numerator == 1 else 0
    for i, point in enumerate(case.target.points):
        if number > 2 and point.ndim and number in (*point.shape, point.size):
            what = "the number of rows (the batch size?)" if number == point.shape[0] else "a length"
            return f", which is {what} of argument {i}"
    return ""


def other_argument(case: Case) -> tuple[str, str] | None:
    for i, numeric in enumerate(case.all_numeric):
        if i != case.which and case.same(case.analytic, numeric):
            return "argument", f"this is the gradient of argument {i}"
    return None


def arrangements(shape: tuple[int, ...]) -> Iterator[tuple[str, str, Callable[[Any], Any]]]:
    """Ways to put the entries of an array in another order, with what they are called."""
    for axes in permutations(range(len(shape))):
        if axes != tuple(range(len(shape))) and tuple(shape[a] for a in axes) == shape:
            yield "transposed", "transposed", partial(np.transpose, axes=axes)
    for axis, length in enumerate(shape):
        if length > 1:
            yield "order", f"reversed along axis {axis}", partial(np.flip, axis=axis)
            for shift in range(1, min(length, 5)):
                yield "order", f"shifted by {shift} along axis {axis}", partial(np.roll, shift=shift, axis=axis)


def rearranged(case: Case) -> tuple[str, str] | None:
    """The result, the cotangent or an argument in another order."""
    for name, phrase, change in arrangements(case.numeric.shape):
        if case.same(change(case.analytic)):
            return name, f"the gradient is {phrase}"
    for name, phrase, change in arrangements(case.weights.shape):
        found = case.rerun(weights=change(case.weights))
        if case.same(found):
            return name, f"the cotangent g is {phrase}"
        for same, _, back in arrangements(case.numeric.shape):
            if same == name and case.same(back(found)):
                axis = "the rule works along the wrong axis"
                return ("axis", axis) if name == "transposed" else (name, f"g is {phrase} in the rule")
    for i, point in enumerate(case.target.points):
        for name, phrase, change in arrangements(point.shape):
            points = [change(p) if k == i else p for k, p in enumerate(case.target.points)]
            if case.same(case.rerun(points)):
                return name, f"argument {i} is {phrase} in the rule"
    for k, length in enumerate(case.numeric.shape):
        if length > 2:
            ahead, behind = (np.arange(length)[s] for s in (slice(1, None), slice(None, -1)))
            for one, other in ((ahead, behind), (behind, ahead)):
                if case.same(case.analytic.take(one, k), case.numeric.take(other, k)):
                    return "order", f"the gradient is shifted by one along axis {k}"
    return None


def unsummed(case: Case) -> tuple[str, str] | None:
    """Only one position of an axis of the cotangent counts, or sums where the mean was taken."""
    for axis, length in enumerate(case.weights.shape):
        for position in (0, length - 1):
            mask = np.zeros(case.weights.shape)
            mask[(slice(None),) * axis + (position,)] = 1
            if length > 1 and case.same(case.analytic, case.measure(weights=case.weights * mask)):
                return "axis", f"axis {axis} of the cotangent is not summed: only position {position} of it counts"
        mean = np.broadcast_to(case.weights.mean(axis, keepdims=True), case.weights.shape)
        if length > 1 and case.same(case.analytic, case.measure(weights=mean)):
            return "axis", f"the cotangent is averaged along axis {axis}"
    return None


def constant(case: Case) -> tuple[str, str] | None:
    points = [p * 0.9 + 0.01 * (i == case.which) for i, p in enumerate(case.target.points)]
    if case.same(case.rerun(points), case.analytic) and not case.same(case.measure(points)):
        return "constant", "the gradient does not depend on the arguments, but the derivative does"
    return None


def only_for_ones(case: Case) -> tuple[str, str] | None:
    ones = np.ones(case.weights.shape)
    if case.weights.size > 1 and case.same(case.rerun(weights=ones), case.measure(weights=ones)):
        return (
            "cotangent",
            "right only for a cotangent of ones: entries of g go to wrong places, or their mean does",
        )
    return None


def part_of_the_entries(case: Case) -> tuple[str, str] | None:
    """Wrong in some entries only: which are they?"""
    wrong, x = ~(abs(case.analytic - case.numeric) <= 1e-9 * case.scale), case.x
    if np.all(wrong) or not np.any(wrong):
        return None
    if wrong.sum() == 1:
        ratio = float((case.analytic / case.numeric)[wrong][0])
        return "entry", f"only this entry is wrong, its ratio is {ratio:.7g}"
    for phrase, where in (
        ("negative", x < 0), ("positive", x > 0), ("larger than 1", x > 1), ("larger than 1 in size", abs(x) > 1),
        ("smaller than 1 in size", abs(x) < 1), ("zero", x == 0),
    ):  # fmt: skip
        if np.array_equal(wrong, where):
            return "region", f"wrong exactly where the argument is {phrase}"
    for axis, length in enumerate(wrong.shape):
        for position in range(length):
            line = np.zeros(wrong.shape, bool)
            line[(slice(None),) * axis + (position,)] = True
            if length > 1 and not np.any(wrong & ~line):
                return "region", f"wrong only at position {position} of axis {axis}"
    return None


def other_term(case: Case) -> tuple[str, str] | None:
    """The difference is proportional to something known: a term was dropped or added."""
    difference, w, out = case.numeric - case.analytic, case.weights, case.target.output
    terms = [("a constant", np.ones(1))]
    if w.shape == difference.shape:
        terms += [("g", w), ("g * x", w * case.x), ("g * ans", w * out), ("g * ans**2", w * out**2)]
    terms += [("x", case.x)]
    if out.shape == difference.shape:
        terms.append(("ans", out))
    for name, term in terms:
        ratio = difference / term
        if np.all(np.isfinite(ratio)) and np.ptp(ratio) <= 1e-6 * abs(ratio).max():
            return "term", f"a term is missing or too much: the difference is {float(ratio.flat[0]):.4g} times {name}"
    for i, point in enumerate(case.target.points):
        if w.shape == difference.shape == point.shape and case.same(case.analytic + w * point):
            return "term", f"a term g * argument {i} is missing"
    return None


def other_power(case: Case) -> tuple[str, str] | None:
    if case.weights.shape != case.numeric.shape:
        return None
    a, n = case.analytic / case.weights, case.numeric / case.weights
    for phrase, candidate in (("its reciprocal", 1 / n), ("its square", n * n), ("its root", np.sqrt(abs(n)))):
        if np.allclose(a, candidate, rtol=1e-6):
            return "power", f"instead of the derivative this is {phrase}"
    if case.target.output.shape == a.shape and np.allclose(a, case.target.output, rtol=1e-6):
        return "power", "instead of the derivative this is the function's value"
    return None
