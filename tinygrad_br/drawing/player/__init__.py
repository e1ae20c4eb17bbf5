"""The player: a training on one page that can be played, stopped and stepped through, offline.

While training runs only weights and gradients are copied, which costs little.  What is shown beside them, activations,
gradients in the graph, the decision boundary, is computed when the page is written, from a copy of the model.
"""

from __future__ import annotations

import base64
import copy
import html
import json
import os
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from ...engine import Node, ancestors, cotangents, nodes_in, part
from ...modes import mode
from ..labels import op_text
from ..network import columns_of, inputs_of_layers, layers_of
from ..picture import readable
from ..plots import outputs_of, probabilities, unchanged

MOST_FRAMES = 120
NEURONS = 10  # of a wide layer that are shown
CELLS = 24  # numbers of a node of the graph that are shown
GRID = 40  # points of the decision boundary in each direction


class Recorder:
    """A callback of `tg.fit` that keeps every k-th step; `save` writes the page.  Made by `tg.record`."""

    def __init__(
        self,
        model: Any,
        x: Any,
        y: Any,
        every: int,
        example: int,
        labels: Sequence[str],
        image_shape: tuple[int, ...] | None,
    ) -> None:
        self.model, self.every, self.example = model, every, example
        self.x, self.y = np.asarray(x), np.asarray(y)
        self.labels, self.image_shape = list(labels), image_shape
        self.parameters = list(model.parameters())
        self.frames: list[dict[str, Any]] = []
        self.losses: list[float] = []
        self.loss: Any = None

    def on_train_begin(self, run: Any) -> None:
        """Keep the weights before the first step."""
        self.loss = run.goal.function
        self.keep(run)

    def on_batch_end(self, run: Any) -> None:
        """Keep the loss of each step, and the weights and gradients of every k-th."""
        self.losses.append(float(run.losses[-1]))
        if run.steps % self.every == 0:
            self.keep(run)

    def keep(self, run: Any) -> None:
        """Copy the present weights and gradients; every other frame is forgotten when there are too many."""
        self.frames.append(
            {
                "step": run.steps,
                "epoch": run.epoch,
                "weights": [p.data.copy() for p in self.parameters],
                "grads": [None if p.grad is None else p.grad.copy() for p in self.parameters],
            }
        )
        if len(self.frames) > MOST_FRAMES:
            self.frames = self.frames[::2]
            self.every *= 2

    def save(self, path: str | os.PathLike[str], title: str = "Training") -> Path:
        """Write the page: one HTML file that needs no network.

        Raises ValueError if nothing was recorded.
        """
        if not self.frames:
            raise ValueError("nothing was recorded; pass the recorder to fit: tg.fit(..., callbacks=[recorder])")
        path = Path(path)
        path.write_text(page_of(self.story(title), title), encoding="utf-8")
        return path

    def story(self, title: str) -> dict[str, Any]:
        """All that the page shows, as plain numbers and texts."""
        model = copy.deepcopy(self.model)
        parameters = list(model.parameters())
        layers = layers_of(model)
        columns = columns_of(layers, NEURONS)
        example = self.x[self.example].reshape(1, -1).astype(parameters[0].dtype)
        answer = self.y[self.example : self.example + 1]
        if answer.dtype.kind == "f":
            answer = answer.astype(parameters[0].dtype)
        plane = self.plane()
        story: dict[str, Any] = {
            "title": title,
            "labels": [readable(label) for label in self.labels],
            "layers": [{"count": c.count, "shown": c.shown, "subtitle": c.subtitle} for c in columns],
            "losses": thinned(self.losses),
            "steps": len(self.losses),
            "image": None if self.image_shape is None else [*self.image_shape],
            "input": rounded(example[0]) if self.image_shape is not None else None,
            "plane": None if plane is None else plane[1],
            "frames": [],
        }
        with unchanged(model):
            for frame in self.frames:
                for parameter, weights in zip(parameters, frame["weights"], strict=True):
                    parameter.data = weights
                grads = {id(p): g for p, g in zip(parameters, frame["grads"], strict=True)}
                with mode(recording=True):
                    output = model(example)
                    loss = self.loss(output, answer)
                graph = graph_of(loss, model)
                story.setdefault("graph", graph["structure"])
                shown: dict[str, Any] = {"step": frame["step"], "epoch": frame["epoch"], "nodes": graph["numbers"]}
                shown["acts"] = activations(layers, columns, example, output)
                shown["layers"] = [
                    self.layer(layer, before, after, grads, first=i == 0)
                    for i, (layer, before, after) in enumerate(zip(layers, columns, columns[1:], strict=False))
                ]
                if plane is not None:
                    shown["plane"] = packed(probabilities(outputs_of(model, plane[0])))
                story["frames"].append(shown)
        return story

    def layer(self, layer: Any, before: Any, after: Any, grads: dict[int, Any], first: bool) -> dict[str, Any]:
        """The weights, biases and gradients that are shown of a layer."""
        weights = layer.weights.data.reshape(before.count, after.count)
        gradient = grads.get(id(layer.weights))
        picked = np.ix_(before.shown, after.shown)
        bias = getattr(layer, "biases", getattr(layer, "bias", None))
        told = {
            "w": rounded(weights[picked]),
            "b": None if bias is None else rounded(np.ravel(bias.data)[after.shown]),
            "g": None if gradient is None else rounded(gradient.reshape(weights.shape)[picked]),
        }
        if first and self.image_shape is not None:
            told["pictures"] = [signed_bytes(weights[:, j].reshape(self.image_shape)) for j in after.shown]
        return told

    def plane(self) -> tuple[Any, dict[str, Any]] | None:
        """The points of the plane to ask the model about, and what the page has to know of it; None if it is none."""
        if self.x.ndim != 2 or self.x.shape[1] != 2:
            return None
        low, high = self.x.min(axis=0).astype(float), self.x.max(axis=0).astype(float)
        edge = 0.08 * (high - low) + 1e-9
        sides = [np.linspace(a, b, GRID) for a, b in zip(low - edge, high + edge, strict=True)]
        points = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
        classes = np.unique(np.ravel(self.y), return_inverse=True)[1].tolist()
        some = slice(None, None, max(1, len(self.x) // 300))
        box = [rounded(side[[0, -1]]) for side in sides]
        return points, {"grid": GRID, "box": box, "points": rounded(self.x[some]), "classes": classes[some]}


def record(
    model: Any,
    x: Any,
    y: Any,
    every: int = 10,
    example: int = 0,
    labels: Sequence[str] = (),
    image_shape: tuple[int, ...] | None = None,
) -> Recorder:
    """Make a callback for `tg.fit` that records the training, to be looked at on a page.

    Args:
        model: the network, a chain of layers.
        x: data to look at, shape (rows, nin); with two columns the page shows the decision boundary.
        y: their targets, as the loss takes them.
        every: how many steps lie between two kept ones; of a long training fewer are kept, at most 120.
        example: the row of x whose activations and computation graph are shown.
        labels: names of the outputs; for a single output two names, for z <= 0 and z > 0.
        image_shape: (rows, columns) of inputs that are pictures.

    >>> import tempfile, tinygrad_br as tg
    >>> x, y = tg.datasets.moons(60, seed=0)
    >>> y = y.reshape(-1, 1) * 1.0
    >>> model = tg.nn.MLP(2, [8, 1], seed=0)
    >>> recorder = tg.record(model, x, y, every=5)
    >>> _ = tg.fit(model, x, y, loss="bce_with_logits", epochs=10, verbose=0, callbacks=[recorder])
    >>> path = recorder.save(tempfile.mkdtemp() + "/training.html")
    """
    if every < 1:
        raise ValueError(f"every= is a number of steps from 1 on, but got {every}")
    layers_of(model)
    return Recorder(model, x, y, every, example, labels, image_shape)


def activations(layers: Sequence[Any], columns: Sequence[Any], example: Any, output: Any) -> list[Any]:
    """What goes into each layer and what comes out of the last, for the neurons that are shown."""
    into = inputs_of_layers(layers, output)
    numbers = [example[0], *(into.get(id(layer)) for layer in layers[1:]), np.ravel(output.data)]
    return [None if n is None else rounded(np.asarray(n)[c.shown]) for n, c in zip(numbers, columns, strict=True)]


def graph_of(loss: Any, model: Any) -> dict[str, Any]:
    """The computation graph of one loss: its structure, and the numbers and gradients in it."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    nodes = [node for node in ancestors(loss) if not isinstance(node._data, tuple)]
    found = cotangents(loss, np.ones(loss.shape, loss.dtype)[()])
    place = {node: i for i, node in enumerate(nodes)}
    depth: dict[Node, int] = {}
    links = []
    for node in nodes:
        args = [arg for arg in nodes_in(node.args) if arg in place]
        if node.op is part:
            args = [arg for arg in nodes_in(node.args[0].args) if arg in place]
        depth[node] = 1 + max((depth[arg] for arg in args), default=-1)
        links += [[place[arg], place[node]] for arg in args]
    for node in nodes:
        if node.op is None:
            users = [depth[nodes[b]] for a, b in links if nodes[a] is node]
            depth[node] = max(min(users, default=1) - 1, 0)
    structure = {
        "links": links,
        "nodes": [
            {
                "name": readable(node.name or names.get(node, "")),
                "op": "" if node.op is None else op_text(node),
                "shape": [*node._data.shape],
                "depth": depth[node],
            }
            for node in nodes
        ],
    }
    numbers = []
    for node in nodes:
        g = found.get(node)
        numbers.append({"v": cells(node._data), "g": None if g is None else cells(g), "n": size(g)})
    return {"structure": structure, "numbers": numbers}


def size(gradient: Any) -> float | None:
    """The Euclidean length of a gradient, rounded."""
    return None if gradient is None else rounded(np.linalg.norm(np.ravel(gradient)))


def cells(numbers: Any) -> list[float]:
    """At most so many of the numbers of an array, at even distances."""
    flat = np.ravel(numbers)
    picked = np.linspace(0, flat.size - 1, min(CELLS, flat.size)).round().astype(int)
    told: list[float] = rounded(flat[picked])
    return told


def thinned(numbers: Sequence[float], most: int = 1000) -> list[list[float]]:
    """At most so many pairs of a step, counted from 1, and its loss."""
    picked: Any = np.linspace(0, len(numbers) - 1, min(most, len(numbers))).round().astype(int)
    return [[int(i) + 1, rounded(np.float64(numbers[i]))] for i in picked]


def rounded(numbers: Any) -> Any:
    """Numbers with four significant digits, as lists; None for what is not finite, which JSON has no word for."""
    array = np.asarray(numbers, np.float64)
    if array.ndim:
        return [rounded(item) for item in array]
    return float(f"{array:.4g}") if np.isfinite(array) else None


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


def page_of(story: dict[str, Any], title: str) -> str:
    """The page, with style, script and story in it.  No text of the story can end the script or begin a tag."""
    folder = files(__package__)
    parts = {name: folder.joinpath(f"player.{name}").read_text(encoding="utf-8") for name in ("html", "css", "js")}
    data = json.dumps(story, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        data = data.replace(character, f"\\u{ord(character):04x}")
    filling = {"title": html.escape(title), "style": parts["css"], "script": parts["js"], "story": data}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filling[found[1]], parts["html"])
