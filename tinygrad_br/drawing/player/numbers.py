"""Numbers and pictures as a page of text can hold them: few digits, few of very many, bytes in base64."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np


def rounded(numbers: Any, digits: int = 4) -> Any:
    """Numbers with so many significant digits, as lists; None for what is not finite, which JSON has no word for."""
    array = np.asarray(numbers, np.float64)
    if array.ndim:
        return [rounded(item, digits) for item in array]
    return float(f"{array:.{digits}g}") if np.isfinite(array) else None


def some_of(numbers: Any, most: int) -> list[float | None]:
    """At most so many of the numbers of an array, at even distances."""
    flat = np.ravel(numbers)
    picked = np.linspace(0, flat.size - 1, min(most, flat.size)).round().astype(int)
    told: list[float | None] = rounded(np.abs(flat[picked]) if flat.dtype.kind == "c" else flat[picked])
    return told


def thinned(losses: Sequence[float], most: int = 1000) -> list[list[float]]:
    """At most so many pairs of a step, counted from 1, and its loss."""
    picked: Any = np.linspace(0, len(losses) - 1, min(most, len(losses))).round().astype(int)
    return [[int(i) + 1, rounded(np.float64(losses[i]))] for i in picked]


def signed_bytes(grid: Any) -> str:
    """A picture of weights, one signed byte for each, scaled by the largest; colours are averaged."""
    grid = grid if grid.ndim == 2 else grid.mean(axis=-1)
    scale = float(np.max(np.abs(grid), initial=0.0)) or 1.0
    return base64.b64encode(np.round(127 * np.nan_to_num(grid) / scale).astype(np.int8).tobytes()).decode()


def packed(shares: Any) -> str:
    """For each point the likeliest class and how sure it is, two bytes each."""
    best = np.nan_to_num(shares).argmax(axis=1)
    sure = np.round(255 * np.nan_to_num(shares).max(axis=1))
    return base64.b64encode(np.stack([best, sure], axis=1).astype(np.uint8).tobytes()).decode()
