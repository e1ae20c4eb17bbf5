"""Rows of tinygrad_br/rules/linalg.py."""

from __future__ import annotations

import numpy as np

from ..row import NONZERO, Row


def norm(shape, note, **options):
    return Row(
        np.linalg.norm,
        lambda x: np.linalg.norm(x, **options),
        shapes=(shape,),
        domains=(NONZERO,),
        note=note,
        precision=1e-7,
    )


ROWS = [
    norm((3,), "vector"),
    norm((2, 2, 2), "all entries"),
    norm((2, 3), "axis", axis=-1),
    norm((2, 3), "frobenius", ord="fro", keepdims=True),
    norm((2, 2, 2), "axes", axis=(0, 2)),
    norm((2, 3), "one", ord=1, axis=0),
    norm((2, 3), "three", ord=3, axis=0),
]
