"""The doctor while training goes on: what is examined before it, watched during it, and told at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np

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
    """

    def __init__(self, before: Diagnosis) -> None:
        self.before = before
        self.steep: list[Finding] = []

    def on_epoch_end(self, run: Run) -> None:
        """Look at the gradients; keep the first time that they explode."""
        if not self.steep and run.epoch & (run.epoch - 1) == 0:
            self.steep = [finding for finding in looked_at(run) if finding.name == "exploding_gradients"]

    def diagnosis(self, run: Run) -> Diagnosis:
        """All that was found before and during training, each once: what was there before comes first as a cause."""
        seen = {finding.name: finding for finding in (*self.steep, *looked_at(run), *oscillation(run))}
        during = without_symptoms([f for name, f in seen.items() if name not in self.before.names], DURING)
        follows = {name: (*CONSEQUENCES.get(name, ()), *DURING.get(name, ())) for name in self.before.names}
        return Diagnosis(without_symptoms([*self.before, *during], follows), self.before.language)


def looked_at(run: Run) -> list[Finding]:
    """What one pass through the network, as it is now, shows; nothing where the batches come from elsewhere."""
    if not isinstance(run.source, Rows):
        return []
    rows = np.sort(np.random.default_rng(0).permutation(len(run.source.x))[:ROWS])
    model = deepcopy(run.model).train()
    with np.errstate(all="ignore"):
        passage = Passage(model, run.goal.function, run.source.x[rows], run.source.y[rows])
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


@contextmanager
def attended(run: Run, doctor: bool | str, data: tuple[Any, ...], **settings: Any) -> Iterator[None]:
    """Examine a run before the `with` block, in which it trains, and watch it there; the history gets the diagnosis.

    A FloatingPointError that ends the training tells the diagnosis too.

    Args:
        run: the run, before its first epoch.
        doctor: True, or the language: "en" or "pt".
        data: x and y as they were given; empty if they come in batches.
        settings: as `diagnose` takes them.
    """
    language = doctor if isinstance(doctor, str) else "en"
    before = Diagnosis([], language)
    if data:
        x, y = data
        before = diagnose(run.model, x, y, run.goal.function, run.optimizer, language=language, **settings)
    watch = Watch(before)
    run.callbacks.append(watch)
    try:
        yield
    except FloatingPointError as error:
        raise FloatingPointError(f"{error}\n\n{watch.diagnosis(run).text()}") from None
    run.history.diagnosis = watch.diagnosis(run)
