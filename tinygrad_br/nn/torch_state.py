"""Parameters and state under the names and in the shapes that PyTorch has for them.

A `Layer` is a `torch.nn.Linear`, whose weights are (nout, nin) and not (nin, nout); `Conv2d`, `BatchNorm`,
`LayerNorm`, `Embedding` and `PReLU` have counterparts.  The steps of a `Sequential` or an `MLP` are named as those of a
`torch.nn.Sequential` in which activations and dropouts are steps of their own: MLP(2, [8, 3]) has "0.weight", "0.bias",
"2.weight" and "2.bias", as Sequential(Linear(2, 8), ReLU(), Linear(8, 3)).  In modules of your own attributes keep
their names, and generators are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..value import Value
from .activations import activation as activation_function
from .activations import linear
from .convolution import Conv2d
from .layers import MLP, Embedding, Layer, Neuron, PReLU, Sequential
from .module import Module, state_setter
from .normalization import BatchNorm, LayerNorm


class Way(NamedTuple):
    """What PyTorch calls an attribute, and how its numbers are brought there and back."""

    name: str
    there: Callable[[Any], Any] = np.array
    back: Callable[[Any], Any] = np.array


AS_ROW = Way("weight", lambda x: x[np.newaxis], lambda x: x.reshape(x.shape[-1:]))
AS_VECTOR = (np.atleast_1d, lambda x: x.reshape(()))
WAYS: dict[type[Module], dict[str, Way]] = {
    Layer: {"weights": Way("weight", np.transpose, np.transpose), "biases": Way("bias")},
    Neuron: {"weights": AS_ROW, "bias": Way("bias", *AS_VECTOR)},
    Conv2d: {"weights": Way("weight"), "biases": Way("bias")},
    LayerNorm: {"weights": Way("weight"), "biases": Way("bias")},
    BatchNorm: {
        "weights": Way("weight"), "biases": Way("bias"), "mean": Way("running_mean"), "variance": Way("running_var"),
    },
    Embedding: {"weights": Way("weight")},
    PReLU: {"slope": Way("weight", np.atleast_1d)},
}  # fmt: skip
COUNTER = "num_batches_tracked"  # of PyTorch's batch norm, which uses it only without a momentum


class Entry(NamedTuple):
    """A parameter or state of a model: its name in PyTorch, and its way there."""

    name: str
    item: Any
    way: Way


def entries(module: Any, prefix: str = "") -> Iterator[Entry]:
    """All parameters and state of a module in PyTorch's order."""
    if type(module) in WAYS:
        for attribute, way in WAYS[type(module)].items():
            if isinstance(module, PReLU) and module.features is None:
                way = way._replace(back=AS_VECTOR[1])
            yield Entry(prefix + way.name, getattr(module, attribute), way)
    elif isinstance(module, (Sequential, MLP)):
        step = 0
        for layer in module.layers:
            yield from entries(layer, f"{prefix}{step}.")
            dropped = isinstance(module, MLP) and module.drop is not None
            step += 1 + has_activation(layer) + dropped
    else:
        for name, item in inside(module):
            if isinstance(item, (Value, np.ndarray)):
                yield Entry(f"{prefix}{name}", item, Way(name))
            elif isinstance(item, (Module, dict, list, tuple)):
                yield from entries(item, f"{prefix}{name}.")


def inside(module: Any) -> Iterator[tuple[str, Any]]:
    """What is in a module, a dict or a list, by name; nothing is in a function."""
    if isinstance(module, (list, tuple)):
        module = dict(enumerate(module))
    elif isinstance(module, Module):
        module = vars(module)
    return ((str(name), item) for name, item in (module.items() if isinstance(module, dict) else ()))


def has_activation(layer: Any) -> bool:
    """Whether a layer ends in an activation, which is a step of its own in PyTorch."""
    return isinstance(layer, (Layer, Neuron, Conv2d)) and activation_function(layer.activation) is not linear


def to_torch(model: Module, like: Iterable[str] | None = None) -> dict[str, Any]:
    """The arrays of a model by PyTorch's names, or by the names in `like`, one after the other."""
    found = [*entries(model)]
    names = [entry.name for entry in found] if like is None else [n for n in like if not n.endswith(COUNTER)]
    if len(names) != len(found):
        raise ValueError(
            f"the model has {len(found)} arrays, {listed(e.name for e in found)}, but like has {len(names)}"
        )
    arrays = {}
    for name, (_, item, way) in zip(names, found):
        arrays[name] = np.array(way.there(np.asarray(item.data if isinstance(item, Value) else item)), order="C")
        if way.name == "running_var":
            arrays[f"{name.removesuffix('running_var')}{COUNTER}"] = np.array(0)
    return arrays


def tensors(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays as PyTorch's tensors."""
    try:
        import torch
    except ImportError:
        raise ImportError(
            "to_torch_state_dict makes PyTorch's tensors and needs it: pip install torch; "
            "tinygrad_br.nn.torch_state.to_torch(model) gives the same as arrays"
        ) from None
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def from_torch(model: Module, state: Mapping[str, Any], in_order: bool = False) -> None:
    """Take over arrays by PyTorch's names, or one after the other; nothing is changed if anything does not fit."""
    if not isinstance(state, Mapping):
        raise TypeError(f"a state is a dict of tensors by name, but got {type(state).__name__}; see state_dict()")
    found = [*entries(model)]
    given = {name: tensor for name, tensor in state.items() if not name.endswith(COUNTER)}
    names = [*given] if in_order else [entry.name for entry in found]
    if len(names) != len(found) or names != [n for n in names if n in given] or len(given) != len(found):
        raise ValueError(
            f"the state has {listed(given)}, but in PyTorch this {type(model).__name__} has "
            f"{listed(e.name for e in found)}; if only the names differ write in_order=True"
        )
    setters = []
    for name, (_, item, way) in zip(names, found):
        tensor = given[name]
        array = tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else np.asarray(tensor)
        shape = way.there(np.asarray(item.data if isinstance(item, Value) else item)).shape
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}, but the one of this model has shape {shape}")
        setters.append(state_setter(name, item, way.back(array)))
    for set_state in setters:
        set_state()


def listed(names: Iterable[str]) -> str:
    """Names in a message."""
    return ", ".join(names) or "nothing"
