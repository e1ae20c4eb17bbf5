"""The exponential of a matrix, computed by scipy.

scipy's functions of arrays do not know Values; `tg.expm` is scipy.linalg.expm for both.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import define_rule
from .linear import flipped


def expm(a: Any) -> Any:
    """The exponential of a square matrix, sum of a**k / k!, or of each matrix in a stack.

    Its derivative is read from a matrix of twice the size (R. Mathias, "A chain rule for matrix functions", 1996):
    the exponential of [[b, g], [0, b]] has, in the place of g, the derivative at b in the direction of g.

    Raises:
        ImportError: if scipy is not installed.

    >>> import tinygrad_br as tg
    >>> turn = tg.expm(tg.Value([[0.0, 1.0], [-1.0, 0.0]]))
    >>> turn.data.round(4)
    array([[ 0.5403,  0.8415],
           [-0.8415,  0.5403]])
    """
    from scipy.linalg import expm

    return expm(a)


def expm_rule(g: Any, ans: Any, a: Any) -> Any:
    n, b = a.shape[-1], flipped(a)
    above = np.concatenate([b, g], axis=-1)
    below = np.concatenate([np.zeros_like(b), b], axis=-1)
    return expm(np.concatenate([above, below], axis=-2))[..., :n, n:]


expm = define_rule(expm, expm_rule)
