"""PDF of what Graphviz draws: its SVG, which knows few shapes, painted again by matplotlib as vectors."""

from __future__ import annotations

import io
import re
from typing import Any
from xml.etree import ElementTree

NUMBER = re.compile(r"-?[0-9.]+(?:e-?[0-9]+)?")


def pdf_of(svg: str) -> bytes:
    """A PDF with the polygons, ellipses, curves and texts of Graphviz's SVG."""
    try:
        from matplotlib.backends.backend_pdf import FigureCanvasPdf
        from matplotlib.figure import Figure
        from matplotlib.font_manager import FontProperties
        from matplotlib.patches import Ellipse, PathPatch
        from matplotlib.path import Path
        from matplotlib.textpath import TextPath
    except ImportError as error:
        raise ImportError("a pdf needs matplotlib: python -m pip install matplotlib; .svg and .png do not") from error
    root = ElementTree.fromstring(svg[svg.index("<svg") :])
    left, top, width, height = numbers(root.get("viewBox", ""))
    shift = numbers(re.sub(r".*translate", "", root[0].get("transform", "0 0")))
    figure = Figure(figsize=(width / 72, height / 72))
    FigureCanvasPdf(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.set(xlim=(left - shift[0], left - shift[0] + width), ylim=(top - shift[1] + height, top - shift[1]))
    for layer, shape in enumerate(root.iter()):
        kind = shape.tag.rpartition("}")[2]
        if kind in ("polygon", "polyline", "path"):
            points = numbers(shape.get("points" if kind != "path" else "d", ""))
            axes.add_patch(PathPatch(path_of(Path, kind, points, shape.get("d", "")), **paint(shape, layer)))
        elif kind == "ellipse":
            cx, cy, rx, ry = (float(shape.get(name, 0)) for name in ("cx", "cy", "rx", "ry"))
            axes.add_patch(Ellipse((cx, cy), 2 * rx, 2 * ry, **paint(shape, layer)))
        elif kind == "text" and (shape.text or "").strip():
            text, weight = str(shape.text).replace("$", r"\$"), shape.get("font-weight", "normal")
            size = 0.87 * float(shape.get("font-size", 14))
            room = float(shape.get("textLength", "inf"))
            width = TextPath((0, 0), text, size=size, prop=FontProperties(weight=weight)).get_extents().width
            axes.text(
                float(shape.get("x", 0)), float(shape.get("y", 0)), text, zorder=layer, va="baseline",
                size=size * min(1.0, room / max(width, 1.0)), color=shape.get("fill", "black"),
                ha={"middle": "center", "end": "right"}.get(shape.get("text-anchor", ""), "left"), weight=weight,
            )  # fmt: skip
    buffer = io.BytesIO()
    figure.savefig(buffer, format="pdf", metadata={"CreationDate": None})
    return buffer.getvalue()


def numbers(text: str) -> list[float]:
    return [float(n) for n in NUMBER.findall(text)]


def path_of(path: Any, kind: str, values: list[float], commands: str) -> Any:
    """A matplotlib path: a polygon, or Graphviz's "M x,y C ..." with any straight parts between."""
    points = list(zip(values[::2], values[1::2], strict=True))
    if kind != "path":
        return path([*points, points[0]] if kind == "polygon" else points)
    codes: list[int] = []
    for command, inside in re.findall(r"([MLC])([^MLCZ]*)", commands):
        codes += [{"M": path.MOVETO, "L": path.LINETO, "C": path.CURVE4}[command]] * (len(numbers(inside)) // 2)
    return path(points, codes)


def paint(shape: Any, layer: int) -> dict[str, Any]:
    """Fill, outline and place in the pile of a shape."""
    line = shape.get("stroke", "none")
    dashes = [float(d) for d in numbers(shape.get("stroke-dasharray", ""))]
    return {
        "facecolor": shape.get("fill", "none"),
        "edgecolor": "none" if line == "transparent" else line,
        "linewidth": float(shape.get("stroke-width", 1)),
        "linestyle": (0, dashes) if dashes else "solid",
        "zorder": layer,
    }
