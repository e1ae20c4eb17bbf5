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
from .convolution import AvgPool2d, Conv2d, MaxPool2d
from .layers import MLP, Dropout, Embedding, Flatten, Layer, Neuron, PReLU, Residual, Sequential
from .losses import bce_with_logits, cross_entropy, focal, hinge, huber, kl_divergence, mae, mse, nll, one_hot, penalty
from .module import Module
from .normalization import BatchNorm, LayerNorm

__all__ = [
    "MLP", "AvgPool2d", "BatchNorm", "Conv2d", "Dropout", "Embedding", "Flatten", "Layer", "LayerNorm", "MaxPool2d",
    "Module", "Neuron", "PReLU", "Residual", "Sequential", "bce_with_logits", "cross_entropy", "elu", "focal", "gelu",
    "hard_sigmoid", "hard_swish", "hard_tanh", "hinge", "huber", "init", "kl_divergence", "leaky_relu", "linear",
    "log_softmax", "logsumexp", "mae", "mish", "mse", "nll", "one_hot", "penalty", "relu", "selu", "sigmoid", "silu",
    "softmax", "softplus", "tanh",
]  # fmt: skip
