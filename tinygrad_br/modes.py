"""How recording behaves in the present thread or task: `no_grad`, `debug`, and the trace of `tg.compile`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import _GeneratorContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar, overload

from .messages import calling_line, check_finite

F = TypeVar("F", bound=Callable[..., Any])


class Mode(NamedTuple):
    """`recording`: operations remember how their results were made; `debugging`: they are watched for NaN.

    `trace` is the trace of a function that is being compiled (`compiling.trace.Trace`), else None.
    """

    recording: bool = True
    debugging: bool = False
    trace: Any = None


AS_IT_IS = nullcontext()
DEFAULT = Mode()
MODE: ContextVar[Mode] = ContextVar("mode", default=DEFAULT)


@contextmanager
def mode(**changes: Any) -> Iterator[None]:
    """Change the mode inside a `with` block; nests, and ends with the block even when an exception leaves it."""
    token = MODE.set(MODE.get()._replace(**changes))
    try:
        yield
    finally:
        MODE.reset(token)


def watch(node: Any, op: Any, args: tuple[Any, ...], kwargs: Any) -> None:
    """What debugging and tracing do with every new result."""
    _, debugging, trace = MODE.get()
    if debugging:
        node.line = calling_line()
        check_finite(node._data, "gives", op, args, node.line)
    if trace is not None:
        trace.note(node, op, args, kwargs)


def reading(node: Any, how: str) -> None:
    """Raise if a function that is being compiled asks for a number that will differ from call to call."""
    if (trace := MODE.get().trace) is not None:
        trace.refuse(node, how)


def drawn(function: Any, generator: Any, *args: Any) -> Any:
    """Random numbers, `function(generator, *args)`, which a compiled program draws anew at every call."""
    trace = MODE.get().trace
    return function(generator, *args) if trace is None else trace.draw(function, generator, *args)


def remember(array: Any, new: Any) -> None:
    """Give an array of a module's state new numbers; a compiled program does so at every call."""
    if (trace := MODE.get().trace) is None:
        array[...] = new
    else:
        trace.remember(array, new)


def must_be_finite(numbers: Any) -> bool:
    """Note for a program that is being compiled that the eager function is asked unless these are finite.

    Whether there is such a program.
    """
    if (trace := MODE.get().trace) is None:
        return False
    trace.finite += numbers
    return True


@overload
def no_grad() -> _GeneratorContextManager[None]: ...
@overload
def no_grad(function: F) -> F: ...
def no_grad(function: Any = None) -> Any:
    """Compute without recording, in a `with` block or as a decorator: results are Values that no gradient reaches.

    A decorator may be written with or without parentheses.

    >>> from tinygrad_br import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.op is None
    True
    """
    block = mode(recording=False)
    return block if function is None else block(function)


@overload
def debug() -> _GeneratorContextManager[None]: ...
@overload
def debug(function: F) -> F: ...
def debug(function: Any = None) -> Any:
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
    block = mode(debugging=True)
    return block if function is None else block(function)
