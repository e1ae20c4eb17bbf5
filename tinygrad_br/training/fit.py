"""`fit`: training as a loop over epochs and mini-batches, with everything around it that people expect."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import numpy as np

from .. import optim
from ..value import Value
from .batches import Augment, Batch, BatchesRanOut, Rows, Stream, as_answers, as_inputs, same_length, whole
from .callbacks import Callback, Convergence, as_callback
from .goals import Goal, goal_of
from .history import History
from .metrics import Metric, named_metrics
from .progress import Progress
from .step import Step
from .using import dtype_of, figures_of, in_use, outputs

# How many rows of the validation data are computed at a time.
VALIDATION_ROWS = 1024


class Run:
    """One training; what callbacks see of it.

    Attributes:
        model, optimizer: what is trained, and what trains it.
        history: the figures of all finished epochs.
        figures: those of the last finished epoch.
        epoch: the present epoch, counted from 1.
        steps: how many steps have been made.
    """

    def __init__(
        self,
        model: Any,
        goal: Goal,
        optimizer: Any,
        metrics: dict[str, Metric],
        source: Rows | Stream,
        validation: Batch | None,
        history: History,
        rng: np.random.Generator,
    ) -> None:
        self.model, self.goal, self.optimizer, self.metrics = model, goal, optimizer, metrics
        self.source, self.validation, self.history, self.rng = source, validation, history, rng
        self.learn = Step(model, goal.function, optimizer)
        self.callbacks: list[Any] = []
        self.progress: Progress | None = None
        self.figures: dict[str, float] = {}
        self.epoch = self.steps = 0

    def stop(self, reason: str) -> None:
        """End the training after the present step or epoch; the first reason given counts."""
        self.history.stopped = self.history.stopped or reason

    def tell(self, occasion: str) -> None:
        """Call the method of this name of every callback that has it."""
        for callback in self.callbacks:
            if hasattr(callback, occasion):
                getattr(callback, occasion)(self)

    def train(self, epochs: int) -> None:
        """All epochs, until one of the reasons to stop is there."""
        begin = perf_counter()
        try:
            # what is not finite is looked for in each step, and an error says more than NumPy's warnings
            with interruptible(self), np.errstate(all="ignore"):
                self.tell("on_train_begin")
                while not self.history.stopped and self.epoch < epochs:
                    self.epoch += 1
                    self.one_epoch()
        except KeyboardInterrupt:
            self.stop(f"interrupted in epoch {self.epoch}")
        finally:
            self.model.eval()
            self.history.seconds = perf_counter() - begin
            if self.progress is not None:
                self.progress.close(self.figures)
        self.stop(f"all {epochs} epoch{'s' * (epochs > 1)} are done")
        self.tell("on_train_end")

    def one_epoch(self) -> None:
        """Learn from every batch once, then note the figures of training and validation."""
        losses: list[float] = []
        seen: list[Any] = []
        targets: list[Any] = []
        on_batch = [c.on_batch_end for c in self.callbacks if overrides(c, "on_batch_end")]
        due = self.progress.due if self.progress is not None else float("inf")
        self.model.train()
        try:
            for x, y in self.source.epoch(self.rng):
                try:
                    loss, output = self.learn(x, y)
                except FloatingPointError as error:
                    where = f"epoch {self.epoch}, batch {len(losses) + 1}"
                    raise FloatingPointError(f"training went wrong in {where}: {error}") from None
                self.steps += 1
                losses.append(loss)
                seen.append(output)
                targets.append(y)
                for call in on_batch:
                    call(self)
                if perf_counter() >= due:
                    due = self.show(losses, seen, targets)
                if self.history.stopped:
                    return
        except BatchesRanOut:
            if self.epoch == 1:
                raise ValueError("the iterable of batches is empty; there is nothing to learn from") from None
            self.epoch -= 1
            self.stop(
                f"the batches ran out after epoch {self.epoch}: an iterator gives them only once; "
                "pass a function that makes a new one for each epoch"
            )
            return
        figures = self.training_figures(losses, seen, targets)
        if self.validation is not None:
            x, y = self.validation
            found = figures_of(outputs(self.model, x, VALIDATION_ROWS), y, self.goal, self.metrics)
            figures.update((f"val_{name}", figure) for name, figure in found.items())
        self.figures = figures
        self.history.add(figures)
        if self.progress is not None:
            self.progress.epoch_done(self.epoch, figures)
        self.tell("on_epoch_end")

    def training_figures(self, losses: list[float], seen: list[Any], targets: list[Any]) -> dict[str, float]:
        """The mean loss of all examples, and the metrics over all of them, of the steps made in this epoch."""
        figures = {"loss": float(np.average(losses, weights=[len(y) for y in targets]))}
        if self.metrics:
            output, y = np.concatenate(seen), np.concatenate(targets)
            figures.update((name, float(metric(output, y))) for name, metric in self.metrics.items())
        return figures

    def show(self, losses: list[float], seen: list[Any], targets: list[Any]) -> float:
        """Bring the progress bar up to date; give the time at which that is due again."""
        assert self.progress is not None
        figures = self.figures | self.training_figures(losses, seen, targets)
        done = len(losses) / self.source.batches if self.source.batches else 0.0
        return self.progress.show(self.epoch, done, figures)


def overrides(callback: Any, occasion: str) -> bool:
    """Whether a callback does something on an occasion."""
    method = getattr(type(callback), occasion, None)
    return hasattr(callback, occasion) and method is not getattr(Callback, occasion)


@contextmanager
def interruptible(run: Run) -> Iterator[None]:
    """Inside the `with` block the first Ctrl-C asks the run to stop after its step; a second one interrupts at once."""
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return

    def ask(*_: Any) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        run.stop(f"interrupted in epoch {run.epoch}")

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
    augment: Augment | None = None,
    shuffle: bool = True,
    batches_per_epoch: int | None = None,
    seed: int | np.random.Generator = 0,
    callbacks: Sequence[Any] = (),
    verbose: int = 1,
) -> History:
    """Train a model on data; return what happened, epoch by epoch.

    The convergence rule: with `target_loss` or `patience`, training ends as soon as the monitored figure reaches the
    target or has not improved for `patience` epochs, and the weights of the best epoch are put back.  Without either,
    all epochs are run and the last weights stay.  Ctrl-C ends training after the present step, a second one at once;
    the history up to there is returned.  Afterwards the model is in use, `model.eval()`: no dropout.

    Args:
        model: a tg.nn.Module, changed in place.
        x: inputs: an array, a list, a data frame, with a row for each example, cast to the model's dtype.  Or, without
            y, batches: any iterable of pairs (x, y), or a function without arguments that makes one for each epoch.
        y: targets, a row for each example; class numbers stay integers where the loss wants them.
        loss: "cross_entropy", "bce_with_logits", "hinge", "mse", "mae", or a function of outputs and targets.
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
        augment: a function (rows of x, generator) -> as many changed rows, called anew in each epoch.
        shuffle: whether the rows come in another order in each epoch.
        batches_per_epoch: for an iterable of batches that does not end.
        seed: of the order of the rows and of augment; the same seed gives the same result, bit for bit.
        callbacks: functions called with the `Run` after each epoch, or objects as `Callback` describes them.
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

    def prepare(x: Any, y: Any, of: str = "") -> Batch:
        x, y = as_inputs(x, dtype, f"{of}x"), as_answers(y, dtype, goal.keeps_integers, f"{of}y")
        same_length(x, y, of)
        return x, y

    source: Rows | Stream
    if y is not None:
        x, y = prepare(x, y)
        try_out(model, goal, x, y)
        source = Rows(x, y, len(x) if batch_size is None else whole(batch_size, "batch_size"), shuffle, augment)
    elif isinstance(x, (np.ndarray, Value)):
        raise TypeError("fit needs the targets y too; only batches, pairs (x, y) in an iterable, come without it")
    else:
        length = None if batches_per_epoch is None else whole(batches_per_epoch, "batches_per_epoch")
        source = Stream(x, prepare, length)
    validation = None
    if validation_data is not None:
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) != 2:
            raise TypeError(f"validation_data must be a pair (x, y), but got {type(validation_data).__name__}")
        validation = prepare(validation_data[0], validation_data[1], "validation ")
        try_out(model, goal, *validation)

    names = ["loss", *chosen]
    columns = [*names, *(f"val_{name}" for name in names if validation is not None)]
    monitor = monitor or ("loss" if validation is None else "val_loss")
    if monitor not in columns:
        raise ValueError(f"monitor={monitor!r}, but the history will have {', '.join(columns)}")
    run = Run(
        model, goal, optimizer_of(optimizer, model, lr), chosen, source, validation, History(monitor),
        np.random.default_rng(seed),
    )  # fmt: skip
    run.callbacks = [as_callback(callback) for callback in callbacks]
    if target_loss is not None or patience is not None:
        patience = None if patience is None else whole(patience, "patience")
        run.callbacks.insert(0, Convergence(target_loss, patience, min_delta))
    run.progress = Progress(epochs, verbose) if verbose else None
    run.train(epochs)
    if verbose:
        print(run.history.stopped)
    return run.history


def try_out(model: Any, goal: Goal, x: Any, y: Any) -> None:
    """Raise what does not fit between model, loss and data before training starts.

    The model computes a row or two; the loss is given all targets beside outputs of the right shape, so that it can
    object to labels that are out of range.
    """
    with in_use(model), np.errstate(all="ignore"):
        for rows in (x[:1], x[:2]):  # both, since two rows may happen to be as many as something else
            output = model(rows).data
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
        classes = [getattr(optim, name) for name in optim.__all__]
        names = {c.__name__.lower(): c for c in classes if isinstance(c, type) and c is not optim.Optimizer}
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
    if not any(id(p) in own for p in made.parameters):
        raise ValueError(
            "the optimizer holds none of the model's parameters; make it with tg.optim.Adam(model.parameters())"
        )
    return made
