"""The rows of all families."""

from . import (
    activations,
    elementwise,
    fft,
    indexing,
    layers,
    linalg,
    losses,
    ordering,
    products,
    reductions,
    shaping,
    special,
)

ROWS = [
    *elementwise.ROWS,
    *reductions.ROWS,
    *ordering.ROWS,
    *shaping.ROWS,
    *indexing.ROWS,
    *products.ROWS,
    *linalg.ROWS,
    *fft.ROWS,
    *special.ROWS,
    *activations.ROWS,
    *losses.ROWS,
    *layers.ROWS,
]
