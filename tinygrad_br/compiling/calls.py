"""The text of one step: the expression that computes it, or the statement that writes it into memory."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..value import astype
from .lowering import in_columns, label_positions
from .memory import REDUCTIONS
from .variable import Variable, variables_in
from .writer import Writer

OPERATORS = {np.power: " ** ", np.add: " + ", np.subtract: " - ", np.multiply: " * ", np.divide: " / "}
MOST_CLEARED = 1 << 16  # bytes that np.dot, which starts sooner than np.matmul, sets to zero before it writes them
ARITHMETIC = {
    np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum,
    np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal,
}  # fmt: skip


def call(writer: Writer, step: Variable) -> str:
    """The expression that computes a step."""
    op, args = step.op, step.args
    if op is operator.getitem:
        return f"{writer.text(args[0])}[{writer.index(args[1])}]"
    if op in OPERATORS and not step.shape and not any(a.shape for a in variables_in(args)):
        return OPERATORS[op].join(map(writer.text, args))
    if op is label_positions:
        labels, rows, classes, by_columns = args
        pair, shape = (labels, rows), (classes, rows.shape[0])
        if not by_columns:
            pair, shape = pair[::-1], shape[::-1]
        return f"np.ravel_multi_index({writer.text(pair)}, {shape})"
    if op in (astype, np.ndarray.astype):
        if args[0].is_number:  # which the caller may give as a float of Python's
            return f"{writer.text(args[1])}({writer.text(args[0])})"
        return f"{writer.text(args[0])}.astype({writer.text(args[1])})"
    if op is np.transpose and len(args) == 2 and args[1] == tuple(range(len(args[1])))[::-1]:
        return f"{writer.text(args[0])}.T"
    if op is np.reshape and len(args) == 2 and not step.kwargs:
        return f"{writer.text(args[0])}.reshape({writer.text(args[1])})"
    if op is np.sum and len(args[0].shape) == 1 and args[0].shape[0] >= 16 and step.dtype.char in "fd":
        return f"np.dot({writer.ones(args[0])}, {args[0].name})"
    if op in REDUCTIONS and set(step.kwargs) == {"axis"}:
        return f"{writer.function(REDUCTIONS[op])}.reduce({writer.text(args[0])}, {axis(step)})"
    given = [*map(writer.text, args), *(f"{key}={writer.text(value)}" for key, value in step.kwargs.items())]
    if isinstance(getattr(op, "__objclass__", None), type) and args:
        return f"{given[0]}.{op.__name__}({', '.join(given[1:])})"
    return f"{writer.function(op)}({', '.join(given)})"


def axis(step: Variable) -> str:
    """The axis of a reduction, as short as it goes."""
    axes = step.kwargs["axis"]
    if len(axes) == len(step.args[0].shape):
        return "None"
    return repr(axes[0] if len(axes) == 1 else axes)


def call_into(writer: Writer, step: Variable, out: str) -> str:
    """The statement that computes a step into memory that is there already."""
    if step.op in REDUCTIONS:
        return f"{writer.function(REDUCTIONS[step.op])}.reduce({writer.text(step.args[0])}, {axis(step)}, out={out})"
    if step.op in (in_columns, astype):
        return f"np.copyto({out}, {writer.text(step.args[0])})"
    if step.op is np.matmul:
        texts = [*map(writer.text, step.args)]
        is_plain = all(isinstance(a, Variable) and len(a.shape) <= 2 for a in step.args)
        if not is_plain or step.sample.nbytes >= MOST_CLEARED:
            return f"np.matmul({', '.join(texts)}, out={out})"
        if not step.sample.flags.c_contiguous:  # np.dot writes row after row
            texts, out = [f"{text}.T" for text in reversed(texts)], f"{out}.T"
        return f"np.dot({', '.join(texts)}, out={out})"
    args = [number_beside(writer, arg, step) for arg in step.args]
    return f"{writer.function(step.op)}({', '.join(args)}, out={out})"


def number_beside(writer: Writer, arg: Any, step: Variable) -> str:
    """An argument; a plain number beside an array becomes an array of the same dtype, which NumPy takes faster."""
    dtypes = {a.dtype for a in variables_in(step.args)}
    plain = isinstance(arg, (int, float)) and not isinstance(arg, (bool, np.generic)) and step.op in ARITHMETIC
    if plain and len(dtypes) == 1 and (dtype := dtypes.pop()).kind == "f":
        return writer.constant(np.array(arg, dtype))
    if isinstance(arg, np.floating) and dtypes == {arg.dtype}:
        return writer.constant(np.array(arg))
    return writer.text(arg)
