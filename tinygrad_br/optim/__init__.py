"""Optimizers: how parameters follow their gradients.

>>> import tinygrad_br as tg
>>> model = tg.nn.MLP(2, [8, 1], seed=0)
>>> optimizer = tg.optim.Adam(model.parameters(), lr=0.01)
>>> (model([[1.0, 2.0]]) ** 2).sum().backward()
>>> optimizer.step()
>>> optimizer.zero_grad()
"""

from .optimizer import Optimizer
from .optimizers import SGD, Adam, AdamW

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
