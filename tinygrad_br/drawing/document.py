"""`Drawing`: what `tg.draw` returns, to be looked at in a notebook, printed or saved."""

from __future__ import annotations

import html
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

KINDS = ("svg", "png", "pdf", "dot", "html", "mmd", "txt")
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0; background: {paper}; }}
figure {{ margin: 1rem; overflow: auto; }}
svg {{ max-width: 100%; height: auto; }}
</style>
</head>
<body>
<figure role="img" aria-label="{title}">
{svg}
</figure>
</body>
</html>
"""


class Drawing:
    """A drawing of a computation graph or of a network; it holds no data, so it stays as it was made.

    In a notebook it shows itself.  `dot`, `mermaid` and `text()` need no other program; pictures of graphs need
    Graphviz or the graphviz-pure wheel, see `tinygrad_br.drawing.render`.

    >>> from tinygrad_br import Value, draw
    >>> a = Value(2.0, name="a")
    >>> print(draw(a + a).text())
    data 4  = +
    ├─ a  data 2
    └─ a  data 2
    """

    def __init__(
        self,
        dot: Callable[[], str],
        text: Callable[[], str],
        pictures: Callable[[str, int], bytes],
        mermaid: Callable[[], str],
        title: str,
        paper: str,
        notes: tuple[str, ...] = (),
    ) -> None:
        self._dot, self._text, self._pictures, self._mermaid = dot, text, pictures, mermaid
        self.title, self.paper, self.notes = title, paper, notes

    @property
    def dot(self) -> str:
        """The drawing in Graphviz's language."""
        return self._dot()

    @property
    def mermaid(self) -> str:
        """The drawing in Mermaid's language, for Markdown pages."""
        return self._mermaid()

    @property
    def svg(self) -> str:
        """The drawing as an SVG element, without an XML declaration."""
        text = self._pictures("svg", 144).decode()
        return text[text.index("<svg") :]

    def text(self) -> str:
        """The drawing for the terminal."""
        return self._text()

    def save(self, path: str | os.PathLike[str], dpi: int = 144) -> Path:
        """Write the drawing to a file whose ending says in which form; gives the path.

        Args:
            path: a file name that ends in .svg, .png, .pdf, .html, .dot, .mmd (Mermaid) or .txt.
            dpi: pixels per inch of a .png.

        Raises:
            ValueError: for another ending.
            EngineMissingError: if there is no program that lays out graphs.
        """
        path = Path(path)
        kind = path.suffix[1:].lower()
        if kind not in KINDS:
            raise ValueError(f"cannot save a drawing as {path.name!r}; use a name that ends in .{', .'.join(KINDS)}")
        if kind in ("png", "pdf"):
            content = self._pictures(kind, dpi)
        elif kind == "html":
            content = PAGE.format(title=html.escape(self.title), paper=self.paper, svg=self.svg).encode()
        elif kind == "svg":
            content = b'<?xml version="1.0" encoding="UTF-8"?>\n' + self.svg.encode()
        else:
            content = ({"dot": self._dot, "mmd": self._mermaid, "txt": self._text}[kind]().rstrip("\n") + "\n").encode()
        path.write_bytes(content)
        return path

    def __repr__(self) -> str:
        return f"<Drawing of {self.title}; .save('x.svg') writes it, print(drawing.text()) prints it>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What notebooks show: SVG, and the tree where no picture can be made."""
        from .render import EngineMissingError

        try:
            return {"image/svg+xml": self.svg, "text/plain": repr(self)}
        except EngineMissingError as error:
            return {"text/plain": f"{self.text()}\n({error})"}

    def _repr_svg_(self) -> str | None:
        return self._repr_mimebundle_().get("image/svg+xml")
