"""The rows of all families."""

from . import activations, elementwise, indexing, linalg, losses, products, reductions, shaping

ROWS = [
    *elementwise.ROWS,
    *reductions.ROWS,
    *shaping.ROWS,
    *indexing.ROWS,
    *products.ROWS,
    *linalg.ROWS,
    *activations.ROWS,
    *losses.ROWS,
]
