"""The optimizers: each is its formula, in place, on vectors."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Any

import numpy as np

from ..value import Value
from .optimizer import Optimizer, Schedule


class SGD(Optimizer):
    """Gradient descent: w -= lr * g; with momentum v = momentum * v + g and w -= lr * v.

    Args:
        parameters: Values, such as `model.parameters()`.
        lr: the learning rate, or a schedule.
        momentum: the share of the last step's direction that stays, 0 <= momentum < 1.
        nesterov: look ahead, w -= lr * (g + momentum * v): Sutskever et al., ICML 2013.
        weight_decay: adds weight_decay * w to g (an L2 penalty of weight_decay / 2 * sum(w**2)).

    >>> w = Value([4.0])
    >>> optimizer = SGD([w], lr=0.25)
    >>> (w ** 2).backward()
    >>> optimizer.step()
    >>> w.data
    array([2.])
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        if nesterov and not momentum:
            raise ValueError("nesterov looks ahead along the momentum; give a momentum too, such as momentum=0.9")
        self.memories = ("velocity",) if momentum else ()
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay
        super().__init__(parameters, lr)

    def update(self, w: Any, g: Any, scratch: Any, *memories: Any) -> None:
        if self.weight_decay:
            np.multiply(w, self.weight_decay, out=scratch)
            g += scratch
        for v in memories:
            v *= self.momentum
            v += g
            if self.nesterov:
                np.multiply(v, self.momentum, out=scratch)
                g += scratch
            else:
                g[...] = v
        g *= self.lr
        w -= g


class Adam(Optimizer):
    """Steps of about lr in each direction, whatever the gradient's size: Kingma and Ba, 2014, arXiv:1412.6980.

    m = beta1 * m + (1 - beta1) * g and v = beta2 * v + (1 - beta2) * g**2; with m and v divided by 1 - beta**steps,
    w -= lr * m / (sqrt(v) + eps).  `weight_decay` adds weight_decay * w to g.

    What is remembered is m / (1 - beta1) and v / (1 - beta2), which saves three of thirteen passes over the numbers.

    >>> w = Value([4.0])
    >>> optimizer = Adam([w], lr=0.5)
    >>> (w ** 2).backward()
    >>> optimizer.step()
    >>> w.data.round(6)
    array([3.5])
    """

    memories = ("mean", "square")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"the betas are shares, 0 <= beta < 1, but got {betas}")
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay
        super().__init__(parameters, lr)

    def decay(self, w: Any, g: Any, scratch: Any) -> None:
        """Pull the weights towards 0 through the gradient."""
        np.multiply(w, self.weight_decay, out=scratch)
        g += scratch

    def update(self, w: Any, g: Any, scratch: Any, *memories: Any) -> None:
        if self.weight_decay:
            self.decay(w, g, scratch)
        m, v = memories
        b1, b2 = self.betas
        m *= b1
        m += g
        np.multiply(g, g, out=g)
        v *= b2
        v += g
        c1 = (1 - b1) / (1 - b1**self.steps)
        c2 = sqrt((1 - b2) / (1 - b2**self.steps))
        np.sqrt(v, out=scratch)
        scratch += self.eps / c2
        np.divide(m, scratch, out=scratch)
        scratch *= self.lr * c1 / c2
        w -= scratch


class AdamW(Adam):
    """Adam with weight decay beside the gradient, w -= lr * weight_decay * w: Loshchilov and Hutter, arXiv:1711.05101.

    >>> w = Value([4.0])
    >>> optimizer = AdamW([w], lr=0.5, weight_decay=0.1)
    >>> (w ** 2).backward()
    >>> optimizer.step()
    >>> w.data.round(6)
    array([3.3])
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def decay(self, w: Any, g: Any, scratch: Any) -> None:
        w *= 1 - self.lr * self.weight_decay
