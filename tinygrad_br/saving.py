"""A model in one file: `save` and `load`.

The file is a zip, as NumPy's .npz files are: each array of the model's state is an entry `<name>.npy`, and the entry
`tinygrad_br.json` says how the model is built.  Nothing in it is ever executed: no pickle, and of the classes named in
it only those of `tinygrad_br.nn` are built.  Checksums tell a damaged file, and a file is written beside its place and
moved there when it is whole, so that a crash in the middle leaves the old one.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np

from . import nn
from .nn.activations import ACTIVATIONS
from .nn.init import INITIALISERS
from .nn.module import Module

HEADER = "tinygrad_br.json"
FORMAT = 1
FUNCTIONS: dict[str, Any] = {**ACTIVATIONS, **INITIALISERS}


def save(model: Module, path: str | PathLike[str]) -> None:
    """Write a model, how it is built and all its numbers, into one file, exactly at `path`.

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

    Raises:
        FileNotFoundError: if there is no file.
        ValueError: if it is damaged or not a model, or holds what only you can build.
    """
    header, state = read(path)
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


# Files ------------------------------------------------------------------------------------------------------------


def write(path: str | PathLike[str], header: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Write a header and named arrays, all or nothing: the file at `path` is the old one until the new one is whole."""
    path = os.path.realpath(os.fspath(path))
    temporary = f"{path}.{secrets.token_hex(4)}.tmp"
    try:
        with open(temporary, "xb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                text = json.dumps({"format": FORMAT, **header, "arrays": list(arrays)}, indent=1)
                archive.writestr(zipfile.ZipInfo(HEADER), text)
                for name, array in arrays.items():
                    buffer = io.BytesIO()
                    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
                    archive.writestr(zipfile.ZipInfo(f"{name}.npy"), buffer.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.remove(temporary)
        raise


def read(path: str | PathLike[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the arrays of a file; ValueError if it is damaged or another program's."""
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                header = json.loads(archive.read(HEADER))
                if header["format"] != FORMAT:
                    raise ValueError(f"format {header['format']} is not {FORMAT}; a newer version may read it")
                return header, {name: array_of(archive.read(f"{name}.npy")) for name in header["arrays"]}
        except (ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError,
                RuntimeError, OSError) as error:  # fmt: skip
            raise ValueError(f"{os.fspath(path)} is damaged or no file of tg.save ({error})") from None


def array_of(data: bytes) -> Any:
    return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)


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
