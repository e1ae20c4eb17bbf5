"""Colours: the two themes, the heat scale of numbers and the scale of gradient sizes.

Blue is negative and orange positive in every picture of this package: weights, heat maps, decision boundaries.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

RGB = tuple[float, float, float]


class Theme(NamedTuple):
    """The colours of a drawing, as "#rrggbb"."""

    paper: str
    ink: str
    faint: str
    line: str
    leaf: str
    value: str
    output: str
    op: str
    fold: str
    group: str
    positive: str
    negative: str
    accent: str


THEMES = {
    "light": Theme(
        paper="#ffffff",
        ink="#1f2933",
        faint="#6b7783",
        line="#8a97a5",
        leaf="#e8f1fb",
        value="#f6f7f9",
        output="#e9f6ec",
        op="#fff4d6",
        fold="#f1ecf9",
        group="#fafbfc",
        positive="#e07b28",
        negative="#3f7fbf",
        accent="#2f9e55",
    ),
    "dark": Theme(
        paper="#14181d",
        ink="#e6eaef",
        faint="#98a4b1",
        line="#74818f",
        leaf="#1d3147",
        value="#242a32",
        output="#1d3b2a",
        op="#453a1c",
        fold="#342b47",
        group="#191e24",
        positive="#f0954a",
        negative="#63a0dc",
        accent="#52c07a",
    ),
}
TINY, HUGE = 1e-6, 1e3  # a gradient below one or above the other is vanishing or exploding
SPAN = 6.0  # the powers of ten over which the colour deepens
ZERO, NAN = "#b8bfc7", "#e052c4"


def theme_named(name: str) -> Theme:
    """The theme "light" or "dark"."""
    if name not in THEMES:
        raise ValueError(f"there is no theme {name!r}; use theme='light' or theme='dark'")
    return THEMES[name]


def rgb(colour: str) -> RGB:
    """The three parts of "#rrggbb", from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(a: str, b: str, share: float) -> str:
    """The colour on the way from `a` to `b`: share 0 is a, share 1 is b."""
    share = min(max(share, 0.0), 1.0)
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in zip(rgb(a), rgb(b), strict=True))


def luminance(colour: str) -> float:
    """How bright "#rrggbb" is, from 0 to 1."""
    r, g, b = (part / 255 for part in rgb(colour))
    return math.sqrt(0.3 * r * r + 0.59 * g * g + 0.11 * b * b)


def ink_on(colour: str) -> str:
    """The colour of text that can be read upon another colour."""
    return THEMES["light"].ink if luminance(colour) > 0.5 else THEMES["dark"].ink


def heat(number: float, scale: float, theme: Theme) -> str:
    """The colour of a number in a heat map whose deepest colours stand for -scale and +scale."""
    if not math.isfinite(number):
        return NAN
    share = abs(number) / scale if scale > 0 else 0.0
    return mix(theme.paper, theme.positive if number >= 0 else theme.negative, share**0.8)


def heat_image(numbers: Any, scale: float, theme: Theme) -> Any:
    """A heat map as an array of bytes (rows, columns, 3)."""
    return np.array([[rgb(heat(float(x), scale, theme)) for x in row] for row in numbers], np.uint8)


def magnitude(gradient: Any) -> float:
    """The size of a gradient: the largest absolute entry, NaN if there is one, 0 for an empty array."""
    array = np.asarray(gradient)
    return float(np.max(np.abs(array))) if array.size else 0.0


def gradient_colour(size: float, ordinary: str) -> tuple[str, str]:
    """The colour of a gradient of this size and the word for it, "" for an ordinary one."""
    if math.isnan(size):
        return NAN, "NaN"
    if size == 0:
        return ZERO, "zero"
    if size < TINY:
        return mix(ordinary, "#4f8fe8", 0.35 + 0.5 * math.log10(TINY / size) / SPAN), "vanishing"
    if size > HUGE:
        return mix(
            ordinary, "#e8635a", 0.35 + (0.5 * math.log10(size / HUGE) / SPAN if size < math.inf else 1)
        ), "exploding"
    return ordinary, ""
