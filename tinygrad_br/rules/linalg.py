"""Derivatives of linear algebra, of one matrix or of each matrix in a stack.

Sources: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
(2008), for inv, solve and det; G. Golub and V. Pereyra (SIAM J. Numer. Anal. 10, 1973) for pinv and lstsq; I. Murray,
"Differentiation of the Cholesky decomposition" (arXiv:1602.07527); S. Walter and L. Lehmann, "Algorithmic
differentiation of linear algebra functions" (arXiv:1001.1654), for qr and eigh; J. Townsend, "Differentiating the
singular value decomposition" (2016), with the phases of complex vectors after Z. Wan and S. Zhang (arXiv:1909.02659);
C. Boeddeker et al., "On the computation of complex-valued gradients" (arXiv:1701.00392), for eig.

A decomposition is differentiated where it is smooth.  Singular or eigenvectors that belong to equal values are not
determined by the matrix, so their derivatives are infinite; the values alone always have theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..dispatch import COMPOSED, composed, operand
from ..engine import Node, data_of, define_rule, record
from .auxiliary import conj, ratio
from .linear import flipped

# what the rules below are written with


def H(x: Any) -> Any:  # noqa: N802, its name in the literature
    """The conjugate transpose of each matrix."""
    return conj(flipped(x))


def on_diagonal(x: Any) -> Any:
    """Diagonal matrices of vectors."""
    return x[..., None] * np.eye(x.shape[-1], dtype=x.real.dtype)


def lower_half(x: Any) -> Any:
    """The lower triangle with half of the diagonal: the linear map that Giles and Murray call phi."""
    n = x.shape[-1]
    return x * (np.tri(n, k=-1, dtype=x.real.dtype) + np.eye(n, dtype=x.real.dtype) / 2)


def read_from(m: Any, triangle: str) -> Any:
    """A cotangent of a symmetric matrix of which NumPy reads one triangle only: it goes there and nowhere else."""
    lower = lower_half(m + H(m))
    return lower if triangle == "L" else H(lower)


def gaps(x: Any) -> Any:
    """x[j] - x[i] for all i, j."""
    return x[..., None, :] - x[..., :, None]


def over(x: Any, gap: Any) -> Any:
    """x / gap, and 0 where x is 0: what nothing asks for does not become NaN where two values are equal."""
    return np.where(x == 0, 0, x / np.where(x == 0, 1, gap))


def off_diagonal(x: Any) -> Any:
    return x * (1 - np.eye(x.shape[-1], dtype=x.real.dtype))


def without_phase(x: Any, function: str) -> Any:
    """Check that V^H gV has a real diagonal: else the result would depend on the phase of complex vectors."""
    diagonal = np.diagonal(data_of(x), axis1=-2, axis2=-1)
    bound = np.sqrt(np.finfo(diagonal.dtype).eps) * np.max(np.abs(data_of(x)), initial=1e-300)
    if np.any(np.abs(diagonal.imag) > bound):
        raise ValueError(
            f"this gradient depends on the phase of the complex vectors of np.linalg.{function}, which is arbitrary; "
            "differentiate something that does not, such as abs(v) or v * conj(v[0])"
        )
    return x


def conjugated(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The rule from a formula of the literature, which is for gradients, the conjugates of the engine's cotangents."""

    def conjugated_rule(g: Any, *args: Any, **kwargs: Any) -> Any:
        return conj(rule([*map(conj, g)] if isinstance(g, list) else conj(g), *args, **kwargs))

    return conjugated_rule


# inverses

define_rule(np.linalg.inv, lambda g, ans, a: -flipped(ans) @ g @ flipped(ans))


def solve_right(g: Any, ans: Any, a: Any, b: Any) -> Any:
    """b of solve(a, b) gets solve(a.T, g); NumPy takes b for vectors only if it is one."""
    return np.linalg.solve(flipped(a), g) if np.ndim(b) > 1 else np.linalg.solve(flipped(a), g[..., None])[..., 0]


def solve_left(g: Any, ans: Any, a: Any, b: Any) -> Any:
    share = solve_right(g, ans, a, b)
    return -share @ flipped(ans) if np.ndim(b) > 1 else -share[..., :, None] * ans[..., None, :]


define_rule(np.linalg.solve, solve_left, solve_right)


