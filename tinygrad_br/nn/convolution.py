"""Convolutions and pooling over pictures, of shape (batch, channels, height, width).

In memory the order is (channels, height, width, batch): what belongs to one place of all pictures lies side by side, so
that moving a window, padding, and taking every second row copy or compare long runs of numbers.  The windows of a
convolution are laid out as the columns of a matrix, some rows of the pictures at a time, and the rest is matmuls.

Convolution is linear in the pictures and in the weights.  `convolve`, `spread` and `correlate` are the three ways to
read the same sum, over pictures, windows and weights, and each is the derivative of the two others.  The same holds for
the pairs `to_largest`, `from_largest` and `mean_pool`, `spread_means`.  So derivatives of any order stay among them.
"""

from __future__ import annotations

from collections.abc import Iterator
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

LAID_OUT = 1 << 20  # about as many numbers of windows are laid out at a time, so that memory stays small


# Memory ---------------------------------------------------------------------------------------------------------------


def inward(x: Any) -> Any:
    """Pictures with the batch as the last axis, which is their order in memory."""
    return x.transpose(1, 2, 3, 0)


def outward(x: Any) -> Any:
    """The opposite of `inward`."""
    return x.transpose(3, 0, 1, 2)


def padded(x: Any, padding: Pair) -> Any:
    """Pictures with rows and columns of zeros around them, the batch last, in the order of their axes."""
    x, (down, right) = inward(x), padding
    channels, height, width, batch = x.shape
    wide = np.zeros((channels, height + 2 * down, width + 2 * right, batch), x.dtype)
    wide[:, down : down + height, right : right + width] = x
    return wide


def along(x: Any, axis: int, size: int, stride: int) -> list[Any]:
    """The first entry of each window along an axis, the second of each, and so on, as views."""
    reach = x.shape[axis] - size + 1
    before = (slice(None),) * axis
    return [x[(*before, slice(i, i + reach, stride))] for i in range(size)]


def pieces(x: Any, size: Pair, stride: Pair) -> list[Any]:
    """For each place in a window the picture that consists of this entry of every window, as views; the batch is last.

    >>> [piece.ravel().tolist() for piece in pieces(np.arange(6).reshape(1, 2, 3, 1), (2, 2), (1, 1))]
    [[0, 1], [1, 2], [3, 4], [4, 5]]
    """
    tall = along(x, 1, size[0], stride[0])
    return [piece for row in tall for piece in along(row, 2, size[1], stride[1])]


