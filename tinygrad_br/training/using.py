"""Using a network: its outputs, probabilities and figures for data, batch by batch, without recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import nn
from ..modes import no_grad
from ..rules.activations import sigmoid, softmax
from ..value import Value
from .batches import as_answers, as_inputs, same_length, whole
from .goals import Goal, goal_of
from .metrics import Metric, named_metrics

Array = np.ndarray[Any, Any]


def dtype_of(model: Any) -> Any:
    """The dtype of a model's parameters; ValueError if it has none."""
    parameters = model.parameters() if hasattr(model, "parameters") else []
    if not parameters:
        raise ValueError(f"{type(model).__name__} has no parameters; a model is a tg.nn.Module with Values in it")
    return parameters[0].dtype


def input_dtype(model: Any) -> Any:
    """The dtype that a model wants its inputs in; None where an Embedding takes integers."""
    return None if any(isinstance(module, nn.Embedding) for module in model.modules()) else dtype_of(model)


@contextmanager
def in_use(model: Any) -> Iterator[None]:
    """Inside the `with` block the model behaves as in use: no dropout, nothing is recorded."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training


def outputs(model: Any, x: Array, batch_size: int) -> Array:
    """The model's outputs for prepared inputs."""
    with in_use(model):
        return np.concatenate([model(x[i : i + batch_size]).data for i in range(0, len(x), batch_size)])


def predict(model: Any, x: Any, batch_size: int = 1024) -> Array:
    """The outputs of a model, as a plain array with a row for each row of x.

    Args:
        model: a tg.nn.Module; dropout is off, whatever mode it is in.
        x: inputs, cast to the model's dtype.
        batch_size: how many rows are computed at a time.

    Raises TypeError and ValueError for inputs that are not numbers, empty, or not finite.

    >>> import tinygrad_br as tg
    >>> tg.predict(tg.nn.MLP(2, [3, 1], seed=0), [[0.0, 0.0], [1.0, 2.0]]).shape
    (2, 1)
    """
    dtype_of(model)
    return outputs(model, as_inputs(x, input_dtype(model)), whole(batch_size, "batch_size"))


def predict_proba(model: Any, x: Any, batch_size: int = 1024) -> Array:
    """The probabilities that a model's outputs, taken as logits, stand for.

    One output z becomes 1 / (1 + exp(-z)), the probability of class 1; several become exp(z) / sum exp(z), one for each
    class.  For a model trained with `bce_with_logits` or `cross_entropy`, that is, without a sigmoid or softmax of its
    own at the end.  Arguments and errors are those of `predict`.

    >>> import tinygrad_br as tg
    >>> tg.predict_proba(tg.nn.MLP(2, [3, 4], seed=0), [[1.0, 2.0]]).sum(axis=1).round(9)
    array([1.])
    """
    z = predict(model, x, batch_size)
    return np.asarray(softmax(z, axis=-1) if z.ndim > 1 and z.shape[-1] > 1 else sigmoid(z))


def evaluate(
    model: Any,
    x: Any,
    y: Any,
    *,
    loss: Any,
    metrics: Iterable[str | Metric] | str | None = None,
    batch_size: int = 1024,
) -> dict[str, float]:
    """The loss and the metrics of a model on data, each computed over all rows at once.

    Args:
        model: a tg.nn.Module; dropout is off, whatever mode it is in.
        x, y: inputs and targets.
        loss, metrics: as `fit` takes them.
        batch_size: how many rows are computed at a time.

    Returns a dict: {"loss": ..., "accuracy": ...}.  Raises what `predict` and the loss raise.

    >>> import tinygrad_br as tg
    >>> x, y = tg.datasets.moons(seed=0)
    >>> figures = tg.evaluate(tg.nn.MLP(2, [8, 2], seed=0), x, y, loss="cross_entropy")
    >>> [*figures]
    ['loss', 'accuracy']
    """
    goal, dtype = goal_of(loss), dtype_of(model)
    x, y = as_inputs(x, input_dtype(model)), as_answers(y, dtype, goal.keeps_integers)
    same_length(x, y)
    chosen = named_metrics(metrics, goal.metrics, goal.threshold)
    return figures_of(outputs(model, x, whole(batch_size, "batch_size")), y, goal, chosen)


def figures_of(output: Array, y: Array, goal: Goal, metrics: dict[str, Metric]) -> dict[str, float]:
    """The loss and the metrics of outputs."""
    with no_grad():
        figures = {"loss": Value(goal.function(Value(output), y)).item()}
    figures.update((name, float(metric(output, y))) for name, metric in metrics.items())
    return figures
