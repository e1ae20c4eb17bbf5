"""A model in one file: `save` and `load`.

Beside the arrays of the model's state the file holds how the model is built, as JSON.  Nothing in it is ever executed:
no pickle, and of the classes named in it only those of `tinygrad_br.nn` are built.  files.py has the two formats.
"""

from __future__ import annotations

import os
from os import PathLike
from typing import Any

import numpy as np

from . import nn
from .files import read, write
from .nn.activations import ACTIVATIONS
from .nn.init import INITIALISERS
from .nn.module import Module

FUNCTIONS: dict[str, Any] = {**ACTIVATIONS, **INITIALISERS}


def save(model: Module, path: str | PathLike[str]) -> None:
    """Write a model, how it is built and all its numbers, into one file, exactly at `path`.

    A path that ends in .safetensors gives a file that PyTorch and others open too, with the names of
    `model.state_dict()`; it needs the extra `safetensors`, and has no checksums.  `model.to_torch_state_dict()` has the
    names and shapes of PyTorch.

    Raises TypeError for anything but a Module, and OSError if the file cannot be written; the old file is then whole.

    >>> import os, tempfile, tinygrad_br as tg
    >>> model = tg.nn.MLP(3, [4, 1], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tg.save(model, os.path.join(folder, "model"))
    ...     again = tg.load(os.path.join(folder, "model"))
    >>> again
    MLP(3, [4, 1])
    """
    if not isinstance(model, Module):
        raise TypeError(f"tg.save writes a Module, but got {type(model).__name__}")
    header: dict[str, Any] = {"class": type(model).__name__, "training": model.training}
    try:
        header["model"] = encode(model)
    except TypeError as error:
        header["why"] = str(error)
    write(path, header, model.state_dict())


def load(path: str | PathLike[str], model: Any = None) -> Any:
    """The model that `save` wrote.

    Args:
        path: the file.
        model: a model built as the saved one was, for a class or a function of your own; it takes the numbers over.
            A .safetensors file of another program is taken for one of PyTorch, see `Module.from_torch_state_dict`.

    Raises:
        FileNotFoundError: if there is no file.
        ValueError: if it is damaged or not a model, or holds what only you can build.
    """
    header, state = read(path)
    if not header:
        if model is None:
            raise ValueError(
                f"{os.fspath(path)} holds numbers only; build the model they are for and write tg.load(path, model=it)"
            )
        model.from_torch_state_dict(state)
        return model
    if model is None:
        if "model" not in header:
            raise ValueError(
                f"{os.fspath(path)} holds a {header.get('class')}, which tg.load cannot build by itself "
                f"({header.get('why')}); build one and write tg.load(path, model=it)"
            )
        try:
            model = decode(header["model"])
            if not isinstance(model, Module):
                raise TypeError(f"a {type(model).__name__} stands in the place of the model")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, MemoryError) as error:
            raise ValueError(
                f"{os.fspath(path)} does not describe a model of this version of tinygrad_br ({error})"
            ) from None
    model.load_state_dict(state)
    return model.train(bool(header.get("training", True)))


# How a model is built ---------------------------------------------------------------------------------------------


def encode(item: Any) -> Any:
    """What JSON can say of a model or an argument; TypeError for what only the user can build."""
    if isinstance(item, Module):
        if getattr(nn, type(item).__name__, None) is not type(item):
            raise TypeError(f"{type(item).__name__} is a class of your own")
        return {"class": type(item).__name__, "arguments": {k: encode(v) for k, v in item.config().items()}}
    if isinstance(item, (list, tuple)):
        return [encode(value) for value in item]
    if isinstance(item, np.dtype):
        return {"dtype": item.name}
    if isinstance(item, np.generic):
        return item.item()
    if callable(item):
        for name, function in FUNCTIONS.items():
            if function is item:
                return {"function": name}
        raise TypeError(f"{getattr(item, '__name__', item)} is a function of your own")
    if item is None or isinstance(item, (bool, int, float, str)):
        return item
    raise TypeError(f"an argument is a {type(item).__name__}")


def decode(item: Any) -> Any:
    """The model or argument that `encode` described."""
    if isinstance(item, list):
        return [decode(value) for value in item]
    if not isinstance(item, dict):
        return item
    if "dtype" in item:
        return np.dtype(item["dtype"])
    if "function" in item:
        return FUNCTIONS[item["function"]]
    cls = getattr(nn, item["class"], None)
    if not (isinstance(cls, type) and issubclass(cls, Module)):
        raise ValueError(f"tinygrad_br.nn has no class {item['class']!r}")
    arguments = {name: decode(value) for name, value in item["arguments"].items()}
    steps = arguments.pop("layers", []) if cls is nn.Sequential else []
    return cls(*steps, **arguments)
