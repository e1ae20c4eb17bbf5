"""How recording behaves in the present thread or task: `no_grad` and `debug`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Mode(NamedTuple):
    """`recording`: operations remember how their results were made; `debugging`: they are watched for NaN."""

    recording: bool = True
    debugging: bool = False


DEFAULT = Mode()
MODE: ContextVar[Mode] = ContextVar("mode", default=DEFAULT)


@contextmanager
def mode(**changes: bool) -> Iterator[None]:
    """Change the mode inside a `with` block; nests, and ends with the block even when an exception leaves it."""
    token = MODE.set(MODE.get()._replace(**changes))
    try:
        yield
    finally:
        MODE.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording, in a `with` block or as a decorator: results are Values that no gradient reaches.

    >>> from tinygrad_br import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.op is None
    True
    """
    with mode(recording=False):
        yield


@contextmanager
def debug() -> Iterator[None]:
    """Watch every operation: the first NaN or infinity, forward or backward, raises and is named.

    Each Value keeps the file and line that made it.  This costs time: use it to find a fault, then take it away.

    Raises FloatingPointError with the operation, the shapes and ranges of its inputs, and the line.

    >>> import numpy as np
    >>> from tinygrad_br import Value, debug
    >>> with debug(), np.errstate(all="ignore"):
    ...     np.log(Value(0.0, name="p"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FloatingPointError: log gives infinity; its inputs: 'p' of shape (), float64, value 0.0; made at ...
    """
    with mode(debugging=True):
        yield
