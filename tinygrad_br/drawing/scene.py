"""Circles, lines, texts and small images on a sheet, written as SVG, as DOT or, through matplotlib, as PNG and PDF.

Lengths are points; y grows downwards, as in SVG.
"""

from __future__ import annotations

import base64
import html
import io
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FONTS = "Helvetica, Arial, sans-serif"


@dataclass(frozen=True)
class Circle:
    """`id` is the circle's name in DOT; `title` is shown when the pointer rests on it."""

    id: str
    x: float
    y: float
    r: float
    fill: str
    stroke: str
    width: float = 1.0
    title: str = ""


@dataclass(frozen=True)
class Line:
    """`ends` are the ids of the two circles it joins, if it joins circles."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str
    width: float
    opacity: float
    ends: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class Text:
    """`anchor` is "start", "middle" or "end"; y is the middle of the letters."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    anchor: str = "middle"
    bold: bool = False


@dataclass(frozen=True)
class Image:
    """Bytes (rows, columns, 3) in a square or, if `circle`, in the circle within it; x, y is the middle."""

    x: float
    y: float
    side: float
    pixels: Any
    circle: bool = False
    title: str = ""


@dataclass
class Scene:
    """Shapes in the order in which they are painted."""

    width: float
    height: float
    paper: str
    title: str
    shapes: list[Circle | Line | Text | Image] = field(default_factory=list)


def svg_of(scene: Scene) -> str:
    """The scene as an SVG element."""
    title = html.escape(scene.title)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{scene.width:g}" height="{scene.height:g}" '
        f'viewBox="0 0 {scene.width:g} {scene.height:g}" role="img" font-family="{FONTS}">',
        f"<title>{title}</title>",
        f'<rect width="100%" height="100%" fill="{scene.paper}"/>',
    ]
    for shape in scene.shapes:
        inner = f"<title>{html.escape(shape.title)}</title>" if not isinstance(shape, Text) and shape.title else ""
        match shape:
            case Circle():
                lines.append(
                    f'<circle cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{shape.r:g}" fill="{shape.fill}" '
                    f'stroke="{shape.stroke}" stroke-width="{shape.width:.2f}">{inner}</circle>'
                )
            case Line():
                lines.append(
                    f'<line x1="{shape.x1:.1f}" y1="{shape.y1:.1f}" x2="{shape.x2:.1f}" y2="{shape.y2:.1f}" '
                    f'stroke="{shape.colour}" stroke-width="{shape.width:.2f}" '
                    f'stroke-opacity="{shape.opacity:.2f}">{inner}</line>'
                )
            case Text():
                weight = ' font-weight="bold"' if shape.bold else ""
                lines.append(
                    f'<text x="{shape.x:.1f}" y="{shape.y + 0.35 * shape.size:.1f}" font-size="{shape.size:g}" '
                    f'fill="{shape.colour}" text-anchor="{shape.anchor}"{weight}>{html.escape(shape.text)}</text>'
                )
            case Image():
                data = base64.b64encode(png_bytes(shape.pixels)).decode()
                half, clip = shape.side / 2, ""
                if shape.circle:
                    inside = f'<circle cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{half:g}"/>'
                    name = f"clip{zlib.crc32(inside.encode()):08x}"  # another drawing in a notebook has other circles
                    clip = f' clip-path="url(#{name})"'
                    lines.append(f'<clipPath id="{name}">{inside}</clipPath>')
                lines.append(
                    f'<image x="{shape.x - half:.1f}" y="{shape.y - half:.1f}" width="{shape.side:g}" '
                    f'height="{shape.side:g}" preserveAspectRatio="{"none" if shape.circle else "xMidYMid"}" '
                    f'style="image-rendering:pixelated"{clip} '
                    f'href="data:image/png;base64,{data}">{inner}</image>'
                )
    return "\n".join([*lines, "</svg>"]) + "\n"


