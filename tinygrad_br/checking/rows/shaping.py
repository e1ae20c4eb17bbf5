"""Rows of tinygrad_br/rules/shaping.py."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_br as tg
from tinygrad_br.rules.linear import transposed
from tinygrad_br.value import astype

from .row import POSITIVE, REAL, Domain, Row

CUBE, MATRIX, VECTOR = ((2, 3, 2),), ((3, 2),), ((4,),)


def row(function: Any, call: Any, shapes: Any = CUBE, note: str = "", **options: Any) -> Row:
    return Row(function, call, shapes=shapes, note=note, **options)


ROWS = [
    row(transposed, lambda g: transposed(g, np.tile, (2, 3), (1, 2)), ((2, 6),)),
    row(astype, lambda x: x.astype(x.dtype)),
    row(tg.stop_gradient, lambda x: tg.stop_gradient(x), order=0),
    row(np.reshape, lambda x: np.reshape(x, (3, 4))),
    row(np.reshape, lambda x: np.reshape(x, (-1, 3), order="F"), note="fortran"),
    row(np.reshape, lambda x: np.reshape(x.T, (-1, 3), order="A"), note="any order"),
    row(np.ravel, lambda x: np.ravel(x, "F")),
    row(np.ravel, lambda x: x.T.ravel("K"), note="memory order"),
    row(np.squeeze, np.squeeze, ((3, 1, 2, 1),)),
    row(np.squeeze, lambda x: np.squeeze(x, -1), ((3, 1, 2, 1),), "axis"),
    row(np.expand_dims, lambda x: np.expand_dims(x, (0, -2))),
    row(np.copy, np.copy),
    row(np.astype, lambda x: np.astype(x, x.dtype)),
    row(np.apply_along_axis, lambda x: np.apply_along_axis(np.cumsum, 1, x)),
    row(
        np.apply_along_axis, lambda x: np.apply_along_axis(np.outer, -1, x, [1.0, 2.0]).astype(x.dtype), note="matrices"
    ),
    row(np.apply_over_axes, lambda x: np.apply_over_axes(np.sum, x, [0, -1])),
    row(np.linspace, lambda x, y: np.linspace(x, y, 4).astype(x.dtype), ((), ())),
    row(
        np.linspace,
        lambda x, y: np.linspace(x, y, 3, endpoint=False, retstep=True, axis=-1, dtype=x.dtype)[0],
        ((2, 1), (3,)),
        "axis",
    ),
    row(np.linspace, lambda x, y: np.linspace(x, y, 1)[0] + np.linspace(x, y, 3, retstep=True)[1], ((2,), ()), "step"),
    row(np.logspace, lambda x, y: np.logspace(x, y, 3, base=2.0).astype(x.dtype), ((2,), ())),
    row(np.logspace, lambda x, b: np.logspace(x, 1.0, 3, base=b), ((2,), (2,)), "bases", domains=(REAL, POSITIVE)),
    row(np.geomspace, lambda x, y: np.geomspace(x, y, 4, axis=1), ((2,), (2,)), domains=(POSITIVE, POSITIVE)),
    row(
        np.geomspace,
        lambda x, y: np.geomspace(x, -y, 3, endpoint=False),
        ((), ()),
        "negative",
        domains=(Domain(-4, -0.2), POSITIVE),
    ),
    row(np.full_like, lambda x, v: np.full_like(x, v), ((2, 3), (3,))),
    row(np.atleast_1d, np.atleast_1d, ((),)),
    row(np.atleast_2d, np.atleast_2d, VECTOR),
    row(np.atleast_3d, np.atleast_3d, ((3,), (2, 2)), "several"),
    row(np.transpose, np.transpose),
    row(np.transpose, lambda x: np.transpose(x, (-1, 0, 1)), note="axes"),
    row(np.matrix_transpose, np.matrix_transpose),
    row(np.moveaxis, lambda x: np.moveaxis(x, (0, -1), (1, 0))),
    row(np.swapaxes, lambda x: np.swapaxes(x, 0, -2)),
    row(np.rollaxis, lambda x: np.rollaxis(x, 2)),
    row(np.rollaxis, lambda x: np.rollaxis(x, -3, 3), note="to the end"),
    row(np.flip, np.flip),
    row(np.flip, lambda x: np.flip(x, (0, 2)), note="axes"),
    row(np.fliplr, np.fliplr),
    row(np.flipud, np.flipud),
    row(np.rot90, lambda x: np.rot90(x, 3, (0, 2))),
    row(np.roll, lambda x: np.roll(x, 5)),
    row(np.roll, lambda x: np.roll(x, (1, -2), (0, 1)), note="axes"),
    row(np.broadcast_to, lambda x: np.broadcast_to(x, (4, 3, 2)), ((3, 1),)),
    row(np.tile, lambda x: np.tile(x, (2, 1, 3)), MATRIX),
    row(np.repeat, lambda x: np.repeat(x, 3), MATRIX),
    row(np.repeat, lambda x: np.repeat(x, [2, 0, 1], axis=0), MATRIX, "counts"),
    row(np.resize, lambda x: np.resize(x, (2, 5)), MATRIX),
    row(np.resize, lambda x: np.resize(x, (2, 2)), MATRIX, "smaller"),
    row(
        np.lib.stride_tricks.sliding_window_view,
        lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(0, 1)),
        ((4, 3),),
    ),
    row(np.broadcast_arrays, np.broadcast_arrays, ((3, 1), (2,))),
    row(np.meshgrid, np.meshgrid, ((2,), (3,), (2,))),
    row(np.meshgrid, lambda x, y: np.meshgrid(x, y, indexing="ij", sparse=True), ((2,), (3,)), "sparse"),
    row(np.tril, lambda x: np.tril(x, -1), ((2, 3, 3),)),
    row(np.tril, np.tril, ((3,),), "vector"),
    row(np.triu, lambda x: np.triu(x, 1), ((2, 3, 3),)),
    row(np.diag, lambda x: np.diag(x, 1), ((3,),), "vector"),
    row(np.diag, lambda x: np.diag(x, -1), ((3, 4),), "matrix"),
    row(np.diagonal, lambda x: np.diagonal(x, 1, 0, 2)),
    row(np.diagflat, lambda x: np.diagflat(x, -1), ((2, 2),)),
    row(np.delete, lambda x: np.delete(x, 1, axis=1)),
    row(np.delete, lambda x: np.delete(x, [0, -1]), note="flat"),
    row(np.insert, lambda x, v: np.insert(x, 1, v, axis=1), ((2, 3), (2,))),
    row(np.insert, lambda x, v: np.insert(x, [0, 2], v), ((2, 2), (2,)), "flat"),
    row(np.insert, lambda x, v: np.insert(x, [0, 2, 2], v, axis=0), ((2, 2), ()), "number"),
    row(np.pad, lambda x: np.pad(x, 1), MATRIX),
    row(np.pad, lambda x: np.pad(x, ((0, 2), (1, 0)), constant_values=3.0), MATRIX, "constant"),
    *[row(np.pad, lambda x, m=m: np.pad(x, ((2, 1), (0, 3)), m), MATRIX, m) for m in ("edge", "wrap", "symmetric")],
    row(np.pad, lambda x: np.pad(x, {0: (2, 1)}, mode="reflect"), MATRIX, "reflect"),
    *[
        row(np.pad, lambda x, m=m: np.pad(x, ((2, 1), (0, 2)), m), MATRIX, m, distinct=True)
        for m in ("mean", "median", "maximum", "minimum", "linear_ramp")
    ],
    row(np.pad, lambda x: np.pad(x, ((1, 2), (2, 1)), "mean", stat_length=((1, 2), (2, 1))), ((3, 3),), "part"),
    row(np.pad, lambda x: np.pad(x, ((2, 1), (0, 1)), "reflect", reflect_type="odd"), MATRIX, "odd"),
    row(np.pad, lambda x: np.pad(x, ((2, 1), (0, 1)), "symmetric", reflect_type="odd"), MATRIX, "odd, symmetric"),
    row(np.pad, lambda x, c: np.pad(x, 1, constant_values=c), ((3, 2), ()), "learned constant"),
    row(np.pad, lambda x, c: np.pad(x, 1, "linear_ramp", end_values=c), ((3, 2), (2, 2)), "learned ends"),
    row(np.concatenate, lambda x, y: np.concatenate([x, y], axis=-1), ((2, 3), (2, 1))),
    row(np.concatenate, lambda x, y: np.concatenate((x, y), axis=None), ((2, 3), (2,)), "flat"),
    row(np.concatenate, lambda x: np.concatenate([x, np.ones((1, 2), x.dtype), x]), MATRIX, "repeated"),
    row(np.concatenate, np.concatenate, CUBE, "one array"),
    row(np.stack, lambda x, y: np.stack([x, y], axis=1), ((2, 3), (2, 3))),
    row(np.stack, lambda x, y: np.stack([x, y, x], axis=-1), ((), ()), "scalars"),
    row(np.vstack, lambda x, y: np.vstack([x, y]), ((3,), (2, 3))),
    row(np.hstack, lambda x, y: np.hstack([x, y]), ((3,), ()), "vectors"),
    row(np.hstack, lambda x, y: np.hstack([x, y]), ((2, 3), (2, 1))),
    row(np.dstack, lambda x, y: np.dstack((x, y)), ((3,), (1, 3, 2))),
    row(np.column_stack, lambda x, y: np.column_stack((x, y)), ((3,), (3, 2))),
    row(np.append, lambda x, y: np.append(x, y), ((2, 2), (3,)), "flat"),
    row(np.append, lambda x, y: np.append(x, y, axis=0), ((2, 2), (1, 2))),
    row(np.block, lambda x, y: np.block([[x, y], [np.ones((1, 2), x.dtype), x[:1]]]), ((2, 2), (2, 2))),
    row(np.block, lambda x, y: np.block([x, y]), ((2,), ()), "row"),
    row(np.split, lambda x: np.split(x, 3, axis=1)),
    row(np.split, lambda x: np.split(x, [1, 1])[::2], note="some parts"),
    row(np.array_split, lambda x: np.array_split(x, 2, axis=1)),
    row(np.hsplit, lambda x: np.hsplit(x, [1])),
    row(np.hsplit, lambda x: np.hsplit(x, 2), VECTOR, "vector"),
    row(np.vsplit, lambda x: np.vsplit(x, 2)),
    row(np.dsplit, lambda x: np.dsplit(x, 2)),
    row(np.vander, lambda x: np.vander(x, 4).astype(x.dtype), ((3,),)),
    row(np.vander, lambda x: np.vander(x, increasing=True).astype(x.dtype), ((3,),), "increasing"),
]
if hasattr(np, "unstack"):
    ROWS.append(row(np.unstack, lambda x: np.unstack(x, axis=1)))
