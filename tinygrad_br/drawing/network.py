"""Networks as textbooks draw them: neurons as circles, connections as lines, from the inputs on the left to the right.

The width and colour of a line show the weight, the number in a neuron is its bias.  Wide layers show their first and
last neurons and say how many there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from ..engine import ancestors, nodes_in
from ..modes import mode
from ..value import Value
from .colours import NAN, Theme, heat_image, ink_on, mix
from .labels import number
from .picture import readable
from .plots import unchanged
from .scene import Circle, Image, Line, Scene, Text
from .writers import mermaid_text

RADIUS, ROW, COLUMN, MARGIN = 17.0, 46.0, 190.0, 34.0
HEADER, FOOTER = 46.0, 34.0
PICTURE = 120.0  # the side of an input picture
GLOW = "#ffc933"  # the colour of an active neuron


@dataclass
class Column:
    """A layer as it is drawn: which of its neurons, where, and what they hold."""

    count: int
    shown: list[int]
    title: str
    subtitle: str = ""
    weights: Any = None
    biases: Any = None
    activations: Any = None
    radius: float = RADIUS
    row: float = ROW
    x: float = 0.0
    ys: list[float] = field(default_factory=list)

    @property
    def elided(self) -> bool:
        return len(self.shown) < self.count

    @property
    def height(self) -> float:
        return self.row * (len(self.shown) + (1.1 if self.elided else 0))


def layers_of(model: Any) -> list[Any]:
    """The layers of a network that have weights, in order.

    Raises TypeError if there are none, ValueError if they are not a chain.
    """
    modules = model.modules() if hasattr(model, "modules") else [model, *getattr(model, "layers", ())]
    modules = [model] if hasattr(model, "weights") else modules
    layers = [m for m in modules if is_layer(m)]
    if not layers:
        raise TypeError(
            f"tg.draw draws Values and networks of layers with weights, but {type(model).__name__} has no such layer; "
            "draw its output instead: tg.draw(model(x))"
        )
    for i, (a, b) in enumerate(pairwise(layers)):
        if matrix(a).shape[1] != matrix(b).shape[0]:
            raise ValueError(
                f"layer {i + 1} has {matrix(a).shape[1]} outputs but layer {i + 2} takes {matrix(b).shape[0]} inputs, "
                "so they are not a chain that can be drawn as columns; draw the graph instead: tg.draw(model(x))"
            )
    return layers


def is_layer(module: Any) -> bool:
    """Whether a module is a layer, with a matrix of weights, or a neuron; a normalisation has a weight per number."""
    weights, biases = getattr(module, "weights", None), getattr(module, "biases", None)
    if not isinstance(weights, Value):
        return False
    return weights.ndim == 2 or (weights.ndim == 1 and (biases is None or biases.ndim == 0))


def matrix(layer: Any) -> Any:
    """The weights of a layer as (inputs, neurons); a single neuron has one column."""
    data = layer.weights.data
    return data if data.ndim == 2 else data[:, None]


def biases_of(layer: Any) -> Any:
    """The biases of a layer as (neurons,), None if it has none."""
    bias = getattr(layer, "biases", getattr(layer, "bias", None))
    return None if bias is None else np.ravel(bias.data)


def activations_of(model: Any, layers: Sequence[Any], inputs: Any) -> list[Any]:
    """What goes into each layer for one example, and what comes out of the last; nothing in the model is changed."""
    x = np.asarray(inputs.data if isinstance(inputs, Value) else inputs, layers[0].weights.dtype).reshape(1, -1)
    if x.shape[1] != matrix(layers[0]).shape[0]:
        raise ValueError(
            f"inputs= is one example with {matrix(layers[0]).shape[0]} numbers, but this one has {x.shape[1]}"
        )
    with unchanged(model), mode(recording=True):
        output = model(x)
    into = inputs_of_layers(layers, output)
    return [x[0], *(into.get(id(layer)) for layer in layers[1:]), np.ravel(output.data)]


def inputs_of_layers(layers: Sequence[Any], output: Any) -> dict[int, Any]:
    """What went into each layer, by the layer's id, on the way to an output."""
    into = {}
    for node in ancestors(output):
        for layer in layers:
            if any(arg is layer.weights for arg in nodes_in(node.args)):
                into[id(layer)] = np.ravel(getattr(node.args[0], "_data", node.args[0]))
    return into


