"""Derivatives of Fourier transforms.

The matrix of the discrete Fourier transform is symmetric, and so is that of its inverse: each is its own transpose.
What remains is the length, n= or s=: the transform cuts its argument or lengthens it with zeros, so the cotangent is
cut or lengthened back.  The transforms of real numbers compute half of the whole one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dispatch import composed, operand
from ..engine import define_rule

OTHER_WAY: dict[Any, Any] = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


def fitted(c: Any, shape: Sequence[int]) -> Any:
    """Cut, or lengthened with zeros at the end of each axis, to a shape."""
    c = c[tuple(map(slice, shape))]
    return c if c.shape == tuple(shape) else np.pad(c, [(0, n - m) for n, m in zip(shape, c.shape)])


def lengths(x: Any, s: Any, axes: Any) -> tuple[list[int], list[int]]:
    """The lengths and the axes that a transform of several axes uses."""
    if axes is None:
        axes = range(-len(s), 0) if s is not None else range(-np.ndim(x), 0)
    shape = np.shape(x)
    return [shape[i] if n in (None, -1) else n for n, i in zip(s or [None] * len(axes), axes)], list(axes)


def twice_inside(c: Any, n: int, axis: int) -> Any:
    """Doubled but for frequency 0 and, of an even n, the highest: these have no twin among the ones left out."""
    weights = np.full(c.shape[axis], 2.0, c.real.dtype)
    weights[0] = 1
    if n % 2 == 0:
        weights[n // 2] = 1
    return c * np.reshape(weights, [-1 if i == axis % c.ndim else 1 for i in range(c.ndim)])


# one axis

define_rule(np.fft.fft, lambda g, ans, x, n=None, axis=-1, norm=None: fitted(np.fft.fft(g, None, axis, norm), x.shape))
define_rule(
    np.fft.ifft, lambda g, ans, x, n=None, axis=-1, norm=None: fitted(np.fft.ifft(g, None, axis, norm), x.shape)
)


def rfft_rule(g: Any, ans: Any, x: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """The missing half of the cotangent is 0; the engine takes the real part."""
    n = x.shape[axis] if n is None else n
    return fitted(np.fft.fft(g, n, axis, norm), x.shape)


def irfft_rule(g: Any, ans: Any, x: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """A frequency inside stands for its twin too; of the first and the last one only the real part counts."""
    n = ans.shape[axis]
    return fitted(twice_inside(np.conjugate(np.fft.rfft(g, n, axis, OTHER_WAY[norm])), n, axis), x.shape)


define_rule(np.fft.rfft, rfft_rule)
define_rule(np.fft.irfft, irfft_rule)


@composed(np.fft.hfft)
def hfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    return np.fft.irfft(np.conjugate(a), n, axis, OTHER_WAY[norm])


@composed(np.fft.ihfft)
def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    return np.conjugate(np.fft.rfft(a, n, axis, OTHER_WAY[norm]))


# several axes


def whole_rule(function: Any) -> None:
    def rule(g: Any, ans: Any, x: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
        return fitted(function(g, None, lengths(x, s, axes)[1], norm), x.shape)

    define_rule(function, rule)


whole_rule(np.fft.fftn)
whole_rule(np.fft.ifftn)


def rfftn_rule(g: Any, ans: Any, x: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    s, axes = lengths(x, s, axes)
    return fitted(np.fft.fftn(g, s, axes, norm), x.shape)


def irfftn_rule(g: Any, ans: Any, x: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    _, axes = lengths(x, s, axes)
    half = np.conjugate(np.fft.rfftn(g, None, axes, OTHER_WAY[norm]))
    return fitted(twice_inside(half, ans.shape[axes[-1]], axes[-1]), x.shape)


define_rule(np.fft.rfftn, rfftn_rule)
define_rule(np.fft.irfftn, irfftn_rule)


def two_axes(function: Any, several: Any) -> None:
    @composed(function)
    def transform(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
        return several(operand(a), s, axes, norm)


two_axes(np.fft.fft2, np.fft.fftn)
two_axes(np.fft.ifft2, np.fft.ifftn)
two_axes(np.fft.rfft2, np.fft.rfftn)
two_axes(np.fft.irfft2, np.fft.irfftn)

# order of frequencies

define_rule(np.fft.fftshift, lambda g, ans, x, axes=None: np.fft.ifftshift(g, axes))
define_rule(np.fft.ifftshift, lambda g, ans, x, axes=None: np.fft.fftshift(g, axes))
