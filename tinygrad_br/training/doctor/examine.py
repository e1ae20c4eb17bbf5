"""`diagnose`: what is wrong with a training before it begins, found on a copy of the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ...engine import data_of
from ...value import Value
from ..batches import as_numbers, cast, same_length, whole
from ..fit import try_out
from ..goals import Goal, goal_of
from ..trial import Trial
from ..using import dtype_of, in_use, input_dtype
from . import data, network, steps
from .diagnosis import Diagnosis, Finding
from .passage import Passage

Array = np.ndarray[Any, Any]
Follows = Mapping[str, tuple[str, ...]]

FAR = 1e6  # times as large as they are: inputs that show whether a network's outputs are bounded
ROWS = 512  # as many rows, drawn by chance, go through the network

# What follows from what: a symptom whose cause is found is told with it, and is no finding of its own.
STEPS_GO_WRONG = ("learning_rate_too_high", "learning_rate_too_low", "loss_oscillates", "batch_too_small")
LOST_GRADIENTS = ("vanishing_gradients", "exploding_gradients")
CONSEQUENCES: Follows = {
    "unscaled_inputs": ("saturated_units", "dead_units", *LOST_GRADIENTS, *STEPS_GO_WRONG),
    "unscaled_targets": (*LOST_GRADIENTS, *STEPS_GO_WRONG),
    "activation_before_loss": ("saturated_units", "dead_units", *LOST_GRADIENTS, *STEPS_GO_WRONG),
    "unreachable_targets": ("saturated_units", "dead_units", *LOST_GRADIENTS, *STEPS_GO_WRONG),
    "symmetric_init": ("dead_units", "saturated_units", *LOST_GRADIENTS, *STEPS_GO_WRONG),
    "dead_units": (*LOST_GRADIENTS, *STEPS_GO_WRONG),
    "saturated_units": (*LOST_GRADIENTS, *STEPS_GO_WRONG),
    "exploding_gradients": ("vanishing_gradients", *STEPS_GO_WRONG),
    "vanishing_gradients": STEPS_GO_WRONG,
    "sorted_labels": ("loss_oscillates",),
    "learning_rate_too_high": ("loss_oscillates", "batch_too_small"),
    "batch_too_small": ("loss_oscillates",),
}


def diagnose(
    model: Any,
    x: Any,
    y: Any,
    loss: Any,
    optimizer: Any = "adam",
    lr: float | None = None,
    validation_data: Any = None,
    batch_size: int | None = 32,
    shuffle: bool = True,
    clip_norm: float | None = None,
    language: str = "en",
) -> Diagnosis:
    """Examine a model and its data before they are trained: what is wrong, the numbers that show it, and the fix.

    It looks for NaN, constant columns, inputs and targets that are not scaled, labels out of range, labels that are in
    the inputs, validation rows that are training rows, sorted labels; a softmax or sigmoid before a loss that has its
    own, targets out of reach; neurons that start alike, dead and saturated units, vanishing and exploding gradients,
    parameters without a gradient, a forgotten zero_grad; learning rates that are too high or too low (steps are tried
    out, and for SGD the largest curvature is found by power iteration), batches that are too small.  A symptom whose
    cause is found is told with the cause.

    Nothing is changed: not the parameters, their gradients, the state or the mode of the model, nor any generator.

    Args:
        model, x, y, loss, optimizer, lr, validation_data, batch_size, shuffle, clip_norm: as `tg.fit` has them.
        language: "en" for English, "pt" for Portuguese.

    Returns a Diagnosis, which prints, and is true if nothing is wrong.  Raises what `tg.fit` raises for arguments that
    make no sense; NaN and labels out of range are findings.

    >>> import tinygrad_br as tg
    >>> x, y = tg.datasets.moons(200, seed=0)
    >>> tg.diagnose(tg.nn.MLP(2, [16, 2], seed=0), x, y, loss="cross_entropy", lr=0.01)
    the doctor found nothing wrong
    >>> print(tg.diagnose(tg.nn.MLP(2, [16, 2], seed=0), 1000 * x, y, loss="cross_entropy").names)
    ['unscaled_inputs']
    """
    goal, dtype, wanted = goal_of(loss), dtype_of(model), input_dtype(model)
    inputs, answers = as_numbers(x, "x"), as_numbers(y, "y")
    names = data.column_names(x, data.rows_of(inputs).shape[1])
    inputs = inputs if wanted is None else cast(inputs, wanted)
    answers = answers if goal.keeps_integers and answers.dtype.kind in "iub" else cast(answers, dtype)
    answers = answers.astype(np.int64) if answers.dtype.kind == "b" else answers
    same_length(inputs, answers)
    size = len(inputs) if batch_size is None else whole(batch_size, "batch_size")
    held_out = None if validation_data is None else as_numbers(validation_data[0], "validation x")
    patient = Patient(model, goal, size, optimizer=optimizer, lr=lr, clip_norm=clip_norm)

    found = [*data.not_finite(inputs, answers, names), *data.constant_columns(inputs, names)]
    if "not_finite" in [finding.name for finding in found]:
        inputs, answers = without_gaps(inputs, answers)
    found += about_data(patient, inputs, answers, names, held_out, shuffle)
    if len(inputs) and "labels_out_of_range" not in [finding.name for finding in found]:
        found += about_network(patient, inputs, answers, names)
    return Diagnosis(without_symptoms(found), language)


class Patient:
    """What is examined, in copies: a model with its loss, the size of its batches, and how its steps are made."""

    def __init__(self, model: Any, goal: Goal, batch_size: int, **steps: Any) -> None:
        self.given, self.goal, self.batch_size, self.steps = model, goal, batch_size, steps
        self.standing = [(name, None if p.grad is None else np.copy(p.grad)) for name, p in model.named_parameters()]
        function = goal.function.func if isinstance(goal.function, partial) else goal.function
        self.loss_name = getattr(function, "__name__", "loss") if goal.known else ""

    def trial(self) -> Trial:
        """A new copy, with which steps can be tried."""
        return Trial(self.given, self.goal.function, **self.steps)

    def says(self, x: Array) -> Array:
        """The outputs in use."""
        model = self.trial().model
        with in_use(model), np.errstate(all="ignore"):
            return np.asarray(data_of(model(x)))

    def records(self, x: Array) -> bool:
        """Whether the model's output is a Value at all."""
        return isinstance(self.trial().model(x), Value)

    def tells_classes(self, y: Array) -> bool:
        """Whether targets are class numbers, one for each row."""
        about_classes = bool(self.goal.metrics) or (not self.goal.known and y.dtype.kind in "iu")
        return about_classes and y.size == len(y) and bool(np.all(y == np.floor(y)))