def row_blocks(rows: int, numbers_per_row: int) -> Iterator[slice]:
    """The rows of a result in blocks whose windows are not more than `LAID_OUT` numbers, if a row allows it."""
    count = max(1, LAID_OUT // max(1, numbers_per_row))
    return (slice(start, min(start + count, rows)) for start in range(0, rows, count))


def under(block: slice, size: Pair, stride: Pair) -> slice:
    """The rows of a picture that the windows of a block of rows see."""
    return slice(block.start * stride[0], (block.stop - 1) * stride[0] + size[0])


def columns_of(x: Any, block: slice, size: Pair, stride: Pair, dtype: Any) -> Any:
    """The windows of a block of rows as columns of a matrix, ordered like the weights: channels, height, width."""
    places = pieces(x[:, under(block, size, stride)], size, stride)
    columns = np.empty((x.shape[0], len(places), *places[0].shape[1:]), dtype)
    for i, piece in enumerate(places):
        columns[:, i] = piece
    return columns.reshape(x.shape[0] * len(places), -1)


def rows_and_columns(shape: tuple[int, ...], size: Pair, stride: Pair) -> Pair:
    """How many windows there are below and beside each other in pictures of a shape that is (..., height, width)."""
    return (shape[-2] - size[0]) // stride[0] + 1, (shape[-1] - size[1]) // stride[1] + 1


# Convolution ----------------------------------------------------------------------------------------------------------


def convolve(x: Any, weights: Any, biases: Any = None, stride: Pair = (1, 1), padding: Pair = (0, 0)) -> Any:
    """The sum of each window of x times weights of shape (filters, channels, height, width), plus biases; see `Conv2d`.

    >>> convolve(np.arange(6.0).reshape(1, 1, 2, 3), np.ones((1, 1, 2, 2)))
    array([[[[ 8., 12.]]]])
    """
    filters, size, wide = weights.shape[0], weights.shape[2:], padded(x, padding)
    rows, columns = rows_and_columns(wide.shape[:3], size, stride)
    matrix = weights.reshape(filters, -1)
    dtype = np.result_type(x, weights, weights if biases is None else biases)
    sums = np.empty((filters, rows, columns, len(x)), dtype)
    for block in row_blocks(rows, matrix.shape[1] * columns * len(x)):
        flat = sums[:, block].reshape(filters, -1)
        np.matmul(matrix, columns_of(wide, block, size, stride, dtype), out=flat)
        if biases is not None:
            flat += biases[:, None]
    return outward(sums)


def spread(sums: Any, weights: Any, shape: tuple[int, ...], stride: Pair = (1, 1), padding: Pair = (0, 0)) -> Any:
    """Pictures of a shape in which each of the sums, times the weights, is added to all of its window.

    It is the transpose of `convolve`: sum(convolve(x, weights) * sums) is sum(x * spread(sums, weights, x.shape)).

    >>> spread(np.array([[[[1.0, 10.0]]]]), np.ones((1, 1, 2, 2)), (1, 1, 2, 3))
    array([[[[ 1., 11., 10.],
             [ 1., 11., 10.]]]])
    """
    sums = np.ascontiguousarray(inward(sums))
    filters, rows, columns, batch = sums.shape
    (_, channels, height, width), size, (down, right) = shape, weights.shape[2:], padding
    matrix = weights.reshape(filters, -1).T
    wide = np.zeros((channels, height + 2 * down, width + 2 * right, batch), np.result_type(sums, weights))
    for block in row_blocks(rows, len(matrix) * columns * batch):
        laid_out = (matrix @ sums[:, block].reshape(filters, -1)).reshape(channels, size[0] * size[1], -1)
        for i, piece in enumerate(pieces(wide[:, under(block, size, stride)], size, stride)):
            piece += laid_out[:, i].reshape(piece.shape)
    return outward(wide[:, down : down + height, right : right + width])


def correlate(sums: Any, x: Any, size: Pair, stride: Pair = (1, 1), padding: Pair = (0, 0)) -> Any:
    """Each window of x times its sum, added up over all windows, for each filter and channel.

    The result has the shape of the weights, and sum(convolve(x, weights) * sums) is sum(weights * correlate(sums, x)).

    >>> correlate(np.array([[[[1.0, 10.0]]]]), np.arange(6.0).reshape(1, 1, 2, 3), (2, 2))
    array([[[[10., 21.],
             [43., 54.]]]])
    """
    sums, wide = np.ascontiguousarray(inward(sums)), padded(x, padding)
    filters, rows, columns, batch = sums.shape
    channels, dtype = len(wide), np.result_type(sums, wide)
    total = np.zeros((channels * size[0] * size[1], filters), dtype)
    for block in row_blocks(rows, len(total) * columns * batch):
        total += columns_of(wide, block, size, stride, dtype) @ sums[:, block].reshape(filters, -1).T
    return total.T.reshape(filters, channels, *size)


def size_of(weights: Any) -> Pair:
    """Height and width of a window."""
    return tuple(weights.shape[2:])


convolve = define_rule(
    convolve,
    lambda g, ans, x, weights, biases=None, stride=(1, 1), padding=(0, 0): spread(g, weights, x.shape, stride, padding),
    lambda g, ans, x, weights, biases=None, stride=(1, 1), padding=(0, 0): correlate(
        g, x, size_of(weights), stride, padding
    ),
    lambda g, ans, x, weights, biases=None, stride=(1, 1), padding=(0, 0): np.sum(g, axis=(0, 2, 3)),
)
spread = define_rule(
    spread,
    lambda g, ans, sums, weights, shape, stride=(1, 1), padding=(0, 0): convolve(g, weights, None, stride, padding),
    lambda g, ans, sums, weights, shape, stride=(1, 1), padding=(0, 0): correlate(
        sums, g, size_of(weights), stride, padding
    ),
)
correlate = define_rule(
    correlate,
    lambda g, ans, sums, x, size, stride=(1, 1), padding=(0, 0): convolve(x, g, None, stride, padding),
    lambda g, ans, sums, x, size, stride=(1, 1), padding=(0, 0): spread(sums, g, x.shape, stride, padding),
)


# Pooling --------------------------------------------------------------------------------------------------------------


def max_pool(x: Any, size: Pair, stride: Pair) -> Any:
    """The largest entry of each window; see `MaxPool2d`."""
    x = inward(x)
    for axis in (1, 2):
        x, *others = along(x, axis, size[axis - 1], stride[axis - 1])
        for other in others:
            x = np.maximum(x, other)
    return outward(x)


def to_largest(g: Any, x: Any, largest: Any, size: Pair, stride: Pair) -> Any:
    """Pictures like x in which each entry of g goes to the largest entries of its window of x, in equal parts."""
    g, largest = inward(g), inward(largest)
    found = [piece == largest for piece in pieces(inward(x), size, stride)]
    count = np.zeros(g.shape, np.min_scalar_type(len(found)))
    for mask in found:
        count += mask
    shares = g if np.all(count == 1) else g / count.astype(g.dtype)
    total = np.zeros(inward(x).shape, g.dtype)
    for piece, mask in zip(pieces(total, size, stride), found):
        if stride[0] >= size[0] and stride[1] >= size[1]:
            np.multiply(shares, mask, out=piece)
        else:
            piece += shares * mask
    return outward(total)


def from_largest(g: Any, x: Any, largest: Any, size: Pair, stride: Pair) -> Any:
    """The mean of g over the largest entries of each window of x: the transpose of `to_largest`."""
    largest = inward(largest)
    found = [piece == largest for piece in pieces(inward(x), size, stride)]
    total, count = np.zeros(largest.shape, g.dtype), np.zeros(largest.shape, g.dtype)
    for piece, mask in zip(pieces(inward(g), size, stride), found):
        total += piece * mask
        count += mask
    return outward(total / count)


def mean_pool(x: Any, size: Pair, stride: Pair) -> Any:
    """The mean of each window; see `AvgPool2d`."""
    x = inward(x if x.dtype.kind in "fc" else x.astype(np.float64))  # bytes would overflow
    for axis in (1, 2):
        x, *others = along(x, axis, size[axis - 1], stride[axis - 1])
        for other in others:
            x = x + other
    return outward(x / (size[0] * size[1]))


def spread_means(g: Any, shape: tuple[int, ...], size: Pair, stride: Pair) -> Any:
    """Pictures of a shape in which each entry of g is spread evenly over its window: the transpose of `mean_pool`."""
    g = inward(g) / (size[0] * size[1])
    batch, channels, height, width = shape
    total = np.zeros((channels, height, width, batch), g.dtype)
    for piece in pieces(total, size, stride):
        piece += g
    return outward(total)


max_pool = define_rule(max_pool, lambda g, ans, x, size, stride: to_largest(g, x, ans, size, stride))
to_largest = define_rule(
    to_largest, lambda g, ans, _, x, largest, size, stride: from_largest(g, x, largest, size, stride)
)
from_largest = define_rule(
    from_largest, lambda g, ans, _, x, largest, size, stride: to_largest(g, x, largest, size, stride)
)
mean_pool = define_rule(mean_pool, lambda g, ans, x, size, stride: spread_means(g, x.shape, size, stride))
spread_means = define_rule(spread_means, lambda g, ans, _, shape, size, stride: mean_pool(g, size, stride))


# Layers ---------------------------------------------------------------------------------------------------------------


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
        sums = convolve(x, self.weights, self.biases, self.stride, self.padding)
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
