"""One step of training: forward, loss, backward, update, as a compiled program where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from ..compiling import TraceError, compile
from ..modes import DEFAULT, MODE, debug, must_be_finite
from ..nn import Module
from ..optim import LBFGS, clip_by_norm

MOST_PROGRAMS = 8  # of one training; a model that needs more changes all the time, and each program costs many steps


class Step:
    """What `fit` repeats: one batch in, the loss and the outputs out, the parameters changed.

    The parameters are left alone if the loss or a gradient is not finite.

    Args:
        model: a tg.nn.Module.
        loss: a function of outputs and targets.
        optimizer: a tg.optim optimizer over the model's parameters.
        compiled: whether to try `tg.compile`.
        clip_norm: how long the gradient may be.
        outputs: whether to give the outputs too, not only the loss.

    `program` is the one that made the last step, for `rows` rows, if there is one.
    `eager_because` says why the step is not compiled; it is None while it is, and "" if that was not wished.
    """

    def __init__(
        self,
        model: Any,
        loss: Callable[..., Any],
        optimizer: Any,
        compiled: bool = True,
        clip_norm: float | None = None,
        outputs: bool = True,
    ) -> None:
        self.model, self.loss, self.optimizer, self.clip_norm = model, loss, optimizer, clip_norm
        self.outputs = outputs
        self.parameters = model.parameters()
        self.compiled: Any = compile(self.eager)
        self.program: Any = None
        self.rows = 0
        self.eager_because: str | None = None if compiled else ""
        if compiled and isinstance(optimizer, LBFGS):
            self.eager_because = "LBFGS computes the loss at several places in each step"

    def __call__(self, x: Any, y: Any, weights: Any = None) -> tuple[float, Any]:
        """Learn from a batch, whose rows may have weights; give the loss before the update, and the outputs or None.

        Raises FloatingPointError if the loss or a gradient is NaN or infinite.
        """
        self.program = None
        batch = (x, y) if weights is None else (x, y, weights)
        if self.eager_because is None:
            try:
                if not self.compiled.compilations and not self.is_repeatable(batch):
                    raise TraceError("recording it twice gave two programs, so it keeps or draws numbers of its own")
                loss, output = self.compiled(*batch)
            except FloatingPointError:
                raise
            except Exception as error:  # what is wrong with the model itself, its own run will say
                self.eager_because = f"{error}".partition("\n")[0]
            else:
                if self.compiled.compilations > MOST_PROGRAMS:
                    self.eager_because = f"{MOST_PROGRAMS} programs were not enough: shapes or settings keep changing"
                program, self.rows = self.compiled.last, len(y)
                if MODE.get() is DEFAULT and program is not None and program.serves((x, y)):  # now that it has run, too
                    self.program = program
                return float(loss), output
        loss, output = self.eager(*batch)
        return float(loss), output

    def again(self, x: Any, y: Any, weights: Any) -> tuple[float, Any]:
        """The step once more, when nothing can have changed since the last one but the rows and how many they are.

        The program needs no look at all that it depends on then, which at small networks is a good part of a step.
        """
        if self.program is not None and weights is None and len(y) == self.rows:
            result = self.program.run((x, y))
            if result is not NotImplemented:
                loss, output = result
                return float(loss), output
        return self(x, y, weights)

    def is_repeatable(self, batch: tuple[Any, ...]) -> bool:
        """Whether the step is the same program each time: known of our own code, tried with code of the user's."""
        if all(map(is_ours, (self.loss, *self.model.modules()))):
            return True
        once, again = (compiled.program(batch, {})[0] for compiled in (self.compiled, compile(self.eager)))
        return bool(once.is_like(again))

    def eager(self, x: Any, y: Any, weights: Any = None) -> tuple[Any, Any]:
        """The step itself, operation by operation: what is recorded when it is compiled."""
        self.optimizer.zero_grad()
        output = self.model(x)
        loss = self.loss_of(output, y, weights)
        loss.backward()
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        if not must_be_finite([loss.data, *gradients]) and not all(map(is_finite, (loss.data, *gradients))):
            raise FloatingPointError(self.what_went_wrong(loss.item(), x, y, weights))
        if self.clip_norm is not None:
            clip_by_norm(self.parameters, self.clip_norm)
        if isinstance(self.optimizer, LBFGS):  # its line search computes the loss at several places
            self.optimizer.step(lambda: self.loss_of(self.model(x), y, weights))
        else:
            self.optimizer.step()
        return loss.data, output.data if self.outputs else None

    def loss_of(self, output: Any, y: Any, weights: Any) -> Any:
        """The loss of outputs."""
        return self.loss(output, y) if weights is None else self.loss(output, y, sample_weights=weights)

    def what_went_wrong(self, value: float, x: Any, y: Any, weights: Any) -> str:
        """Repeat the step under `tg.debug()`, which names the first operation that gives NaN or infinity."""
        what = f"the loss is {value}" if not isfinite(value) else "a gradient is not finite"
        try:
            with debug(), np.errstate(all="ignore"):
                self.loss_of(self.model(x), y, weights).backward()
        except FloatingPointError as error:
            return f"{what}: {error}"
        return f"{what}, but it was finite when the step was repeated, so a random choice in the model decides about it"


def is_finite(numbers: Any) -> bool:
    """Whether there is neither NaN nor infinity among the numbers; one pass without temporaries as a rule."""
    return isfinite(np.vdot(numbers, numbers)) or bool(np.all(np.isfinite(numbers)))


def is_ours(thing: Any) -> bool:
    """Whether a module or function is this package's or NumPy's, with all functions that it has as attributes."""
    if isinstance(thing, (list, tuple)):
        return all(map(is_ours, thing))
    if not callable(thing) or isinstance(thing, (np.ufunc, type(np.sum))):
        return True
    home = type(thing) if isinstance(thing, Module) else thing
    ours = (getattr(home, "__module__", None) or "").partition(".")[0] in ("tinygrad_br", "numpy")
    return ours and all(map(is_ours, getattr(thing, "__dict__", {}).values()))
