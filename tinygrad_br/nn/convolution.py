"""Convolutions and pooling over pictures, of shape (batch, channels, height, width).

A convolution lays out all windows of a picture one by one and is then a single matmul.  Pooling compares or adds up the
pictures that consist of the first entry of each window, of the second, and so on.  Memory is in the order (batch,
height, width, channels), which suits the matmul; transposing to and fro costs nothing.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from ..engine import define_rule
from ..value import Value
from .activations import activation as activation_function
from .init import Initialiser
from .init import weights as initial_weights
from .layers import Activation, Seed, float_dtype, positive
from .module import Module

Pair = tuple[int, int]


def windows(x: Any, size: Pair, stride: Pair, padding: Pair = (0, 0)) -> Any:
    """All windows of pictures.

    Args:
        x: shape (batch, channels, height, width).
        size: height and width of a window.
        stride: how far one window is from the next, down and to the right.
        padding: how many rows and columns of zeros are put around a picture.

    Returns:
        shape (batch, rows, columns, size[0] * size[1], channels), a copy.

    >>> windows(np.arange(6.0).reshape(1, 1, 2, 3), (2, 2), (1, 1))[0, :, :, :, 0]
    array([[[0., 1., 3., 4.],
            [1., 2., 4., 5.]]])
    """
    x = x.transpose(0, 2, 3, 1)
    if any(padding):
        n, h, w, c = x.shape
        padded = np.zeros((n, h + 2 * padding[0], w + 2 * padding[1], c), x.dtype)
        padded[:, padding[0] : padding[0] + h, padding[1] : padding[1] + w] = x
        x = padded
    view = np.lib.stride_tricks.sliding_window_view(x, size, axis=(1, 2))[:, :: stride[0], :: stride[1]]
    n, rows, columns, c = view.shape[:4]
    return view.transpose(0, 1, 2, 4, 5, 3).reshape(n, rows, columns, size[0] * size[1], c)


def overlaid(w: Any, shape: tuple[int, ...], size: Pair, stride: Pair, padding: Pair = (0, 0)) -> Any:
    """The opposite of `windows`: pictures of a shape, in which each window is added to its place."""
    n, c, height, width = shape
    total = np.zeros((n, height + 2 * padding[0], width + 2 * padding[1], c), w.dtype)
    rows, columns = w.shape[1:3]
    for i in range(size[0]):
        for j in range(size[1]):
            down, right = slice(i, i + rows * stride[0], stride[0]), slice(j, j + columns * stride[1], stride[1])
            total[:, down, right] += w[:, :, :, i * size[1] + j]
    inner = total[:, padding[0] : padding[0] + height, padding[1] : padding[1] + width]
    return inner.transpose(0, 3, 1, 2)


windows = define_rule(
    windows,
    lambda g, ans, x, size, stride, padding=(0, 0): overlaid(g, tuple(x.shape), size, stride, padding),
)
overlaid = define_rule(
    overlaid, lambda g, ans, w, shape, size, stride, padding=(0, 0): windows(g, size, stride, padding)
)


def convolve(x: Any, weights: Any, stride: Pair = (1, 1), padding: Pair = (0, 0)) -> Any:
    """The sum of each window of x times weights of shape (filters, channels, height, width); see `Conv2d`.

    >>> convolve(np.arange(6.0).reshape(1, 1, 2, 3), np.ones((1, 1, 2, 2)))
    array([[[[ 8., 12.]]]])
    """
    seen = windows(x, tuple(weights.shape[2:]), stride, padding)
    sums = rows_of(seen, 3) @ matrix(weights)
    return sums.reshape(*seen.shape[:3], weights.shape[0]).transpose(0, 3, 1, 2)


def matrix(weights: Any) -> Any:
    """Weights as a matrix that has a row for each entry of a window and a column for each filter."""
    return weights.transpose(2, 3, 1, 0).reshape(-1, weights.shape[0])


def rows_of(x: Any, axes: int) -> Any:
    """The first axes of x as one, and the others as one."""
    return x.reshape(int(np.prod(x.shape[:axes])), -1)


def convolve_rule_x(g: Any, ans: Any, x: Any, weights: Any, stride: Pair = (1, 1), padding: Pair = (0, 0)) -> Any:
    g = g.transpose(0, 2, 3, 1)
    size = tuple(weights.shape[2:])
    seen = (rows_of(g, 3) @ matrix(weights).T).reshape(*g.shape[:3], size[0] * size[1], x.shape[1])
    return overlaid(seen, tuple(x.shape), size, stride, padding)


def convolve_rule_weights(g: Any, ans: Any, x: Any, weights: Any, stride: Pair = (1, 1), padding: Pair = (0, 0)) -> Any:
    filters, channels, height, width = weights.shape
    seen = rows_of(windows(x, (height, width), stride, padding), 3)
    sums = seen.T @ rows_of(g.transpose(0, 2, 3, 1), 3)
    return sums.reshape(height, width, channels, filters).transpose(3, 2, 0, 1)


convolve = define_rule(convolve, convolve_rule_x, convolve_rule_weights)


def pieces(x: Any, size: Pair, stride: Pair) -> list[Any]:
    """For each place in a window the picture that consists of this entry of every window, as views."""
    rows, columns = ((x.shape[2 + i] - size[i]) // stride[i] + 1 for i in (0, 1))
    return [
        x[:, :, i : i + (rows - 1) * stride[0] + 1 : stride[0], j : j + (columns - 1) * stride[1] + 1 : stride[1]]
        for i in range(size[0])
        for j in range(size[1])
    ]


def assembled(parts: tuple[Any, ...], shape: tuple[int, ...], size: Pair, stride: Pair) -> Any:
    """The opposite of `pieces`: a picture of a shape, to which each part is added in its place."""
    n, c, height, width = shape
    total = np.zeros((n, height, width, c), parts[0].dtype).transpose(0, 3, 1, 2)
    for place, part in zip(pieces(total, size, stride), parts, strict=True):
        place += part
    return total


assembled = define_rule(assembled, lambda g, ans, parts, shape, size, stride: pieces(g, size, stride))


def max_pool(x: Any, size: Pair, stride: Pair) -> Any:
    """The largest entry of each window; see `MaxPool2d`."""
    return reduce(np.maximum, pieces(x, size, stride))


def max_pool_rule(g: Any, ans: Any, x: Any, size: Pair, stride: Pair) -> Any:
    """The cotangent goes to the largest entries, in equal parts."""
    largest = [(piece == ans).astype(g.dtype) for piece in pieces(x, size, stride)]
    share = g / reduce(np.add, largest)
    return assembled(tuple(share * one for one in largest), tuple(x.shape), size, stride)


def mean_pool(x: Any, size: Pair, stride: Pair) -> Any:
    """The mean of each window; see `AvgPool2d`."""
    return reduce(np.add, pieces(x, size, stride)) / (size[0] * size[1])


max_pool = define_rule(max_pool, max_pool_rule)
mean_pool = define_rule(
    mean_pool,
    lambda g, ans, x, size, stride: assembled(
        (g / (size[0] * size[1]),) * (size[0] * size[1]), tuple(x.shape), size, stride
    ),
)


class Conv2d(Module):
    """A layer of neurons that each look at one window of a picture after the other, with the same weights.

    Args:
        channels: number of channels of the input.
        filters: number of channels of the output.
        kernel: height and width of a window, one number or two.
        stride: how far one window is from the next.
        padding: how many zeros are put around the picture; kernel // 2 keeps its size.
        activation: a name or a function.
        init: as for `Layer`.
        seed: an int or a Generator for the initial weights.
        dtype: of the parameters, float64 by default.

    `weights` has shape (filters, channels, *kernel), `biases` (filters,).  A call takes x of shape
    (batch, channels, height, width) and gives (batch, filters, rows, columns), where
    rows = (height + 2 * padding - kernel) // stride + 1.

    >>> Conv2d(1, 4, 3, padding=1, seed=0)(np.ones((2, 1, 8, 8))).shape
    (2, 4, 8, 8)
    """

    def __init__(
        self,
        channels: int,
        filters: int,
        kernel: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        activation: Activation = None,
        init: str | Initialiser | None = None,
        seed: Seed = None,
        dtype: Any = np.float64,
    ) -> None:
        self.channels, self.filters = positive("channels", channels), positive("filters", filters)
        self.kernel, self.stride, self.padding = (
            pair("kernel", kernel),
            pair("stride", stride),
            pair("padding", padding, 0),
        )
        self.activation, self.init, self.dtype = activation, init, float_dtype(dtype)
        area = self.kernel[0] * self.kernel[1]
        shape = (filters, channels, *self.kernel)
        numbers = initial_weights(
            init, activation_function(activation), np.random.default_rng(seed), shape, (channels * area, filters * area)
        )
        self.weights = Value(numbers.astype(self.dtype))
        self.biases = Value(np.zeros(filters, self.dtype))

    def forward(self, x: Any) -> Any:
        check_pictures(self, x, self.kernel, self.padding, self.channels)
        sums = convolve(x, self.weights, self.stride, self.padding) + self.biases.reshape(-1, 1, 1)
        return activation_function(self.activation)(sums)


class MaxPool2d(Module):
    """The largest number of each window; where several are largest they share the gradient equally.

    Args:
        size: height and width of a window, one number or two.
        stride: how far one window is from the next; by default windows lie side by side.

    A call takes (batch, channels, height, width); a rest at the right or at the bottom is left out.

    >>> MaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """

    def __init__(self, size: int | Pair, stride: int | Pair | None = None) -> None:
        self.size = pair("size", size)
        self.stride = self.size if stride is None else pair("stride", stride)

    def forward(self, x: Any) -> Any:
        check_pictures(self, x, self.size)
        return max_pool(x, self.size, self.stride)


class AvgPool2d(MaxPool2d):
    """The mean of each window; arguments as for `MaxPool2d`.

    >>> AvgPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """

    def forward(self, x: Any) -> Any:
        check_pictures(self, x, self.size)
        return mean_pool(x, self.size, self.stride)


def pair(name: str, numbers: int | Pair, least: int = 1) -> Pair:
    """One whole number for height and width, or two."""
    both = (numbers, numbers) if isinstance(numbers, (int, np.integer)) else tuple(numbers)
    if len(both) != 2 or not all(isinstance(k, (int, np.integer)) and k >= least for k in both):
        raise ValueError(f"{name} is a whole number from {least} on, or two of them, but got {numbers!r}")
    return int(both[0]), int(both[1])


def check_pictures(module: Module, x: Any, size: Pair, padding: Pair = (0, 0), channels: int | None = None) -> None:
    """Raise ValueError unless x holds pictures of the right number of channels that a window fits into."""
    if x.ndim != 4 or channels not in (None, x.shape[1]):
        hint = "; for grey pictures of shape (batch, height, width) write x[:, None]" if x.ndim == 3 else ""
        shape = f"(batch, {channels or 'channels'}, height, width)"
        raise ValueError(f"{module!r} expects inputs of shape {shape}, but got {x.shape}{hint}")
    if any(x.shape[2 + i] + 2 * padding[i] < size[i] for i in (0, 1)):
        raise ValueError(f"{module!r} has windows of {size}, which do not fit into pictures of {tuple(x.shape[2:])}")
