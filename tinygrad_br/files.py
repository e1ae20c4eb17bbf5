"""Files of named arrays: written all or nothing, read without running anything.

Two formats hold a header and arrays.  The library's own is a zip, as NumPy's .npz files are: each array is an entry
`<name>.npy`, the header is the entry `tinygrad_br.json`, and checksums tell a damaged file.  A file whose name ends in
.safetensors has the format of that name, which other frameworks open: the package `safetensors` writes and reads it,
and the header is a text in its metadata.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from os import PathLike
from typing import Any

import numpy as np

HEADER = "tinygrad_br.json"
METADATA = "tinygrad_br"
FORMAT = 1
Path = str | PathLike[str]


def is_safetensors(path: Path) -> bool:
    """Whether a file has the format of safetensors, by its name."""
    return os.fspath(path).lower().endswith(".safetensors")


def write(path: Path, header: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Write a header and named arrays into one file, exactly at `path`.

    Texts among the arrays, arrays of shape () as the state of a generator is, go into the header of .safetensors.

    Raises:
        OSError: if the file cannot be written; the old one is then whole.
        ImportError: for .safetensors if its package is not there.
        TypeError: for a dtype that .safetensors does not have.
    """
    if is_safetensors(path):
        content = safetensors_content(header, arrays)
        with replacing(path) as file:
            file.write(content)
        return
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        text = json.dumps({"format": FORMAT, **header, "arrays": list(arrays)}, indent=1)
        archive.writestr(zipfile.ZipInfo(HEADER), text)
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), buffer.getbuffer())


def read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the arrays of a file; the header is empty in a .safetensors file of another program.

    Raises FileNotFoundError if there is no file, and ValueError if it is damaged or has another format.
    """
    with open(path, "rb") as file:
        if is_safetensors(path):
            return safetensors_read(path)
        try:
            with zipfile.ZipFile(file) as archive:
                header = json.loads(archive.read(HEADER))
                check_format(header)
                return header, {name: array_of(archive.read(f"{name}.npy")) for name in header["arrays"]}
        except (ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError,
                RuntimeError, OSError) as error:  # fmt: skip
            raise ValueError(f"{os.fspath(path)} is damaged or no file of tg.save ({error})") from None


def check_format(header: Mapping[str, Any]) -> None:
    """Raise ValueError if a header was written by a newer version."""
    if header["format"] != FORMAT:
        raise ValueError(f"format {header['format']} is not {FORMAT}; a newer version may read it")


def array_of(data: bytes) -> Any:
    return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)


# safetensors ------------------------------------------------------------------------------------------------------


def safetensors() -> Any:
    """The package `safetensors`; ImportError that says how to get it."""
    try:
        import safetensors
        import safetensors.numpy
    except ImportError:
        raise ImportError(
            'files that end in .safetensors need the package of this name: pip install "tinygrad_br[safetensors]"; '
            "any other ending writes the library's own format"
        ) from None
    return safetensors


def safetensors_content(header: Mapping[str, Any], arrays: Mapping[str, Any]) -> bytes:
    """The bytes of a .safetensors file."""
    numbers, texts = {}, {}
    for name, array in ((name, np.asarray(array)) for name, array in arrays.items()):
        if array.dtype.kind == "U" and not array.shape:
            texts[name] = str(array)
        elif array.dtype.kind in "fiubc" and array.dtype.itemsize <= 8:
            numbers[name] = np.ascontiguousarray(array).reshape(array.shape)
        else:
            raise TypeError(f"{name} is {array.dtype}, which .safetensors does not have; save it under another ending")
    text = json.dumps({"format": FORMAT, **header, "texts": texts})
    return bytes(safetensors().numpy.save(numbers, metadata={METADATA: text}))


def safetensors_read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the arrays of a .safetensors file."""
    package = safetensors()
    try:
        with package.safe_open(os.fspath(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
        if METADATA not in metadata:
            return {}, arrays
        header = json.loads(metadata[METADATA])
        check_format(header)
        return header, arrays | {name: np.array(text) for name, text in header.pop("texts").items()}
    except (package.SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{os.fspath(path)} is damaged or no .safetensors file ({error})") from None


# All or nothing ---------------------------------------------------------------------------------------------------


@contextmanager
def replacing(path: Path) -> Iterator[Any]:
    """A new file, which takes the place of the one at `path` when the `with` block ends well.

    Until then, and if the process dies, the old one is untouched.  Where the system can write a file without a name
    (Linux), a process that is killed while it writes leaves nothing behind either.
    """
    path = os.path.realpath(os.fspath(path))
    temporary = f"{path}.{secrets.token_hex(4)}.tmp"
    nameless = open_nameless(os.path.dirname(path))
    try:
        with open(temporary, "xb") if nameless is None else nameless as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if nameless is not None:
                give_name(nameless, temporary)
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.remove(temporary)
        raise


def open_nameless(folder: str) -> Any:
    """A file without a name in a folder, open for writing; None where there is no such thing."""
    if not hasattr(os, "O_TMPFILE"):
        return None
    try:
        return os.fdopen(os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o666), "w+b")
    except OSError:
        return None


def give_name(nameless: Any, name: str) -> None:
    """Put a file without a name into its folder."""
    number = nameless.fileno()
    try:  # src_dir_fd makes Python follow the link to the file itself
        os.link(f"/proc/self/fd/{number}", name, src_dir_fd=number)
    except OSError:
        nameless.seek(0)
        with open(name, "xb") as file:
            shutil.copyfileobj(nameless, file)
            file.flush()
            os.fsync(file.fileno())
