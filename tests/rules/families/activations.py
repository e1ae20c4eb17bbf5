"""Rows of tinygrad_br/rules/activations.py."""

from __future__ import annotations

import numpy as np

from ..row import Row

ROWS: list[Row] = []
