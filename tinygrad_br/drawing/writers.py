"""A picture as text: DOT for Graphviz, Mermaid for Markdown pages, and a tree for the terminal."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Any

from .colours import THEMES, Theme, ink_on, mix
from .picture import Arrow, Box, Heat, Picture

FONT = "Helvetica"
PIXEL = 7  # the side of a heat map's cell, in points
LONGEST_TREE = 500  # lines of a tree before it is cut


# -- DOT -----------------------------------------------------------------------------------------------------------


def to_dot(picture: Picture, theme: Theme = THEMES["light"], direction: str = "LR") -> str:
    """DOT text: the same picture gives the same text, character for character."""
    import graphviz  # type: ignore[import-untyped, unused-ignore]

    whole = {"rankdir": direction, "bgcolor": theme.paper, "fontname": FONT, "pad": "0.15", "labelloc": "b"}
    graph = graphviz.Digraph(
        "graph",
        graph_attr={**whole, "nodesep": "0.22", "ranksep": "0.42", **legend(picture, theme)},
        node_attr={"fontname": FONT, "fontsize": "11", "fontcolor": theme.ink, "color": theme.line, "shape": "plain"},
        edge_attr={
            "fontname": FONT, "fontsize": "9", "fontcolor": theme.faint, "color": theme.line, "arrowsize": "0.55",
        },
    )  # fmt: skip
    add_boxes(graph, picture.boxes, (), theme, iter(range(len(picture.boxes))))
    boxes = {box.id: box for box in picture.boxes}
    for arrow in picture.arrows:
        style = {} if arrow.flows else {"style": "dashed", "color": mix(theme.paper, theme.line, 0.75)}
        source, target = boxes[arrow.source], boxes[arrow.target]
        if apart(source.scope, target.scope):  # so that the frames lie one after the other
            style["minlen"] = "2"
        if source.kind not in ("leaf", "constant"):
            style["weight"] = "4"
        if arrow.label:
            style["label"] = f"<{text_of(f' {arrow.label} ', theme.faint, 9)}>"
        graph.edge(arrow.source, arrow.target, **style)
    return str(graph.source).replace("\t", "  ")


def apart(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether neither of two scopes lies in the other."""
    return a[: len(b)] != b and b[: len(a)] != a


def by_frame(boxes: Sequence[Box], path: tuple[str, ...]) -> tuple[list[Box], dict[str, list[Box]]]:
    """The boxes that lie in a module itself, and those of the modules in it by name."""
    own: list[Box] = []
    inner: dict[str, list[Box]] = {}
    for box in boxes:
        deeper = box.scope[: len(path)] == path and len(box.scope) > len(path)
        (inner.setdefault(box.scope[len(path)], []) if deeper else own).append(box)
    return own, inner


def add_boxes(graph: Any, boxes: Sequence[Box], path: tuple[str, ...], theme: Theme, numbers: Any) -> None:
    """The boxes of a module and, as frames with a title, the modules in it."""
    own, inner = by_frame(boxes, path)
    for box in own:
        add_box(graph, box, theme)
    for name, members in inner.items():
        with graph.subgraph(name=f"cluster_{next(numbers)}") as frame:
            frame.attr(
                label=f"<{text_of(' / '.join((*path, name)), theme.faint, 10)}>",
                style="rounded,filled",
                color=mix(theme.paper, theme.line, 0.6),
                fillcolor=mix(theme.group, theme.line, 0.05 * (len(path) + 1)),
                labeljust="l",
                labelloc="t",
                margin="10",
                tooltip=escaped(" / ".join((*path, name))),
            )
            add_boxes(frame, members, (*path, name), theme, numbers)


def add_box(graph: Any, box: Box, theme: Theme) -> None:
    tooltip = escaped(box.tooltip or box.title)
    if box.kind == "op":
        lines = [text_of(box.title, theme.ink, 12), *(text_of(text, theme.faint, 8) for _, text in box.rows)]
        fill = {
            "shape": "box",
            "style": "rounded,filled",
            "fillcolor": theme.op,
            "color": mix(theme.op, theme.line, 0.5),
        }
        size = {"margin": "0.09,0.03", "height": "0.32", "width": "0.32"}
        graph.node(box.id, label=f"<{'<br/>'.join(lines)}>", tooltip=tooltip, **fill, **size)
    else:
        graph.node(box.id, label=f"<{table(box, theme)}>", tooltip=tooltip)


