"""L-BFGS: a method for small problems whose loss is computed over all data at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from math import inf, sqrt
from typing import Any

import numpy as np

from ..value import Value
from .optimizer import Optimizer

Point = tuple[float, Any, float]  # the loss, its gradient, and its slope along the direction of the search


class LBFGS(Optimizer):
    """Steps along an approximation of Newton's direction, as far as a line search says.

    Nocedal and Wright, Numerical Optimization, 2006, chapters 3 and 7.  The last `history` steps and changes of the
    gradient stand for the curvature; the length of a step fulfils the strong Wolfe conditions.  One `step` evaluates
    the loss several times, so it is given as a function.

    Args:
        parameters: Values, such as `model.parameters()`.
        lr: the length that the line search tries first, in units of the direction.
        history: how many steps are remembered.

    >>> x = Value([3.0, -2.0])
    >>> optimizer = LBFGS([x])
    >>> for _ in range(5):
    ...     loss = optimizer.step(lambda: ((x - [1.0, 2.0]) ** 2 * [1.0, 100.0]).sum())
    >>> x.data.round(6)
    array([1., 2.])
    """

    def __init__(self, parameters: Iterable[Value], lr: float = 1.0, history: int = 10) -> None:
        super().__init__(parameters, lr)
        self.history = history
        self.pairs: deque[tuple[Any, Any]] = deque(maxlen=history)

    def step(self, loss: Callable[[], Value]) -> float:  # type: ignore[override]
        """Go one step; `loss` computes the loss as a Value.  Returns the loss after the step.

        Raises FloatingPointError if the loss is not finite where the step begins.
        """
        start = self.numbers()
        value: float
        value, g, _ = self.evaluate(loss, start, start)
        if not np.isfinite(value):
            raise FloatingPointError(f"the loss is {value}; L-BFGS needs a finite one to begin with")
        direction = -self.newton(g)
        slope = float(g @ direction)
        if slope >= 0:  # no direction down: forget the curvature, or the minimum is reached
            self.pairs.clear()
            direction, slope = -g, -float(g @ g)
        if slope == 0:
            return value
        length = self.lr if self.pairs else self.lr * min(1.0, 1 / sqrt(-slope))
        after: float
        length, (after, g_after, _) = self.search(loss, start, direction, length, (value, g, slope))
        self.place(start + length * direction)
        change = g_after - g
        if length * float(direction @ change) > 1e-10 * float(change @ change):
            self.pairs.append((length * direction, change))
        self.steps += 1
        return after

    def newton(self, g: Any) -> Any:
        """The inverse of the remembered curvature times g, by the two loops of the textbook's algorithm 7.4."""
        q, shares = g.copy(), []
        for s, y in reversed(self.pairs):
            share = (s @ q) / (s @ y)
            q -= share * y
            shares.append(share)
        if self.pairs:
            s, y = self.pairs[-1]
            q *= (s @ y) / (y @ y)
        for (s, y), share in zip(self.pairs, reversed(shares), strict=True):
            q += s * (share - (y @ q) / (s @ y))
        return q

    def search(self, loss: Callable[[], Value], start: Any, direction: Any, length: float, first: Point) -> Any:
        """A length that fulfils the strong Wolfe conditions, found by widening and halving an interval."""
        low, high = 0.0, inf
        at_low = first
        best = (0.0, first)
        for _ in range(25):
            here = self.evaluate(loss, start + length * direction, direction)
            if not here[0] <= first[0] + 1e-4 * length * first[2] or (low > 0 and here[0] >= at_low[0]):
                high = length
            elif abs(here[2]) <= -0.9 * first[2]:
                return length, here
            elif here[2] >= 0:
                best, high = (length, here), length
            else:
                best, low, at_low = (length, here), length, here
            length = (low + high) / 2 if high < inf else 2 * length
        return best

    def evaluate(self, loss: Callable[[], Value], point: Any, direction: Any) -> Point:
        """The loss at a point, its gradient and its slope."""
        self.place(point)
        self.zero_grad()
        value = loss()
        value.backward()
        zero = np.zeros
        g = np.concatenate([np.ravel(zero(p.shape) if p.grad is None else p.grad) for p in self.parameters])
        return float(value.item()), g.astype(np.float64), float(g @ direction)

    def numbers(self) -> Any:
        """All parameters as one float64 vector."""
        return np.concatenate([np.ravel(p.data) for p in self.parameters]).astype(np.float64)

    def place(self, vector: Any) -> None:
        """Give the parameters the numbers of a vector."""
        end = 0
        for p in self.parameters:
            p.data = vector[end : end + p.size].reshape(p.shape)
            end += p.size

    def state_dict(self) -> dict[str, Any]:
        """The number of steps, the first length, and the remembered pairs."""
        pairs = {
            f"{name}.{i}": v.copy() for i, pair in enumerate(self.pairs) for name, v in zip(("step", "change"), pair)
        }
        return {"steps": np.array(self.steps), "lr": np.array(self.lr), **pairs}

    def load_state_dict(self, state: Any) -> None:
        """Take over what `state_dict` gave."""
        self.steps, self.lr = int(state["steps"]), float(state["lr"])
        count = sum(name.startswith("step.") for name in state)
        self.pairs.clear()
        self.pairs.extend((np.array(state[f"step.{i}"]), np.array(state[f"change.{i}"])) for i in range(count))
