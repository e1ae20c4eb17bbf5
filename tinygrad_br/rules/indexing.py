"""Derivatives of x[index], and of the functional forms of assignment, `put` and `add_at`."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..dispatch import PLAIN, refused
from ..engine import data_of, define_rule
from .linear import summed_at


def may_repeat(index: Any) -> bool:
    """Whether an index can name an entry twice: only one with an array or list of integers can."""
    if isinstance(index, tuple):
        return any(map(may_repeat, index))
    index = data_of(index)
    return isinstance(index, (list, np.ndarray)) and np.asarray(index).dtype.kind != "b"


def added(result: Any, index: Any, values: Any) -> Any:
    """result[index] += values in place, where an entry that is named twice gets both."""
    if not may_repeat(index):
        result[index] += values
    elif result.size <= 8 * np.size(values) and result.dtype in (np.float64, np.float32):  # faster than np.add.at
        positions = np.arange(result.size).reshape(result.shape)[index]
        result += summed_at(result.size, positions, np.broadcast_to(values, positions.shape)).reshape(result.shape)
    else:
        np.add.at(result, index, values)
    return result


def scattered(values: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of a shape, to which the values are added at an index: the transpose of x[index]."""
    zeros = np.zeros(shape, values.dtype)
    if may_repeat(index):
        return added(zeros, index, values)
    zeros[index] = values
    return zeros


def copied(x: Any, values: Any) -> Any:
    """A copy of x in the dtype that holds the values too; a plain number does not make float32 wider."""
    return np.array(x, np.result_type(x, values if isinstance(values, (int, float, complex)) else np.asarray(values)))


def put(x: Any, index: Any, values: Any) -> Any:
    """A copy of `x` in which `x[index] = values` was done; `index` is anything that indexes an array.

    Args:
        x, values: Values, arrays or numbers; `values` broadcasts to the shape of `x[index]`.
        index: an int, slice, mask, array of integers, or a tuple of these.  If it names an entry twice, the last one
            of its values stays, as in NumPy, and the others get no gradient.

    >>> import tinygrad_br as tg
    >>> x, v = tg.Value([1.0, 2.0, 3.0]), tg.Value(10.0)
    >>> tg.put(x, slice(1, None), v).sum().backward()
    >>> print(x.grad, v.grad)
    [1. 0. 0.] 2.0
    """
    result = copied(x, values)
    result[index] = values
    return result


def add_at(x: Any, index: Any, values: Any) -> Any:
    """A copy of `x` in which `values` were added at `index`; an entry that the index names twice gets both.

    Args:
        x, values: Values, arrays or numbers; `values` broadcasts to the shape of `x[index]`.
        index: an int, slice, mask, array of integers, or a tuple of these.

    >>> import tinygrad_br as tg
    >>> tg.add_at(tg.Value([1.0, 2.0]), [0, 0, 1], tg.Value([10.0, 20.0, 30.0]))
    Value([31., 32.], op=add_at)
    """
    return added(copied(x, values), index, values)


def survivors(x: Any, index: Any) -> Any:
    """Of the values put at an index, 1 for those that stay, 0 for those that a later one overwrites."""
    last, index = np.zeros(np.shape(x), int), data_of(index)
    order = np.arange(last[index].size).reshape(last[index].shape)
    last[index] = order
    return last[index] == order


survivors = define_rule(survivors)
scattered = define_rule(scattered, lambda h, ans, values, index, shape: h[index])
put = define_rule(
    put,
    lambda g, ans, x, index, values: put(g, index, 0.0),
    None,
    lambda g, ans, x, index, values: g[index] * survivors(x, index) if may_repeat(index) else g[index],
)
add_at = define_rule(add_at, lambda g, ans, x, index, values: g, None, lambda g, ans, x, index, values: g[index])

for function in (np.put, np.place, np.putmask, np.copyto, np.put_along_axis, np.fill_diagonal):
    refused(function, "it writes into its argument, and a Value never changes in place; use tg.put or np.where")

PLAIN.update((np.tril_indices_from, np.triu_indices_from, np.diag_indices_from))
define_rule(operator.getitem, lambda g, ans, x, index: scattered(g, index, x.shape))
