"""Derivatives of functions that give their entries another shape, place or order: the inverse, or the transpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..dispatch import composed, holds_values, operand
from ..engine import Node, data_of, define_rule, record
from .linear import rearrangement, transposed

# the same entries in another shape
define_rule(np.reshape, lambda g, ans, x, shape, order="C", copy=None: np.reshape(g, np.shape(x), layout(x, order)))
define_rule(np.squeeze, lambda g, ans, x, axis=None: np.reshape(g, np.shape(x)))
define_rule(np.expand_dims, lambda g, ans, x, axis: np.reshape(g, np.shape(x)))
define_rule(np.copy, lambda g, ans, x, order="K", subok=False: g)


@composed(np.full_like)
def full_like(a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True, **new: Any) -> Any:
    plain = np.full_like(data_of(a), data_of(fill_value), dtype, order, subok, **new)
    if isinstance(fill_value, Node):
        filled: Any = fill_value
        return np.broadcast_to(filled, plain.shape).astype(plain.dtype)
    return plain


@composed(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    return x.astype(dtype)


@composed(np.apply_along_axis)
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """The function of each line; its results take the place of the axis."""
    lines = np.moveaxis(operand(arr), axis, -1)
    places = np.ndindex(lines.shape[:-1])
    found = np.stack([operand(func1d(lines[place], *args, **kwargs)) for place in places])
    shape = found.shape[1:]
    new = np.reshape(found, (*lines.shape[:-1], *shape))
    return np.moveaxis(new, range(-len(shape), 0), range(axis % lines.ndim, axis % lines.ndim + len(shape)))


@composed(np.apply_over_axes)
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    result = operand(a)
    for axis in np.atleast_1d(axes).tolist():
        reduced = func(result, axis)
        result = reduced if np.ndim(reduced) == np.ndim(result) else np.expand_dims(reduced, axis)
    return result


def layout(x: Any, order: str) -> Any:
    """The order of entries, "C" or "F", that order="A" or "K" means for this array."""
    flags = np.asarray(data_of(x)).flags
    if order == "K" and not flags.forc:
        raise ValueError('order="K" follows the memory of this array, which is neither in C nor in F order; name one')
    return order if order in ("C", "F") else "F" if flags.fnc else "C"


@composed(np.ravel)
def ravel(x: Any, order: str = "C") -> Any:
    return np.reshape(operand(x), -1, layout(operand(x), order))


def at_least(function: Callable[..., Any]) -> None:
    @composed(function)
    def reshaped(*arrays: Any) -> Any:
        results = [np.reshape(x, function(data_of(x)).shape) for x in map(operand, arrays)]
        return results[0] if len(results) == 1 else tuple(results)


at_least(np.atleast_1d)
at_least(np.atleast_2d)
at_least(np.atleast_3d)

# axes in another order
define_rule(
    np.transpose,
    lambda g, ans, x, axes=None: np.transpose(
        g, None if axes is None else np.argsort(np.mod(axes, len(axes))).tolist()
    ),
)
define_rule(np.matrix_transpose, lambda g, ans, x: np.matrix_transpose(g))
define_rule(np.moveaxis, lambda g, ans, x, source, destination: np.moveaxis(g, destination, source))
define_rule(np.swapaxes, lambda g, ans, x, axis1, axis2: np.swapaxes(g, axis1, axis2))


@composed(np.rollaxis)
def rollaxis(x: Any, axis: int, start: int = 0) -> Any:
    axis, start = axis % np.ndim(x), start + np.ndim(x) if start < 0 else start
    return np.moveaxis(x, axis, start - 1 if axis < start else start)


# entries in another order
define_rule(np.flip, lambda g, ans, x, axis=None: np.flip(g, axis))
define_rule(np.fliplr, lambda g, ans, x: np.fliplr(g))
define_rule(np.flipud, lambda g, ans, x: np.flipud(g))
define_rule(np.rot90, lambda g, ans, x, k=1, axes=(0, 1): np.rot90(g, -k, axes))
define_rule(np.roll, lambda g, ans, x, shift, axis=None: np.roll(g, np.negative(shift), axis))

# repeated entries: each use of an entry adds to its derivative
define_rule(np.broadcast_to, lambda g, ans, x, shape, subok=False: g)
rearrangement(np.tile)
rearrangement(np.repeat)
rearrangement(np.resize)
rearrangement(np.lib.stride_tricks.sliding_window_view)


@composed(np.broadcast_arrays)
def broadcast_arrays(*arrays: Any, subok: bool = False) -> Any:
    arrays = tuple(map(operand, arrays))
    shape = np.broadcast_shapes(*map(np.shape, arrays))
    return tuple(np.broadcast_to(x, shape, subok) for x in arrays)


@composed(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    if indexing not in ("xy", "ij"):
        raise ValueError(f'indexing is "xy" or "ij", but got {indexing!r}')
    places = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        places[:2] = 1, 0
    columns = [np.reshape(x, (*(1,) * i, -1, *(1,) * (len(xi) - 1 - i))) for i, x in zip(places, map(operand, xi))]
    return tuple(columns) if sparse else np.broadcast_arrays(*columns)


# some of the entries, and zeros
define_rule(np.tril, lambda g, ans, x, k=0: np.tril(g, k))
define_rule(np.triu, lambda g, ans, x, k=0: np.triu(g, k))
rearrangement(np.diag)
rearrangement(np.diagonal)
rearrangement(np.diagflat)
rearrangement(np.delete)
define_rule(
    np.insert,
    lambda g, ans, x, obj, values, axis=None: transposed(
        g, np.insert, np.shape(x), obj, np.zeros(np.shape(values)), axis
    ),
    None,
    lambda g, ans, x, obj, values, axis=None: transposed(g, insert_into, np.shape(values), np.shape(x), obj, axis),
)


def insert_into(values: Any, shape: tuple[int, ...], obj: Any, axis: int | None) -> Any:
    """The values inserted into zeros."""
    return np.insert(np.zeros(shape, values.dtype), obj, values, axis)


@composed(np.pad)
def pad(array: Any, pad_width: Any, mode: str = "constant", **kwargs: Any) -> Any:
    array = operand(array)
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(i, pad_width.get(i - array.ndim, (0, 0))) for i in range(array.ndim)]
    widths = np.broadcast_to(pad_width, (array.ndim, 2)).tolist()
    odd = kwargs.get("reflect_type") == "odd"
    if (
        mode in ("constant", "edge", "reflect", "symmetric", "wrap")
        and not odd
        and not holds_values([*kwargs.values()])
    ):
        return record(np.pad, (array, widths, mode), kwargs)
    for axis, (before, after) in enumerate(widths):  # the others one axis after another, as NumPy does
        options = {name: axis_pair(option, axis, array.ndim) for name, option in kwargs.items()}
        line = np.moveaxis(array, axis, 0)
        ends = [border(line, before, mode, **{name: pair[0] for name, pair in options.items()})]
        mirrored = border(np.flip(line, 0), after, mode, **{name: pair[1] for name, pair in options.items()})
        ends += [line, np.flip(mirrored, 0)]
        array = np.moveaxis(np.concatenate(ends), 0, axis)
    return array


def axis_pair(option: Any, axis: int, ndim: int) -> Any:
    """What an option of np.pad says of both ends of one axis: it may be one number, a pair, or a pair for each axis."""
    return [option] * 2 if option is None or isinstance(option, str) else np.broadcast_to(option, (ndim, 2))[axis]


def border(x: Any, width: int, mode: str, stat_length: Any = None, constant_values: Any = 0, end_values: Any = 0,
           reflect_type: str = "even") -> Any:  # fmt: skip
    """What np.pad puts before the first axis."""
    n = len(x)
    if mode == "constant":
        return np.broadcast_to(constant_values, (width, *x.shape[1:])).astype(x.dtype)
    if mode == "linear_ramp":
        return np.linspace(end_values, x[0], width, endpoint=False).astype(x.dtype)
    if mode in ("mean", "median", "maximum", "minimum"):
        function: Any = {"mean": np.mean, "median": np.median, "maximum": np.max, "minimum": np.min}[mode]
        part = x if stat_length is None else x[: int(stat_length)]
        return np.broadcast_to(function(part, axis=0), (width, *x.shape[1:]))
    first = 1 if mode == "reflect" else 0
    if mode not in ("reflect", "symmetric") or width > n - first:
        raise TypeError(
            f"np.pad with mode={mode!r} and reflect_type={reflect_type!r} by {width} entries has no derivative rule; "
            "pad less, or write the new entries with np.concatenate"
        )
    return 2 * x[:1] - np.flip(x[first : first + width], 0)


def unpadded(g: Any, ans: Any, x: Any, widths: Any, mode: str, **kwargs: Any) -> Any:
    if mode == "constant":
        return g[tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape))]
    return transposed(g, np.pad, x.shape, widths, mode, **kwargs)


define_rule(np.pad, unpadded)

# several arrays to one: one cotangent for each


def pieces(g: Any, arrays: Any, axis: int | None) -> list[Any]:
    """The parts of a cotangent that belong to each of the arrays concatenated along an axis."""
    shapes = [*map(np.shape, arrays)]
    if axis is None:
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes]).tolist()
        return [np.reshape(g[b - int(np.prod(s)) : b], s) for b, s in zip(ends, shapes)]
    ends = np.cumsum([shape[axis] for shape in shapes]).tolist()
    before = (slice(None),) * (axis % len(shapes[0]))
    return [g[(*before, slice(b - s[axis], b))] for b, s in zip(ends, shapes)]


define_rule(np.concatenate, lambda g, ans, arrays, axis=0, **kwargs: pieces(g, arrays, axis))
define_rule(np.stack, lambda g, ans, arrays, axis=0, **kwargs: np.moveaxis(g, axis, 0))


@composed(np.vstack)
def vstack(tup: Any, **kwargs: Any) -> Any:
    return np.concatenate([np.atleast_2d(x) for x in tup], 0, **kwargs)


@composed(np.hstack)
def hstack(tup: Any, **kwargs: Any) -> Any:
    arrays = [np.atleast_1d(x) for x in tup]
    return np.concatenate(arrays, 0 if arrays[0].ndim == 1 else 1, **kwargs)


@composed(np.dstack)
def dstack(tup: Any) -> Any:
    return np.concatenate([np.atleast_3d(x) for x in tup], 2)


@composed(np.column_stack)
def column_stack(tup: Any) -> Any:
    return np.concatenate([x if x.ndim > 1 else np.reshape(x, (-1, 1)) for x in map(np.atleast_1d, tup)], 1)


@composed(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return np.concatenate([operand(arr), operand(values)], axis)


@composed(np.block)
def block(arrays: Any) -> Any:
    def depth(part: Any) -> int:
        return 1 + max(map(depth, part)) if isinstance(part, list) else 0

    def ndim(part: Any) -> int:
        return max(map(ndim, part)) if isinstance(part, list) else np.ndim(part)

    def joined(part: Any, levels: int) -> Any:
        if isinstance(part, list):
            return np.concatenate([joined(p, levels - 1) for p in part], -levels)
        return np.reshape(part, (1,) * (axes - np.ndim(part)) + np.shape(part))

    levels = depth(arrays)
    axes = max(levels, ndim(arrays))
    return joined(arrays, levels)


# one array to several
if hasattr(np, "unstack"):  # since NumPy 2.1
    define_rule(np.unstack, lambda g, ans, x, axis=0: np.stack(g, axis))


def splitting(function: Callable[..., Any], axis_of: Callable[..., int]) -> None:
    """Register a function that splits an array into a list: its transpose joins the cotangents again."""
    define_rule(function, lambda g, ans, x, *args, **kwargs: np.concatenate(g, axis_of(x, *args, **kwargs)))

    @composed(function)
    def split(ary: Any, indices_or_sections: Any, *axis: Any, **kwargs: Any) -> Any:
        args = (operand(ary), indices_or_sections, *axis)
        return list(record(function, args, kwargs, lambda *args, **kwargs: tuple(function(*args, **kwargs))))


splitting(np.split, lambda x, parts, axis=0: axis)
splitting(np.array_split, lambda x, parts, axis=0: axis)
splitting(np.hsplit, lambda x, parts: 1 if x.ndim > 1 else 0)
splitting(np.vsplit, lambda x, parts: 0)
splitting(np.dsplit, lambda x, parts: 2)


def vander_rule(g: Any, ans: Any, x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """(x**n)' = n x**(n-1), and the column x**(n-1) stands beside the column x**n."""
    g, ans = (g, ans) if increasing else (g[:, ::-1], ans[:, ::-1])
    return np.sum(g[:, 1:] * ans[:, :-1] * np.arange(1, ans.shape[1]), axis=1)


define_rule(np.vander, vander_rule)
