"""Figures of matplotlib that show themselves in notebooks, also where pyplot has not been loaded."""

from __future__ import annotations

import io
from functools import partial
from typing import Any


def empty_figure(width: float, height: float) -> Any:
    """An empty figure, in inches; ImportError says what to install."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plots need matplotlib: python -m pip install "tinygrad_br[draw]"') from error
    figure: Any = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    figure._repr_png_ = partial(png_of, figure)
    return figure


def png_of(figure: Any) -> bytes:
    """A figure as the bytes of a PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