def ordered_qr(a: Any) -> tuple[Any, Any]:
    """An orthonormal basis q, and the matrix that gives pinv(a), of a tall a, times H of the first columns of q.

    The rows and columns are taken in the order of their sizes, so that small ones keep their digits beside large ones.
    (A. Cox and N. Higham, "Stability of Householder QR factorization for weighted least squares problems", 1998.)
    """
    size = np.abs(a)
    rows, columns = np.argsort(-size.max(-1), axis=-1), np.argsort(-size.max(-2), axis=-1)
    a = np.take_along_axis(np.take_along_axis(a, rows[..., :, None], -2), columns[..., None, :], -1)
    q, r = np.linalg.qr(a, mode="complete")
    inverse = np.linalg.inv(r[..., : a.shape[-1], :])
    return (
        np.take_along_axis(q, np.argsort(rows, axis=-1)[..., :, None], -2),
        np.take_along_axis(inverse, np.argsort(columns, axis=-1)[..., :, None], -2),
    )


def pseudoinverse(a: Any, p: Any) -> tuple[Any, Any, Any]:
    """The pseudoinverse of a, 1 - a p and 1 - p a, from the pseudoinverse p that NumPy found.

    Where the rank is full, all have the digits that p lost beside large numbers, and that the differences cancel.
    """
    rows, columns = a.shape[-2:]
    if rows < columns:
        p, below, beside = pseudoinverse(H(a), H(p))
        return H(p), beside, below
    rank = np.rint(np.trace(p @ a, axis1=-2, axis2=-1).real)[..., None, None]
    if np.any(rank < columns):
        beside = np.where(rank < rows, np.eye(rows, dtype=a.dtype) - a @ p, 0)
        return p, beside, np.where(rank < columns, np.eye(columns, dtype=a.dtype) - p @ a, 0)
    q, inverse = ordered_qr(a)
    rest = q[..., columns:]
    return inverse @ H(q[..., :columns]), rest @ H(rest), np.zeros((*a.shape[:-2], columns, columns), a.dtype)


def pinv_formula(g: Any, p: Any, beside: Any, below: Any) -> Any:
    return beside @ H(g) @ p @ H(p) + H(p) @ p @ H(g) @ below - H(p) @ g @ H(p)


def pseudoinverse_rule(g: Any, ans: Any, a: Any, p: Any) -> Any:
    (g, g_beside, g_below), (p, beside, below) = g, ans
    return pinv_formula(g, *ans) - beside @ (g_beside + H(g_beside)) @ H(p) - H(p) @ (g_below + H(g_below)) @ below


pseudoinverse = define_rule(pseudoinverse, conjugated(pseudoinverse_rule), None)
define_rule(np.linalg.pinv, conjugated(lambda g, ans, a, *args, **kwargs: pinv_formula(g, *pseudoinverse(a, ans))))


@composed(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, **kwargs: Any) -> Any:
    if hermitian:
        raise TypeError("np.linalg.pinv with hermitian=True is not recorded; call it without, the result is the same")
    return record(np.linalg.pinv, (operand(a),), kwargs if rcond is None else {"rcond": rcond})


def inverted(a: Any, rcond: Any) -> tuple[Any, Any, Any]:
    """What `pseudoinverse` gives for the matrix of lstsq, whose small singular values count as 0."""
    return pseudoinverse(a, np.linalg.pinv(a, np.finfo(a.dtype).eps * max(a.shape) if rcond is None else rcond))


def columns_of(x: Any) -> Any:
    return x[:, None] if np.ndim(x) == 1 else x


def lstsq_left(gs: Any, ans: Any, a: Any, b: Any, rcond: Any = None) -> Any:
    """x = pinv(a) b; the sums of squared residuals are of r = b - a x, which is orthogonal to the columns of a."""
    gx, g_squares, _, g_values = gs
    b, (p, beside, below), (u, _, vh) = columns_of(b), inverted(a, rcond), np.linalg.svd(a, full_matrices=False)
    ga = pinv_formula(columns_of(gx) @ H(b), p, beside, below) + (u * g_values) @ vh
    return ga - 2 * g_squares * (beside @ b) @ H(p @ b) if g_squares.size else ga


def lstsq_right(gs: Any, ans: Any, a: Any, b: Any, rcond: Any = None) -> Any:
    gx, g_squares, _, _ = gs
    p, beside, _ = inverted(a, rcond)
    gb = H(p) @ columns_of(gx)
    gb = gb + 2 * g_squares * (beside @ columns_of(b)) if g_squares.size else gb
    return gb[:, 0] if np.ndim(b) == 1 else gb


