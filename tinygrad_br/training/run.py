"""`Run`: one training while it goes on: epochs, figures, callbacks, and the ways in which it can end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from operator import mul
from time import perf_counter
from typing import Any

import numpy as np

from .batches import BatchesRanOut, Rows, Stream
from .callbacks import Callback
from .goals import Goal
from .history import History
from .metrics import Metric
from .progress import Progress
from .step import Step
from .using import figures_of, outputs

# How many rows of the validation data are computed at a time.
VALIDATION_ROWS = 1024


class Run:
    """One training, as callbacks see it.

    Attributes:
        model, optimizer: what is trained, and what trains it.
        history: the figures of all finished epochs.
        figures: those of the last finished epoch.
        epoch: the present epoch, counted from 1.
        batch: how many batches of the present epoch have been learned from; 0 when it is finished.
        steps: how many steps have been made.
        losses, sizes: of the batches of the present epoch; sizes are numbers, or weights, of rows.
        seen, targets: the outputs of these batches and what they should be, if there are metrics to be computed.
    """

    def __init__(
        self,
        model: Any,
        goal: Goal,
        optimizer: Any,
        metrics: dict[str, Metric],
        source: Rows | Stream,
        validation: tuple[Any, Any] | None,
        history: History,
        rng: np.random.Generator,
        compiled: bool = True,
        clip_norm: float | None = None,
    ) -> None:
        self.model, self.goal, self.optimizer, self.metrics = model, goal, optimizer, metrics
        self.source, self.validation, self.history, self.rng = source, validation, history, rng
        self.learn = Step(model, goal.function, optimizer, compiled, clip_norm, bool(metrics))
        self.told = False  # why the step is not compiled
        self.callbacks: list[Any] = []
        self.progress: Progress | None = None
        self.figures: dict[str, float] = {}
        self.epoch = self.batch = self.steps = 0
        self.epoch_start = rng.bit_generator.state
        self.losses: list[float] = []
        self.sizes: list[float] = []
        self.seen: list[Any] = []
        self.targets: list[Any] = []

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
                while not self.history.stopped and (self.batch or self.epoch < epochs):
                    if not self.batch:
                        self.epoch += 1
                        self.epoch_start = self.rng.bit_generator.state
                        self.losses, self.sizes, self.seen, self.targets = [], [], [], []
                    if self.learn_all_batches():
                        self.finish_epoch()
        except KeyboardInterrupt:
            self.stop(f"interrupted in epoch {self.epoch}")
        finally:
            self.model.eval()
            self.history.seconds += perf_counter() - begin
            if self.progress is not None:
                self.progress.close(self.figures)
        self.stop(f"all {epochs} epoch{'s' * (epochs > 1)} are done")
        self.tell("on_train_end")

    def learn_all_batches(self) -> bool:
        """Learn from the batches of an epoch that are still to come; whether the epoch is finished."""
        on_batch = [c.on_batch_end for c in self.callbacks if overrides(c, "on_batch_end")]
        due = self.progress.due if self.progress is not None else float("inf")
        history, metrics, progress, losses, sizes = self.history, self.metrics, self.progress, self.losses, self.sizes
        learn: Any = self.learn
        # whether code of the user's, which may change anything, runs between two steps
        open_to_others = on_batch or isinstance(self.source, Stream) or self.source.augment is not None
        again = learn if open_to_others else learn.again
        self.model.train()
        try:
            batches = self.source.epoch(self.rng)
            for _ in islice(batches, self.batch):  # which were learned from before a checkpoint
                pass
            for x, y, weights in batches:
                try:
                    loss, output = learn(x, y, weights)
                except FloatingPointError as error:
                    where = f"epoch {self.epoch}, batch {self.batch + 1}"
                    raise FloatingPointError(f"training went wrong in {where}: {error}") from None
                self.steps += 1
                self.batch += 1
                losses.append(loss)
                sizes.append(len(y) if weights is None else float(weights.sum()))
                if metrics:
                    self.seen.append(output)
                    self.targets.append(y)
                for call in on_batch:
                    call(self)
                if progress is not None:
                    if self.learn.eager_because and not self.told:
                        progress.say(f"the step is not compiled: {self.learn.eager_because}")
                        self.told = True
                    if perf_counter() >= due:
                        due = self.show()
                if history.stopped:
                    return False
                learn = again
        except BatchesRanOut:
            if self.epoch == 1:
                raise ValueError("the iterable of batches is empty; there is nothing to learn from") from None
            self.epoch -= 1
            self.stop(
                f"the batches ran out after epoch {self.epoch}: an iterator gives them only once; "
                "pass a function that makes a new one for each epoch"
            )
            return False
        return True

    def finish_epoch(self) -> None:
        """Note the figures of training and validation, and tell the callbacks."""
        figures = self.training_figures()
        if self.validation is not None:
            x, y = self.validation
            found = figures_of(outputs(self.model, x, VALIDATION_ROWS), y, self.goal, self.metrics)
            figures.update((f"val_{name}", figure) for name, figure in found.items())
        self.batch, self.figures = 0, figures
        self.history.add(figures)
        schedule: Any = getattr(self.optimizer, "schedule", None)
        if hasattr(schedule, "update"):  # a learning rate that falls when nothing improves
            schedule.update(self.history.sign * figures[self.history.monitor])
        if self.progress is not None:
            self.progress.epoch_done(self.epoch, figures)
        self.tell("on_epoch_end")

    def training_figures(self) -> dict[str, float]:
        """The mean loss of all examples, and the metrics over all of them, of the steps made in this epoch."""
        figures = {"loss": sum(map(mul, self.losses, self.sizes)) / sum(self.sizes)}
        if self.metrics:
            output, y = np.concatenate(self.seen), np.concatenate(self.targets)
            figures.update((name, float(metric(output, y))) for name, metric in self.metrics.items())
        return figures

    def show(self) -> float:
        """Bring the progress bar up to date; give the time at which that is due again."""
        assert self.progress is not None
        share = self.batch / self.source.batches if self.source.batches else 0.0
        return self.progress.show(self.epoch, share, self.figures | self.training_figures())


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
