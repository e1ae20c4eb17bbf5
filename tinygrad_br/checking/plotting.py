"""Pictures of a check: analytic against numeric derivatives, and the error of differences against their step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..figures import empty_figure
from .numerical import Target, entry_slopes

if TYPE_CHECKING:
    from .report import GradientReport, Row

COLOURS = {"right": "#1a7f37", "wrong": "#cf222e", "cannot tell": "#bf8700"}


def plot_report(report: GradientReport) -> Any:
    """Both pictures, side by side, in a matplotlib figure."""
    figure = empty_figure(11, 4.5)
    left, right = figure.subplots(1, 2)
    scatter(left, report)
    row = max(report.rows, key=lambda r: (r.verdict == "wrong", abs(r.numeric)))
    target, weights = report.targets[row.order - 1]
    names = [r.argument for r in report.rows if r.order == row.order and r.mode == row.mode]
    which = names.index(row.argument)
    index: Any = row.index
    if not isinstance(row.index, tuple) or row.mode == "forward":  # it is no derivative along an axis
        index = tuple(np.argwhere(np.ones(target.points[which].shape))[0].tolist())
    found = entry_slopes(target, which, [index], weights)[0]
    row = replace(row, index=index, numeric=found.value, error=found.error, step=found.step)
    v_curve(right, target, which, index, weights, row)
    right.set_title(f"error of difference quotients at {row.where()}")
    return figure


def scatter(axes: Any, report: GradientReport) -> None:
    """Analytic against numeric derivatives; what is right lies on the diagonal."""
    for row in report.rows:
        if row.pairs:
            analytic, numeric = np.array(row.pairs).T
            axes.scatter(numeric, analytic, s=18, color=COLOURS[row.verdict], alpha=0.7, label=row.verdict)
    axes.axline((0, 0), slope=1, color="0.6", lw=1, zorder=0)
    axes.set(xlabel="numeric", ylabel="analytic", title=f"gradients of {report.subject}")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(*zip(*dict(zip(labels, zip(handles, labels), strict=True)).values(), strict=True), fontsize="small")


def errors_by_step(target: Target, which: int, index: Any, weights: Any, true: float, steps: Any) -> tuple[Any, Any]:
    """The errors of forward and of central difference quotients at each step."""
    line = target.entries(which, [index])
    with np.errstate(all="ignore"):
        middle, ahead, behind = (line(np.zeros(len(t), int), t) for t in (steps[:1] * 0, steps, -steps))
        forward = (ahead - middle) @ weights.ravel() / steps
        central = (ahead - behind) @ weights.ravel() / (2 * steps)
    return abs(forward - true), abs(central - true)


def v_curve(axes: Any, target: Target, which: int, index: Any, weights: Any, row: Row) -> None:
    """The V-shaped curve: large steps err by curvature, small ones by rounding; and the step that was chosen."""
    x = abs(float(target.points[which][index])) or 1.0
    steps = x * 10.0 ** np.arange(-15.5, 0.01, 0.1)
    forward, central = errors_by_step(target, which, index, weights, row.numeric, steps)
    axes.loglog(steps, np.maximum(forward, 1e-18), ".", ms=3, color="#cf222e", label="forward difference")
    axes.loglog(steps, np.maximum(central, 1e-18), ".", ms=3, color="#0969da", label="central difference")
    if row.step:
        label = "the chosen step, extrapolated: the bound"
        axes.axvline(row.step, color="#1a7f37", lw=1)
        axes.loglog(row.step, max(row.error, 1e-18), "*", ms=12, color="#1a7f37", label=label)
    axes.set(xlabel="step", ylabel="error")
    axes.legend(fontsize="small")
