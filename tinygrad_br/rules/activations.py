"""Activation functions: our own functions of arrays, each with its derivative.

Forward and backward never overflow, keep float32, and the derivatives keep their digits in the tails, where the usual
formulas lose them: sigmoid'(39) = 1.15e-17 is not written as s * (1 - s), in which 1 - s is 0.  They are right to 4
ULP everywhere, beside the zeros of silu', mish' and gelu' too: `slopes` says how.

At the kinks: relu'(0) = 0 and leaky_relu'(0) = slope (the left derivative), and like `np.clip` the hard functions
pass the gradient at their bounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Node, define_rule, result_node
from . import slopes
from .auxiliary import is_small, mended, sech2
from .normal import normal_cdf, normal_pdf, wide

ZERO = np.float64(0.0)


def rectified(x: Any) -> Any:
    """max(x, 0) of plain numbers."""
    if x.__class__ is np.float64:  # 20 times as fast for a number as np.maximum
        return ZERO if x <= 0 else x
    return np.maximum(x, 0)


def relu(x: Any) -> Any:
    """The rectifier, max(x, 0), entry by entry; its derivative at 0 is 0.

    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    # recorded by hand, which takes half as long: networks of single numbers consist of additions, products and this
    return result_node(rectified(x._data), relu, (x,)) if isinstance(x, Node) else rectified(x)


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """x where x > 0, else slope * x.  `slope` may be a Value: then it is learned (PReLU).

    >>> leaky_relu(np.array([-2.0, 3.0]), 0.1)
    array([-0.2,  3. ])
    """
    return np.where(x > 0, x, slope * x)[()]


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x where x > 0, else alpha * (exp(x) - 1): Clevert et al., 2015, arXiv:1511.07289.

    >>> elu(np.array([-1.0, 3.0]))
    array([-0.63212056,  3.        ])
    """
    return np.where(x > 0, x, alpha * np.expm1(negative_part(x)))[()]


def selu(x: Any) -> Any:
    """1.0507 * elu(x, 1.6733), which keeps mean 0 and variance 1: Klambauer et al., 2017, arXiv:1706.02515.

    >>> selu(np.array([-1.0, 3.0])).round(4)
    array([-1.1113,  3.1521])
    """
    return SELU_SCALE * elu(x, SELU_ALPHA)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def negative_part(x: Any) -> Any:
    """x where x <= 0, else 0: the part that exp may have without overflow."""
    return np.where(x > 0, 0, x)


def sigmoid(x: Any) -> Any:
    """The logistic function 1 / (1 + exp(-x)), between 0 and 1.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    e = np.exp(-np.abs(x))
    return (np.where(x < 0, e, 1) / (1 + e))[()]


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), a smooth relu.

    >>> softplus(np.array([-1000.0, 0.0, 1000.0]))
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    """
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish: Hendrycks and Gimpel, 2016, arXiv:1606.08415.

    >>> silu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.2689,  0.    ,  0.7311])
    """
    return np.maximum(x, -60000) * sigmoid(x)


def mish(x: Any) -> Any:
    """x * tanh(softplus(x)): Misra, 2019, arXiv:1908.08681.

    >>> mish(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.3034,  0.    ,  0.8651])
    """
    return np.maximum(x, -60000) * np.tanh(softplus(x))


def hard_sigmoid(x: Any) -> Any:
    """The straight line x / 6 + 1 / 2, cut off at 0 and 1.

    >>> hard_sigmoid(np.array([-4.0, 0.0, 1.5, 4.0]))
    array([0.  , 0.5 , 0.75, 1.  ])
    """
    return np.clip(x / 6 + 0.5, 0, 1)


def hard_tanh(x: Any) -> Any:
    """x, cut off at -1 and 1.

    >>> hard_tanh(np.array([-4.0, 0.5, 4.0]))
    array([-1. ,  0.5,  1. ])
    """
    return np.clip(x, -1, 1)


def hard_swish(x: Any) -> Any:
    """x * hard_sigmoid(x): Howard et al., 2019, arXiv:1905.02244.

    >>> hard_swish(np.array([-4.0, 1.5, 4.0]))
    array([-0.   ,  1.125,  4.   ])
    """
    return np.maximum(x, -60000) * hard_sigmoid(x)


# Along an axis ------------------------------------------------------------------------------------------------------


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over an axis, several, or all: a smooth maximum, which does not overflow.

    >>> print(logsumexp(np.array([1000.0, 1000.0])).round(4))
    1000.6931
    """
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):  # the logarithm of 0 is right where all entries are -inf
        logarithm = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=keepdims))
    return logarithm + (top if keepdims else np.squeeze(top, axis))


def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)): positive numbers that add up to 1 along an axis.

    >>> softmax(np.array([1000.0, 1000.0, 0.0]))
    array([0.5, 0.5, 0. ])
    """
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """log(softmax(x)) without loss of digits: x - logsumexp(x) along an axis.

    >>> log_softmax(np.array([0.0, -1000.0]))
    array([    0., -1000.])
    """
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def expand(x: Any, axis: Any, keepdims: bool) -> Any:
    """The result of a reduction with its axes back, of length 1."""
    return x if axis is None or keepdims else np.expand_dims(x, axis)


