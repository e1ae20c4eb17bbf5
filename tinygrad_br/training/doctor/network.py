"""What can be wrong with a network before it learns: its last function, its weights, its activations, its gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...engine import Node, data_of
from ...messages import op_name
from .diagnosis import Finding
from .passage import Passage

Array = np.ndarray[Any, Any]

RECTIFIERS = {"relu"}
BOUNDS = {  # of activations that are flat on both sides
    "tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "hard_tanh": (-1.0, 1.0), "hard_sigmoid": (0.0, 1.0),
    "expit": (0.0, 1.0), "erf": (-1.0, 1.0),
}  # fmt: skip
REACH = {**BOUNDS, "softmax": (0.0, 1.0), "relu": (0.0, np.inf), "softplus": (0.0, np.inf), "exp": (0.0, np.inf)}
ON_LOGITS = {
    "cross_entropy": "softmax", "kl_divergence": "softmax", "bce_with_logits": "sigmoid", "focal": "sigmoid",
}  # fmt: skip
REGRESSION = {"mse", "mae", "huber"}
MOST = 0.7  # the share of a layer's units that may be dead or stuck
FLAT = 0.75  # and the share of its outputs that may lie where the activation is flat
SHRINKS, GROWS = 1e-3, 1e3  # how much the gradient may shrink or grow on its way through the network


def last_activation(passage: Passage) -> str:
    """The name of the function that the output comes from, looking through reshapes."""
    node = passage.output
    while node.op is not None and op_name(node.op) in ("reshape", "transpose", "squeeze", "getitem", "ravel"):
        node = node.args[0]
        if not isinstance(node, Node):
            return ""
    return rectifier(node) or (op_name(node.op) if node.op is not None else "")


def rectifier(node: Node) -> str:
    """ "relu" if a node is the result of one, also of one written as np.maximum(x, 0)."""
    name = op_name(node.op)
    zero = name == "maximum" and any(np.ndim(a) == 0 and not np.any(a) for a in map(data_of, node.args))
    return "relu" if name in RECTIFIERS or zero else ""


def activation_before_loss(passage: Passage, loss: str, squeezed: bool) -> Iterator[Finding]:
    """A softmax, sigmoid, tanh, relu at the end of a network whose loss takes logits.

    `squeezed` says that the outputs stay between 0 and 1 whatever the inputs: a sigmoid or softmax of the user's own.
    """
    if loss not in ON_LOGITS:
        return
    activation, output, inner = last_activation(passage), passage.output._data, ON_LOGITS[loss]
    several = output.ndim > 1 and output.shape[-1] > 1
    if loss == "focal" and several:
        inner = "softmax"
    if activation not in REACH:
        sums = output.sum(axis=-1) if several else np.zeros(1)
        if several and inner == "softmax" and np.all(output >= 0) and np.allclose(sums, 1, atol=1e-5):
            activation = "softmax"
        elif squeezed and inner == "sigmoid":
            activation = "sigmoid"
        else:
            return
    measured = {
        "activation": activation, "loss": loss, "inner": inner,
        "low": float(output.min()), "high": float(output.max()),
    }  # fmt: skip
    yield Finding("activation_before_loss", "error", (), measured)


def unreachable_targets(passage: Passage, y: Array, loss: str) -> Iterator[Finding]:
    """Targets of a regression beyond the bounds of the network's last activation."""
    activation = last_activation(passage)
    if loss not in REGRESSION or activation not in REACH:
        return
    low, high = REACH[activation]
    outside = float(np.mean((y < low) | (y > high)))
    if outside > 0:
        measured = {
            "activation": activation, "low": low, "high": high, "share": round(100 * outside, 1),
            "least": float(y.min()), "most": float(y.max()),
        }  # fmt: skip
        yield Finding("unreachable_targets", "error", (), measured)


def symmetric_init(passage: Passage) -> Iterator[Finding]:
    """Neurons of hidden layers with the same weights and the same gradient."""
    last = passage.layer_of.get(passage.output)
    places = []
    for parameter, name in passage.names.items():
        if parameter.ndim < 2 or parameter not in passage.found or (name.rpartition(".")[0] or "model") == last:
            continue
        units = len(parameter.data) if parameter.ndim == 4 else parameter.shape[-1]
        weights, slopes = (
            a.reshape(units, -1) if parameter.ndim == 4 else a.reshape(-1, units).T
            for a in (parameter.data, np.asarray(passage.found[parameter]))
        )
        groups: dict[bytes, list[int]] = {}
        for i, row in enumerate(np.ascontiguousarray(weights)):
            groups.setdefault(row.tobytes(), []).append(i)
        alike = 0
        for group in groups.values():
            gaps = np.linalg.norm(slopes[group] - slopes[group[0]], axis=1)
            alike += int(np.count_nonzero(gaps <= 1e-6 * np.linalg.norm(slopes[group[0]]))) - 1
        if alike:
            what = " = 0" if not np.any(weights) else ""
            places.append(f"{name}{what} ({units - alike} / {units})")
    if places:
        yield Finding("symmetric_init", "error", tuple(places))


