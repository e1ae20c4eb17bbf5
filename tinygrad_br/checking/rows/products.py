"""Rows of tinygrad_br/rules/products.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from .row import NONZERO, Row

TWO_MATRICES = ((2, 3), (3, 2))


def row(function: Any, *shapes: tuple[int, ...], call: Any = None, note: str | None = None, **options: Any) -> Row:
    note = " ".join(map(str, shapes)) if note is None else note
    return Row(function, call, shapes=shapes, note=note, **options)


def einsum(subscripts: str, *shapes: tuple[int, ...], **options: Any) -> Row:
    return row(
        np.einsum,
        *shapes,
        call=lambda *arrays: np.einsum(subscripts, *arrays, **options),
        note=f"{subscripts} {options or ''}",
    )


def bounded(w: Any) -> Any:
    """Weights from 0.5 to 2.5: a fit loses the light points to the rounding of those that weigh 1e5 times more."""
    return 1.5 + np.tanh(w)


VECDOTS: tuple[Any, ...] = (np.vecdot, np.linalg.vecdot)

ROWS = [
    row(np.matmul, (2, 3), (3, 2)),
    row(np.matmul, (3,), (3,)),
    row(np.matmul, (3,), (3, 2)),
    row(np.matmul, (2, 3), (3,)),
    row(np.matmul, (3,), (2, 3, 2)),
    row(np.matmul, (2, 2, 3), (3,)),
    row(np.matmul, (2, 2, 3), (3, 2)),
    row(np.matmul, (2, 3), (2, 3, 2)),
    row(np.matmul, (2, 1, 2, 3), (3, 3, 1)),
    row(np.matmul, (2, 2), (2, 2), complex=(0, 1), note="complex"),
    row(np.matmul, (2, 3, 2), (2,), complex=(0,), note="complex and real"),
    row(np.dot, (3,), (3,)),
    row(np.dot, (2, 3), (3, 2)),
    row(np.dot, (), (2, 3)),
    row(np.dot, (2, 2), ()),
    row(np.dot, (2, 3), (3,)),
    row(np.dot, (3,), (2, 3, 2)),
    row(np.dot, (2, 1, 3), (2, 3, 2)),
    row(np.dot, (2, 2), (2, 2), complex=(1,), note="complex"),
    row(np.inner, (3,), (3,)),
    row(np.inner, (2, 3), (2, 2, 3)),
    row(np.inner, (), (2,)),
    row(np.outer, (2, 2), (3,)),
    row(np.outer, (), (3,), complex=(0, 1), note="complex"),
    row(np.vdot, (2, 3), (3, 2), complex=(0, 1), note="complex"),
    row(np.vdot, (2,), (2,)),
    row(np.tensordot, (2, 3, 2), (3, 2, 2)),
    row(np.tensordot, (2, 3), (2,), call=lambda x, y: np.tensordot(x, y, axes=0), note="no axes"),
    row(np.tensordot, (2, 3, 4), (4, 2, 2), call=lambda x, y: np.tensordot(x, y, ((2, 0), (-3, 1))), note="axes"),
    row(np.tensordot, (2, 3), (3, 2), call=lambda x, y: np.tensordot(x, y, (-1, 0)), note="axis", complex=(0, 1)),
    row(np.vecdot, (2, 3), (3,), complex=(0,)),
    row(np.vecdot, (2, 1, 3), (2, 3)),
    row(np.linalg.multi_dot, (2, 3), (3, 1), (1, 2), call=lambda *arrays: np.linalg.multi_dot(arrays)),
    row(
        np.linalg.multi_dot, (3,), (3, 2), (2, 2), (2,), call=lambda *arrays: np.linalg.multi_dot(arrays), complex=(1,)
    ),
    row(np.linalg.multi_dot, (2, 2), (2,), call=lambda *arrays: np.linalg.multi_dot(arrays)),
    row(np.trace, (3, 2)),
    row(np.trace, (3, 2, 3), call=lambda x: np.trace(x, 1, axis1=0, axis2=-1), note="axes"),
    row(np.kron, (2, 3), (2,)),
    row(np.kron, (2,), (1, 2, 2)),
    row(np.cross, (3,), (2, 3)),
    row(np.cross, (3, 2), (2, 3), call=lambda x, y: np.cross(x, y, 0, 1, 0), note="axes"),
    *[
        row(function, *shapes, call=lambda x, y, f=function, m=mode: f(x, y, m), note=f"{mode} {shapes}", complex=which)
        for function in (np.convolve, np.correlate)
        for mode, which in (("full", ()), ("same", (0, 1)), ("valid", (1,)))
        for shapes in (((4,), (3,)), ((2,), (5,)), ((3,), (3,)))
    ],
    row(np.polyval, (3,), (2,)),
    row(np.polyadd, (3,), (2,)),
    row(np.polysub, (2,), (3,)),
    Row(np.polymul, shapes=((3,), (2,)), domains=(NONZERO,)),  # leading zeros are cut off
    row(np.polydiv, (4,), (2,), call=lambda u, v: np.polydiv(u, np.concatenate([np.exp(v[:1]), v[1:]]))[0]),
    row(np.polyder, (4,), call=lambda p: np.polyder(p, 2)),
    row(np.polyint, (3,), call=lambda p: np.polyint(p, 2, [1.0, 2.0])),
    row(np.poly, (3,)),
    row(np.roots, (4,), call=lambda p: np.real(np.roots(np.array([1.0, -6.0, 3.0, 9.0]) + 0.1 * p))),
    row(np.polyfit, (5,), (5,), call=lambda x, y: np.polyfit(np.arange(5.0) + 0.1 * x, y, 2)),
    row(np.polyfit, (4,), (4, 2), call=lambda w, y: np.polyfit(np.arange(4.0), y, 1, w=bounded(w)), note="weights"),
    row(np.linalg.matmul, (2, 3), (3, 2)),
    row(np.linalg.outer, (2,), (3,)),
    row(np.linalg.vecdot, (2, 3), (3,)),
    *[row(f, (3, 2), (3, 2), call=lambda x, y, f=f: f(x, y, axis=0), note="axis") for f in VECDOTS],
    row(np.linalg.tensordot, (2, 3), (2, 3)),
    row(np.linalg.matrix_transpose, (2, 3)),
    row(np.linalg.cross, (2, 3), (2, 3)),
    row(np.linalg.trace, (2, 3, 3)),
    row(np.linalg.diagonal, (2, 2, 3)),
    einsum("ij,jk->ik", (2, 3), (3, 2)),
    einsum("ij,jk", (2, 3), (3, 2)),
    einsum("ii", (3, 3)),
    einsum("ii->i", (3, 3)),
    einsum("iij,j->ij", (3, 3, 2), (2,)),
    einsum("iii->i", (2, 2, 2)),
    einsum("ij->", (3, 2)),
    einsum("ij,k->k", (3, 2), (2,)),
    einsum("...ij,...jk->...ik", (2, 1, 2, 3), (3, 3, 1)),
    einsum("i...->...", (2, 3, 2)),
    einsum("b i, i ...", (2, 3), (3, 2)),
    einsum("ij,jk,kl->il", (2, 3), (3, 2), (2, 2), optimize=True),
    einsum("ij,ij,ij->i", (2, 3), (2, 3), (2, 3)),
    einsum("ij,ik->ijk", (2, 3), (1, 2)),
    row(np.einsum, (2, 3), (3, 2), call=lambda x, y: np.einsum(x, [0, 1], y, [1, 2], [2, 0]), note="interleaved"),
    row(np.einsum, (2, 3, 2), (2,), call=lambda x, y: np.einsum(x, [..., 1], y, [1]), note="interleaved, dots"),
    row(np.einsum, (2, 2), (2,), call=lambda x, y: np.einsum("ij,j->i", x, y), note="complex", complex=(0, 1)),
]
if hasattr(np, "matvec"):
    ROWS += [row(np.matvec, (2, 3, 2), (2,), complex=(0, 1)), row(np.vecmat, (3,), (2, 3, 2), complex=(0,))]
