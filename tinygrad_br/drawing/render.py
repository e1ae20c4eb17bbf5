"""From DOT text to pictures: which program draws, and how it is run.

The layout is made by the `dot` program of Graphviz if the system has one, else by the `graphviz-pure` wheel, which
installs a program of its own next to Python and does the same.
"""

from __future__ import annotations

import html
import importlib.metadata
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

WHEEL = "graphviz-pure"
NO_ENGINE = (
    "no program that lays out graphs was found; install the wheel with `python -m pip install graphviz-pure`, "
    "or Graphviz itself (https://graphviz.org) so that `dot` is on the PATH; .dot, .mermaid and .text() need neither"
)
# The widths of the characters 32 to 126 in thousandths of the size: Adobe Font Metrics, Helvetica.
HELVETICA = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
]  # fmt: skip


class EngineMissingError(RuntimeError):
    """There is neither Graphviz's `dot` nor the `graphviz-pure` wheel on this machine."""


def find_engine() -> str:
    """The path of the program that lays out graphs; EngineMissingError says what to install if there is none."""
    path = shutil.which("dot") or wheel_program() or shutil.which(WHEEL)
    if path is None:
        raise EngineMissingError(NO_ENGINE)
    return path


def is_wheel(program: str) -> bool:
    """Whether a program is the wheel's, which knows the widths of Helvetica only; Graphviz measures the fonts here."""
    return Path(program).stem == WHEEL


def wheel_program() -> str | None:
    """The program of the graphviz-pure wheel, which need not be on the PATH: None if the wheel is not installed."""
    try:
        files = importlib.metadata.files(WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    places = [Path(str(f.locate())) for f in files if f.stem == WHEEL and f.suffix in ("", ".exe")]
    places += [Path(sysconfig.get_path("scripts")) / (WHEEL + suffix) for suffix in ("", ".exe")]
    return next((str(path.resolve()) for path in places if path.is_file()), None)


def render(dot: str, kind: str, dpi: int = 144) -> bytes:
    """DOT text as the bytes of an "svg", a "png" or a "pdf".

    Raises:
        EngineMissingError: if there is no engine.
        RuntimeError: if the engine fails; the message is the engine's own.
    """
    if kind == "png":
        return run(dot, "png", f"-Gdpi={dpi}")
    if not is_wheel(find_engine()):
        return run(dot, kind)
    svg = with_text_lengths(run(dot, "svg").decode())
    if kind == "svg":
        return svg.encode()
    from .pdf import pdf_of  # the wheel writes no PDF

    return pdf_of(svg)


def run(dot: str, kind: str, *options: str) -> bytes:
    """What the engine makes of DOT text."""
    command = [find_engine(), f"-T{kind}", *options]
    done = subprocess.run(command, input=dot.encode(), capture_output=True, check=False)
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip()
        raise RuntimeError(f"{Path(command[0]).name} could not draw this graph as {kind}: {said[:500]}")
    return done.stdout


def with_text_lengths(svg: str) -> str:
    """The SVG with a length on each text, so that it fits its box in whatever font the viewer has."""

    def fitted(found: re.Match[str]) -> str:
        attributes, text = found.groups()
        if len(html.unescape(text)) == 1:
            return found[0]  # a sign on its own has room enough, and must not be squeezed
        size = re.search(r'font-size="([0-9.]+)"', attributes)
        width = text_width(html.unescape(text), float(size[1]) if size else 14.0, "bold" in attributes)
        return f'<text{attributes} textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs">{text}</text>'

    return re.sub(r"<text([^>]*)>([^<]+)</text>", fitted, svg)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """The width of text in Helvetica, in the unit of `size`; letters beyond ASCII count as wide as a digit."""
    thousandths = sum(HELVETICA[ord(c) - 32] if 32 <= ord(c) < 127 else 556 for c in text)
    return thousandths / 1000 * size * (1.06 if bold else 1.0)
