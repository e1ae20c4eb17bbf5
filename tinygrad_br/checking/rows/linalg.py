"""Rows of tinygrad_br/rules/linalg.py.

Decompositions are tested around matrices whose singular values or eigenvalues stay apart.  The signs and phases of
their vectors are arbitrary and jump, so vectors are tested in products that do not depend on them.  No such matrix is
diagonal or triangular: there LAPACK takes short cuts, and the last digits of its results jump.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

import tinygrad_br as tg

from ...rules.linalg import cofactors_from_svd, pseudoinverse
from .row import NONZERO, UNIT, Domain, Row

STACK = (2, 3, 3)
SPREAD = np.array([[1.0, 0.5, 0.3], [0.5, 4.0, 0.4], [0.3, 0.4, 9.0]])  # eigenvalues stay apart
TALL, WIDE = SPREAD[:, :2], SPREAD[:2]
SIGNED = np.array([[2.0, -1.5, 1.0], [-1.5, 5.0, -1.0]])  # sums of absolute values stay apart, and entries from 0
FULL = np.array([[2.0, 1.0, 0.5], [1.0, 4.0, 1.0], [-1.0, 1.0, 7.0]])  # and singular values


def row(function: Any, *shapes: tuple[int, ...], call: Any = None, note: str = "", **options: Any) -> Row:
    options = dict[str, Any](domains=(UNIT,), precision=1e-7) | options
    return Row(function, call, shapes=shapes, note=note, **options)


def around(center: Any, function: Any, **kwargs: Any) -> Callable[..., Any]:
    """The function of x near a fixed matrix."""
    return lambda x, *rest: function(x / 4 + center.astype(x.real.dtype), *rest, **kwargs)


def beside_pinv(center: Any) -> Callable[..., Any]:
    """All that is found from a matrix near a fixed one and its pseudoinverse."""
    return around(center, lambda a: pseudoinverse(a, np.linalg.pinv(a)))


def hermitian(function: Any, **kwargs: Any) -> Callable[..., Any]:
    """The function of a Hermitian matrix made of x."""
    return lambda x: function((x + np.conj(np.swapaxes(x, -1, -2))) / 4 + SPREAD.astype(x.real.dtype), **kwargs)


def positive(x: Any, **kwargs: Any) -> Any:
    x = x + 2 * np.eye(3, dtype=x.dtype)
    return np.linalg.cholesky(x @ np.conj(np.swapaxes(x, -1, -2)), **kwargs)


def eigen(decompose: Any) -> Callable[..., Any]:
    """Eigenvalues and eigenvectors, each times the conjugate of its first entry: that takes sign or phase away."""

    def call(x: Any) -> Any:
        w, v = decompose(x)
        return w, v * np.conj(v[..., :1, :])

    return call


def singular(center: Any) -> Callable[..., Any]:
    """Singular values, and both kinds of vectors in products that take sign or phase away."""

    def call(x: Any) -> Any:
        u, s, vh = np.linalg.svd(x / 4 + center.astype(x.real.dtype), full_matrices=False)
        return u * np.conj(u[..., :1, :]), s, vh * np.conj(vh[..., :1]), u @ vh

    return call


def norm(shape: tuple[int, ...], note: str, domain: Domain = NONZERO, **options: Any) -> Row:
    return row(np.linalg.norm, shape, call=lambda x: np.linalg.norm(x, **options), domains=(domain,), note=note)


def matrix_norm(note: str, ord: Any, **options: Any) -> Row:
    return row(np.linalg.norm, (2, 3), call=around(SIGNED, np.linalg.norm, ord=ord, **options), note=note)


ROWS = [
    row(np.linalg.inv, STACK, call=around(SPREAD, np.linalg.inv)),
    row(np.linalg.inv, (3, 3), call=around(SPREAD, np.linalg.inv), complex=(0,), note="complex"),
    row(np.linalg.solve, STACK, (3, 2), call=around(SPREAD, np.linalg.solve)),
    row(np.linalg.solve, STACK, (3,), call=around(SPREAD, np.linalg.solve), note="vector"),
    row(np.linalg.solve, (3, 3), (3,), call=around(SPREAD, np.linalg.solve), note="complex", complex=(0, 1)),
    row(np.linalg.solve, (3, 3), (2, 3, 1), call=around(SPREAD, np.linalg.solve), note="stacked right side"),
    row(np.linalg.pinv, (3, 2), call=around(TALL, np.linalg.pinv), note="tall"),
    row(np.linalg.pinv, (2, 2, 3), call=around(WIDE, np.linalg.pinv), note="wide"),
    row(np.linalg.pinv, (3, 2), call=around(TALL, np.linalg.pinv), note="complex", complex=(0,)),
    row(pseudoinverse, (3, 2), call=beside_pinv(TALL), note="tall"),
    row(pseudoinverse, (2, 2, 3), call=beside_pinv(WIDE), note="wide"),
    row(pseudoinverse, (3, 2), call=beside_pinv(TALL), note="complex", complex=(0,)),
    row(np.linalg.lstsq, (3, 2), (3,), call=around(TALL, np.linalg.lstsq), note="vector"),
    row(np.linalg.lstsq, (3, 2), (3, 2), call=around(TALL, np.linalg.lstsq), note="tall"),
    row(np.linalg.lstsq, (2, 3), (2, 2), call=around(WIDE, np.linalg.lstsq), note="wide"),
    row(np.linalg.tensorinv, (3, 3, 1), call=around(SPREAD[..., None], np.linalg.tensorinv, ind=1)),
    row(np.linalg.tensorsolve, (3, 3, 1), (3,), call=around(SPREAD[..., None], np.linalg.tensorsolve)),
    row(
        np.linalg.tensorsolve,
        (3, 1, 3),
        (3,),
        call=around(SPREAD[:, None], np.linalg.tensorsolve, axes=(1,)),
        note="axes",
    ),
    *[
        row(np.linalg.matrix_power, STACK, call=around(SPREAD / 4, np.linalg.matrix_power, n=n), note=str(n))
        for n in (-2, -1, 1, 2, 3, 5)
    ],
    row(np.linalg.det, STACK),
    row(np.linalg.det, (3, 3), complex=(0,), note="complex"),
    row(cofactors_from_svd, (3, 3), call=around(FULL, cofactors_from_svd)),
    row(np.linalg.slogdet, STACK, call=around(SPREAD, np.linalg.slogdet)),
    row(np.linalg.slogdet, (3, 3), call=around(SPREAD, np.linalg.slogdet), complex=(0,), note="complex"),
    row(np.linalg.matrix_rank, STACK, order=0),
    row(np.linalg.cholesky, STACK, call=positive),
    row(np.linalg.cholesky, (3, 3), call=around(SPREAD, np.linalg.cholesky), note="reads the lower triangle"),
    row(
        np.linalg.cholesky, (3, 3), call=around(SPREAD, np.linalg.cholesky, upper=True), note="reads the upper triangle"
    ),
    row(np.linalg.cholesky, (3, 3), call=positive, complex=(0,), note="complex"),
    row(np.linalg.qr, STACK, call=around(FULL, np.linalg.qr)),
    row(np.linalg.qr, (3, 2), call=around(FULL[:, :2], np.linalg.qr), note="tall"),
    row(np.linalg.qr, (2, 3), call=around(FULL[:2], np.linalg.qr), note="wide"),
    row(np.linalg.qr, (2, 3), call=around(FULL[:2], np.linalg.qr, mode="r"), note="r"),
    row(np.linalg.qr, (3, 2), call=around(FULL[:, :2], np.linalg.qr), note="complex", complex=(0,)),
    row(np.linalg.svd, STACK, call=singular(FULL)),
    row(np.linalg.svd, (3, 2), call=singular(FULL[:, :2]), note="tall"),
    row(np.linalg.svd, (2, 3), call=singular(FULL[:2]), note="wide"),
    row(np.linalg.svd, (2, 3), call=around(WIDE, np.linalg.svd, compute_uv=False), note="values", complex=(0,)),
    row(np.linalg.svd, (3, 2), call=singular(FULL[:, :2]), note="complex", complex=(0,)),
    row(np.linalg.svdvals, STACK, call=around(SPREAD, np.linalg.svdvals)),
    row(np.linalg.eigh, STACK, call=eigen(hermitian(np.linalg.eigh))),
    row(np.linalg.eigh, (3, 3), call=eigen(around(SPREAD, np.linalg.eigh)), note="reads the lower triangle"),
    row(np.linalg.eigh, (3, 3), call=eigen(around(SPREAD, np.linalg.eigh, UPLO="U")), note="reads the upper triangle"),
    row(np.linalg.eigh, (3, 3), call=eigen(hermitian(np.linalg.eigh)), complex=(0,), note="complex"),
    row(np.linalg.eigvalsh, STACK, call=hermitian(np.linalg.eigvalsh)),
    row(np.linalg.eigvalsh, (3, 3), call=around(SPREAD, np.linalg.eigvalsh), complex=(0,), note="complex"),
    row(np.linalg.eig, STACK, call=eigen(around(SPREAD, np.linalg.eig))),
    row(np.linalg.eig, (3, 3), call=eigen(around(SPREAD, np.linalg.eig)), complex=(0,), note="complex"),
    row(
        np.linalg.eig,
        (2, 2),
        call=eigen(around(np.array([[1.0, 4.0], [-4.0, 1.0]]), np.linalg.eig)),
        note="rotation",
    ),
    row(np.linalg.eigvals, STACK, call=around(SPREAD, np.linalg.eigvals)),
    row(
        np.linalg.eigvals, (2, 2), call=around(np.array([[1.0, 4.0], [-4.0, 1.0]]), np.linalg.eigvals), note="rotation"
    ),
    norm((3,), "vector"),
    norm((2, 2, 2), "all entries"),
    norm((2, 3), "axis", axis=-1),
    norm((2, 3), "frobenius", ord="fro", keepdims=True),
    norm((2, 2, 2), "axes", axis=(0, 2)),
    norm((2, 3), "one", ord=1, axis=0),
    norm((2, 3), "three", ord=3, axis=0),
    norm((2, 3), "half", ord=0.5, axis=1, keepdims=True),
    norm((3,), "negative", ord=-1.5),
    row(np.linalg.norm, (3,), domains=(NONZERO,), complex=(0,), note="complex"),
    row(
        np.linalg.norm,
        (3,),
        call=lambda x: np.linalg.norm(x, 3),
        domains=(NONZERO,),
        complex=(0,),
        note="complex three",
    ),
    *[
        row(
            np.linalg.norm,
            (2, 3),
            call=lambda x, p=p: np.linalg.norm(x, p, axis=-1, keepdims=True),
            domains=(Domain(0.2, 3.0),),
            distinct=True,
            note=f"vector {p}",
        )
        for p in (np.inf, -np.inf)
    ],
    *[matrix_norm(f"matrix {p}", p) for p in (1, -1, np.inf, -np.inf, 2, -2, "nuc")],
    matrix_norm("matrix keepdims", 1, axis=(1, 0), keepdims=True),
    row(np.linalg.norm, (3,), call=lambda x: np.linalg.norm(x, 0), domains=(NONZERO,), order=0, note="count"),
    row(np.linalg.matrix_norm, (2, 2, 3), domains=(NONZERO,)),
    row(np.linalg.vector_norm, (2, 3), domains=(NONZERO,)),
    row(
        np.linalg.vector_norm,
        (2, 2, 3),
        call=lambda x: np.linalg.vector_norm(x, axis=(2, 0), keepdims=True, ord=3),
        domains=(NONZERO,),
        note="axes",
    ),
    *[row(np.linalg.cond, (3, 3), call=around(SPREAD, np.linalg.cond, p=p), note=str(p)) for p in (None, -2, "fro", 1)],
]
if find_spec("scipy"):
    ROWS += [row(tg.expm, (2, 2, 2)), row(tg.expm, (2, 2), complex=(0,), note="complex")]
