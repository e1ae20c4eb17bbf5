"""The player: a training on one page that can be played, stopped and stepped through, offline.

While training runs only weights, and the few gradients that are shown, are copied, which costs little.  What is shown
beside them, activations, gradients in the graph, the decision boundary, is computed when the page is written, from a
copy of the model.
"""

from __future__ import annotations

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

from ...modes import mode
from ...value import Value
from ..network import biases_of, check_image, check_names, columns_of, inputs_of_layers, layers_of
from ..picture import readable
from ..plots import outputs_of, probabilities, unchanged
from .computation import Computation
from .numbers import packed, rounded, signed_bytes, thinned

MOST_FRAMES = 120
NEURONS = 10  # of a wide layer that are shown
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
        self.layers = layers_of(model)
        self.columns = columns_of(self.layers, NEURONS)
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
        """Copy what is there now; every other frame is forgotten when there are too many."""
        grads = []
        for i, layer in enumerate(self.layers):
            grad = layer.weights.grad
            grads.append(None if grad is None else grad.reshape(self.table(i))[self.picked(i)])
        self.frames.append(
            {
                "step": run.steps,
                "epoch": run.epoch,
                "weights": [p.data.copy() for p in self.parameters],
                "state": [array.copy() for array in state_of(self.model)],
                "grads": grads,
            }
        )
        if len(self.frames) > MOST_FRAMES:
            self.frames = self.frames[::2]
            self.every *= 2

    def table(self, layer: int) -> tuple[int, int]:
        """The numbers of inputs and of neurons of a layer."""
        return self.columns[layer].count, self.columns[layer + 1].count

    def picked(self, layer: int) -> Any:
        """The index of the weights that are shown."""
        return np.ix_(self.columns[layer].shown, self.columns[layer + 1].shown)

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
        parameters, layers = list(model.parameters()), layers_of(model)
        example = self.x[self.example].reshape(1, -1).astype(parameters[0].dtype)
        answer = self.y[[self.example]]
        if answer.dtype.kind == "f":
            answer = answer.astype(parameters[0].dtype)
        plane = self.plane()
        story: dict[str, Any] = {
            "title": title,
            "labels": [readable(label) for label in self.labels],
            "layers": [{"count": c.count, "shown": c.shown, "title": c.subtitle} for c in self.columns],
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
                for array, kept in zip(state_of(model), frame["state"], strict=True):
                    array[...] = kept
                with mode(recording=True):
                    output = model(Value(example, name="x"))
                    loss = self.loss(output, answer)
                computation = Computation(loss, model)
                story.setdefault("graph", computation.structure())
                shown = {"step": frame["step"], "epoch": frame["epoch"], **computation.numbers(len(self.frames))}
                shown["acts"] = self.activations(layers, example, output)
                shown["layers"] = [self.layer(i, layer, frame["grads"][i]) for i, layer in enumerate(layers)]
                if plane is not None:
                    shown["plane"] = packed(probabilities(outputs_of(model, plane[0])))
                story["frames"].append(shown)
        return story

    def layer(self, place: int, layer: Any, gradient: Any) -> dict[str, Any]:
        """The weights, biases and gradients that are shown of a layer."""
        weights, shown = layer.weights.data.reshape(self.table(place)), self.columns[place + 1].shown
        biases = biases_of(layer)
        told = {
            "w": rounded(weights[self.picked(place)]),
            "b": None if biases is None else rounded(biases[shown]),
            "g": None if gradient is None else rounded(gradient),
        }
        if not place and self.image_shape is not None:
            told["pictures"] = [signed_bytes(weights[:, j].reshape(self.image_shape)) for j in shown]
        return told

    def activations(self, layers: Sequence[Any], example: Any, output: Any) -> list[Any]:
        """What goes into each layer and what comes out of the last, for the neurons that are shown."""
        into = inputs_of_layers(layers, output)
        numbers = [example[0], *(into.get(id(layer)) for layer in layers[1:]), np.ravel(output.data)]
        pairs = zip(numbers, self.columns, strict=True)
        return [None if n is None else rounded(np.asarray(n)[column.shown]) for n, column in pairs]

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
        return points, {
            "grid": GRID,
            "box": [rounded(side[[0, -1]]) for side in sides],
            "points": rounded(self.x[some]),
            "classes": classes[some],
            "example": rounded(self.x[self.example]),
        }


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

    Raises ValueError if data, labels or the shape of pictures do not fit the model, TypeError if it has no layer.

    On the page each arrow of the graph says by which numbers the gradient is multiplied on its way back: the local
    derivative, or the least and the greatest of them between arrays.  `training.html#40` opens the page at frame 40.

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
    layers = layers_of(model)
    check_names(layers, labels)
    check_image(layers, image_shape)
    rows, count = len(np.asarray(x)), layers[0].weights.shape[0]
    if not rows or np.size(x) != rows * count or len(np.asarray(y)) != rows:
        raise ValueError(
            f"tg.record looks at rows of {count:,} numbers and as many targets, but got x of shape {np.shape(x)} and y "
            f"of shape {np.shape(y)}"
        )
    if not -rows <= example < rows:
        raise ValueError(f"example= is one of the {rows:,} rows of x, but got {example}")
    return Recorder(model, x, y, every, example, labels, image_shape)


def state_of(model: Any) -> list[Any]:
    """The arrays that a model keeps besides its parameters, such as running means."""
    return [item for _, item in model.contents() if isinstance(item, np.ndarray)]


def page_of(story: dict[str, Any], title: str) -> str:
    """The page, with style, script and story in it.  No text of the story can end the script or begin a tag."""
    folder = files(__package__)
    parts = {name: folder.joinpath(f"player.{name}").read_text(encoding="utf-8") for name in ("html", "css", "js")}
    data = json.dumps(story, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        data = data.replace(character, f"\\u{ord(character):04x}")
    filling = {"title": html.escape(title), "style": parts["css"], "script": parts["js"], "story": data}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filling[found[1]], parts["html"])