def units_of(node: Node) -> Array:
    """The numbers of a node as a table with a column for each unit: an entry of the last axis, or a channel."""
    data = np.asarray(node._data)
    if data.ndim == 4:
        data = data.transpose(0, 2, 3, 1)
    return data.reshape(-1, data.shape[-1] if data.ndim > 1 else 1)


def dead_units(passage: Passage) -> Iterator[Finding]:
    """Layers most of whose relus are off for every row."""
    shares = {}
    for node in passage.nodes:
        if rectifier(node):
            shares[passage.layer_of[node]] = float(np.mean(np.all(units_of(node) == 0, axis=0)))
    if any(share > MOST for share in shares.values()):
        severity = "error" if max(shares.values()) == 1 else "warning"
        rows = len(np.atleast_1d(passage.output._data))
        yield Finding("dead_units", severity, percentages(shares), {"rows": rows})


def saturated_units(passage: Passage, stuck_only: bool = False) -> Iterator[Finding]:
    """Layers whose activations lie at their bounds, by most of their outputs, or by most of their units always.

    After training only units that are stuck on one side count: one that goes to and fro has learned to decide.
    """
    shares, found = {}, False
    for node in passage.nodes:
        name = op_name(node.op)
        if name in BOUNDS:
            low, high = BOUNDS[name]
            units, edge = units_of(node), (high - low) / 200
            below, above = units <= low + edge, units >= high - edge
            stuck = np.mean((below.mean(axis=0) > 0.99) | (above.mean(axis=0) > 0.99))
            flat = float(np.mean(below | above))
            shares[passage.layer_of[node]] = flat
            found = found or bool(stuck > MOST) or (flat > FLAT and not stuck_only)
    if found:
        yield Finding("saturated_units", "warning", percentages(shares))


def percentages(shares: Mapping[str, float]) -> tuple[str, ...]:
    """Layers with what share of each, those of 0 left out."""
    return tuple(f"{layer} {100 * share:.0f} %" for layer, share in shares.items() if share > 0)


def length(numbers: Any) -> float:
    """The length of an array, taken as a vector; the numbers may be as large or small as they like."""
    numbers = np.abs(np.asarray(numbers, dtype=np.float64))
    most = float(numbers.max(initial=0.0))
    return most * float(np.sqrt(np.sum((numbers / most) ** 2))) if 0 < most < np.inf else most


def gradient_sizes(passage: Passage) -> Iterator[Finding]:
    """How the gradient shrinks or grows from the last layer to the first, and the numbers on their way forward."""
    layers = [*passage.ends]
    back = {layer: length(passage.gradient_of(node)) for layer, node in passage.ends.items()}
    last = back[layers[-1]] if layers else 0.0
    if not last:
        return
    entering = max((length(a) / np.sqrt(a.size) for a in passage.entering), default=1.0)
    leaving = length(passage.output._data) / np.sqrt(max(1, passage.output._data.size))
    forth = leaving / entering if entering else 0.0
    places = tuple(f"{layer} {size:.2g}" for layer, size in back.items())
    first = min(layers, key=lambda layer: back[layer])
    if back[first] < SHRINKS * last:
        measured: dict[str, Any] = {"first": first, "last": layers[-1], "ratio": back[first] / last}
        yield Finding("vanishing_gradients", "warning", places, measured)
    if max(back.values()) > GROWS * last or forth > GROWS:
        measured = {"back": max(back.values()) / last, "forth": forth}
        yield Finding("exploding_gradients", "warning", places, measured)


def no_gradient(passage: Passage, also_zero: bool) -> Iterator[Finding]:
    """Parameters that the loss does not depend on; if asked for, weights too whose gradient is 0, the output's not."""
    places = []
    also_zero = also_zero and bool(np.any(passage.gradient_of(passage.output)))
    for parameter, name in passage.names.items():
        if parameter not in passage.found:
            places.append(name)
        elif also_zero and parameter.ndim > 1 and not np.any(passage.found[parameter]):
            places.append(f"{name} (0)")
    if places:
        yield Finding("no_gradient", "error", tuple(places))
