"""Neurons, layers and networks, activations, losses.

>>> import numpy as np, tinygrad_br as tg
>>> model = tg.nn.MLP(2, [8, 1], activation="tanh", seed=0)
>>> logits = model(np.zeros((4, 2)))
>>> loss = tg.nn.bce_with_logits(logits, np.zeros((4, 1)))
>>> loss.backward()
"""

from numpy import tanh

from ..rules.activations import (
    elu,
    gelu,
    hard_sigmoid,
    hard_swish,
    hard_tanh,
    leaky_relu,
    log_softmax,
    logsumexp,
    mish,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
)
from . import init
from .activations import linear
from .layers import MLP, Dropout, Flatten, Layer, Neuron, Residual, Sequential
from .losses import bce_with_logits, cross_entropy, hinge, huber, mae, mse, one_hot
from .module import Module

__all__ = [
    "MLP", "Dropout", "Flatten", "Layer", "Module", "Neuron", "Residual", "Sequential", "bce_with_logits",
    "cross_entropy", "elu", "gelu", "hard_sigmoid", "hard_swish", "hard_tanh", "hinge", "huber", "init", "leaky_relu",
    "linear", "log_softmax", "logsumexp", "mae", "mish", "mse", "one_hot", "relu", "selu", "sigmoid", "silu", "softmax",
    "softplus", "tanh",
]  # fmt: skip
