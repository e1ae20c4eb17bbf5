"""The table of rows: every function with a rule, by family, with the ways it is called and its domains."""

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
from .row import Domain as Domain
from .row import Row as Row

FAMILIES = {
    "elementwise": elementwise.ROWS,
    "reductions": reductions.ROWS,
    "ordering": ordering.ROWS,
    "shaping": shaping.ROWS,
    "indexing": indexing.ROWS,
    "products": products.ROWS,
    "linalg": linalg.ROWS,
    "fft": fft.ROWS,
    "special": special.ROWS,
    "activations": activations.ROWS,
    "losses": losses.ROWS,
    "layers": layers.ROWS,
}
ROWS = [row for rows in FAMILIES.values() for row in rows]
