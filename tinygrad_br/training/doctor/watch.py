"""The doctor while training goes on: what is examined before it, watched during it, and told at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np

from ...engine import data_of
from ..batches import Rows
from ..callbacks import Callback
from ..run import Run
from . import network
from .diagnosis import Diagnosis, Finding
from .examine import CONSEQUENCES, LOST_GRADIENTS, ROWS, Follows, diagnose, without_symptoms
from .passage import Passage

# What follows from what while training goes on: the steps come first, what they do to the network follows.
DURING: Follows = {
    "learning_rate_too_high": ("loss_oscillates", "dead_units", "saturated_units", *LOST_GRADIENTS),
    "loss_oscillates": LOST_GRADIENTS,
    "dead_units": LOST_GRADIENTS,
    "saturated_units": LOST_GRADIENTS,
}
RISE = 4 / 3  # how many times as large as the one before a loss of an epoch is when it counts as a rise
LEVEL = 0.1  # of the first epoch's loss: what happens far below it does no harm
OFTEN = 0.15  # the share of the epochs in which it may rise


class Watch(Callback):
    """Looks at the network after the epochs 1, 2, 4, 8, ... and at the end, always on the same rows and on a copy.

    Args:
        before: what was found before training.
        x, y: rows of the prepared data; none where the batches come from what gives them only once.
    """

    def __init__(self, before: Diagnosis, x: Any = (), y: Any = ()) -> None:
        rows = np.sort(np.random.default_rng(0).permutation(len(x))[:ROWS])
        self.before, self.data = before, (x[rows], y[rows]) if len(x) else None
        self.steep: list[Finding] = []

    def on_epoch_end(self, run: Run) -> None:
        """Look at the gradients; keep the first time that they explode."""
        if not self.steep and run.epoch & (run.epoch - 1) == 0:
            self.steep = [finding for finding in self.look(run) if finding.name == "exploding_gradients"]

    def diagnosis(self, run: Run) -> Diagnosis:
        """All that was found before and during training, each once: what was there before comes first as a cause."""
        seen = {finding.name: finding for finding in (*self.steep, *self.look(run), *oscillation(run))}
        during = without_symptoms([f for name, f in seen.items() if name not in self.before.names], DURING)
        follows = {name: (*CONSEQUENCES.get(name, ()), *DURING.get(name, ())) for name in self.before.names}
        return Diagnosis(without_symptoms([*self.before, *during], follows), self.before.language)

    def look(self, run: Run) -> list[Finding]:
        """What one pass through the network, as it is now, shows."""
        if self.data is None:
            return []
        with np.errstate(all="ignore"):
            passage = Passage(deepcopy(run.model).train(), run.goal.function, *self.data)
            return [
                *network.dead_units(passage), *network.saturated_units(passage, stuck_only=True),
                *network.gradient_sizes(passage),
            ]  # fmt: skip


def oscillation(run: Run) -> Iterator[Finding]:
    """Whether the loss went up and down from epoch to epoch, or ended far above where it began."""
    losses = np.array(run.history.columns.get("loss", []))
    if len(losses) < 2:
        return
    rises = int(np.count_nonzero((losses[1:] > RISE * losses[:-1]) & (losses[1:] > LEVEL * losses[0])))
    if rises >= max(3, OFTEN * len(losses)) or losses[-1] > RISE * losses[0]:
        lr = getattr(run.optimizer, "lr", None)
        best = int(np.argmin(losses))
        measured = {
            "rises": rises, "epochs": len(losses), "last": float(losses[-1]), "best": float(losses[best]),
            "epoch": best + 1, "better": "lr / 10" if lr is None else lr / 10,
        }  # fmt: skip
        yield Finding("loss_oscillates", "warning", (), measured)


def joined(batches: Any) -> tuple[Any, Any, dict[str, Any]] | None:
    """All rows of a list of batches, in which the rows always come in the same order; None for anything else."""
    if not isinstance(batches, (list, tuple)) or not batches:
        return None
    x, y = (np.concatenate([np.asarray(data_of(batch[i])) for batch in batches]) for i in (0, 1))
    return x, y, {"batch_size": len(batches[0][1]), "shuffle": False}


@contextmanager
def attended(run: Run, doctor: bool | str, x: Any, y: Any, **settings: Any) -> Iterator[None]:
    """Examine a run before the `with` block, in which it trains, and watch it there; the history gets the diagnosis.

    A FloatingPointError that ends the training tells the diagnosis too.

    Args:
        run: the run, before its first epoch.
        doctor: True, or the language: "en" or "pt".
        x, y: as they were given to `fit`; batches that come from anything but a list cannot be examined before.
        settings: as `diagnose` takes them.
    """
    language = doctor if isinstance(doctor, str) else "en"
    if y is None and (found := joined(x)) is not None:
        x, y, of_batches = found
        settings |= of_batches
    watch = Watch(Diagnosis([], language))
    if y is not None:
        before = diagnose(run.model, x, y, run.goal.function, run.optimizer, language=language, **settings)
        rows = run.source if isinstance(run.source, Rows) else Rows(*run.source.prepare(x, y)[:2], len(x))
        watch = Watch(before, rows.x, rows.y)
    run.callbacks.append(watch)
    try:
        yield
    except FloatingPointError as error:
        raise FloatingPointError(f"{error}\n\n{watch.diagnosis(run).text()}") from None
    run.history.diagnosis = watch.diagnosis(run)