def png_bytes(pixels: Any) -> bytes:
    """A PNG file of bytes (rows, columns, 3): one IHDR, one IDAT, one IEND chunk (W3C, PNG specification)."""
    rows, columns, _ = pixels.shape
    raw = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(pixels, np.uint8))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(raw, 9)),
        (b"IEND", b""),
    ]
    parts = (struct.pack(">I", len(d)) + kind + d + struct.pack(">I", zlib.crc32(kind + d)) for kind, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def dot_of(scene: Scene) -> str:
    """The circles and lines as DOT with fixed places; texts are nodes without a frame, images are left out."""
    import graphviz

    graph = graphviz.Graph(
        "network",
        engine="neato",
        graph_attr={"bgcolor": scene.paper, "layout": "neato", "inputscale": "72"},
        node_attr={"shape": "circle", "fixedsize": "true", "style": "filled", "label": "", "fontname": "Helvetica"},
    )
    texts = 0
    for shape in scene.shapes:
        if isinstance(shape, Circle):
            place, size = f"{shape.x:.1f},{scene.height - shape.y:.1f}!", f"{shape.r / 36:.3f}"
            fill = {"fillcolor": shape.fill, "color": shape.stroke, "penwidth": f"{shape.width:.2f}"}
            graph.node(shape.id, pos=place, width=size, tooltip=graphviz.escape(shape.title), **fill)
        elif isinstance(shape, Line) and shape.ends:
            shade = f"{shape.colour}{round(255 * shape.opacity):02x}"
            graph.edge(*shape.ends, color=shade, penwidth=f"{shape.width:.2f}", tooltip=graphviz.escape(shape.title))
        elif isinstance(shape, Text):
            texts += 1
            shift = {"start": 0.25, "middle": 0.0, "end": -0.25}[shape.anchor] * shape.size * len(shape.text)
            place = f"{shape.x + shift:.1f},{scene.height - shape.y:.1f}!"
            font = {"fontsize": f"{shape.size:g}", "fontcolor": shape.colour}
            graph.node(
                f"text{texts}",
                label=graphviz.escape(shape.text),
                shape="plaintext",
                style="",
                fixedsize="false",
                pos=place,
                **font,
            )
    return str(graph.source).replace("\t", "  ")


def raster_of(scene: Scene, kind: str, dpi: int) -> bytes:
    """The scene as the bytes of a "png" or a "pdf"."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.lines import Line2D
        from matplotlib.patches import Circle as Disc
    except ImportError as error:
        raise ImportError(
            f"a {kind} of a network needs matplotlib: python -m pip install matplotlib; .svg and .html do not"
        ) from error
    figure = Figure(figsize=(scene.width / 72, scene.height / 72), facecolor=scene.paper)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, scene.width), ylim=(scene.height, 0))
    axes.axis("off")
    sides = {"start": "left", "middle": "center", "end": "right"}
    for layer, shape in enumerate(scene.shapes):
        match shape:
            case Circle():
                axes.add_patch(
                    Disc((shape.x, shape.y), shape.r, fc=shape.fill, ec=shape.stroke, lw=shape.width, zorder=layer)
                )
            case Line():
                ends = ([shape.x1, shape.x2], [shape.y1, shape.y2])
                axes.add_line(Line2D(*ends, color=shape.colour, lw=shape.width, alpha=shape.opacity, zorder=layer))
            case Text():
                text = shape.text.replace("$", r"\$")
                axes.text(
                    shape.x, shape.y, text, size=0.92 * shape.size, color=shape.colour, zorder=layer,
                    ha=sides[shape.anchor], va="center_baseline", weight="bold" if shape.bold else "normal",
                )  # fmt: skip
            case Image():
                half = shape.side / 2
                box = (shape.x - half, shape.x + half, shape.y + half, shape.y - half)
                drawn = axes.imshow(shape.pixels, extent=box, zorder=layer, interpolation="nearest", aspect="auto")
                if shape.circle:
                    drawn.set_clip_path(Disc((shape.x, shape.y), half, transform=axes.transData))
    axes.set(xlim=(0, scene.width), ylim=(scene.height, 0))
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=dpi, facecolor=scene.paper)
    return buffer.getvalue()
