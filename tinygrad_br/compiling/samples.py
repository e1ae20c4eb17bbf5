"""Arrays that stand for large arguments in a trace: they have a shape and a dtype, and nothing is computed with them.

A trace needs to know of its results only what kind of arrays they are.  Operations on a `Sample` give zeros of the
right shape, dtype and order, which the operating system makes when somebody looks at them, that is, never.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LARGE = 1 << 12  # numbers; with fewer, computing is as fast


class Sample(np.ndarray):
    """Zeros in the place of numbers."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "__call__" and ufunc.nout == 1 and not kwargs:
            shape = shape_of(ufunc, args)
            if shape is not None and np.prod(shape, dtype=np.int64) >= LARGE:
                one = [np.ones((1,) * min(a.ndim, 2), a.dtype) if isinstance(a, np.ndarray) else a for a in args]
                return sample(shape, ufunc(*one).dtype, order_of(ufunc, shape, args))
        plain = {key: plainly(value) for key, value in kwargs.items()}
        return getattr(ufunc, method)(*map(plainly, args), **plain)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        result = super().__array_function__(function, types, args, kwargs)
        return result.view(Sample) if type(result) is np.ndarray and result.size >= LARGE else result


def sample(shape: tuple[int, ...], dtype: Any, order: Any = "C") -> Any:
    return np.zeros(shape, dtype, order).view(Sample)


def sample_of(data: Any) -> Any:
    """A stand-in for a large array of floats; other data as they are."""
    if isinstance(data, np.ndarray) and data.dtype.kind == "f" and data.size >= LARGE:
        return sample(data.shape, data.dtype, "F" if data.flags.fnc else "C")
    return data


def plainly(arg: Any) -> Any:
    if isinstance(arg, tuple):
        return tuple(map(plainly, arg))
    return arg.view(np.ndarray) if isinstance(arg, Sample) else arg


def shape_of(ufunc: np.ufunc, args: tuple[Any, ...]) -> tuple[int, ...] | None:
    """The shape of a result; None if it takes NumPy to know."""
    shapes = [np.shape(arg) for arg in args]
    if ufunc is np.matmul and [len(shape) for shape in shapes] == [2, 2]:
        return (shapes[0][0], shapes[1][1]) if shapes[0][1] == shapes[1][0] else None
    return np.broadcast_shapes(*shapes) if ufunc.signature is None else None


def order_of(ufunc: np.ufunc, shape: tuple[int, ...], args: tuple[Any, ...]) -> str:
    """The order in memory that NumPy gives the result of an elementwise function: that of its arguments."""
    if ufunc is np.matmul:
        return "C"
    whole = [arg for arg in args if isinstance(arg, np.ndarray) and arg.shape == shape]
    return "F" if whole and all(arg.flags.fnc for arg in whole) else "C"
