"""Rows of tinygrad_br/rules/elementwise.py."""

from __future__ import annotations

import numpy as np

from ..row import NONZERO, POSITIVE, REAL, Row

ROWS = [
    Row(np.positive),
    Row(np.negative),
    Row(np.add, domains=(REAL, REAL)),
    Row(np.multiply, domains=(REAL, REAL)),
    Row(np.divide, domains=(REAL, NONZERO)),
    Row(np.power, domains=(POSITIVE, REAL)),
    Row(np.power, lambda x: x**3, note="cube"),
    Row(np.sqrt, domains=(POSITIVE,)),
    Row(np.absolute, domains=(NONZERO,)),
    Row(np.sign, order=0),
    Row(np.greater, domains=(REAL, REAL), order=0),
]
