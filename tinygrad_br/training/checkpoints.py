"""Stopping and going on: the whole state of a training in one file."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np

from ..files import read, write
from .callbacks import Convergence
from .run import Run


def save_checkpoint(run: Run, path: str | PathLike[str]) -> None:
    """Write all that `fit(..., resume=path)` needs to go on as if training had never stopped, bit for bit.

    That is the parameters and the state of the model, what the optimizer remembers, the state of the generator, the
    history, the convergence rule, and how far the present epoch has come.  The file is written atomically: when
    something breaks in between, the old one is still there.

    Args:
        run: what callbacks are given; call this at the end of a batch or of an epoch.
        path: the file.

    >>> import tinygrad_br as tg, tempfile, os
    >>> x, y = tg.datasets.moons(seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "checkpoint")
    ...     first = tg.fit(tg.nn.MLP(2, [8, 2], seed=0), x, y, loss="cross_entropy", epochs=3, verbose=0,
    ...                    callbacks=[lambda run: tg.save_checkpoint(run, path)])
    ...     history = tg.fit(tg.nn.MLP(2, [8, 2]), x, y, loss="cross_entropy", epochs=5, verbose=0, resume=path)
    >>> len(history), history.loss[:3] == first.loss
    (5, True)
    """
    arrays: dict[str, Any] = {f"model.{name}": array for name, array in run.model.state_dict().items()}
    arrays.update((f"optimizer.{name}", array) for name, array in run.optimizer.state_dict().items())
    header: dict[str, Any] = {
        "checkpoint": True,
        "epoch": run.epoch,
        "batch": run.batch,
        "steps": run.steps,
        "columns": run.history.columns,
        "figures": run.figures,
        "seconds": run.history.seconds,
        "generator": run.epoch_start if run.batch else run.rng.bit_generator.state,
    }
    if run.batch:
        header |= {"losses": run.losses, "sizes": run.sizes}
    if run.batch and run.metrics:
        header["rows"] = [len(y) for y in run.targets]
        arrays |= {"seen": np.concatenate(run.seen), "targets": np.concatenate(run.targets)}
    if hasattr(getattr(run.optimizer, "schedule", None), "update"):
        header["schedule"] = vars(run.optimizer.schedule)
    for rule in convergence_rules(run):
        header["rule"] = {name: getattr(rule, name) for name in RULE}
        arrays.update((f"best.{name}", array) for name, array in (rule.best_state or {}).items())
    write(path, header, arrays)


RULE = ("reference", "improved", "best", "best_epoch")


def convergence_rules(run: Run) -> list[Convergence]:
    """The convergence rule of a run, if it has one."""
    return [callback for callback in run.callbacks if isinstance(callback, Convergence)][:1]


def resume_run(run: Run, path: str | PathLike[str]) -> None:
    """Bring a run that has not begun to where `save_checkpoint` found another one.

    Raises ValueError if the file is damaged, holds no checkpoint, or one of another model, optimizer or other figures.
    """
    header, arrays = read(path)
    if not header.get("checkpoint"):
        raise ValueError(f"{path} holds a model, but no checkpoint; load it with tg.load")

    def part(of: str) -> dict[str, Any]:
        return {name.removeprefix(of): array for name, array in arrays.items() if name.startswith(of)}

    state = header["generator"]
    if state["bit_generator"] != run.rng.bit_generator.state["bit_generator"]:
        raise ValueError(
            f"the checkpoint was made with a {state['bit_generator']} generator; give one of these as seed="
        )
    run.optimizer.load_state_dict(part("optimizer."))
    run.model.load_state_dict(part("model."))
    run.rng.bit_generator.state = run.epoch_start = state
    run.epoch, run.batch, run.steps = header["epoch"], header["batch"], header["steps"]
    run.figures, run.history.columns = header["figures"], header["columns"]
    run.history.seconds = header["seconds"]
    if run.batch:
        run.losses, run.sizes = header["losses"], header["sizes"]
    if "seen" in arrays:
        cuts = np.cumsum(header["rows"])[:-1]
        run.seen, run.targets = np.split(arrays["seen"], cuts), np.split(arrays["targets"], cuts)
    if hasattr(getattr(run.optimizer, "schedule", None), "update"):
        vars(run.optimizer.schedule).update(header.get("schedule", {}))
    for rule in convergence_rules(run):
        for name, number in header.get("rule", {}).items():
            setattr(rule, name, number)
        rule.best_state = part("best.") or None
