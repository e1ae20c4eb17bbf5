"""The slopes of silu, mish and gelu, which cross zero: right to 4 ULP, also beside the zero.

A sum of positive and negative terms has lost its digits where it is nearly 0.  So each slope is written as the
distance from its zero, which is known to 33 digits, times something positive; or as a sum of terms that have the sign
of the distance.  float32 is computed with float64, where its numbers are never as close to a zero: plain formulas do.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .normal import FAR, LEAST, damped, is_short, narrow, polynomial, wide

# the zeros, as sums of two floats
SILU_ZERO = (-1.2784645427610737, -1.0946994183093437e-16)
MISH_ZERO = (-1.1924312145154952, -4.8484829848031044e-17)
GELU_ZERO = (-0.7517915246935645, 1.4956759177009883e-17)

# exp at the zeros of silu and mish
SILU_EXP = 0.2784645427610738
MISH_EXP = 0.3034825352815289

# The slope of gelu at -y, divided by y - 0.75... and by -exp(-y**2 / 2), is this polynomial in (y - 5) / (y + 5) for y
# from 0 to 40: made as that of `normal_cdf`, and right to 1e-17.
GELU = (
    0.45143549526340543, -0.08979658026980383, 0.06048781355387043, -0.0355351214691459,
    0.017807831556908352, -0.007334310929260243, 0.002302183723112604, -0.000440530621854868,
    -1.5195770058706848e-05, 4.064697190070346e-05, -9.201188067624022e-06, -1.99273336118167e-06,
    1.3602393133582019e-06, 2.1399110533421173e-08, -1.6895855889410454e-07, 1.247009264121253e-08,
    2.2091868723509363e-08, -2.441770796936124e-09, -3.119985170246022e-09, 2.6288319224516864e-10,
    4.0165126741080037e-10, -3.5134000483149236e-12, -2.6748646564172296e-11,
)  # fmt: skip


def distance(x: Any, zero: tuple[float, float]) -> tuple[Any, Any]:
    """x - zero, and what its rounding left."""
    d = x - zero[0]
    return d, ((x - d) - zero[0]) - zero[1]


def silu_slope(x: Any) -> Any:
    """The slope of silu; that at -x and that at x add up to 1.

    It is (1 + x + exp(x)) / (exp(-x) + 2 + exp(x)), and 0 = 1 + z + exp(z) at the zero z: the numerator is
    x - z + exp(z) (exp(x - z) - 1).
    """
    if is_short(x):
        z = np.clip(wide(x), LEAST, 40)
        e = np.exp(z)
        return narrow(e * (1 + z + e) / np.square(1 + e), x)
    size = np.minimum(np.abs(x), 2000)
    first = np.minimum(size, -LEAST)
    growth = np.exp(first)
    d, rest = distance(-size, SILU_ZERO)
    numerator = d + (rest + SILU_EXP * np.expm1(d + rest))
    left = numerator / (growth + (2 + 1 / growth)) * np.exp(first - size)
    return np.where(x > 0, 1 - left, left)[()]


def mish_slope(x: Any) -> Any:
    """The slope of mish.

    With e = exp(x) it is e (4 + 4x + (6 + 4x) e + 4 e**2 + e**3) / (2 + 2e + e**2)**2.  With p = 1 + e, the zero z and
    q = 1 + exp(z), this is (x - z + (p - q) (p + q + 1 - 1 / (p q)) / 4) / (1 / e + p + e**3 / (4p)), of which no part
    cancels for x <= 0.  For x > 0 it is 1 less something small.
    """
    if is_short(x):
        z = np.clip(wide(x), LEAST, 40)
        e = np.exp(z)
        return narrow(e * (4 + 4 * z + e * (6 + 4 * z + e * (4 + e))) / np.square(2 + e * (2 + e)), x)
    below, first = np.clip(x, -2000, 0), np.clip(x, LEAST, 40)
    e = np.exp(first)
    p, q = 1 + e, 1 + MISH_EXP
    d, rest = distance(below, MISH_ZERO)
    step = (MISH_EXP / 4) * np.expm1(d + rest)
    numerator = d + (rest + step * ((q + 1) + p - (1 / q) / p))
    left = numerator / (np.exp(-first) + (p + e * e * e / (4 * p))) * np.exp(below - first)
    missing = 2 / (1 + p * p)  # from the 1 that tanh(softplus(x)) tends to
    return np.where(x > 0, 1 - missing * (1 - first * (e * p * missing)), left)[()]


def gelu_slope(x: Any) -> Any:
    """The slope of gelu; that at -x and that at x add up to 1."""
    left = np.maximum(-np.abs(x), -FAR)
    z = wide(left)
    terms = polynomial(GELU, (-5 - z) / (5 - z))
    factor = GELU[0] + terms
    d, rest = distance(z, GELU_ZERO)
    slope = damped(left, d * factor, d * ((GELU[0] - factor) + terms) + rest * factor)
    return narrow(np.where(x > 0, 1 - slope, slope), x)
