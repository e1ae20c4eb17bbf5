"""Steps that are tried out on a copy of a model, so that the model itself, its gradients and its generators stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from ..optim import LBFGS, clip_by_norm
from .fit import optimizer_of

Pair = tuple[Any, Any]  # inputs and targets


class Trial:
    """A copy of a model and its optimizer, with which steps can be tried.

    Args:
        model: a tg.nn.Module; the copy behaves as in training.
        loss: a function of outputs and targets.
        optimizer, lr, clip_norm: as `tg.fit` takes them.
    """

    def __init__(
        self,
        model: Any,
        loss: Callable[..., Any],
        optimizer: Any,
        lr: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        self.clip_norm = clip_norm
        self.model, self.loss, optimizer = deepcopy((model, loss, optimizer))
        self.optimizer = optimizer_of(optimizer, self.model, lr)
        self.model.train()

    def step(self, x: Any, y: Any) -> float:
        """Learn from a batch; give the loss before the update, and leave all as it is if that is not finite."""
        self.optimizer.zero_grad()
        loss = self.loss(self.model(x), y)
        value = float(loss.item())
        if np.isfinite(value):
            loss.backward()
            if self.clip_norm is not None:
                clip_by_norm(self.model.parameters(), self.clip_norm)
            if isinstance(self.optimizer, LBFGS):
                self.optimizer.step(lambda: self.loss(self.model(x), y))
            else:
                self.optimizer.step()
        return value

    def descend(self, batches: Sequence[Pair], steps: int) -> list[float]:
        """The losses of so many steps through the batches, again and again; infinite from where they stop being finite.

        Dropout drops the same in each step, so that only the weights make a difference.
        """
        losses: list[float] = []
        generators = self.generators()
        states = [generator.bit_generator.state for generator in generators]
        with np.errstate(all="ignore"):
            while len(losses) < steps:
                for generator, state in zip(generators, states, strict=True):
                    generator.bit_generator.state = state
                losses.append(self.step(*batches[len(losses) % len(batches)]))
                if not np.isfinite(losses[-1]):
                    return losses[:-1] + [np.inf] * (steps - len(losses) + 1)
        return losses

    def generators(self) -> list[np.random.Generator]:
        """The random generators in the model."""
        return [item for _, item in self.model.contents() if isinstance(item, np.random.Generator)]
