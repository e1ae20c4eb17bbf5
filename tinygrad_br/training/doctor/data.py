"""What can be wrong with data, whatever the network: gaps, scales, columns and rows that should not be there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isqrt
from typing import Any

import numpy as np

from .diagnosis import Finding

Array = np.ndarray[Any, Any]

LARGE, SMALL = 10.0, 0.01  # root mean squares of columns beyond which inputs count as not scaled
APART = 1000.0  # and how many times as wide as another a column may be
OFF_CENTRE = 10.0  # how many standard deviations the mean of a column may lie away from 0
LEAK, COPY = 0.97, 0.999  # the share of a column's variance that classes, or numbers, explain if it is a copy of them
PIXELS, ALIKE = 16, 0.2  # as many columns may make a picture, if its neighbours correlate by so much
FEW, MANY = 1000, 5000  # rows that are enough to find the background, and a leak


def rows_of(array: Array) -> Array:
    """An array with a row for each example and one axis more."""
    return array.reshape(len(array), -1)


def column_names(data: Any, width: int) -> list[str]:
    """What the columns of inputs are called: as in a data frame, else as one would index them."""
    labels = getattr(data, "columns", None)
    if labels is not None and len(labels) == width:
        return [f"x[{str(label)!r}]" for label in labels]
    return [f"x[:, {i}]" for i in range(width)]


def not_finite(x: Array, y: Array, names: Sequence[str]) -> Iterator[Finding]:
    """NaN and infinity, by column."""
    bad_x, bad_y = ~np.isfinite(rows_of(x)), ~np.isfinite(rows_of(y))
    count = np.count_nonzero(bad_x) + np.count_nonzero(bad_y)
    if count:
        places = [f"{names[i]} ({bad_x[:, i].sum()})" for i in np.flatnonzero(bad_x.any(axis=0)).tolist()]
        places += [f"y ({bad_y.sum()})"] * bool(bad_y.any())
        rows = np.count_nonzero(bad_x.any(axis=1) | bad_y.any(axis=1))
        yield Finding("not_finite", "error", tuple(places), {"count": count, "rows": rows, "all": len(x)})


def constant_columns(x: Array, names: Sequence[str]) -> Iterator[Finding]:
    """Columns with the same number in every row, but for the background of pictures."""
    table = rows_of(x)
    constant = (table == table[0]).all(axis=0)  # which a column of NaN is not
    if len(x) < 2 or x.dtype.kind != "f" or not constant.any():
        return
    numbers, counts = np.unique(table[:FEW], return_counts=True)
    background = numbers[counts.argmax()]
    touched = np.mean((table == background).any(axis=0))
    if x.ndim > 2 or (table.shape[1] >= PIXELS and touched > 0.8):
        constant &= table[0] != background
    constant &= ~rim(table[:FEW], constant)
    if constant.any():
        places = tuple(f"{names[i]} = {table[0, i]:.4g}" for i in np.flatnonzero(constant).tolist())
        yield Finding("constant_columns", "warning", places)


def rim(table: Array, constant: Array) -> Array:
    """Which constant columns are the margin of pictures, however their numbers were scaled.

    Columns are a picture if their number is a square and neighbours are alike; the margin is what constant pixels
    connect with the edge.
    """
    side = isqrt(table.shape[1])
    margin = np.zeros((side + 2, side + 2), dtype=bool)
    if side * side < max(PIXELS, table.shape[1]) or neighbours_alike(table) < ALIKE:
        return np.zeros(table.shape[1], dtype=bool)
    margin[[0, -1]] = margin[:, [0, -1]] = True
    inner, count = margin[1:-1, 1:-1], -1
    while count != (count := int(np.count_nonzero(inner))):
        beside = margin[:-2, 1:-1] | margin[2:, 1:-1] | margin[1:-1, :-2] | margin[1:-1, 2:]
        inner |= beside & constant.reshape(side, side)
    return inner.ravel()


def neighbours_alike(table: Array) -> float:
    """The mean correlation of columns that stand side by side."""
    centred = table - table.mean(axis=0)
    lengths = np.sqrt(np.sum(centred**2, axis=0))
    together = np.sum(centred[:, 1:] * centred[:, :-1], axis=0)
    sizes = lengths[1:] * lengths[:-1]
    return float(np.mean(together[sizes > 0] / sizes[sizes > 0])) if np.any(sizes > 0) else 0.0


def unscaled_inputs(entering: Array, names: Sequence[str]) -> Iterator[Finding]:
    """Columns that are large, far from 0, or far wider than others, as they meet the first weights."""
    table = rows_of(entering).astype(np.float64)
    names = names if len(names) == table.shape[1] else [f"input {i}" for i in range(table.shape[1])]
    sizes, widths = np.sqrt(np.mean(table**2, axis=0)), np.ptp(table, axis=0)
    means, spreads = np.abs(table.mean(axis=0)), table.std(axis=0)
    varying = widths > 0
    if not varying.any():
        return
    large = varying & ((sizes > LARGE) | ((means > OFF_CENTRE * spreads) & (means > 3)))
    if large.any():
        chosen = np.flatnonzero(large)[np.argsort(-sizes[large], kind="stable")]
    elif sizes.max() < SMALL:
        chosen = np.argsort(-sizes, kind="stable")
    elif widths.max() > APART * widths[varying].min():
        chosen = np.array([widths.argmax(), np.where(varying, widths, np.inf).argmin()])
    else:
        return
    places = tuple(f"{names[i]} ({table[:, i].min():.4g} ... {table[:, i].max():.4g})" for i in chosen.tolist())
    yield Finding("unscaled_inputs", "warning", places, {"rms": float(sizes[chosen[0]])})


def class_numbers(y: Array) -> Array:
    """Class numbers of one-hot rows; other targets as they are."""
    one_hot = y.ndim == 2 and y.shape[1] > 1 and bool(np.all((y == 0) | (y == 1)) and np.all(y.sum(axis=1) == 1))
    return y.argmax(axis=1) if one_hot else y


def indicators(y: Array, classes: bool) -> Array:
    """Targets as columns of numbers: one for each class, 1 where it is the answer, or the targets as they are."""
    if classes:
        kinds, place = np.unique(y.ravel(), return_inverse=True)
        return np.eye(len(kinds))[place]
    return rows_of(y).astype(np.float64)


def label_leak(x: Array, y: Array, names: Sequence[str], classes: bool) -> Iterator[Finding]:
    """Columns of which the labels are a function: copies, one-hot columns, scaled copies with a little noise."""
    some = np.random.default_rng(0).permutation(len(x))[:MANY]
    table, y, n = rows_of(x)[some].astype(np.float64), y[some], len(some)
    if n < 20 or (not classes and table.shape[1] == 1):
        return
    centred = table - table.mean(axis=0)
    spread = centred.std(axis=0)
    known = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
    of_class = indicators(y, classes)
    if classes:
        if of_class.shape[1] < 2 or n < 5 * of_class.shape[1]:
            return
        means = (of_class / of_class.sum(axis=0)).T @ known  # of each class, in each column
        explained = of_class.mean(axis=0) @ means**2
        copies = np.flatnonzero(explained > LEAK)
        if not len(copies):
            return
        apart = np.sqrt(((means[:, np.newaxis, copies] - means[:, copies]) ** 2).sum(axis=-1))
        within = np.sqrt(max(0.0, 1 - float(explained[copies].min())))
        if np.min(apart[~np.eye(len(apart), dtype=bool)]) <= max(6 * within, 1e-6):
            return
    else:
        targets = of_class - of_class.mean(axis=0)
        sizes = np.sqrt(np.mean(targets**2, axis=0))
        if not np.any(sizes > 0):
            return
        explained = ((known.T @ (targets[:, sizes > 0] / sizes[sizes > 0]) / n) ** 2).max(axis=1)
        copies = np.flatnonzero(explained > COPY)
        if not len(copies):
            return
    share = 100 * float(explained[copies].min())
    measured = {"share": round(share, 2), "columns": f"{copies.tolist()}"}
    yield Finding("label_leak", "error", tuple(names[i] for i in copies.tolist()), measured)


def validation_in_training(x: Array, held_out: Array) -> Iterator[Finding]:
    """Rows of the validation data that are, bit for bit, rows of the training data.

    Where only so many different rows are possible that some must meet by chance, all of them must, to be a finding.
    """
    ours, theirs = as_bits(x), as_bits(held_out.astype(x.dtype))
    count = int(np.isin(theirs, ours).sum())
    kinds = np.array([len(np.unique(column)) for column in rows_of(x).T[:64]])
    by_chance = kinds.max() < len(x) / 2 and np.sum(np.log(kinds)) < 2 * np.log(len(x)) + np.log(100)
    if count >= (len(held_out) if by_chance else max(1, 0.01 * len(held_out))):
        measured = {"count": count, "all": len(held_out), "share": round(100 * count / len(held_out), 1)}
        yield Finding("validation_in_training", "error", (), measured)


def as_bits(x: Array) -> Array:
    """One item for each row, equal where all its numbers are."""
    rows = np.ascontiguousarray(rows_of(x)) + 0  # so that -0 becomes 0
    return rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()


def sorted_labels(y: Array, batch_size: int, classes: bool) -> Iterator[Finding]:
    """Labels whose batches differ far more than those of shuffled rows would."""
    n, size = len(y), max(batch_size, 8)
    batches = -(-n // size)
    if batches < 2:
        return
    targets = indicators(y, classes)
    targets = targets - targets.mean(axis=0)
    whole = np.sum(targets**2)
    pieces = [targets[i : i + size] for i in range(0, n, size)]
    between = sum(np.sum(piece.sum(axis=0) ** 2) / len(piece) for piece in pieces)
    expected = (batches - 1) / (n - 1)
    if whole > 0 and between / whole > (1 + expected) / 2:
        measured = {
            "share": round(100 * float(between / whole)), "expected": round(100 * expected, 1), "batch": batch_size,
        }  # fmt: skip
        yield Finding("sorted_labels", "error", (), measured)


def unscaled_targets(y: Array, output: Array) -> Iterator[Finding]:
    """Targets of a regression that are far larger than numbers near 1."""
    size = float(np.sqrt(np.mean(rows_of(y).astype(np.float64) ** 2)))
    if size > 10 * LARGE:
        begin = float(np.sqrt(np.mean(output.astype(np.float64) ** 2)))
        if size > LARGE * begin:
            yield Finding("unscaled_targets", "warning", ("y",), {"size": size, "output": begin})


def labels_out_of_range(y: Array, loss: str, outputs: tuple[int, ...]) -> Iterator[Finding]:
    """Labels for which a loss has no meaning; `outputs` is the shape of the network's outputs."""
    if y.dtype.kind in "iu" and loss in ("cross_entropy", "nll", "focal") and y.ndim < len(outputs):
        low, high, wanted = 0, outputs[-1] - 1, f"0, ..., {outputs[-1] - 1}"
    elif loss in ("bce_with_logits", "focal"):
        low, high, wanted = 0, 1, "0, ..., 1"
    elif loss == "hinge":
        low, high, wanted = -1, 1, "-1, 1"
    else:
        return
    least, most = y.min(), y.max()
    if low <= least and most <= high and (loss != "hinge" or np.all(np.abs(y) == 1)):
        return
    kinds = len(np.unique(y[:10_000]))
    if loss == "hinge":
        code = "y = np.where(y > 0, 1, -1)"
    elif kinds > high + 1:
        code = f"model = tg.nn.MLP(nin, [..., {kinds}])"
    elif high == 1 and least < 0:
        code = "y = (y > 0).astype(int)"
    elif least > 0 and most - least <= high:
        code = f"y = y - {least:g}"
    else:
        code = "y = np.unique(y, return_inverse=True)[1]"
    measured = {"low": f"{least:g}", "high": f"{most:g}", "loss": loss, "wanted": wanted, "code": code}
    yield Finding("labels_out_of_range", "error", (), measured)