define_rule(np.linalg.lstsq, conjugated(lstsq_left), conjugated(lstsq_right))


@composed(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    rows = int(np.prod(a.shape[ind:]))
    return np.reshape(np.linalg.inv(np.reshape(a, (rows, -1))), a.shape[ind:] + a.shape[:ind])


@composed(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = operand(a), operand(b)
    last = [] if axes is None else list(axes)
    a = np.transpose(a, [i for i in range(np.ndim(a)) if i not in last] + last)
    shape = np.shape(a)[np.ndim(b) :]
    size = int(np.prod(shape))
    return np.reshape(np.linalg.solve(np.reshape(a, (size, size)), np.ravel(b)), shape)


@composed(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    if n == 0:
        return Node.value_class(np.zeros_like(a) + np.eye(a.shape[-1], dtype=a.dtype))  # type: ignore[call-arg]
    power, n = (np.linalg.inv(a), -n) if n < 0 else (+a, n)
    result = None
    if n == 3:
        return power @ power @ power
    while n:
        if n % 2:
            result = power if result is None else result @ power
        n //= 2
        power = power @ power if n else power
    return result


# determinants

SMALL = 6  # matrices with no more rows have so few minors that each is looked at


def of_others(s: Any, count: int) -> Any:
    """The products of all entries of a vector but one, or but two: an array with `count` more axes in place of one."""
    n = s.shape[-1]
    one = np.eye(n, dtype=bool)
    left_out = one if count == 1 else one[:, None] | one[None]
    return np.prod(np.where(left_out, 1, s[(..., *(None,) * count, slice(None))]), axis=-1)


def phase_of(u: Any, vh: Any) -> Any:
    """The determinant of the product of two unitary matrices: 1 or -1 if they are real."""
    product = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    return product / np.abs(product)


def cofactors_from_svd(a: Any) -> Any:
    """With a = u s v, the determinants of u and v times conj(u) diag(products of the other s) conj(v)."""
    u, s, vh = np.linalg.svd(a)
    phase = phase_of(u, vh)
    return phase * ((conj(u) * of_others(s, 1)[..., None, :]) @ conj(vh))


def cofactors_rule(g: Any, ans: Any, a: Any) -> Any:
    """In the bases u and v the second derivative of det is a sum of x[i,i] y[j,j] - x[i,j] y[j,i] over all i != j,
    times the products of the singular values that are neither i's nor j's."""
    u, s, vh = np.linalg.svd(a)
    phase = phase_of(u, vh)
    x, products = H(u) @ g @ H(vh), off_diagonal(of_others(s, 2))
    diagonal = np.sum(products * np.diagonal(x, axis1=-2, axis2=-1)[..., None, :], axis=-1)
    return phase * (conj(u) @ (on_diagonal(diagonal) - flipped(products * x)) @ conj(vh))


cofactors_from_svd = define_rule(cofactors_from_svd, cofactors_rule)


def minors(a: Any) -> Any:
    """The matrix without row i and column j, for all i and j: a stack with two more axes."""
    n = a.shape[-1]
    others = np.nonzero(~np.eye(n, dtype=bool))[1].reshape(n, max(n - 1, 0))
    return a[..., others[:, None, :, None], others[None, :, None, :]]


def cofactors(a: Any) -> Any:
    """The derivative of the determinant, det(a) inv(a).T, also where a is singular.

    They are the determinants of the minors, which are as exact for entries of very different sizes as the determinant
    itself; but there are n**2 of them, so for large matrices all are found at once.
    """
    n = a.shape[-1]
    if n > SMALL:
        return cofactors_from_svd(a)
    signs = (1 - 2 * (np.add.outer(range(n), range(n)) % 2)).astype(a.real.dtype)
    return signs * np.linalg.det(minors(a))


define_rule(np.linalg.det, lambda g, ans, a: g[..., None, None] * cofactors(a))


def slogdet_rule(g: Any, ans: Any, a: Any) -> Any:
    g_sign, g_log = g
    if np.iscomplexobj(a):  # the sign is det / |det| and turns with the determinant's phase
        g_log = g_log + 1j * np.imag(g_sign * ans[0])
    return g_log[..., None, None] * flipped(np.linalg.inv(a))


define_rule(np.linalg.slogdet, slogdet_rule)
define_rule(np.linalg.matrix_rank)

# decompositions


def cholesky_rule(g: Any, ans: Any, a: Any, *, upper: bool = False) -> Any:
    factor, g = (H(ans), H(g)) if upper else (ans, g)
    inverse = H(np.linalg.inv(H(factor)))  # of an upper triangle, for which LAPACK exchanges no rows
    return read_from(H(inverse) @ lower_half(H(factor) @ g) @ inverse, "U" if upper else "L")


define_rule(np.linalg.cholesky, conjugated(cholesky_rule))


def qr_formula(gq: Any, gr: Any, q: Any, r: Any) -> Any:
    """Of a matrix that has at least as many rows as columns.

    (The formula of the literature adds what it then subtracts above the diagonal: that is left out here.)
    """
    above, inner = lower_half(r @ H(gr)), H(q) @ gq
    beside = gq - q @ inner if q.shape[-2] > q.shape[-1] else 0
    return (q @ (above + H(above) + lower_half(inner - H(inner))) + beside) @ H(np.linalg.inv(r))


def qr_rule(g: Any, ans: Any, a: Any, mode: str = "reduced") -> Any:
    q, r = ans if mode != "r" else np.linalg.qr(a)
    gq, gr = g if mode != "r" else (np.zeros(q.shape, q.dtype), g)
    m = a.shape[-2]
    if m >= a.shape[-1]:
        return qr_formula(gq, gr, q, r)
    # the columns beyond the m-th are q.T times those of a
    gq = gq + a[..., m:] @ H(gr[..., m:])
    return np.concatenate([qr_formula(gq, gr[..., :m], q, r[..., :m]), q @ gr[..., m:]], axis=-1)


define_rule(np.linalg.qr, conjugated(qr_rule))


@composed(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    rows, columns = np.shape(a)[-2:]
    if mode not in ("reduced", "r", "complete") or (mode == "complete" and rows > columns):
        raise TypeError(
            f"np.linalg.qr with mode={mode!r} has no derivative: a gives no unique basis beside its columns; "
            "use mode='reduced' or mode='r'"
        )
    return record(np.linalg.qr, (operand(a),), {"mode": "r" if mode == "r" else "reduced"})


def svd_rule(g: Any, ans: Any, a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    if not compute_uv:
        u, _, vh = np.linalg.svd(a, full_matrices=False)
        return (u * g[..., None, :]) @ vh
    (gu, gs, gvh), (u, s, vh) = g, ans
    v, gv = H(vh), H(gvh)
    left, right = H(u) @ gu, H(v) @ gv
    if np.iscomplexobj(a):
        without_phase(left + right, "svd")
    gap, row, column = gaps(np.square(s)), s[..., None, :], s[..., :, None]
    middle = over(off_diagonal(left - H(left)), gap) * row + column * over(off_diagonal(right - H(right)), gap)
    middle = middle + on_diagonal(gs)
    if np.iscomplexobj(a):
        middle = middle + on_diagonal(over(1j * np.imag(np.diagonal(left, axis1=-2, axis2=-1)), s))
    beside, below = over(gu - u @ left, row), over(H(gv - v @ right), column)
    return (u @ middle + beside) @ vh + u @ below


define_rule(np.linalg.svd, conjugated(svd_rule))


@composed(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    a = operand(a)
    if hermitian:
        raise TypeError("np.linalg.svd with hermitian=True is not recorded; use np.linalg.eigh of the same matrix")
    if compute_uv and full_matrices and a.shape[-1] != a.shape[-2]:
        raise TypeError(
            "np.linalg.svd with full_matrices=True has no derivative: the vectors beyond the singular values are not "
            "determined by the matrix; pass full_matrices=False"
        )
    return record(np.linalg.svd, (a,), {"full_matrices": False, "compute_uv": compute_uv})


COMPOSED[np.linalg.svdvals] = lambda x: np.linalg.svd(x, compute_uv=False)


def eigh_rule(g: Any, ans: Any, a: Any, UPLO: str = "L") -> Any:
    (gw, gv), (w, v) = g, ans
    inner = H(v) @ gv
    if np.iscomplexobj(v):
        without_phase(inner, "eigh")
    return read_from(v @ (on_diagonal(gw) + over(off_diagonal(inner), gaps(w))) @ H(v), UPLO.upper())


def eigvalsh_rule(g: Any, ans: Any, a: Any, UPLO: Any = "L") -> Any:
    v = np.linalg.eigh(a, UPLO)[1]
    return read_from((v * g[..., None, :]) @ H(v), UPLO.upper())


define_rule(np.linalg.eigh, conjugated(eigh_rule))
define_rule(np.linalg.eigvalsh, conjugated(eigvalsh_rule))


def eig_rule(g: Any, ans: Any, a: Any) -> Any:
    """The eigenvectors have length 1, which takes the part of gv along each of them away."""
    (gw, gv), (w, v) = g, ans
    inner = H(v) @ gv
    if np.iscomplexobj(v):
        without_phase(inner, "eig")
    inner = inner - H(v) @ v * np.real(np.diagonal(inner, axis1=-2, axis2=-1))[..., None, :]
    return H(np.linalg.inv(v)) @ (on_diagonal(gw) + over(off_diagonal(inner), conj(gaps(w)))) @ H(v)


def eigvals_rule(g: Any, ans: Any, a: Any) -> Any:
    """LAPACK may find the eigenvalues in another order when it computes vectors too: each takes the nearest one."""
    w, v = np.linalg.eig(a)
    nearest = np.argmin(np.abs(data_of(w)[..., :, None] - data_of(ans)[..., None, :]), axis=-1)
    return H(np.linalg.inv(v)) @ on_diagonal(np.take_along_axis(g, nearest, axis=-1)) @ H(v)


define_rule(np.linalg.eig, conjugated(eig_rule))
define_rule(np.linalg.eigvals, conjugated(eigvals_rule))

# norms


def norm_rule(g: Any, ans: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """d|x|_p / dx = x |x|**(p-2) / |x|_p**(p-1), and 0 where the norm is 0."""
    p = 2 if ord in (None, "fro", "f") else ord
    if not keepdims:
        axes = tuple(range(x.ndim)) if axis is None else axis
        g, ans = np.expand_dims(g, axes), np.expand_dims(ans, axes)
    if p == 2:
        return g * ratio(np.conjugate(x), ans)
    size = np.where(x == 0, 1, np.abs(x))
    slope = (np.conjugate(x) / size) * (size / np.where(ans == 0, 1, ans)) ** (p - 1)
    return g * np.where(ans == 0, 0, slope)


define_rule(np.linalg.norm, norm_rule)


@composed(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = operand(x)
    axes = tuple(range(x.ndim)) if axis is None else tuple(i % x.ndim for i in np.atleast_1d(axis).tolist())
    if ord in (None, "fro", "f") or (len(axes) == 1 and ord not in (0, np.inf, -np.inf)):
        return record(np.linalg.norm, (x,), {"ord": ord, "axis": axis, "keepdims": keepdims})
    extreme = np.max if ord in (1, 2, np.inf) else np.min
    if len(axes) == 1:
        if ord == 0:
            return np.sum((x != 0).astype(x.real.dtype), axis=axes, keepdims=keepdims)
        return extreme(np.abs(x), axis=axes, keepdims=keepdims)
    row, column = axes
    if ord in (2, -2, "nuc"):
        values = np.linalg.svdvals(np.moveaxis(x, (row, column), (-2, -1)))
        result = np.sum(values, axis=-1) if ord == "nuc" else extreme(values, axis=-1)
    elif ord in (1, -1, np.inf, -np.inf):
        down, along = (row, column) if abs(ord) == 1 else (column, row)
        result = extreme(np.sum(np.abs(x), axis=down), axis=along - (along > down))
    else:
        raise ValueError(f"a matrix has norms of order 'fro', 'nuc', 1, -1, 2, -2, inf and -inf, but got {ord!r}")
    return np.expand_dims(result, axes) if keepdims else result


@composed(np.linalg.matrix_norm)
def matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return np.linalg.norm(x, ord, (-2, -1), keepdims)


@composed(np.linalg.vector_norm)
def vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    x = operand(x)
    axes = tuple(range(x.ndim)) if axis is None else tuple(i % x.ndim for i in np.atleast_1d(axis).tolist())
    rest = [i for i in range(x.ndim) if i not in axes]
    flat = np.reshape(np.transpose(x, [*axes, *rest]), (-1, *(x.shape[i] for i in rest)))
    result = np.linalg.norm(flat, ord, axis=0)
    return np.expand_dims(result, axes) if keepdims else result


@composed(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    if p in (None, 2, -2):
        s = np.linalg.svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return np.linalg.norm(x, p, (-2, -1)) * np.linalg.norm(np.linalg.inv(x), p, (-2, -1))
