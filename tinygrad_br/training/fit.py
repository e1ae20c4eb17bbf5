"""`fit`: training as a loop over epochs and mini-batches, with everything around it that people expect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from .. import optim
from ..value import Value
from .batches import Augment, Batch, Rows, Stream, as_answers, as_inputs, as_weights, same_length, whole
from .callbacks import Convergence, as_callback
from .checkpoints import resume_run
from .goals import Goal, goal_of, takes_weights
from .history import History
from .metrics import Metric, named_metrics
from .progress import Progress
from .run import Run
from .using import dtype_of, in_use, input_dtype


def fit(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    loss: Any,
    optimizer: Any = "adam",
    lr: float | None = None,
    epochs: int = 100,
    batch_size: int | None = 32,
    validation_data: Any = None,
    metrics: Iterable[str | Metric] | str | None = None,
    target_loss: float | None = None,
    patience: int | None = None,
    min_delta: float = 0.0,
    monitor: str | None = None,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | Sequence[float] | None = None,
    clip_norm: float | None = None,
    augment: Augment | None = None,
    shuffle: bool = True,
    batches_per_epoch: int | None = None,
    seed: int | np.random.Generator = 0,
    callbacks: Sequence[Any] = (),
    resume: str | PathLike[str] | None = None,
    compile: bool = True,
    doctor: bool | str = False,
    verbose: int = 1,
) -> History:
    """Train a model on data; return what happened, epoch by epoch.

    The convergence rule: with `target_loss` or `patience`, training ends as soon as the monitored figure reaches the
    target or has not improved for `patience` epochs, and the weights of the best epoch are put back.  Without either,
    all epochs are run and the last weights stay.  Ctrl-C ends training after the present step, a second one at once;
    the history up to there is returned.  Afterwards the model is in use, `model.eval()`: no dropout.

    Args:
        model: a tg.nn.Module, changed in place.
        x: inputs: an array, a list, a data frame, with a row for each example, cast to the model's dtype; integers stay
            where the model has an Embedding.  Or, without y, batches: any iterable of pairs (x, y), or a function
            without arguments that makes one for each epoch.
        y: targets, a row for each example; class numbers stay integers where the loss wants them.
        loss: "cross_entropy", "bce_with_logits", "mse", ... or a function of outputs and targets.
        optimizer: "adam", "sgd", ..., an optimizer over the model's parameters, or a function that makes one of them.
        lr: the learning rate, where the optimizer is given by name.
        epochs: how often at most to go through the data.
        batch_size: rows of a mini-batch; None for all rows at once.
        validation_data: a pair (x, y) that is never trained on; its figures are computed after each epoch.
        metrics: names or functions of outputs and targets, see tg.training.metrics.  Default: "accuracy" for losses
            that are about classes.  Computed over all rows; those of training while the weights still move.
        target_loss, patience: the convergence rule.
        min_delta: what is too small a step to count as an improvement.
        monitor: the figure that the rule looks at; default "val_loss" with validation data, else "loss".
        sample_weight: how much each row counts in the loss, a number of at least 0 for each; batches give theirs as a
            third array.
        class_weight: how much each class counts in the loss: a dict or list by class number, 1 for the rest.
        clip_norm: how long the gradient of all parameters together may be; a longer one is scaled down to it.
        augment: a function (rows of x, generator) -> as many changed rows, called anew in each epoch.
        shuffle: whether the rows come in another order in each epoch.
        batches_per_epoch: for an iterable of batches that does not end.
        seed: of the order of the rows and of augment; the same seed gives the same result, bit for bit.
        callbacks: functions called with the `Run` after each epoch, or objects as `Callback` describes them.
        resume: a file of `tg.save_checkpoint`: go on from there as if training had never stopped.
        compile: whether the step runs as a program of `tg.compile`; where it cannot, one line says why and it runs
            operation by operation.
        doctor: True, or "pt" for Portuguese: examine everything before training as `tg.diagnose` does, watch it, and
            tell at the end, in `history.diagnosis`, what is wrong.
        verbose: 0 for silence, 1 for a progress bar, 2 for a line per epoch.

    Raises:
        ValueError, TypeError: for data, labels, sizes or names that make no sense, before training starts.
        FloatingPointError: when the loss or a gradient becomes NaN or infinite; names the first operation that went
            wrong.  The model keeps the weights from before that step.

    >>> import tinygrad_br as tg
    >>> x, y = tg.datasets.moons(100, seed=0)
    >>> model = tg.nn.MLP(2, [16, 16, 2], seed=0)
    >>> history = tg.fit(model, x, y, loss="cross_entropy", lr=0.01, target_loss=0.01, verbose=0)
    >>> history.converged, history.accuracy[-1]
    (True, 1.0)
    """
    goal, dtype = goal_of(loss), dtype_of(model)
    epochs, chosen = whole(epochs, "epochs"), named_metrics(metrics, goal.metrics, goal.threshold)

    def prepare(x: Any, y: Any, weights: Any = None, of: str = "") -> Batch:
        x = as_inputs(x, input_dtype(model), f"{of}x")
        y = as_answers(y, dtype, goal.keeps_integers, f"{of}y")
        same_length(x, y, of)
        weights = None if weights is None else as_weights(weights, len(x), dtype)
        return x, y, weights if class_weight is None or of else by_class(class_weight, y, weights, dtype)

    source: Rows | Stream
    given = x, y
    if y is not None:
        x, y, weights = prepare(x, y, sample_weight)
        try_out(model, goal, x, y)
        if weights is not None and not weights.any():
            raise ValueError("the weights of all rows are 0, so there is nothing to learn from")
        if weights is not None and not takes_weights(goal.function):
            raise TypeError(
                "weights are given to the loss as sample_weights=, but this one takes outputs and targets only"
            )
        if batches_per_epoch is not None:
            raise ValueError("batches_per_epoch is for an iterable of batches; an epoch of arrays has all their rows")
        size = len(x) if batch_size is None else whole(batch_size, "batch_size")
        source = Rows(x, y, size, shuffle, augment, weights)
    elif isinstance(x, (np.ndarray, Value)):
        raise TypeError("fit needs the targets y too; only batches, pairs (x, y) in an iterable, come without it")
    elif sample_weight is not None or augment is not None:
        raise ValueError("sample_weight and augment go with arrays; batches bring their weights as a third array")
    else:
        length = None if batches_per_epoch is None else whole(batches_per_epoch, "batches_per_epoch")
        source = Stream(x, prepare, length)
    validation = None
    if validation_data is not None:
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) != 2:
            got = type(validation_data).__name__
            got += f" of {len(validation_data)}" if isinstance(validation_data, (tuple, list)) else ""
            raise TypeError(f"validation_data must be a pair (x, y), but got {got}")
        validation = prepare(validation_data[0], validation_data[1], None, "validation ")[:2]
        try_out(model, goal, *validation)

    if clip_norm is not None and not 0 < clip_norm < float("inf"):
        raise ValueError(f"clip_norm={clip_norm!r}, but the length of a gradient is bounded by a number above 0")
    names = ["loss", *chosen]
    columns = [*names, *(f"val_{name}" for name in names if validation is not None)]
    monitor = monitor or ("loss" if validation is None else "val_loss")
    if monitor not in columns:
        raise ValueError(f"monitor={monitor!r}, but the history will have {', '.join(columns)}")
    run = Run(
        model, goal, optimizer_of(optimizer, model, lr), chosen, source, validation, History(monitor),
        np.random.default_rng(seed), compile, clip_norm,
    )  # fmt: skip
    run.callbacks = [as_callback(callback) for callback in callbacks]
    if target_loss is not None or patience is not None:
        patience = None if patience is None else whole(patience, "patience")
        run.callbacks.insert(0, Convergence(target_loss, patience, min_delta))
    if resume is not None:
        resume_run(run, resume)
    run.progress = Progress(epochs, verbose) if verbose else None
    if doctor:
        from .doctor import attended

        about = {"validation_data": validation_data, "batch_size": batch_size, "shuffle": shuffle}
        with attended(run, doctor, *given, **about, clip_norm=clip_norm):
            run.train(epochs)
    else:
        run.train(epochs)
    if verbose:
        print(run.history.stopped)
        if doctor:
            print(run.history.diagnosis)
    return run.history


def by_class(class_weight: Any, y: Any, weights: Any, dtype: Any) -> Any:
    """The weights of rows times those of their classes; ValueError unless the targets are class numbers, one a row."""
    labels = y.ravel()
    if len(labels) != len(y) or np.any(labels != np.floor(labels)) or np.any(labels < 0):
        raise ValueError("class_weight needs class numbers as targets, one for each row; use sample_weight instead")
    if isinstance(class_weight, str):
        raise ValueError(
            f"class_weight={class_weight!r}, but it is a dict or list of numbers by class; classes count alike with "
            "{c: len(y) / np.sum(y == c) for c in np.unique(y)}"
        )
    of_class = class_weight if isinstance(class_weight, Mapping) else dict(enumerate(class_weight))
    classes, place = np.unique(labels, return_inverse=True)
    by_row = np.array([of_class.get(int(one), 1.0) for one in classes])[place]
    found = as_weights(by_row, len(y), dtype, "class_weight")
    return found if weights is None else found * weights


def try_out(model: Any, goal: Goal, x: Any, y: Any) -> None:
    """Raise what does not fit between model, loss and data before training starts.

    The model computes a row or two; the loss is given all targets beside outputs of the right shape, so that it can
    object to labels that are out of range.
    """
    with in_use(model), np.errstate(all="ignore"):
        for rows in (x[:1], x[:2]):  # both, since two rows may happen to be as many as something else
            made = model(rows)
            if not isinstance(made, Value):
                raise TypeError(
                    f"the model's output is of type {type(made).__name__}, which no gradient reaches; in forward, "
                    "compute with the parameters themselves and not with their .data"
                )
            output = made.data
            if np.shape(output)[:1] != rows.shape[:1]:
                raise ValueError(
                    f"the model made outputs of shape {np.shape(output)} from {len(rows)} rows; "
                    "it must give one row of outputs for each row of x"
                )
        if goal.known:
            goal.function(np.zeros((len(x), *output.shape[1:]), output.dtype), y)
        else:
            goal.function(Value(output), y[:2])


def optimizer_of(optimizer: Any, model: Any, lr: float | None) -> Any:
    """The optimizer that is meant by a name, a function of the parameters, or an optimizer itself.

    Raises ValueError for an unknown name, or an optimizer over other parameters than the model's.
    """
    if isinstance(optimizer, str):
        kinds = [kind for kind in vars(optim).values() if isinstance(kind, type) and issubclass(kind, optim.Optimizer)]
        names: dict[str, Any] = {kind.__name__.lower(): kind for kind in kinds if kind is not optim.Optimizer}
        if optimizer.lower() not in names:
            raise ValueError(
                f"unknown optimizer {optimizer!r}; known are {', '.join(names)}, or pass tg.optim.Adam(...)"
            )
        make = names[optimizer.lower()]
        return make(model.parameters()) if lr is None else make(model.parameters(), lr=lr)
    if lr is not None:
        raise ValueError("lr= goes with an optimizer given by name; this one has a learning rate of its own")
    made = (
        optimizer if hasattr(optimizer, "step") and not isinstance(optimizer, type) else optimizer(model.parameters())
    )
    own = {id(p) for p in model.parameters()}
    if not any(id(p) in own for p in getattr(made, "parameters", model.parameters())):
        raise ValueError(
            "the optimizer holds none of the model's parameters; make it with tg.optim.Adam(model.parameters())"
        )
    return made
