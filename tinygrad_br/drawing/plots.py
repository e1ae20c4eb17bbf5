"""Plots of data and networks, drawn by matplotlib, which is loaded when the first plot is made.

Every function returns a matplotlib Figure, and saves it where `path` says.  None of them touches pyplot's state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import Any

import numpy as np

from ..engine import ancestors, nodes_in
from ..figures import empty_figure
from ..messages import op_name
from ..modes import mode
from ..value import Value
from .colours import THEMES

THEME = THEMES["light"]
CLASSES = [THEME.negative, THEME.positive, THEME.accent, "#8a5bbf", "#c8a415", "#3aa6a6", "#c2477f", "#6b7783"]
ROWS_AT_ONCE = 8192
Path = str | PathLike[str] | None


def decision_boundary(
    model: Any, x: Any, y: Any, path: Path = None, resolution: int = 200, labels: Sequence[str] | None = None
) -> Any:
    """Draw what a classifier says of every point of the plane, and the data upon it.

    Args:
        model: called with points of shape (n, 2); gives logits of shape (n,), (n, 1) for two classes, or (n, classes).
        x: the data, shape (rows, 2).
        y: the class of each row: numbers from 0 on, or -1 and 1 for two classes; shape (rows,) or (rows, 1).
        path: where to save the figure.
        resolution: how many points there are in each direction.
        labels: names of the classes.

    The deeper the colour, the surer the network: the colour's strength is the probability of the class.

    Raises ValueError if the data are not points of the plane or the classes do not fit.
    """
    x, y = np.asarray(x, np.float64), np.ravel(np.asarray(y))
    if x.ndim != 2 or x.shape[1] != 2 or len(x) != len(y):
        raise ValueError(
            f"decision_boundary needs x of shape (rows, 2) and y with as many rows, got {x.shape}, {y.shape}"
        )
    figure, axes = new_figure(5.2, 4.6)
    low, high = x.min(axis=0), x.max(axis=0)
    edge = 0.08 * (high - low) + 1e-9
    sides = [np.linspace(a, b, resolution) for a, b in zip(low - edge, high + edge, strict=True)]
    grid = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    shares = probabilities(outputs_of(model, grid))
    kinds = np.unique(y)
    classes = shares.shape[1]
    known = list(kinds) if len(kinds) == classes else list(range(classes))
    names = labels if labels is not None else [f"class {kind:g}" for kind in known]
    place = {kind: known.index(kind) if kind in known else -1 for kind in kinds}
    if -1 in place.values():
        raise ValueError(f"y has the classes {kinds.tolist()}, but the network tells {classes} classes apart")
    colours = np.array([CLASSES[i % len(CLASSES)] for i in range(classes)])
    paint = np.array([[int(c[k : k + 2], 16) / 255 for k in (1, 3, 5)] for c in colours])
    sure = np.clip((shares.max(axis=1) - 1 / classes) / (1 - 1 / classes), 0, 1)[:, None]
    picture = 1 - (0.12 + 0.43 * sure) * (1 - paint[shares.argmax(axis=1)])
    extent = (sides[0][0], sides[0][-1], sides[1][0], sides[1][-1])
    axes.imshow(picture.reshape(resolution, resolution, 3), origin="lower", extent=extent, aspect="auto")
    if classes == 2:
        margin = (shares[:, 1] - 0.5).reshape(resolution, resolution)
        if margin.min() < 0 < margin.max():
            axes.contour(*sides, margin, levels=[0.0], colors=[THEME.ink], linewidths=1.2)
    for kind in kinds:
        points, i = x[y == kind], place[kind]
        axes.scatter(*points.T, s=22, color=colours[i], edgecolor="white", linewidth=0.6, label=literal(names[i]))
    axes.set(xlabel="x1", ylabel="x2", title="What the network says of each point")
    axes.legend(loc="upper right", framealpha=0.9, edgecolor="none")
    return saved(figure, path)


def histograms(model: Any, path: Path = None, bins: int = 40) -> Any:
    """Draw how the weights of each parameter are distributed and, where there are gradients, these beside them.

    Args:
        model: a Module; call `backward` first to see gradients.
        path: where to save the figure.
        bins: how many bars there are.
    """
    parameters = list(model.named_parameters())
    if not parameters:
        raise ValueError(f"{type(model).__name__} has no parameters to draw")
    graded = any(p.grad is not None for _, p in parameters)
    columns = 2 if graded else 1
    figure, grid = new_figure(4.4 * columns, 1.5 * len(parameters) + 0.4, len(parameters), columns)
    for (name, parameter), row in zip(parameters, grid, strict=True):
        shown = [("weights", parameter.data, THEME.negative), ("gradient", parameter.grad, THEME.positive)]
        for axes, (what, numbers, colour) in zip(row, shown, strict=False):
            finite = np.ravel(numbers)[np.isfinite(np.ravel(numbers))] if numbers is not None else np.empty(0)
            if finite.size:
                axes.hist(finite, bins=min(bins, max(finite.size, 5)), color=colour, alpha=0.85)
                told = f"mean {finite.mean():.2g}, std {finite.std():.2g}"
            else:
                told = "no gradient" if numbers is None else "no finite number"
            title = f"{name} {parameter.shape}" if what == "weights" else "its gradient"
            axes.set_title(literal(f"{title}: {told}"), fontsize=9, color=THEME.ink)
            axes.tick_params(labelsize=7)
            axes.ticklabel_format(axis="x", style="sci", scilimits=(-3, 4), useMathText=True)
            axes.xaxis.get_offset_text().set_fontsize(7)
    return saved(figure, path)


def confusion_matrix(answers: Any, predictions: Any, labels: Sequence[str] | None = None, path: Path = None) -> Any:
    """Draw how often each class was taken for which.

    Args:
        answers: the true class of each example, whole numbers from 0 on, shape (n,) or (n, 1).
        predictions: the predicted class of each, of the same length.
        labels: names of the classes.
        path: where to save the figure.

    Raises ValueError if the lengths differ or a class has no label.
    """
    rows, columns = (np.ravel(np.asarray(v)).astype(int) for v in (answers, predictions))
    if len(rows) != len(columns) or not len(rows):
        raise ValueError(
            f"confusion_matrix needs one prediction for each answer, but got {len(columns)} for {len(rows)}"
        )
    classes = max(rows.max(), columns.max()) + 1 if labels is None else len(labels)
    if min(rows.min(), columns.min()) < 0 or max(rows.max(), columns.max()) >= classes:
        raise ValueError(f"classes are whole numbers from 0 to {classes - 1}; give a label for each")
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (rows, columns), 1)
    names = [literal(name) for name in (labels if labels is not None else range(classes))]
    figure, axes = new_figure(2.2 + 0.55 * classes, 1.9 + 0.55 * classes)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1.25)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelcolor=THEME.ink)
    for i, j in np.ndindex(*counts.shape):
        ink = "white" if share[i, j] > 0.65 else THEME.ink
        axes.text(j, i, f"{counts[i, j]:,}", ha="center", va="center", color=ink, fontsize=11 if classes < 8 else 8)
    axes.set_xticks(range(classes), names, rotation=45 if max(map(len, names)) > 4 and classes > 4 else 0)
    axes.set_yticks(range(classes), names)
    right = np.trace(counts) / counts.sum()
    axes.set(xlabel="predicted", ylabel="true", title=f"{100 * right:.1f} % right")
    return saved(figure, path)


def activation_statistics(model: Any, x: Any, path: Path = None) -> Any:
    """Draw what comes out of each activation function of a network: mean, spread, and how many are always off.

    Args:
        model: a Module.
        x: inputs, shape (rows, nin).
        path: where to save the figure.

    The share of "dead" outputs is that of the columns that are the same for all rows, as those of a relu that is off
    are.
    """
    with unchanged(model), mode(recording=True):
        output = model(np.asarray(x))
    parameters = set(model.parameters())
    layers: list[tuple[str, Any]] = []
    for node in ancestors(output):
        made_of = [*nodes_in(node.args)]
        if node.op is not None and len(made_of) == 1 and not parameters.intersection(made_of) and node._data.ndim > 1:
            layers.append((op_name(node.op), np.asarray(node._data)))
    layers.append(("output", np.asarray(output.data)))
    if layers[-2:-1] and layers[-2][1] is layers[-1][1]:
        layers.pop()
    figure, axes = new_figure(max(1.8 + 1.1 * len(layers), 4.8), 3.6)
    for place, (_, numbers) in enumerate(layers):
        flat = numbers.reshape(-1)
        flat = flat[np.isfinite(flat)]
        low, middle, high = np.percentile(flat, [5, 50, 95]) if flat.size else (0.0, 0.0, 0.0)
        colour = THEME.positive if place == len(layers) - 1 else THEME.negative
        axes.bar(place, high - low, bottom=low, width=0.5, color=colour, alpha=0.35)
        axes.plot([place - 0.25, place + 0.25], [middle, middle], color=colour, lw=2)
        axes.plot(place, flat.mean() if flat.size else 0.0, "o", color=THEME.ink, ms=4)
        dead = float(np.mean(np.ptp(numbers.reshape(len(numbers), -1), axis=0) == 0))
        axes.annotate(
            f"{100 * dead:.0f} % dead",
            (place, high),
            (0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=THEME.faint,
        )
    axes.set_xticks(range(len(layers)), [f"{i + 1} {name}" for i, (name, _) in enumerate(layers)], fontsize=9)
    axes.use_sticky_edges = False
    axes.margins(y=0.12)
    axes.set_title("Activations: 5 % to 95 % (bar), median (line), mean (dot)", fontsize=10)
    axes.axhline(0, color=THEME.line, lw=0.8)
    return saved(figure, path)


def outputs_of(model: Any, x: Any) -> Any:
    """What a model says of many rows, as a plain array (rows, outputs), some rows at a time; it stays as it was."""
    dtypes = [p.dtype for p in model.parameters()] if hasattr(model, "parameters") else []
    x = x.astype(dtypes[0]) if dtypes else x
    parts = []
    with unchanged(model), mode(recording=False):
        for start in range(0, len(x), ROWS_AT_ONCE):
            part = model(x[start : start + ROWS_AT_ONCE])
            parts.append(np.asarray(part.data if isinstance(part, Value) else part))
    return np.concatenate(parts).reshape(len(x), -1)


@contextmanager
def unchanged(model: Any) -> Iterator[None]:
    """Use a model as in `eval()`, and leave each module in the mode it was in."""
    modules = [(module, module.training) for module in model.modules()] if hasattr(model, "modules") else []
    try:
        for module, _ in modules:
            module.training = False
        yield
    finally:
        for module, training in modules:
            module.training = training


def probabilities(logits: Any) -> Any:
    """Probabilities (rows, classes) of logits; a single column is the logit of the second of two classes."""
    logits = np.asarray(logits, np.float64)
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def new_figure(width: float, height: float, rows: int = 1, columns: int = 0) -> tuple[Any, Any]:
    """A figure with one set of axes, or with a grid of them."""
    figure = empty_figure(width, height)
    grid = figure.subplots(rows, columns or 1, squeeze=False)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(THEME.line)
        axes.tick_params(color=THEME.line, labelcolor=THEME.faint)
        axes.title.set_color(THEME.ink)
    return figure, grid if columns else grid[0, 0]


def literal(text: Any) -> str:
    """Text as it is, which matplotlib would take for a formula where there are dollar signs."""
    return str(text).replace("$", r"\$")


def saved(figure: Any, path: Path) -> Any:
    if path is not None:
        figure.savefig(path, dpi=150)
    return figure