def gelu(x: Any) -> Any:
    """x * normal_cdf(x), the exact form and not its tanh approximation: Hendrycks and Gimpel, arXiv:1606.08415.

    float32 and float64 are right to the last digits; longdouble is computed with float64.

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """
    return np.maximum(x, -60000) * normal_cdf(x)


# Derivatives ----------------------------------------------------------------------------------------------------------


def bounded(x: Any) -> Any:
    """x between -60000 and 60000: beyond, the factors that it is multiplied by are 0, and inf * 0 would be NaN."""
    return np.clip(x, -60000, 60000)


def sigmoid_slope(x: Any) -> Any:
    """sigmoid(x) * sigmoid(-x), with fewer roundings."""
    e = np.exp(-np.abs(x))
    return e / (1 + e * (2 + e))


def scaled_exp(x: Any, factor: Any) -> Any:
    """factor * exp(x)."""
    if isinstance(factor, (int, float)) and abs(factor) <= 7:
        return factor * np.exp(x)
    return general_scaled_exp(x, factor)


def general_scaled_exp(x: Any, factor: Any) -> Any:
    """factor * exp(x) for x <= 0, where a large factor would multiply what exp(x) has lost as a denormal number."""

    def by_roots(x: Any, factor: Any) -> Any:
        root = np.exp(wide(x) / 2)
        return factor * root * root

    power = np.exp(x)
    return mended(factor * power, is_small(power), by_roots, x, factor)


def centred(g: Any, p: Any, axis: Any = -1) -> Any:
    """g less its mean, with the weights p that add up to 1.

    Where one of them is nearly 1, its g is nearly the mean, and their difference only rounding: a second time finds it.
    """
    once = g - np.sum(g * p, axis=axis, keepdims=True)
    return once - np.sum(once * p, axis=axis, keepdims=True)


def relu_rule(g: Any, ans: Any, x: Any) -> Any:
    if x.__class__ is np.float64:  # a number that is no Value: Python chooses faster than NumPy multiplies
        return g if x > 0 else ZERO
    return g * (x > 0)


relu.recorded, relu.__wrapped__ = True, rectified  # type: ignore[attr-defined]
define_rule(relu, relu_rule)
leaky_relu = define_rule(
    leaky_relu,
    lambda g, ans, x, slope=0.01: g * np.where(x > 0, 1, slope),
    lambda g, ans, x, slope=0.01: g * negative_part(x),
)
elu = define_rule(
    elu,
    lambda g, ans, x, alpha=1.0: g * np.where(x > 0, 1, scaled_exp(negative_part(x), alpha)),
    lambda g, ans, x, alpha=1.0: g * np.expm1(negative_part(x)),
)
general_scaled_exp = define_rule(
    general_scaled_exp, lambda g, ans, x, factor: g * ans, lambda g, ans, x, factor: g * np.exp(x)
)
selu = define_rule(selu, lambda g, ans, x: g * (SELU_SCALE * np.where(x > 0, 1, SELU_ALPHA * np.exp(negative_part(x)))))
sigmoid_slope = define_rule(sigmoid_slope, lambda g, ans, x: -g * ans * np.tanh(x / 2))
silu_slope = define_rule(
    slopes.silu_slope, lambda g, ans, x: g * sigmoid_slope(x) * (2 - bounded(x) * np.tanh(bounded(x) / 2))
)
mish_slope = define_rule(
    slopes.mish_slope,
    lambda g, ans, x: (
        g * sech2(softplus(x)) * sigmoid(x)
        * (2 + bounded(x) * (sigmoid(-x) - 2 * np.tanh(softplus(x)) * sigmoid(x)))
    ),
)  # fmt: skip
gelu_slope = define_rule(slopes.gelu_slope, lambda g, ans, x: g * normal_pdf(x) * (2 - np.square(np.clip(x, -40, 40))))
sigmoid = define_rule(sigmoid, lambda g, ans, x: g * sigmoid_slope(x))
softplus = define_rule(softplus, lambda g, ans, x: g * sigmoid(x))
silu = define_rule(silu, lambda g, ans, x: g * silu_slope(x))
mish = define_rule(mish, lambda g, ans, x: g * mish_slope(x))
gelu = define_rule(gelu, lambda g, ans, x: g * gelu_slope(x))
hard_sigmoid = define_rule(hard_sigmoid, lambda g, ans, x: g * (np.abs(x) <= 3) / 6)
hard_tanh = define_rule(hard_tanh, lambda g, ans, x: g * (np.abs(x) <= 1))
hard_swish = define_rule(hard_swish, lambda g, ans, x: g * np.where(np.abs(x) <= 3, (2 * bounded(x) + 3) / 6, x > 3))
logsumexp = define_rule(
    logsumexp,
    lambda g, ans, x, axis=None, keepdims=False: expand(g, axis, keepdims) * np.exp(x - expand(ans, axis, keepdims)),
)
softmax = define_rule(softmax, lambda g, ans, x, axis=-1: ans * centred(g, ans, axis))
log_softmax = define_rule(log_softmax, lambda g, ans, x, axis=-1: g - np.exp(ans) * np.sum(g, axis=axis, keepdims=True))
