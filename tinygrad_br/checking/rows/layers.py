"""Rows of the functions that layers of tinygrad_br/nn are made of."""

from __future__ import annotations

from ...nn.convolution import assembled, convolve, max_pool, mean_pool, overlaid, windows
from ...nn.normalization import standardize
from .row import Row

PICTURES = ((2, 2, 4, 5),)

ROWS = [
    Row(standardize, shapes=((2, 3),), distinct=True),  # equal entries have no spread to divide by
    Row(standardize, lambda x: standardize(x, (0, 2), 0.5), shapes=((3, 2, 2),), note="axes", distinct=True),
    Row(windows, lambda x: windows(x, (2, 3), (1, 1)), shapes=PICTURES),
    Row(windows, lambda x: windows(x, (2, 2), (3, 2), (1, 2)), shapes=PICTURES, note="stride and padding"),
    Row(overlaid, lambda w: overlaid(w, (1, 2, 3, 4), (2, 2), (1, 2), (0, 1)), shapes=((1, 2, 3, 4, 2),)),
    Row(convolve, shapes=((2, 2, 3, 3), (2, 2, 2, 2))),
    Row(convolve, lambda x, w: convolve(x, w, (2, 1), (1, 0)), shapes=((1, 2, 3, 4), (1, 2, 2, 3)), note="stride"),
    Row(max_pool, lambda x: max_pool(x, (2, 2), (2, 2)), shapes=PICTURES, distinct=True),
    Row(max_pool, lambda x: max_pool(x, (3, 2), (1, 2)), shapes=PICTURES, distinct=True, note="overlapping"),
    Row(mean_pool, lambda x: mean_pool(x, (3, 2), (1, 2)), shapes=PICTURES),
    Row(assembled, lambda a, b: assembled((a, b), (1, 2, 3, 4), (1, 2), (2, 1)), shapes=((1, 2, 2, 3), (1, 2, 2, 3))),
]
