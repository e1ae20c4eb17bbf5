"""Rows of the functions that layers of tinygrad_br/nn are made of."""

from __future__ import annotations

import numpy as np

from ...nn.convolution import convolve, correlate, from_largest, max_pool, mean_pool, spread, spread_means, to_largest
from ...nn.normalization import standardize
from .row import Row

PICTURES = ((2, 2, 4, 5),)
HALVES = ((2, 2, 2, 2),)
TIED = np.random.default_rng(0).integers(0, 3, PICTURES[0]) * 1.0  # several entries of a window are the largest

ROWS = [
    Row(standardize, shapes=((2, 3),), distinct=True),  # equal entries have no spread to divide by
    Row(standardize, lambda x: standardize(x, (0, 2), 0.5), shapes=((3, 2, 2),), note="axes", distinct=True),
    Row(convolve, shapes=((2, 2, 3, 3), (2, 2, 2, 2), (2,))),
    Row(
        convolve,
        lambda x, w: convolve(x, w, None, (2, 1), (1, 0)),
        shapes=((1, 2, 3, 4), (1, 2, 2, 3)),
        note="stride and padding",
    ),
    Row(spread, lambda y, w: spread(y, w, (1, 2, 3, 4)), shapes=((1, 2, 2, 3), (2, 2, 2, 2))),
    Row(
        spread,
        lambda y, w: spread(y, w, (1, 2, 3, 4), (2, 1), (1, 0)),
        shapes=((1, 1, 2, 2), (1, 2, 2, 3)),
        note="stride and padding",
    ),
    Row(correlate, lambda y, x: correlate(y, x, (2, 2)), shapes=((2, 1, 2, 3), (2, 2, 3, 4))),
    Row(
        correlate,
        lambda y, x: correlate(y, x, (2, 3), (2, 1), (1, 0)),
        shapes=((1, 1, 2, 2), (1, 2, 3, 4)),
        note="stride and padding",
    ),
    Row(max_pool, lambda x: max_pool(x, (2, 2), (2, 2)), shapes=PICTURES, distinct=True),
    Row(max_pool, lambda x: max_pool(x, (3, 2), (1, 2)), shapes=PICTURES, distinct=True, note="overlapping"),
    Row(to_largest, lambda g: to_largest(g, TIED, max_pool(TIED, (2, 2), (2, 2)), (2, 2), (2, 2)), shapes=HALVES),
    Row(
        to_largest,
        lambda g: to_largest(g, TIED, max_pool(TIED, (2, 4), (2, 1)), (2, 4), (2, 1)),
        shapes=HALVES,
        note="overlapping",
    ),
    Row(from_largest, lambda g: from_largest(g, TIED, max_pool(TIED, (3, 2), (1, 2)), (3, 2), (1, 2)), shapes=PICTURES),
    Row(mean_pool, lambda x: mean_pool(x, (3, 2), (1, 2)), shapes=PICTURES),
    Row(spread_means, lambda g: spread_means(g, (2, 2, 4, 5), (2, 3), (2, 2)), shapes=HALVES),
]
