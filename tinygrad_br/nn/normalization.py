"""Layers that bring their inputs to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import define_rule
from ..modes import remember
from ..value import Value
from .layers import float_dtype, positive
from .module import Module


def standardize(x: Any, axis: Any = -1, eps: float = 1e-5) -> Any:
    """(x - mean) / sqrt(variance + eps), with mean and variance over an axis or several.

    >>> standardize(np.array([1.0, 2.0, 3.0]), eps=0.0).round(4)
    array([-1.2247,  0.    ,  1.2247])
    """
    centred = x - np.mean(x, axis=axis, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=axis, keepdims=True) + eps)


def standardize_rule(g: Any, ans: Any, x: Any, axis: Any = -1, eps: float = 1e-5) -> Any:
    """With s the standard deviation: (g - mean(g) - ans * mean(g * ans)) / s."""
    means = np.mean(g, axis=axis, keepdims=True) + ans * np.mean(g * ans, axis=axis, keepdims=True)
    return (g - means) / np.sqrt(np.var(x, axis=axis, keepdims=True) + eps)


standardize = define_rule(standardize, standardize_rule)


class LayerNorm(Module):
    """standardize(x) * weights + biases over the last axis: Ba et al., 2016, arXiv:1607.06450.

    Args:
        features: the length of the last axis.
        eps: added to the variance.
        dtype: of the parameters, float64 by default.

    >>> LayerNorm(3)(np.array([[1.0, 2.0, 3.0]])).data.round(2)
    array([[-1.22,  0.  ,  1.22]])
    """

    def __init__(self, features: int, eps: float = 1e-5, dtype: Any = np.float64) -> None:
        self.features, self.eps, self.dtype = positive("features", features), eps, float_dtype(dtype)
        self.weights, self.biases = Value(np.ones(features, self.dtype)), Value(np.zeros(features, self.dtype))

    def forward(self, x: Any) -> Any:
        if x.shape[-1:] != (self.features,):
            raise ValueError(f"{self!r} expects inputs of shape (..., {self.features}), but got {x.shape}")
        return standardize(x, -1, self.eps) * self.weights + self.biases


class BatchNorm(Module):
    """Each feature standardized over the batch, times weights, plus biases: Ioffe and Szegedy, arXiv:1502.03167.

    Features are axis 1: inputs have shape (batch, features) or (batch, features, height, width).  In training the
    mean and variance are those of the batch, and running ones are kept as state; in use (`eval`) these are taken:
    running = (1 - momentum) * running + momentum * batch, with the unbiased variance, as in PyTorch.

    >>> layer = BatchNorm(2)
    >>> layer(np.array([[1.0, 0.0], [3.0, 4.0]])).data.round(2)
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> layer.mean
    array([0.2, 0.2])
    """

    def __init__(self, features: int, momentum: float = 0.1, eps: float = 1e-5, dtype: Any = np.float64) -> None:
        self.features, self.momentum, self.eps = positive("features", features), momentum, eps
        self.dtype = float_dtype(dtype)
        self.weights, self.biases = Value(np.ones(features, self.dtype)), Value(np.zeros(features, self.dtype))
        self.mean, self.variance = np.zeros(features, self.dtype), np.ones(features, self.dtype)

    def forward(self, x: Any) -> Any:
        if x.ndim < 2 or x.shape[1] != self.features:
            raise ValueError(f"{self!r} expects inputs of shape (batch, {self.features}, ...), but got {x.shape}")
        axes = (0, *range(2, x.ndim))
        weights, biases, mean, variance = (
            v.reshape(self.features, *[1] * (x.ndim - 2)) for v in (self.weights, self.biases, self.mean, self.variance)
        )
        if not self.training:
            return (x - mean) * (weights / np.sqrt(variance + self.eps)) + biases
        if x.size == self.features:
            raise ValueError(f"{self!r} needs more than one example to learn from; a batch of one has no variance")
        self.remember(x, axes)
        return standardize(x, axes, self.eps) * weights + biases

    def remember(self, x: Any, axes: tuple[int, ...]) -> None:
        """Take the mean and variance of a batch into the running ones."""
        data = x.data if isinstance(x, Value) else x
        remember(self.mean, self.mean + self.momentum * (data.mean(axis=axes) - self.mean))
        remember(self.variance, self.variance + self.momentum * (data.var(axis=axes, ddof=1) - self.variance))
