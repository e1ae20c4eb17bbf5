"""One step of training: forward, loss, backward, update."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from ..modes import debug
from ..optim import LBFGS


class Step:
    """What `fit` repeats: one batch in, the loss and the outputs out, the parameters changed.

    The parameters are left alone if the loss or a gradient is not finite.

    Args:
        model: a tg.nn.Module.
        loss: a function of outputs and targets.
        optimizer: a tg.optim optimizer over the model's parameters.
    """

    def __init__(self, model: Any, loss: Callable[..., Any], optimizer: Any) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.parameters = model.parameters()

    def __call__(self, x: Any, y: Any, weights: Any = None) -> tuple[float, Any]:
        """Learn from a batch, whose rows may have weights; give the loss before the update, and the outputs.

        Raises FloatingPointError if the loss or a gradient is NaN or infinite.
        """
        self.optimizer.zero_grad()
        output = self.model(x)
        loss = self.loss_of(output, y, weights)
        loss.backward()
        value = loss.item()
        if not isfinite(value) or not self.gradients_are_finite():
            raise FloatingPointError(self.what_went_wrong(value, x, y, weights))
        if isinstance(self.optimizer, LBFGS):  # its line search computes the loss at several places
            self.optimizer.step(lambda: self.loss_of(self.model(x), y, weights))
        else:
            self.optimizer.step()
        return value, output.data

    def loss_of(self, output: Any, y: Any, weights: Any) -> Any:
        """The loss of outputs."""
        return self.loss(output, y) if weights is None else self.loss(output, y, sample_weights=weights)

    def gradients_are_finite(self) -> bool:
        """Whether no gradient holds NaN or infinity; one pass, no temporaries."""
        for parameter in self.parameters:
            grad = parameter.grad
            if grad is not None and not isfinite(np.vdot(grad, grad)) and not np.all(np.isfinite(grad)):
                return False
        return True

    def what_went_wrong(self, value: float, x: Any, y: Any, weights: Any) -> str:
        """Repeat the step under `tg.debug()`, which names the first operation that gives NaN or infinity."""
        what = f"the loss is {value}" if not isfinite(value) else "a gradient is not finite"
        try:
            with debug(), np.errstate(all="ignore"):
                self.loss_of(self.model(x), y, weights).backward()
        except FloatingPointError as error:
            return f"{what}: {error}"
        return f"{what}, but it was finite when the step was repeated, so a random choice in the model decides about it"