def without_gaps(x: Array, y: Array) -> tuple[Array, Array]:
    """The rows without NaN and infinity; where these are less than half, all rows with known targets, gaps as 0."""
    fine_x, fine_y = (np.isfinite(data.rows_of(a)).all(axis=1) for a in (x, y))
    keep = fine_x & fine_y
    if 2 * np.count_nonzero(keep) >= len(x):
        return x[keep], y[keep]
    return np.nan_to_num(x[fine_y], nan=0.0, posinf=0.0, neginf=0.0), y[fine_y]


def about_data(
    patient: Patient, x: Array, y: Array, names: list[str], held_out: Array | None, shuffle: bool
) -> Iterator[Finding]:
    """What is wrong with the rows and columns."""
    if not len(x):
        return
    yield from data.labels_out_of_range(y, patient.loss_name, patient.says(x[:2]).shape)
    y = data.class_numbers(y)
    classes = patient.tells_classes(y)
    if x.dtype.kind == "f":
        yield from data.label_leak(x, y, names, classes)
    if held_out is not None:
        yield from data.validation_in_training(x, held_out)
    if not shuffle:
        yield from data.sorted_labels(y, patient.batch_size, classes)


def about_network(patient: Patient, x: Array, y: Array, names: list[str]) -> Iterator[Finding]:
    """What is wrong with the network and its steps, seen on some of the rows."""
    goal, name = patient.goal, patient.loss_name
    if not patient.records(x[:2]):
        yield Finding("no_gradient", "error", tuple(name for name, _ in patient.standing))
        return
    try_out(patient.trial().model, goal, x, y)
    rows = np.sort(np.random.default_rng(0).permutation(len(x))[:ROWS])
    x, y = x[rows], y[rows]
    model = patient.trial().model
    passage = Passage(model, goal.function, x, y)
    if passage.entering and passage.entering[0].dtype.kind == "f":
        yield from data.unscaled_inputs(passage.entering[0], names)
    if name in network.REGRESSION:
        yield from data.unscaled_targets(y, passage.output.data)
    yield from network.activation_before_loss(passage, name, squeezed(patient, x))
    yield from network.unreachable_targets(passage, y, name)
    yield from of_network(passage)
    if passage.found.keys().isdisjoint(passage.names):
        return
    yield from steps.forgotten_zero_grad(patient.trial(), patient.standing, x, y)
    model = patient.trial().model
    yield from steps.batch_too_small(model, goal.function, x, y, patient.batch_size)
    yield from steps.learning_rate(patient.trial, x, y, best_constant(name, goal, y, passage.output.data.shape))


def of_network(passage: Passage) -> Iterator[Finding]:
    """What a single pass through the network shows of its layers."""
    found = [
        *network.symmetric_init(passage), *network.dead_units(passage), *network.saturated_units(passage),
        *network.gradient_sizes(passage),
    ]  # fmt: skip
    yield from found
    yield from network.no_gradient(passage, also_zero=not found)


def squeezed(patient: Patient, x: Array) -> bool:
    """Whether the outputs differ clearly for inputs that are a million times as large, yet stay between 0 and 1."""
    if x.dtype.kind != "f":
        return False
    outputs = patient.says(np.concatenate([x, FAR * x, -FAR * x]))
    return bool(np.all((outputs >= 0) & (outputs <= 1)) and np.ptp(outputs) > 0.2)


def best_constant(name: str, goal: Goal, y: Array, shape: tuple[int, ...]) -> float:
    """About the smallest loss that the same output for every row could have; 0 where that is not known."""
    if name in ("mse", "mae", "huber"):
        output = np.median(y, axis=0) if name == "mae" else y.mean(axis=0)
    elif name == "bce_with_logits":
        share = np.clip(y.mean(axis=0), 1e-6, 1 - 1e-6)
        output = np.log(share / (1 - share))
    elif name == "cross_entropy" and y.ndim < len(shape):
        output = np.log(np.bincount(y.ravel(), minlength=shape[-1]) / y.size + 1e-6)
    else:
        return 0.0
    return float(goal.function(np.broadcast_to(output, shape), y))


def without_symptoms(found: Sequence[Finding], follows: Follows = CONSEQUENCES) -> list[Finding]:
    """The findings that follow from no other, each with those that follow from it."""
    names = [finding.name for finding in found]
    explained = {symptom for name in names for symptom in follows.get(name, ())}
    return [
        replace(finding, also=(*finding.also, *(n for n in names if n in follows.get(finding.name, ()))))
        for finding in found
        if finding.name not in explained
    ]
