"""Figures that say how good a network is, each computed from all outputs and answers at once.

A metric is a function of two arrays: the network's outputs, one row for each example, and the answers.  Outputs are
read as losses on logits read them: of several outputs the largest names the class; a single one says yes if it is
above 0.  Answers are class numbers, one-hot rows, 0 and 1, or -1 and 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..rules.activations import softmax

Array = np.ndarray[Any, Any]
Metric = Callable[[Any, Any], float]


def decided(output: Any, threshold: float | None = None) -> Array:
    """The class numbers that outputs stand for, as integers.

    Args:
        output: shape (n, k) with k > 1: the number of the largest in each row; shape (n,) or (n, 1): 0 or 1.
        threshold: take every output as an answer of its own, 1 if it is above this; then no number is compared with
            its neighbours.  A single output has the threshold 0 if none is given.

    >>> decided([[0.1, 2.0, -1.0]]), decided([-0.3, 0.2])
    (array([1]), array([0, 1]))
    """
    output = np.asarray(output)
    if threshold is None and output.ndim > 1 and output.shape[-1] > 1:
        return np.asarray(output.argmax(axis=-1))
    return np.asarray(output > (threshold or 0)).astype(np.int64).ravel()


def answers(output: Any, target: Any, threshold: float | None = None) -> Array:
    """The class numbers among the targets, in the order of `decided(output, threshold)`.

    Raises ValueError if there are not as many as outputs.
    """
    output, target = np.asarray(output), np.asarray(target)
    at_least_one(output)
    several = threshold is None and output.ndim > 1 and output.shape[-1] > 1
    if several:
        found = target.argmax(axis=-1) if target.shape == output.shape else target.reshape(output.shape[:-1])
    else:
        found = (target > (0 if np.any(target < 0) else 0.5)).ravel()
        if found.size != output.size:
            raise ValueError(f"{output.size} outputs, but {found.size} answers; each output needs one")
    return np.asarray(found).astype(np.int64)


def at_least_one(output: Array) -> None:
    """Raise ValueError if there is nothing to measure."""
    if not output.size:
        raise ValueError(f"there are no outputs, shape {output.shape}; a metric needs at least one example")


def accuracy(output: Any, target: Any, threshold: float | None = None) -> float:
    """The share of examples whose class is right, from 0 to 1.

    >>> accuracy([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]], [0, 1, 1])
    0.6666666666666666
    """
    return float(np.mean(decided(output, threshold) == answers(output, target, threshold)))


def top_k(k: int) -> Metric:
    """The metric that counts an example as right if the answer is among the k largest outputs, of equal ones the first.

    >>> top_k(2)([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]], [1, 2])
    0.5
    """

    def among(output: Any, target: Any) -> float:
        output = np.asarray(output)
        best = np.argsort(-output, axis=-1, kind="stable")[..., :k]
        return float(np.mean(np.any(best == answers(output, target)[..., np.newaxis], axis=-1)))

    return among


def counts(output: Any, target: Any) -> tuple[Array, Array, Array]:
    """For each class: how often it was said rightly, how often it was said, how often it was the answer.

    With a single output only the class 1 is looked at; with several, every class that was said or asked for.
    """
    said, true = decided(output), answers(output, target)
    single = np.ndim(output) < 2 or np.shape(output)[-1] == 1
    classes = np.array([1]) if single else np.union1d(said, true)
    right = said[said == true]
    return tuple(np.array([np.count_nonzero(a == c) for c in classes]) for a in (right, said, true))  # type: ignore[return-value]


def share(part: Array, whole: Array) -> Array:
    """part / whole, and 0 where the whole is 0."""
    return np.asarray(np.divide(part, whole, out=np.zeros(np.shape(part)), where=whole > 0))


def precision(output: Any, target: Any) -> float:
    """Of all times a class was said, the share that was right; the mean over the classes if there are several.

    >>> precision([1.0, 2.0, -1.0], [1, 0, 1])
    0.5
    """
    right, said, _ = counts(output, target)
    return float(share(right, said).mean())


def recall(output: Any, target: Any) -> float:
    """Of all times a class was the answer, the share that was found; the mean over the classes if there are several.

    >>> recall([1.0, 2.0, -1.0], [1, 0, 1])
    0.5
    """
    right, _, true = counts(output, target)
    return float(share(right, true).mean())


def f1(output: Any, target: Any) -> float:
    """The harmonic mean of precision and recall, 2 right / (said + true); the mean over the classes.

    >>> f1([1.0, 2.0, -1.0], [1, 1, 1])
    0.8
    """
    right, said, true = counts(output, target)
    return float(share(2 * right, said + true).mean())


def roc_auc(output: Any, target: Any) -> float:
    """The chance that a random 1 has a larger output than a random 0, ties counting half: the area under the ROC curve.

    Computed from ranks (Mann and Whitney's U).  With two outputs the second less the first is ranked; with more, each
    class is told from the rest by its probability, and the mean over the classes is given.  NaN if a class has no
    example, or all of them.

    >>> roc_auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    0.75
    """
    true, output = answers(output, target), np.asarray(output)
    if output.ndim < 2 or output.shape[-1] == 1:
        return area(output.ravel(), true == 1)
    rows, true = output.reshape(-1, output.shape[-1]), true.ravel()
    if rows.shape[1] == 2:
        return area(rows[:, 1] - rows[:, 0], true == 1)
    shares = softmax(rows, axis=-1)
    return float(np.mean([area(shares[:, c], true == c) for c in range(rows.shape[1])]))


def area(score: Array, yes: Array) -> float:
    """The area under the ROC curve of a score; NaN if there is no yes or no no."""
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    ones = np.count_nonzero(yes)
    pairs = ones * (yes.size - ones)
    return float((rank[yes].sum() - ones * (ones + 1) / 2) / pairs) if pairs else float("nan")


def errors(output: Any, target: Any) -> Array:
    """output - target, which must have the same shape."""
    output, target = np.asarray(output), np.asarray(target)
    at_least_one(output)
    if output.shape != target.shape:
        raise ValueError(
            f"outputs of shape {output.shape} against targets of shape {target.shape}; reshape one of them"
        )
    return np.asarray(output - target)


def r2(output: Any, target: Any) -> float:
    """The share of the targets' variance that is explained, 1 - sum (output - target)^2 / sum (target - mean)^2.

    The mean over the outputs, if there are several.  Where all targets are equal it is 1 if they are met, else 0.

    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.7857142857142857
    """
    left = np.sum(errors(output, target) ** 2, axis=0)
    total = np.sum((np.asarray(target) - np.mean(target, axis=0)) ** 2, axis=0)
    unexplained = np.divide(left, total, out=np.asarray(left > 0, dtype=np.float64), where=total > 0)
    return float(np.mean(1 - unexplained))


def mae(output: Any, target: Any) -> float:
    """The mean absolute error, in the targets' unit.

    >>> mae([1.0, 2.0], [1.5, 1.0])
    0.75
    """
    return float(np.mean(np.abs(errors(output, target))))


def regression_accuracy(output: Any, target: Any) -> float:
    """The share of outputs within std(target) / 250 of their target, as "Neural Networks from Scratch" counts it.

    >>> regression_accuracy([0.0, 10.0], [0.001, 11.0])
    0.5
    """
    return float(np.mean(np.abs(errors(output, target)) < np.std(target) / 250))


METRICS: dict[str, Metric] = {
    function.__name__: function
    for function in (accuracy, precision, recall, f1, roc_auc, r2, mae, regression_accuracy)
}  # fmt: skip


def named_metrics(
    metrics: Iterable[str | Metric] | str | None, default: Sequence[str], threshold: float | None
) -> dict[str, Metric]:
    """Metrics by the names that the history gives them.

    Args:
        metrics: names ("accuracy", "top_5", ...) or functions of outputs and answers; None for the default.
        threshold: what `accuracy` compares single outputs with.

    Raises ValueError for an unknown name.
    """
    found: dict[str, Metric] = {}
    for metric in [metrics] if isinstance(metrics, str) else default if metrics is None else metrics:
        if callable(metric):
            found[getattr(metric, "__name__", type(metric).__name__)] = metric
        elif metric == "accuracy":
            found[metric] = partial(accuracy, threshold=threshold)
        elif metric in METRICS:
            found[metric] = METRICS[metric]
        elif metric.startswith("top_") and metric[4:].isdigit():
            found[metric] = top_k(int(metric[4:]))
        else:
            raise ValueError(f"unknown metric {metric!r}; known are {', '.join(METRICS)}, top_5 and the like")
    return found


class Confusion:
    """How often each class was taken for which: a table with a row for each true class, a column for each verdict.

    Args:
        said: the class numbers that the network gives, as `decided(outputs)` has them.
        true: the right ones.
        names: what the classes are called, in the order of their numbers.

    `counts[i, j]` is how often class i was taken for class j.

    >>> print(Confusion(said=[0, 1, 1, 1], true=[0, 0, 1, 1], names=["dog", "cat"]))
             said dog  said cat
    is dog          1         1
    is cat          0         2
    """

    def __init__(self, said: Any, true: Any, names: Sequence[str] | None = None) -> None:
        said, true = np.asarray(said).ravel().astype(int), np.asarray(true).ravel().astype(int)
        if said.size != true.size:
            raise ValueError(f"{said.size} verdicts, but {true.size} answers; each verdict needs one")
        size = len(names) if names is not None else 1 + max(said.max(initial=0), true.max(initial=0))
        self.names = [str(n) for n in (names if names is not None else range(size))]
        self.counts = np.zeros((size, size), dtype=np.int64)
        np.add.at(self.counts, (true, said), 1)

    def __str__(self) -> str:
        heads = [f"said {name}" for name in self.names]
        left = max(len(name) for name in self.names) + 5
        lines = [" " * (left - 2) + "".join(f"  {head}" for head in heads)]
        for name, row in zip(self.names, self.counts, strict=True):
            cells = "".join(f"  {count:>{len(head)}}" for count, head in zip(row, heads, strict=True))
            lines.append(f"is {name}".ljust(left - 2) + cells)
        return "\n".join(lines)

    __repr__ = __str__
