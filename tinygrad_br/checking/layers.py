"""`check_layer`: the gradients of hand-written classes in the style of the book "Neural Networks from Scratch".

H. Kinsley and D. Kukiela, Neural Networks from Scratch in Python, 2020.  A layer has `forward(inputs)`, which leaves
`output`, and `backward(dvalues)`, which leaves `dinputs`, and `dweights`, `dbiases` for its parameters.  A loss has
`forward(y_pred, y_true)`, which gives a loss per sample, and `backward(dvalues, y_true)`, which leaves in `dinputs` the
gradient of the mean over the samples.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from .check import check_gradients
from .report import GradientReport, Row
from .verdict import RIGHT, WRONG

SAMPLES, FEATURES = 5, 3  # no length is a multiple of another, so that a wrong factor tells where it comes from
LUCK = np.random.PCG64(0)
LUCKY = LUCK.state


def check_layer(obj: Any, inputs: Any = None, targets: Any = None, seed: Any = 0) -> GradientReport:
    """Check every gradient that a hand-written layer, activation or loss computes.

    Args:
        obj: an object with `forward` and `backward`, as the module's docstring says.  It is copied, not changed.
        inputs: the array to check at, one row per sample; drawn if not given.
        targets: for losses: the true values; by default real numbers, truth values and class labels, sparse and
            one-hot, are tried, and those that suit the class by its name are taken.
        seed: an int or a np.random.Generator, for what is drawn.

    Returns:
        A report with a row for `dinputs` and for the gradient of each parameter: an attribute `weights` has its
        gradient in `dweights`.  If `forward` has an argument `training`, one row says whether the output is the same
        each time when it is False.

    Raises:
        TypeError: if the object has no forward and backward, or backward leaves no `dinputs`.

    >>> class Double:
    ...     def forward(self, inputs):
    ...         self.output = 2 * inputs
    ...     def backward(self, dvalues):
    ...         self.dinputs = dvalues
    >>> print(check_layer(Double()).rows[0].cause)
    ratio 0.5: a factor 2 is missing
    """
    if isinstance(obj, type):
        raise TypeError(f"check_layer expects an object, but got the class {obj.__name__}; write {obj.__name__}(...)")
    for name in ("forward", "backward"):
        if not callable(getattr(obj, name, None)):
            raise TypeError(f"check_layer expects an object with forward and backward, but {obj!r} has no {name}")
    rng = np.random.default_rng(seed)
    if len(required(obj.backward)) > 1 and len(required(obj.forward)) > 1:
        return check_loss(obj, inputs, targets, rng)
    return check_part(obj, inputs, rng)


def required(function: Callable[..., Any]) -> list[str]:
    """The names of the arguments that a function needs, without `training`."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is p.empty and p.name != "training"]


def training_options(obj: Any) -> dict[str, bool]:
    """The argument that switches `forward` to training, if it has one."""
    return {"training": True} if "training" in inspect.signature(obj.forward).parameters else {}


@contextmanager
def same_luck() -> Iterator[None]:
    """Whatever draws from NumPy's global generator inside draws the same each time, and nothing of it stays."""
    generator = np.random.get_bit_generator()  # type: ignore[attr-defined]
    LUCK.state = LUCKY
    np.random.set_bit_generator(LUCK)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        np.random.set_bit_generator(generator)  # type: ignore[attr-defined]


def run_forward(obj: Any, *args: Any, **options: Any) -> Any:
    """The output of an object, returned or left in `output`."""
    with same_luck():
        result = obj.forward(*args, **options)
    return obj.output if result is None else result


def check_part(obj: Any, inputs: Any, rng: np.random.Generator) -> GradientReport:
    """A layer or an activation: `dinputs` and the gradient of each parameter."""
    weights = getattr(obj, "weights", None)
    features = FEATURES if weights is None else len(weights)
    inputs = rng.normal(size=(SAMPLES, features)) if inputs is None else np.array(inputs, float)
    trial = copy.deepcopy(obj)
    options = training_options(obj)
    shape = np.shape(run_forward(trial, inputs.copy(), **options))
    trial.backward(rng.normal(size=shape))
    if not hasattr(trial, "dinputs"):
        raise TypeError(f"backward of {type(obj).__name__} leaves no dinputs; let it set self.dinputs")
    names = parameters_of(trial)
    fixed = rng.normal(size=shape) if penalty(obj) else None

    def run(arrays: Sequence[Any]) -> tuple[Any, Any]:
        fresh = copy.deepcopy(obj)
        for name, array in zip(names, arrays[1:], strict=True):
            setattr(fresh, name, np.array(array))
        return fresh, run_forward(fresh, np.array(arrays[0]), **options)

    def f(*arrays: Any) -> Any:
        fresh, output = run(arrays)
        return output if fixed is None else np.sum(fixed * output) + penalty(fresh)

    def gradient(*arrays: Any) -> Any:
        fresh, _ = run(arrays[: len(names) + 1])
        fresh.backward(np.array(arrays[-1] if fixed is None else fixed).reshape(shape))
        found = [fresh.dinputs, *(getattr(fresh, f"d{name}") for name in names)]
        return found if names else found[0]

    points = [inputs, *(np.array(getattr(obj, name), float) for name in names)]
    report = check_gradients(f, *points, gradient=gradient, seed=rng)
    report = renamed(report, type(obj).__name__, ["inputs", *names])
    if options:
        report.rows.append(inference_row(obj, inputs))
    return report