def scene_of(
    model: Any,
    theme: Theme,
    inputs: Any = None,
    labels: Sequence[str] | None = None,
    input_names: Sequence[str] | None = None,
    neurons: int = 10,
    image_shape: tuple[int, ...] | None = None,
) -> Scene:
    """The scene of a network; `tg.draw` describes the options."""
    layers = layers_of(model)
    check_names(layers, labels, input_names)
    shape = np.shape(inputs)
    if (
        image_shape is None
        and min(shape[:2], default=0) > 1 < len(shape)
        and np.size(inputs) == matrix(layers[0]).shape[0]
    ):
        image_shape = shape
    check_image(layers, image_shape)
    columns = columns_of(layers, neurons)
    if inputs is not None:
        for column, activations in zip(columns, activations_of(model, layers, inputs), strict=True):
            column.activations = activations
    title = f"{type(model).__name__} with {', '.join(str(c.count) for c in columns)} neurons from input to output"
    return Painter(columns, theme, labels, input_names, image_shape, title).scene


def check_names(layers: Sequence[Any], labels: Sequence[str] | None, input_names: Sequence[str] | None = None) -> None:
    """Raise ValueError unless there is a name for each output, or two for a single one, and for each input."""
    count, outputs = matrix(layers[0]).shape[0], matrix(layers[-1]).shape[1]
    if labels and len(labels) != outputs and not (outputs == 1 and len(labels) == 2):
        wanted = "1 or, for z <= 0 and z > 0, 2" if outputs == 1 else f"{outputs:,}"
        raise ValueError(f"labels= are the names of the outputs, here {wanted}, but got {len(labels)}")
    if input_names and len(input_names) != count:
        raise ValueError(f"input_names= are the names of the {count:,} inputs, but got {len(input_names)}")


def check_image(layers: Sequence[Any], image_shape: tuple[int, ...] | None) -> None:
    """Raise ValueError unless a picture of this shape has as many pixels as the network has inputs."""
    count = matrix(layers[0]).shape[0]
    if image_shape is not None and math.prod(image_shape) != count:
        raise ValueError(
            f"image_shape {tuple(image_shape)} has {math.prod(image_shape):,} pixels, "
            f"but the network has {count:,} inputs"
        )


def mermaid_of(model: Any) -> str:
    """The layers of a network as a Mermaid flow chart, one box for each."""
    columns = columns_of(layers_of(model), 2)
    lines = [f'  l{i}["{mermaid_text(c.title)}<br/>{mermaid_text(c.subtitle)}"]' for i, c in enumerate(columns)]
    lines += [f"  l{i} --> l{i + 1}" for i in range(len(columns) - 1)]
    return "\n".join(["flowchart LR", *lines]) + "\n"


def columns_of(layers: Sequence[Any], neurons: int) -> list[Column]:
    """A column for the inputs and one for each layer."""
    if neurons < 2:
        raise ValueError(f"neurons= is how many neurons of a wide layer are drawn, at least 2, but got {neurons}")
    first = matrix(layers[0]).shape[0]
    columns = [Column(first, shown_of(first, neurons), "input", plural(first, "input"))]
    for i, layer in enumerate(layers):
        count = matrix(layer).shape[1]
        last = i == len(layers) - 1
        title = "output" if last else "hidden" if len(layers) == 2 else f"hidden {i + 1}"
        subtitle = plural(count, "neuron")
        kind = getattr(layer, "activation", None)
        if kind is not None:
            subtitle += f", {kind if isinstance(kind, str) else getattr(kind, '__name__', 'own activation')}"
        columns.append(Column(count, shown_of(count, neurons), title, subtitle, matrix(layer), biases_of(layer)))
    return columns


