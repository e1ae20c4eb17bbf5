"""The optimizers: each is its formula, in place, on vectors.

In the formulas w are the weights, g their gradient, t the number of the step, from 1 on.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod, sqrt
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
        rate_inside: take the learning rate into the velocity, v = momentum * v + lr * g and w -= v, as Keras and the
            book Neural Networks from Scratch do; only a rate that changes makes a difference.

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
        rate_inside: bool = False,
    ) -> None:
        if nesterov and not momentum:
            raise ValueError("nesterov looks ahead along the momentum; give a momentum too, such as momentum=0.9")
        self.memories = ("velocity",) if momentum else ()
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay
        self.rate_inside = rate_inside
        super().__init__(parameters, lr)

    def update(self, w: Any, g: Any, scratch: Any, *memories: Any) -> None:
        if self.weight_decay:
            np.multiply(w, self.weight_decay, out=scratch)
            g += scratch
        if self.rate_inside:
            g *= self.lr
        for v in memories:
            v *= self.momentum
            v += g
            if self.nesterov:
                np.multiply(v, self.momentum, out=scratch)
                g += scratch
            else:
                g[...] = v
        if not self.rate_inside:
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
        c2 = ((1 - b2) / (1 - b2**self.steps)) ** 0.5
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


class Adagrad(Optimizer):
    """Smaller steps where gradients have been large: Duchi et al., JMLR 2011.

    s = s + g**2, w -= lr * g / (sqrt(s) + eps).

    >>> w = Value([4.0])
    >>> optimizer = Adagrad([w], lr=1.0)
    >>> (w ** 2).backward()
    >>> optimizer.step()
    >>> w.data.round(6)
    array([3.])
    """

    memories = ("square",)

    def __init__(self, parameters: Iterable[Value], lr: float | Schedule = 0.01, eps: float = 1e-10) -> None:
        self.eps = eps
        super().__init__(parameters, lr)

    def update(self, w: Any, g: Any, scratch: Any, *memories: Any) -> None:
        [s] = memories
        np.multiply(g, g, out=scratch)
        s += scratch
        np.sqrt(s, out=scratch)
        scratch += self.eps
        g /= scratch
        g *= self.lr
        w -= g


class RMSprop(Optimizer):
    """Steps divided by the recent size of the gradient: Tieleman and Hinton, Coursera lecture 6e, 2012.

    s = rho * s + (1 - rho) * g**2, w -= lr * g / (sqrt(s) + eps); with momentum, v = momentum * v + g / (sqrt(s) + eps)
    and w -= lr * v.

    >>> w = Value([4.0])
    >>> optimizer = RMSprop([w], lr=0.1, rho=0.75)
    >>> (w ** 2).backward()
    >>> optimizer.step()
    >>> w.data.round(6)
    array([3.8])
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.001,
        rho: float = 0.9,
        eps: float = 1e-7,
        momentum: float = 0.0,
    ) -> None:
        self.memories = ("square", "velocity") if momentum else ("square",)
        self.rho, self.eps, self.momentum = rho, eps, momentum
        super().__init__(parameters, lr)

    def update(self, w: Any, g: Any, scratch: Any, *memories: Any) -> None:
        s, *velocity = memories
        np.multiply(g, g, out=scratch)
        scratch *= 1 - self.rho
        s *= self.rho
        s += scratch
        np.sqrt(s, out=scratch)
        scratch += self.eps
        g /= scratch
        for v in velocity:
            v *= self.momentum
            v += g
            g[...] = v
        g *= self.lr
        w -= g