def table(box: Box, theme: Theme) -> str:
    """The HTML-like label of a value."""
    fills = {"leaf": theme.leaf, "output": theme.output, "fold": theme.fold, "constant": theme.paper}
    fill = fills.get(box.kind, theme.value)
    border = box.colour or mix(fill, theme.line, 0.7)
    style = "rounded,dashed" if box.kind in ("constant", "fold") else "rounded"
    rows = [f'<td colspan="2"><b>{text_of(box.title, theme.ink, 11)}</b></td>'] if box.title else []
    rows += [f'<td colspan="2">{text_of(text, theme.faint, 9)}</td>' for caption, text in box.rows if not caption]
    numbers = [(caption, text, shade(box, caption, theme)) for caption, text in box.rows if caption]
    if box.heats:
        wide = ' colspan="2"' if len(numbers) == 1 else ""
        rows.append("".join(f"<td{wide}>{heat_table(heat, theme)}</td>" for _, heat in box.heats))
        rows.append("".join(f"<td{wide}{fill}>{text_of(c, faint, 9)}</td>" for c, _, (fill, faint, _) in numbers))
        rows.append("".join(f"<td{wide}{fill}>{text_of(t, ink, 9)}</td>" for _, t, (fill, _, ink) in numbers))
    else:
        for c, t, (paint, faint, ink) in numbers:
            cells = f'<td align="left">{text_of(c, faint, 9)}</td><td align="right">{text_of(t, ink, 11)}</td>'
            strip = f'<table border="0" cellspacing="0" cellpadding="3"{paint}><tr>{cells}</tr></table>'
            rows.append(f'<td colspan="2" cellpadding="0">{strip}</td>' if paint else cells)
    body = "".join(f"<tr>{row}</tr>" for row in rows) or "<tr><td> </td></tr>"
    inner = f'<table border="0" cellspacing="0" cellpadding="{1 if box.kind == "constant" else 3}">{body}</table>'
    return (
        f'<table border="{2 if box.colour else 1}" color="{border}" cellborder="0" cellspacing="0" cellpadding="3" '
        f'bgcolor="{fill}" style="{style}"><tr><td>{inner}</td></tr></table>'
    )


def shade(box: Box, caption: str, theme: Theme) -> tuple[str, str, str]:
    """The background of numbers, which for a gradient shows its size, and the colours of caption and numbers on it."""
    if box.colour is None or caption != "grad":
        return "", theme.faint, theme.ink
    ink = ink_on(box.colour)
    return f' bgcolor="{box.colour}"', ink, ink


def heat_table(heat: Heat, theme: Theme) -> str:
    """A heat map as a table of coloured cells."""
    side = f'fixedsize="true" width="{PIXEL}" height="{PIXEL}"'
    rows = ("".join(f'<td {side} bgcolor="{colour}"></td>' for colour in row) for row in heat)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    size = f'fixedsize="true" width="{PIXEL * len(heat[0]) + 2}" height="{PIXEL * len(heat) + 2}"'
    line = mix(theme.paper, theme.line, 0.6)
    return f'<table {size} border="1" color="{line}" cellborder="0" cellspacing="0" cellpadding="0">{body}</table>'


def legend(picture: Picture, theme: Theme) -> dict[str, str]:
    """The label below the graph: what the colours mean, and the notes."""
    lines = []
    if picture.legend:
        words = [f"   {text_of('■', colour, 14)} {text_of(word, theme.faint, 10)}" for colour, word in picture.legend]
        lines.append(f"<tr><td>{text_of('gradient:', theme.faint, 10)}{''.join(words)}</td></tr>")
    lines += [f"<tr><td>{text_of(note, theme.faint, 10)}</td></tr>" for note in picture.notes]
    return {"label": f'<<table border="0" cellspacing="0">{"".join(lines)}</table>>'} if lines else {}


def text_of(text: str, colour: str, size: int) -> str:
    """Text in an HTML-like label, everything special in it escaped."""
    safe = html.escape(text).replace("\\", r"\\").replace("\n", "<br/>")
    return f'<font color="{colour}" point-size="{size}">{safe or " "}</font>'


def escaped(text: str) -> str:
    """Text for a tooltip: no backslash sequence and no HTML in it is taken for more than its characters."""
    import graphviz

    once = html.escape(text.replace("\n", " "), quote=False).replace("\\", r"\\")  # Graphviz reads tooltips twice
    return str(graphviz.escape(once))


