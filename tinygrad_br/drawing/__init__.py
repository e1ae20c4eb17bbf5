"""Seeing: computation graphs and networks as pictures.

`draw` is the way in.  What it does lies in these files, in the order of the work:

* `graph` turns recorded nodes into a `picture` of boxes and arrows, with `folding` for large graphs and `labels` for
  the texts; `writers` turns that into DOT, Mermaid or a tree; `render` runs Graphviz.
* `network` turns a model into a `scene` of circles and lines, which writes itself.
* `document` is the result, a `Drawing`.
* `plots` are the plots that matplotlib draws.
* `player` records a training and writes a page that plays it.
* `explain` tells the chain rule with numbers, `paths` finds its terms; `why` tells what became of a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..value import Value
from . import render
from .colours import theme_named
from .document import Drawing
from .explain import explain
from .graph import Options, picture_of
from .network import mermaid_of, scene_of
from .player import record
from .plots import activation_statistics, confusion_matrix, decision_boundary, histograms
from .render import EngineMissingError
from .scene import dot_of, raster_of, svg_of
from .why import why
from .writers import to_dot, to_mermaid, to_text

__all__ = [
    "Drawing", "EngineMissingError", "activation_statistics", "confusion_matrix", "decision_boundary", "draw",
    "draw_graph", "draw_network", "explain", "histograms", "record", "why",
]  # fmt: skip

DIRECTIONS = ("LR", "RL", "TB", "BT")


def draw(what: Any, **options: Any) -> Drawing:
    """Draw the computation that led to a Value, or a network.

    Args:
        what: a Value, several Values in a list, or a model.
        options: those of `draw_graph` for Values and those of `draw_network` for a model.

    Nothing is changed by drawing: no data, no gradient, no graph.

    >>> from tinygrad_br import Value, draw
    >>> w, x = Value(2.0, name="w"), Value(3.0, name="x")
    >>> print(draw(w * x + 1).text())
    data 7  = +
    ├─ data 6  = ×
    │  ├─ w  data 2
    │  └─ x  data 3
    └─ 1
    """
    if isinstance(what, Value):
        return draw_graph([what], **options)
    if isinstance(what, (list, tuple)) and what and all(isinstance(v, Value) for v in what):
        return draw_graph(what, **options)
    return draw_network(what, **options)


def draw_graph(
    outputs: Sequence[Value],
    *,
    direction: str = "LR",
    digits: int = 4,
    theme: str = "light",
    gradients: bool | None = None,
    explain: bool = False,
    limit: int | None = 200,
    model: Any = None,
    depth: int | None = None,
    heat: bool = True,
    show_source: bool = False,
) -> Drawing:
    """Draw the computation graph of Values.

    Args:
        outputs: the Values; everything they were computed from is drawn.
        direction: "LR" (left to right), "RL", "TB" (top to bottom) or "BT".
        digits: significant digits of numbers.
        theme: "light" or "dark".
        gradients: None shows every `.grad` there is; True computes the gradients of the one output, which no `.grad`
            is touched for; False shows the forward computation only.
        explain: write the local derivative on each arrow, between arrays the least and the greatest of them: the chain
            rule is the product of these along a path, summed over the paths.
        limit: above so many Values the drawing is folded, and says so; None never folds.
        model: the network whose modules are drawn as frames and whose parameters have names.  By default these are
            all models that are alive and whose parameters occur in the graph; False draws no frames.
        depth: so many levels of frames are drawn, 0 for the model as one box; what lies deeper is one box each.
        heat: show arrays of more than four entries as heat maps.
        show_source: write the file and line of each operation, which are known of what is computed under `tg.debug`.

    Colours of gradients: vanishing (below 1e-6) is blue, exploding (above 1e3) red, exactly zero grey, NaN magenta.
    Dashed arrows are those that no gradient flows back on.

    Raises:
        ValueError: for an unknown direction or theme and numbers out of range, with gradients=True unless there is one
            output of size 1, and with depth= if no model has a part in the graph.
        TypeError: if `model` is no tg.nn.Module.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"there is no direction {direction!r}; use one of {', '.join(DIRECTIONS)}")
    for name, number, least in (("digits", digits, 1), ("limit", limit, 1), ("depth", depth, 0)):
        if number is not None and (not hasattr(number, "__index__") or number < least):
            raise ValueError(f"{name}= is a whole number from {least} on, but got {number!r}")
    colours = theme_named(theme)
    choice = Options(colours, digits, heat, explain, show_source, gradients is not False)
    picture = picture_of(outputs, choice, limit, gradients, model, depth)
    return Drawing(
        dot=lambda: to_dot(picture, colours, direction),
        text=lambda: to_text(picture),
        pictures=lambda kind, dpi: render.render(to_dot(picture, colours, direction), kind, dpi),
        mermaid=lambda: to_mermaid(picture, direction, colours),
        title=f"the graph of {outputs[0].name or 'a value'}",
        paper=colours.paper,
        notes=tuple(picture.notes),
    )


def draw_network(
    model: Any,
    *,
    inputs: Any = None,
    labels: Sequence[str] | None = None,
    input_names: Sequence[str] | None = None,
    image_shape: tuple[int, ...] | None = None,
    neurons: int = 10,
    theme: str = "light",
) -> Drawing:
    """Draw a network as textbooks do: neurons in columns, lines as wide as their weights are large.

    Args:
        model: a Module whose layers have `weights` of shape (nin, nout), one after the other, or a single neuron.
        inputs: one example; neurons are then as bright as they are active, and the strongest output is marked.
        labels: names of the outputs; for a single output two names, for z <= 0 and z > 0.
        input_names: names of the inputs.
        image_shape: (rows, columns) or (rows, columns, colours) of inputs that are pictures; the weights of the first
            layer are then drawn as pictures.  Inputs with such a shape say it themselves.
        neurons: how many neurons of a wide layer are drawn.
        theme: "light" or "dark".

    Raises:
        TypeError: if the model has no layer with weights.
        ValueError: if its layers are not a chain, or inputs, names and shapes do not fit.

    >>> import tinygrad_br as tg
    >>> tg.draw(tg.nn.MLP(784, [64, 1], seed=0)).title
    'MLP with 784, 64, 1 neurons from input to output'
    """
    scene = scene_of(model, theme_named(theme), inputs, labels, input_names, neurons, image_shape)
    summary = model.summary() if hasattr(model, "summary") else scene.title
    flow = mermaid_of(model)
    return Drawing(
        dot=lambda: dot_of(scene),
        text=lambda: summary,
        pictures=lambda kind, dpi: svg_of(scene).encode() if kind == "svg" else raster_of(scene, kind, dpi),
        mermaid=lambda: flow,
        title=scene.title,
        paper=scene.paper,
    )
