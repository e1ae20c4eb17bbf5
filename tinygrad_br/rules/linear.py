"""What the rules of linear functions share.

The rule of a linear function is its transpose, for real and for complex numbers: see "Complex numbers" in the contract,
`rules/__init__.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import define_rule


def flipped(x: Any) -> Any:
    """The transpose of a matrix or of each matrix in a stack, a view."""
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


def summed_at(size: int, positions: Any, values: Any) -> Any:
    """A flat array of zeros to which each value is added at its position; positions may repeat."""
    if values.dtype.kind == "f" and values.dtype.itemsize <= 8:
        return np.bincount(positions.ravel(), values.ravel(), size)
    result = np.zeros(size, values.dtype)
    np.add.at(result, positions.ravel(), values.ravel())
    return result


def transposed(g: Any, function: Callable[..., Any], shape: tuple[int, ...], *args: Any, **kwargs: Any) -> Any:
    """The transpose of a rearrangement: of a function whose results are entries of its argument, or zeros.

    The function itself tells where each entry goes: it is called on the entries' positions, counted from 1.
    `g` broadcasts to the shape of its result.
    """
    size = int(np.prod(shape))
    positions = function(np.arange(1, size + 1).reshape(shape), *args, **kwargs)
    return summed_at(size + 1, positions, np.broadcast_to(g, positions.shape))[1:].reshape(shape)


transposed = define_rule(transposed, lambda h, ans, g, function, shape, *args, **kwargs: function(h, *args, **kwargs))


def rearrangement(function: Any) -> None:
    """Give a function whose results are entries of its first argument, or zeros, its rule."""
    define_rule(function, lambda g, ans, x, *args, **kwargs: transposed(g, function, np.shape(x), *args, **kwargs))