# -- Mermaid -------------------------------------------------------------------------------------------------------


def to_mermaid(picture: Picture, direction: str = "LR", theme: Theme = THEMES["light"]) -> str:
    """Mermaid text, which GitHub and many notebooks turn into a picture."""
    fills = {"leaf": theme.leaf, "value": theme.value, "output": theme.output, "op": theme.op, "fold": theme.fold,
             "constant": theme.paper}  # fmt: skip
    styles = {
        kind: f"fill:{fill},stroke:{mix(fill, theme.line, 0.7)},color:{theme.ink}" for kind, fill in fills.items()
    }
    lines = [f"flowchart {direction}", *(f"  classDef {kind} {style}" for kind, style in styles.items())]
    lines += mermaid_boxes(picture.boxes, (), "  ", iter(range(len(picture.boxes))))
    for arrow in picture.arrows:
        label = f'|"{mermaid_text(arrow.label)}"|' if arrow.label else ""
        lines.append(f"  {arrow.source} {'-->' if arrow.flows else '-.->'}{label} {arrow.target}")
    lines += [f"  style {box.id} stroke:{box.colour},stroke-width:3px" for box in picture.boxes if box.colour]
    lines += [f"  %% {note}" for note in picture.notes]
    return "\n".join(lines) + "\n"


def mermaid_boxes(boxes: Sequence[Box], path: tuple[str, ...], lead: str, numbers: Iterator[int]) -> Iterator[str]:
    """The lines of the boxes of a module and, as subgraphs, of the modules in it."""
    own, inner = by_frame(boxes, path)
    for box in own:
        words = [box.title, *(f"{caption} {text}".strip() for caption, text in box.rows)]
        text = "<br/>".join(mermaid_text(word) for word in words if word) or " "
        opening, closing = ("(", ")") if box.kind == "op" else ("[", "]")
        yield f'{lead}{box.id}{opening}"{text}"{closing}:::{box.kind}'
    for name, members in inner.items():
        yield f'{lead}subgraph s{next(numbers)}["{mermaid_text(" / ".join((*path, name)))}"]'
        yield from mermaid_boxes(members, (*path, name), lead + "  ", numbers)
        yield f"{lead}end"


def mermaid_text(text: str) -> str:
    """Text in a Mermaid label: what is not a letter, a digit or harmless is written as its number."""
    harmless = " .,:=+-*/()[]_|"
    return "".join(c if c.isalnum() or c in harmless else "<br/>" if c == "\n" else f"#{ord(c)};" for c in text)


# -- the terminal --------------------------------------------------------------------------------------------------


def to_text(picture: Picture) -> str:
    """A tree from the outputs down to the leaves, one line for each value; what came before is not repeated."""
    boxes = {box.id: box for box in picture.boxes}
    incoming: dict[str, list[Arrow]] = {}
    for arrow in picture.arrows:
        incoming.setdefault(arrow.target, []).append(arrow)
    lines: list[str] = []
    shown: set[str] = set()
    waiting: list[tuple[str, str, str, str]] = [(name, "", "", "") for name in reversed(picture.outputs)]
    while waiting:
        name, lead, below, said = waiting.pop()
        if len(lines) >= LONGEST_TREE:
            lines.append("... (the tree is cut here)")
            break
        box, arrows = boxes[name], incoming.get(name, [])
        operation = boxes[arrows[0].source] if len(arrows) == 1 and boxes[arrows[0].source].kind == "op" else None
        words = [box.title, said, *(f"{c} {t}".strip() for c, t in box.rows)]
        line = lead + "  ".join(w.replace("\n", " ") for w in words if w)
        if operation is not None:
            line += f"  = {operation.title.replace(chr(10), ' ')}"
            line += "".join(f"  ({text})" for _, text in operation.rows)
            arrows = incoming.get(operation.id, [])
        if name in shown and arrows:
            lines.append(line + "  (see above)")
            continue
        shown.add(name)
        lines.append(line)
        for i, arrow in reversed(list(enumerate(arrows))):
            last = i == len(arrows) - 1
            label = f"[{arrow.label}]".replace("\n", ", ") if arrow.label else ""
            waiting.append(
                (arrow.source, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "), label)
            )
    return "\n".join([*lines, *picture.notes])
