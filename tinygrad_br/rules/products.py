"""Derivatives of products and contractions: each is the product of the cotangent with the other factors."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..dispatch import COMPOSED, SEQUENCES, UFUNC_METHODS, composed, operand
from ..engine import define_rule, record
from .linear import flipped, transposed

# matrix products


def matmul_left(g: Any, ans: Any, x: Any, y: Any) -> Any:
    if x.ndim == 2 == y.ndim:
        return g @ flipped(y)
    if y.ndim == 1:
        return g[..., None] * y
    return g @ flipped(y) if x.ndim > 1 else (y @ g[..., None])[..., 0]


def matmul_right(g: Any, ans: Any, x: Any, y: Any) -> Any:
    if x.ndim == 2 == y.ndim:
        return flipped(x) @ g
    if x.ndim == 1:
        return x[:, None] * g[..., None, :] if y.ndim > 1 else g * x
    if y.ndim == 1:
        return np.sum(g[..., None] * x, axis=tuple(range(x.ndim - 1)))
    if y.ndim == 2:  # one tall product is faster than a sum over a stack
        return flipped(x.reshape(-1, x.shape[-1])) @ g.reshape(-1, g.shape[-1])
    return flipped(x) @ g


define_rule(np.matmul, matmul_left, matmul_right)


# NumPy conjugates the first vector of vecdot, vecmat and vdot
define_rule(
    np.vecdot,
    lambda g, ans, x, y: np.conjugate(g[..., None] * y),
    lambda g, ans, x, y: g[..., None] * np.conjugate(x),
)
if hasattr(np, "matvec"):  # since NumPy 2.2
    define_rule(
        np.matvec,
        lambda g, ans, x, y: g[..., None] * y[..., None, :],
        lambda g, ans, x, y: np.matvec(np.swapaxes(x, -1, -2), g),
    )
    define_rule(
        np.vecmat,
        lambda g, ans, x, y: np.conjugate(np.matvec(y, g)),
        lambda g, ans, x, y: np.conjugate(x)[..., None] * g[..., None, :],
    )


SEQUENCES.add(np.linalg.multi_dot)


def multi_dot_rule(g: Any, ans: Any, arrays: Any) -> list[Any]:
    """For each factor, the cotangent times the product of all on its left and of all on its right, transposed."""
    first, last = np.ndim(arrays[0]) == 1, np.ndim(arrays[-1]) == 1
    g = g[None] if first else g
    g = g[..., None] if last else g
    factors = [np.atleast_2d(arrays[0]), *arrays[1:-1], arrays[-1][:, None] if last else arrays[-1]]
    shares = []
    for i, x in enumerate(arrays):
        after = [*map(flipped, factors[:i:-1])]
        before = [*map(flipped, factors[:i][::-1])]
        chain = [*before, g, *after]
        shares.append(np.reshape(np.linalg.multi_dot(chain), np.shape(x)))
    return shares


define_rule(np.linalg.multi_dot, multi_dot_rule)

# contractions of any axes


def contracted(g: Any, x: Any, y: Any, axes_x: Sequence[int], axes_y: Sequence[int]) -> Any:
    """The cotangent of x in np.tensordot(x, y, (axes_x, axes_y)).

    `g` has the free axes of x and then those of y; these last are summed with y, which leaves y's contracted axes.
    """
    free_x = [i for i in range(np.ndim(x)) if i not in axes_x]
    free_y = [i for i in range(np.ndim(y)) if i not in axes_y]
    c = np.tensordot(g, y, (list(range(len(free_x), np.ndim(g))), free_y))
    return np.transpose(c, np.argsort(free_x + [axes_x[axes_y.index(i)] for i in sorted(axes_y)]).tolist())


def contracted_left(g: Any, x: Any, y: Any, axes_x: Sequence[int], axes_y: Sequence[int]) -> Any:
    return contracted(g, x, y, [i % np.ndim(x) for i in axes_x], [i % np.ndim(y) for i in axes_y])


def contracted_right(g: Any, x: Any, y: Any, axes_x: Sequence[int], axes_y: Sequence[int]) -> Any:
    """By symmetry: x and y change places, and so do their axes in `g`."""
    free = np.ndim(x) - len(axes_x)
    g = np.transpose(g, [*range(free, np.ndim(g)), *range(free)])
    return contracted_left(g, y, x, axes_y, axes_x)


def tensordot_axes(x: Any, y: Any, axes: Any = 2) -> tuple[Sequence[int], Sequence[int]]:
    if isinstance(axes, (int, np.integer)):
        return range(np.ndim(x) - axes, np.ndim(x)), range(axes)
    axes_x, axes_y = axes
    return np.atleast_1d(axes_x).tolist(), np.atleast_1d(axes_y).tolist()


def dot_axes(x: Any, y: Any) -> tuple[Sequence[int], Sequence[int]]:
    """np.dot sums the last axis of x with the last but one of y; it multiplies by scalars."""
    return ((), ()) if not np.ndim(x) or not np.ndim(y) else ((-1,), (-1 if np.ndim(y) == 1 else -2,))


def contraction(function: Any, axes_of: Callable[..., tuple[Sequence[int], Sequence[int]]]) -> None:
    define_rule(
        function,
        lambda g, ans, x, y, *args, **kwargs: contracted_left(g, x, y, *axes_of(x, y, *args, **kwargs)),
        lambda g, ans, x, y, *args, **kwargs: contracted_right(g, x, y, *axes_of(x, y, *args, **kwargs)),
    )


contraction(np.tensordot, tensordot_axes)
contraction(np.inner, lambda x, y: ((-1,), (-1,)) if np.ndim(x) and np.ndim(y) else ((), ()))
contraction(np.dot, dot_axes)


define_rule(
    np.outer,
    lambda g, ans, x, y: np.reshape(g @ np.ravel(y), np.shape(x)),
    lambda g, ans, x, y: np.reshape(np.ravel(x) @ g, np.shape(y)),
)
define_rule(
    np.vdot,
    lambda g, ans, x, y: np.conjugate(g * np.reshape(y, np.shape(x))),
    lambda g, ans, x, y: g * np.conjugate(np.reshape(x, np.shape(y))),
)

define_rule(
    np.trace,
    lambda g, ans, x, offset=0, axis1=0, axis2=1, dtype=None: transposed(
        g[..., None], np.diagonal, x.shape, offset, axis1, axis2
    ),
)


@composed(np.kron)
def kron(a: Any, b: Any) -> Any:
    a, b = operand(a), operand(b)
    ndim = max(np.ndim(a), np.ndim(b))
    shapes = [(1,) * (ndim - np.ndim(x)) + np.shape(x) for x in (a, b)]
    a = np.reshape(a, [n for length in shapes[0] for n in (length, 1)])
    b = np.reshape(b, [n for length in shapes[1] for n in (1, length)])
    return np.reshape(a * b, [m * n for m, n in zip(*shapes)])


# vectors of three numbers: x times y is -y times x, and x . (y times g) = g . (x times y)
define_rule(np.cross, lambda g, ans, x, y: np.cross(y, g), lambda g, ans, x, y: np.cross(g, x))


@composed(np.cross)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = np.moveaxis(operand(a), axisa, -1), np.moveaxis(operand(b), axisb, -1)
    if (np.shape(a)[-1], np.shape(b)[-1]) != (3, 3):
        raise ValueError(
            f"np.cross of Values takes vectors of 3 numbers, but got {np.shape(a)[-1]} and {np.shape(b)[-1]}"
        )
    return np.moveaxis(record(np.cross, (a, b)), -1, axisc)


# convolution: the cotangent, put back into its place in the full result, convolved with the other factor, mirrored


def full_length(g: Any, x: Any, y: Any, mode: str, swaps: bool = False) -> Any:
    """The cotangent of all entries of the full convolution; `swaps`: of np.correlate, which mirrors a short x."""
    n, m = len(x), len(y)
    start = {"full": 0, "same": (min(n, m) - 1) // 2, "valid": min(n, m) - 1}[mode]
    rest = n + m - 1 - len(g) - start
    return np.pad(g, (rest, start) if swaps and n < m else (start, rest))


define_rule(
    np.convolve,
    lambda g, ans, x, y, mode="full": np.convolve(full_length(g, x, y, mode), np.flip(y), "valid"),
    lambda g, ans, x, y, mode="full": np.convolve(full_length(g, x, y, mode), np.flip(x), "valid"),
)
define_rule(
    np.correlate,
    lambda g, ans, x, y, mode="valid": np.convolve(full_length(g, x, y, mode, True), np.conjugate(y), "valid"),
    lambda g, ans, x, y, mode="valid": np.flip(
        np.conjugate(np.convolve(full_length(g, x, y, mode, True), np.flip(x), "valid"))
    ),
)


def vecdot(x1: Any, x2: Any, *, axis: int = -1) -> Any:
    return np.vecdot(*(np.moveaxis(operand(x), axis, -1) for x in (x1, x2)))


UFUNC_METHODS[np.vecdot, "__call__"] = COMPOSED[np.linalg.vecdot] = vecdot  # with axis=

# the names of the array API for the same functions
for name in ("matmul", "outer", "tensordot", "matrix_transpose"):
    COMPOSED[getattr(np.linalg, name)] = getattr(np, name)
COMPOSED[np.linalg.cross] = lambda x, y, *, axis=-1: np.cross(x, y, axis=axis)
COMPOSED[np.linalg.trace] = lambda x, *, offset=0, dtype=None: np.trace(x, offset, -2, -1, dtype)
COMPOSED[np.linalg.diagonal] = lambda x, *, offset=0: np.diagonal(x, offset, -2, -1)

# einsum


def einsum_form(args: tuple[Any, ...]) -> tuple[list[Any], list[str], str]:
    """The operands, the letters of their axes and those of the result, of a call of np.einsum in either form.

    An ellipsis becomes letters of its own, the last ones of the alphabet for the last axes.
    """
    if isinstance(args[0], str):
        operands, (left, arrow, result) = list(args[1:]), args[0].replace(" ", "").partition("->")
        letters = left.split(",")
    else:
        operands, lists = list(args[: len(args) // 2 * 2 : 2]), list(args[1::2])
        letters = ["".join("..." if i is Ellipsis else string.ascii_letters[i] for i in axes) for axes in lists]
        arrow, result = "->" * (len(args) % 2), ""
        if arrow:
            result = "".join("..." if i is Ellipsis else string.ascii_letters[i] for i in args[-1])
    unused = "".join(sorted(set(string.ascii_letters) - set("".join(letters))))
    longest = max((np.ndim(x) - len(s) + 3 for x, s in zip(operands, letters) if "..." in s), default=0)
    dots = [unused[len(unused) - (np.ndim(x) - len(s) + 3) :] for x, s in zip(operands, letters)]
    letters = [s.replace("...", d) for s, d in zip(letters, dots)]
    every = unused[len(unused) - longest :]
    if not arrow:
        joined = "".join(letters)
        result = every + "".join(sorted(i for i in set(joined) - set(every) if joined.count(i) == 1))
    return operands, letters, result.replace("...", every)


def einsum_rule(place: int, g: Any, ans: Any, *args: Any, optimize: Any = False, **kwargs: Any) -> Any:
    """The cotangent of one operand: einsum again, with `g` in its place and the letters of the result for its own.

    Letters that stand in this operand only were summed: ones bring them back.  Of letters that stand in it twice it
    gave the diagonal: an identity matrix puts the cotangent there, and zeros beside it.
    """
    operands, letters, result = einsum_form(args)
    k = place - 1 if isinstance(args[0], str) else place // 2
    others = [(x, s) for i, (x, s) in enumerate(zip(operands, letters)) if i != k]
    known = set("".join([result, *(s for _, s in others)]))
    spare = iter(sorted(set(string.ascii_letters) - set("".join(letters))))
    wanted = ""
    for letter, n in zip(letters[k], np.shape(operands[k])):
        if letter in wanted:
            twin = next(spare)
            others.append((np.eye(n, dtype=g.real.dtype), letter + twin))
            letter = twin
        elif letter not in known:
            others.append((np.ones(n, g.real.dtype), letter))
        wanted += letter
    subscripts = ",".join([result, *(s for _, s in others)]) + "->" + wanted
    return np.einsum(subscripts, g, *(x for x, _ in others), optimize=bool(optimize))


define_rule(np.einsum, *(partial(einsum_rule, place) for place in range(65)))
