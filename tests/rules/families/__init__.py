"""The rows of all families."""

from . import activations, elementwise, fft, indexing, linalg, losses, products, reductions, shaping

ROWS = [
    *elementwise.ROWS,
    *reductions.ROWS,
    *shaping.ROWS,
    *indexing.ROWS,
    *products.ROWS,
    *linalg.ROWS,
    *fft.ROWS,
    *activations.ROWS,
    *losses.ROWS,
]