def parameters_of(obj: Any) -> list[str]:
    """The names of the arrays whose gradients `backward` left: weights, if there is dweights."""
    names = (name[1:] for name in vars(obj) if name.startswith("d") and name != "dinputs")
    return [name for name in names if isinstance(getattr(obj, name, None), (np.ndarray, float))]


def inference_row(obj: Any, inputs: Any) -> Row:
    """Whether `forward(inputs, training=False)` gives the same each time."""
    fresh = copy.deepcopy(obj)
    outputs = []
    for _ in range(2):
        result = fresh.forward(inputs.copy(), training=False)
        outputs.append(np.array(fresh.output if result is None else result))
    gap = float(np.max(abs(outputs[0] - outputs[1]), initial=0.0))
    cause = "the output differs from call to call with training=False" if gap else ""
    return Row("inference", inputs.shape, WRONG if gap else RIGHT, (), gap, 0.0, 0.0, 0.0 if gap else 16.0, 16.0,
               "2 calls", cause, "random" if gap else "")  # fmt: skip


def penalty(obj: Any) -> Any:
    """The regularisation that the book's layers have in their gradients: l1 * sum(abs(w)) + l2 * sum(w**2)."""
    total = 0.0
    for name in ("weight", "bias"):
        array = np.asarray(getattr(obj, "weights" if name == "weight" else "biases", 0.0))
        total = total + getattr(obj, f"{name}_regularizer_l1", 0) * np.sum(abs(array))
        total = total + getattr(obj, f"{name}_regularizer_l2", 0) * np.sum(array * array)
    return total


def check_loss(obj: Any, inputs: Any, targets: Any, rng: np.random.Generator) -> GradientReport:
    """A loss: `dinputs` against the gradient of the mean over the samples."""
    name = type(obj).__name__.lower()
    shape = (SAMPLES, FEATURES) if inputs is None else np.shape(inputs)
    labels = rng.integers(0, shape[-1], shape[0])
    if targets is not None:
        kinds = {"given": np.array(targets)}
    elif "binary" in name:
        kinds = {"truth values": rng.integers(0, 2, shape)}
    elif any(word in name for word in ("categorical", "crossentropy", "cross_entropy", "softmax")):
        kinds = {"class labels": labels, "one-hot": np.eye(shape[-1], dtype=int)[labels]}
    else:
        kinds = {"real numbers": rng.normal(size=shape)}
    if inputs is None:
        probabilities = "real numbers" not in kinds and "softmax" not in name
        inputs = rng.uniform(0.1, 0.9, shape) if probabilities else rng.normal(size=shape)
    report = GradientReport([], type(obj).__name__)
    for kind, y in kinds.items():

        def f(x: Any, y: Any = y) -> Any:
            return np.mean(run_forward(copy.deepcopy(obj), np.array(x), y.copy()))

        def gradient(x: Any, y: Any = y) -> Any:
            fresh = copy.deepcopy(obj)
            run_forward(fresh, np.array(x), y.copy())
            activated: Any = getattr(fresh, "output", None)
            fresh.backward(np.array(x if np.shape(activated) != np.shape(x) else activated), y.copy())
            return fresh.dinputs

        one = check_gradients(f, inputs, gradient=gradient, seed=rng)
        one = renamed(one, report.subject, [f"inputs ({kind})"])
        report.rows += one.rows
        report.reason, report.targets = one.reason, one.targets
    return report


def renamed(report: GradientReport, subject: str, names: Sequence[str]) -> GradientReport:
    """The report with the names that the class uses."""
    report.subject = subject
    changed = {f"argument {i}": name for i, name in enumerate(names)}
    report.rows = [
        replace(row, argument=changed.get(row.argument, row.argument), cause=in_words(row.cause, changed))
        for row in report.rows
    ]
    return report


def in_words(text: str, changed: dict[str, str]) -> str:
    for old, new in changed.items():
        text = text.replace(old, new)
    return text