def plural(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def shown_of(count: int, most: int) -> list[int]:
    """Which neurons of a layer are drawn: all, or the first and the last."""
    if count <= most:
        return list(range(count))
    return [*range((most + 1) // 2), *range(count - most // 2, count)]


class Painter:
    """Lays columns out and paints them on a scene."""

    def __init__(
        self,
        columns: Sequence[Column],
        theme: Theme,
        labels: Sequence[str] | None,
        input_names: Sequence[str] | None,
        image_shape: tuple[int, ...] | None,
        title: str,
    ) -> None:
        self.columns, self.theme, self.image_shape = columns, theme, image_shape
        self.labels = [readable(label, 24) for label in labels or ()]
        self.input_names = [readable(name, 24) for name in input_names or ()]
        widest = max((len(name) for name in self.input_names), default=0 if image_shape else 4)
        left = MARGIN + 6.5 * widest + (PICTURE + 40 if image_shape is not None and self.has_picture else 0)
        right = MARGIN + (20 + 7.5 * max((len(text) for text in self.output_texts()), default=0))
        if image_shape is not None:  # the first neurons show pictures
            columns[1].radius, columns[1].row = 1.6 * RADIUS, 1.4 * ROW
        tallest = max(c.height for c in columns)
        height = HEADER + tallest + FOOTER
        width = left + 2 * RADIUS + (len(columns) - 1) * COLUMN + right
        self.shift = max(0.0, MARGIN + sum(width for *_, width in self.legend_entries()) - width) / 2
        for i, column in enumerate(columns):
            column.x = self.shift + left + RADIUS + i * COLUMN
            top = HEADER + (tallest - column.height) / 2 + column.row / 2
            half = (len(column.shown) + 1) // 2
            column.ys = [
                top + column.row * (k + (1.1 if column.elided and k >= half else 0)) for k in range(len(column.shown))
            ]
        self.scene = Scene(width + 2 * self.shift, height, theme.paper, title)
        self.paint()

    @property
    def has_picture(self) -> bool:
        return self.columns[0].activations is not None

    def paint(self) -> None:
        for before, after in pairwise(self.columns):
            self.lines(before, after)
        for i, column in enumerate(self.columns):
            self.neurons(i, column)
            self.captions(column)
        if self.image_shape is not None and self.has_picture:
            self.picture()
        self.legend()

    def add(self, *shapes: Circle | Line | Text | Image) -> None:
        self.scene.shapes += shapes

    def lines(self, before: Column, after: Column) -> None:
        """The connections between two columns, the weak ones first so that the strong ones lie on top."""
        shown = after.weights[np.ix_(before.shown, after.shown)]
        scale = largest(shown)
        b, a = self.columns.index(before), self.columns.index(after)
        for place in np.argsort(np.abs(shown), axis=None, kind="stable").tolist():
            i, j = divmod(place, shown.shape[1])
            weight = float(shown[i, j])
            share = min(abs(weight) / scale, 1.0) if math.isfinite(weight) else 1.0
            self.add(
                Line(
                    before.x + before.radius, before.ys[i], after.x - after.radius, after.ys[j],
                    self.theme.positive if weight >= 0 else self.theme.negative,
                    0.35 + 3.0 * share, 0.18 + 0.67 * share,
                    (f"n{b}_{before.shown[i]}", f"n{a}_{after.shown[j]}"),
                    f"weight {number(weight)}",
                )
            )  # fmt: skip

    def neurons(self, place: int, column: Column) -> None:
        """The circles of a column, with biases, activations and names."""
        theme = self.theme
        strongest = self.strongest() if column is self.columns[-1] else None
        acts = column.activations
        scale = 1.0 if acts is None else largest(acts)
        texts = self.output_texts() if column is self.columns[-1] else []
        for index, y in zip(column.shown, column.ys, strict=True):
            fill, said = (theme.leaf if place == 0 else theme.value), []
            if acts is not None:
                act = float(acts[index])
                finite = math.isfinite(act)
                fill = mix(theme.paper, GLOW if act >= 0 else theme.negative, abs(act) / scale) if finite else NAN
                said.append(f"activation {number(act)}")
            if column.biases is not None:
                said.append(f"bias {number(float(column.biases[index]))}")
            won = index == strongest
            pictured = place == 1 and self.image_shape is not None
            if won:
                stroke, width = theme.accent, 3.0
            elif pictured and acts is not None:
                share = min(abs(float(acts[index])) / scale, 1.0)
                stroke, width = mix(theme.line, fill, 2 * share), 1.2 + 2.8 * share
            else:
                stroke, width = theme.line, 1.2
            name = f"neuron {index}" if place else f"input {index}"
            self.add(
                Circle(f"n{place}_{index}", column.x, y, column.radius, fill, stroke, width, ", ".join([name, *said]))
            )
            if pictured and self.image_shape is not None:
                pixels = weight_image(column.weights[:, index], self.image_shape, theme)
                self.add(
                    Image(column.x, y, 2 * column.radius - 3, pixels, True, ", ".join([f"weights of {name}", *said]))
                )
            elif column.biases is not None:
                self.add(Text(column.x, y, bias_text(float(column.biases[index])), 9, ink_on(fill)))
            if place == 0 and self.input_names and index < len(self.input_names):
                self.add(Text(column.x - RADIUS - 6, y, self.input_names[index], 11, theme.ink, "end"))
            elif place == 0 and self.image_shape is None:
                self.add(Text(column.x - RADIUS - 6, y, f"x{index + 1}", 11, theme.faint, "end"))
            if place == 0 and acts is not None and self.image_shape is None:
                self.add(Text(column.x, y, bias_text(float(acts[index])), 9, ink_on(fill)))
            if index < len(texts):
                colour = theme.accent if won else theme.ink
                self.add(Text(column.x + column.radius + 8, y, texts[index], 13, colour, "start", won))

    def captions(self, column: Column) -> None:
        """What stands above a column, and the dots of a column that is too long."""
        theme = self.theme
        self.add(
            Text(column.x, 16, column.title, 13, theme.ink, "middle", True),
            Text(column.x, 32, column.subtitle, 10, theme.faint),
        )
        if column.elided:
            half = (len(column.shown) + 1) // 2
            middle = (column.ys[half - 1] + column.ys[half]) / 2
            for shift in (-9, 0, 9):
                self.add(Circle(f"dots{column.x:.0f}{shift}", column.x, middle + shift, 2, theme.faint, theme.faint, 0))
            self.add(Text(column.x + 9, middle, f"{column.count:,}", 11, theme.ink, "start", True))

    def picture(self) -> None:
        """The picture that goes into the network, beside the inputs."""
        column = self.columns[0]
        pixels = input_image(column.activations, self.image_shape)
        x, y = self.shift + MARGIN + PICTURE / 2, (column.ys[0] + column.ys[-1]) / 2
        self.add(Image(x, y, PICTURE, pixels, title="the input"))
        left, right, top, bottom = (middle + side * PICTURE / 2 for middle in (x, y) for side in (-1, 1))
        for ends in ((left, top, right, top), (left, bottom, right, bottom), (left, top, left, bottom),
                     (right, top, right, bottom)):  # fmt: skip
            self.add(Line(*ends, self.theme.line, 1, 1))
        self.add(
            Text(x, y + PICTURE / 2 + 14, "×".join(map(str, self.image_shape or ())) + " pixels", 10, self.theme.faint)
        )

    def legend_entries(self) -> list[tuple[str, str, bool, float]]:
        """What the colours mean: a text, a colour (none for a mere text), whether it is a neuron's, and the width."""
        theme = self.theme
        entries = [("positive weight", theme.positive, False), ("negative weight", theme.negative, False)]
        pictures = self.image_shape is not None
        entries.append(("in neurons: bias" + (", or weights as a picture" if pictures else ""), "", False))
        acts = [np.asarray(c.activations)[c.shown] for c in self.columns if c.activations is not None]
        if acts:
            entries.append(("active", GLOW, True))
            if any(np.any(a < 0) for a in acts):
                entries.append(("active below 0", theme.negative, True))
        return [(word, colour, disc, 5.4 * len(word) + (28 if colour else 0) + 18) for word, colour, disc in entries]

    def legend(self) -> None:
        """The line below the network that says what the colours mean."""
        theme, y, entries = self.theme, self.scene.height - 14, self.legend_entries()
        x = (self.scene.width - sum(width for *_, width in entries)) / 2
        for word, colour, disc, width in entries:
            if disc:
                self.add(Circle(f"legend{x:.0f}", x + 14, y, 6, colour, theme.line, 1))
            elif colour:
                self.add(Line(x, y, x + 22, y, colour, 3, 0.85))
            self.add(Text(x + (28 if colour else 0), y, word, 10, theme.faint, "start"))
            x += width

    def strongest(self) -> int | None:
        """The output that is largest, or, for a single output with two labels, that output."""
        acts = self.columns[-1].activations
        return None if acts is None or not np.all(np.isfinite(acts)) else int(np.argmax(acts))

    def output_texts(self) -> list[str]:
        """What stands beside the outputs: labels, and the numbers if there is an input."""
        column = self.columns[-1]
        acts = column.activations
        if column.count == 1 and len(self.labels) == 2:
            if acts is None:
                return [f"{self.labels[0]} or {self.labels[1]}"]
            return [f"{self.labels[int(acts[0] > 0)]}  (z = {number(float(acts[0]), 3)})"]
        if acts is None:
            return list(self.labels)
        names = [*self.labels, *[""] * column.count][: column.count]
        return [f"{name}: {number(float(a), 3)}".removeprefix(": ") for name, a in zip(names, acts, strict=True)]


def largest(numbers: Any) -> float:
    """The largest absolute value among finite numbers, 1 if there is none but 0."""
    return float(np.max(np.abs(numbers[np.isfinite(numbers)]), initial=0.0)) or 1.0


def bias_text(bias: float) -> str:
    """A bias in at most five letters."""
    if not math.isfinite(bias):
        return str(bias)
    text = f"{bias:.2f}" if abs(bias) < 10 else f"{bias:.0f}" if abs(bias) < 10000 else f"{bias:.0e}"
    return "0" if bias == 0 else text.replace("-0.00", "0.00")


def weight_image(weights: Any, shape: tuple[int, ...], theme: Theme) -> Any:
    """The weights of a neuron as a small picture; those of colour pictures are averaged over the colours."""
    grid = np.asarray(weights, np.float64).reshape(shape)
    grid = grid if grid.ndim == 2 else grid.mean(axis=-1)
    steps = [max(1, math.ceil(n / 32)) for n in grid.shape]
    grid = grid[:: steps[0], :: steps[1]]
    return heat_image(grid, largest(grid), theme)


def input_image(numbers: Any, shape: tuple[int, ...] | None) -> Any:
    """An input as a picture in bytes, from its smallest number, black, to its largest, white."""
    grid = np.asarray(numbers, np.float64).reshape(shape)
    low, high = float(grid.min()), float(grid.max())
    grid = (grid - low) / ((high - low) or 1.0)
    grid = grid if grid.ndim == 3 else np.repeat(grid[:, :, None], 3, axis=2)
    return np.round(255 * grid).astype(np.uint8)
