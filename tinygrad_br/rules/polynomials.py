"""What np.poly... do with Values: compositions of products, convolutions and linear algebra.

Coefficients come highest power first, as NumPy's; leading zeros are cut off where NumPy cuts them off.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dispatch import composed, operand
from .auxiliary import read


@composed(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    result = np.zeros_like(operand(x))
    for coefficient in operand(p):
        result = result * x + coefficient
    return result


def aligned(a: Any, b: Any) -> tuple[Any, Any]:
    """Two polynomials with as many coefficients."""
    a, b = np.atleast_1d(operand(a)), np.atleast_1d(operand(b))
    size = max(len(a), len(b))
    return np.pad(a, (size - len(a), 0)), np.pad(b, (size - len(b), 0))


@composed(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    return np.add(*aligned(a1, a2))


@composed(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    return np.subtract(*aligned(a1, a2))


@composed(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    a1, a2 = (np.trim_zeros(np.atleast_1d(operand(p)), "f") for p in (a1, a2))
    return np.convolve(a1 if len(a1) else np.zeros(1), a2 if len(a2) else np.zeros(1))


@composed(np.polydiv)
def polydiv(u: Any, v: Any) -> Any:
    """Division with a remainder, whose leading coefficients are cut off where they are zero but for rounding."""
    rest, v = np.atleast_1d(operand(u)) + 0.0, np.atleast_1d(operand(v)) + 0.0
    scale, quotient = 1.0 / v[0], []
    for k in range(len(rest) - len(v) + 1):
        factor, end = scale * rest[k], k + len(v)
        quotient.append(factor)
        rest = np.concatenate([rest[:k], rest[k:end] - factor * v, rest[end:]])
    cut = 0
    while len(rest) > cut + 1 and np.allclose(read(rest[cut], "np.polydiv"), 0, rtol=1e-14):
        cut += 1
    return np.stack(quotient) if quotient else 0 * v[:1], rest[cut:]


@composed(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    p = operand(p)
    if m < 0:
        raise ValueError(f"np.polyder takes a derivative of order 0 or more, but got {m}")
    for _ in range(m):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@composed(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    p = operand(p)
    constants = np.zeros(m) if k is None else operand(k)
    constants = constants * np.ones(m) if np.ndim(constants) == 0 or len(constants) == 1 < m else constants
    if m < 0 or len(constants) < m:
        raise ValueError(f"np.polyint of order {m} takes as many constants, but got {len(constants)}")
    for i in range(m):
        p = np.concatenate([p / np.arange(len(p), 0, -1), constants[i : i + 1]])
    return p


@composed(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    zeros = np.atleast_1d(operand(seq_of_zeros))
    zeros = np.linalg.eigvals(zeros) if zeros.ndim == 2 else zeros
    coefficients = np.ones(1, zeros.dtype)
    for i in range(len(zeros)):
        coefficients = np.convolve(coefficients, np.concatenate([np.ones(1, zeros.dtype), -zeros[i : i + 1]]))
    roots = read(zeros, "np.poly")
    conjugates = np.iscomplexobj(roots) and np.all(np.sort(roots) == np.sort(np.conjugate(roots)))
    return np.real(coefficients) if conjugates else coefficients


@composed(np.roots)
def roots(p: Any) -> Any:
    """The eigenvalues of the companion matrix."""
    p = np.atleast_1d(operand(p))
    places = np.flatnonzero(read(p, "np.roots"))
    if len(places) < 1:
        return p[:0]
    inside = p[int(places[0]) : int(places[-1]) + 1]
    zeros = np.zeros(len(p) - 1 - int(places[-1]))
    if len(inside) < 2:
        return np.concatenate([inside[:0], zeros])
    first = np.reshape(-inside[1:] / inside[0], (1, -1))
    found = np.linalg.eigvals(np.concatenate([first, np.eye(len(inside) - 2, len(inside) - 1)]))
    return np.concatenate([found, zeros])


@composed(np.polyfit)
def polyfit(x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    """The least-squares polynomial, with columns scaled to length 1 as NumPy's."""
    if full or cov:
        raise TypeError("np.polyfit of Values gives the coefficients only: call it without full= and cov=")
    x, y = operand(x), operand(y)
    left = np.vander(x, int(deg) + 1)
    if w is not None:
        w = operand(w)
        left, y = left * w[:, None], y * (w[:, None] if y.ndim == 2 else w)
    scale = np.sqrt(np.sum(left * left, axis=0))
    found = np.linalg.lstsq(left / scale, y, len(x) * np.finfo(x.dtype).eps if rcond is None else rcond)[0]
    return np.transpose(np.transpose(found) / scale)
