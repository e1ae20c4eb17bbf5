"""What errors and reports say of functions and Values, and where a Value was made."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

PACKAGE = __name__.rpartition(".")[0]
SCIPY = {  # functions that turn what they get into plain arrays, and their like here
    "softmax": "tg.nn.softmax", "log_softmax": "tg.nn.log_softmax", "logsumexp": "tg.nn.logsumexp",
    "polygamma": "tg.polygamma", "expm": "tg.expm",
}  # fmt: skip


def op_name(op: Any) -> str:
    """The name of a function without what goes without saying: log, linalg.norm, emath.log, relu."""
    module, name = str(getattr(op, "__module__", None) or ""), str(getattr(op, "__name__", op))
    if module.endswith("scimath"):
        return f"emath.{name}"
    return f"{module[6:]}.{name}" if module.startswith(("numpy.linalg", "numpy.fft")) else name


def describe(node: Any) -> str:
    """A node in a phrase: its name or what made it, shape, dtype and range."""
    data = node._data
    head = repr(node.name) if node.name else "a Value" if node.op is None else f"the result of {op_name(node.op)}"
    if isinstance(data, tuple) or not data.size:
        return head
    extent = f"value {data}" if not data.ndim else f"values from {data.min()} to {data.max()}"
    return f"{head} of shape {data.shape}, {data.dtype}, {extent}"


def described(arg: Any) -> str:
    """An argument in a phrase: a node, an array by its shape, or else as one writes it."""
    if hasattr(arg, "_data"):
        return describe(arg)
    return f"an array of shape {arg.shape}" if getattr(arg, "ndim", 0) else repr(arg)[:60]


def changed_after_use(arg: Any, node: Any) -> str:
    return (
        f"{describe(arg)}, was changed after {op_name(node.op)} used it, so this gradient would be wrong; "
        "compute the output anew from the changed data"
    )


def shapes_do_not_fit(op: Any, args: Sequence[Any], error: Exception) -> str:
    """What NumPy's error says, with the name of the operation, the shapes, and the rule that they break."""
    arrays = [a for arg in args for a in (arg if isinstance(arg, tuple) else (arg,))]
    shapes = [a.shape for a in arrays if hasattr(a, "shape")]
    reason = str(error)
    if op is np.matmul and len(shapes) == 2 and all(shapes):
        which = "only" if len(shapes[1]) == 1 else "last but one"
        reason = (
            f"the last axis of the first, {shapes[0][-1]}, must be as long as the {which} axis of the second, "
            f"{shapes[1][-2:][0]}"
        )
    elif "broadcast" in reason and len(shapes) > 1 and op is not np.einsum:
        reason = "counted from the right, two axes must be equally long, or one of them 1"
    return f"{op_name(op)} of shapes {' and '.join(map(str, shapes))}: {reason}"


def wrong_cotangent(node: Any, cotangent: Any, data: Any) -> str:
    return (
        f"the rule of {op_name(node.op)} returned a cotangent of shape {cotangent.shape} for an argument of shape "
        f"{data.shape}; return one that broadcasts to or from the argument's shape"
    )


def no_plain_array() -> str:
    """What is wrong where a Value is turned into a plain array, by the user or inside of a function of scipy."""
    frame = sys._getframe(2)
    while str(frame.f_globals.get("__name__")).startswith("scipy") and frame.f_back:
        name = frame.f_code.co_name
        if name in SCIPY:
            return f"scipy's {name} turns a Value into a plain array, which would lose the graph; write {SCIPY[name]}"
        frame = frame.f_back
    return "a Value does not turn into a plain array by itself; write v.data, or np.stack for a list"


def check_finite(data: Any, verb: str, op: Any, args: Sequence[Any], line: str | None) -> None:
    """Raise FloatingPointError, with all that is known of the operation, if there is a NaN or an infinity."""
    for array in data if isinstance(data, tuple) else (data,):
        if np.asarray(array).dtype.kind in "fc" and not np.all(np.isfinite(array)):
            what = "NaN" if np.any(np.isnan(array)) else "infinity"
            given = ", ".join(map(described, args))
            raise FloatingPointError(f"{op_name(op)} {verb} {what}; its inputs: {given}; made at {line or '?'}")


def calling_line() -> str:
    """The "file:line" of the innermost frame outside this package and NumPy."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in (PACKAGE, "numpy"):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