class Nadam(Optimizer):
    """Adam with Nesterov's look ahead: Dozat, ICLR workshop 2016, with the momentum schedule of its section 3.

    mu(t) = beta1 * (1 - 0.96**(t * momentum_decay) / 2), m and v as in Adam,
    w -= lr * (mu(t + 1) * m / (1 - mu(1) ... mu(t + 1)) + (1 - mu(t)) * g / (1 - mu(1) ... mu(t))) / (sqrt(v) + eps).

    >>> w = Value([4.0])
    >>> optimizer = Nadam([w], lr=0.5)
    >>> (w ** 2).backward()
    >>> optimizer.step()
    >>> w.data.round(2)
    array([3.47])
    """

    memories = ("mean", "square")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.002,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        momentum_decay: float = 0.004,
    ) -> None:
        self.betas, self.eps, self.momentum_decay = betas, eps, momentum_decay
        self.product = (0, 1.0)  # the number of a step, and mu(1) ... mu(t) up to it
        super().__init__(parameters, lr)

    def mu(self, t: int) -> float:
        shrinking: float = 0.96 ** (t * self.momentum_decay)
        return self.betas[0] * (1 - 0.5 * shrinking)

    def products(self) -> tuple[float, float]:
        """mu(1) ... mu(t) up to this step and up to the next."""
        t, product = self.product
        if t > self.steps:
            t, product = 0, 1.0
        product *= prod(map(self.mu, range(t + 1, self.steps + 1)))
        self.product = (self.steps, product)
        return product, product * self.mu(self.steps + 1)

    def update(self, w: Any, g: Any, scratch: Any, *memories: Any) -> None:
        m, v = memories
        b1, b2 = self.betas
        now, ahead = self.products()
        np.multiply(g, 1 - b1, out=scratch)
        m *= b1
        m += scratch
        np.multiply(g, g, out=scratch)
        scratch *= 1 - b2
        v *= b2
        v += scratch
        g *= self.lr * (1 - self.mu(self.steps)) / (1 - now)
        np.multiply(m, self.lr * self.mu(self.steps + 1) / (1 - ahead), out=scratch)
        g += scratch
        np.sqrt(v, out=scratch)
        scratch *= 1 / sqrt(1 - b2**self.steps)
        scratch += self.eps
        g /= scratch
        w -= g


class Adamax(Optimizer):
    """Adam with the largest recent gradient in the place of its mean square: arXiv:1412.6980, section 7.1.

    m = beta1 * m + (1 - beta1) * g, u = max(beta2 * u, |g| + eps), w -= lr / (1 - beta1**t) * m / u.

    >>> w = Value([4.0])
    >>> optimizer = Adamax([w], lr=0.5)
    >>> (w ** 2).backward()
    >>> optimizer.step()
    >>> w.data.round(6)
    array([3.5])
    """

    memories = ("mean", "largest")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.002,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        self.betas, self.eps = betas, eps
        super().__init__(parameters, lr)

    def update(self, w: Any, g: Any, scratch: Any, *memories: Any) -> None:
        m, u = memories
        b1, b2 = self.betas
        np.multiply(g, 1 - b1, out=scratch)
        m *= b1
        m += scratch
        np.abs(g, out=g)
        g += self.eps
        u *= b2
        np.maximum(u, g, out=u)
        np.divide(m, u, out=g)
        g *= self.lr / (1 - b1**self.steps)
        w -= g


class Lion(Optimizer):
    """Steps of exactly lr in each direction, by the sign of the momentum: Chen et al., 2023, arXiv:2302.06675.

    w -= lr * (sign(beta1 * m + (1 - beta1) * g) + weight_decay * w), then m = beta2 * m + (1 - beta2) * g.

    >>> w = Value([4.0])
    >>> optimizer = Lion([w], lr=0.5)
    >>> (w ** 2).backward()
    >>> optimizer.step()
    >>> w.data
    array([3.5])
    """

    memories = ("mean",)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.0001,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        self.betas, self.weight_decay = betas, weight_decay
        super().__init__(parameters, lr)

    def update(self, w: Any, g: Any, scratch: Any, *memories: Any) -> None:
        [m] = memories
        b1, b2 = self.betas
        w *= 1 - self.lr * self.weight_decay
        np.subtract(g, m, out=g)
        np.multiply(g, 1 - b1, out=scratch)
        scratch += m
        g *= 1 - b2
        m += g
        np.sign(scratch, out=scratch)
        scratch *= self.lr
        w -= scratch
