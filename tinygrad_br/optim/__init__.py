"""Optimizers: how parameters follow their gradients.

>>> import tinygrad_br as tg
>>> model = tg.nn.MLP(2, [8, 1], seed=0)
>>> optimizer = tg.optim.Adam(model.parameters(), lr=0.01)
>>> (model([[1.0, 2.0]]) ** 2).sum().backward()
>>> optimizer.step()
>>> optimizer.zero_grad()
"""

from . import schedules
from .extras import MovingAverage, clip_by_norm, clip_by_value
from .lbfgs import LBFGS
from .optimizer import Optimizer
from .optimizers import SGD, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, RMSprop

__all__ = [
    "LBFGS", "SGD", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "MovingAverage", "Nadam", "Optimizer", "RMSprop",
    "clip_by_norm", "clip_by_value", "schedules",
]  # fmt: skip
