"""Which NumPy call on a Value becomes which recorded operation.

`call_ufunc` and `call_function` are what `Value.__array_ufunc__` and `Value.__array_function__` do.  A NumPy function
is one of four things here:

* it has a rule (`engine.RULES`): the call is recorded as it is;
* it is composed of others (`COMPOSED`): the composition runs, and its steps are recorded;
* it asks about shapes or types, not about numbers (`PLAIN`): it answers from the data, without a Value;
* none of these: the call raises a TypeError that names the function.  Nothing is ever taken for a constant silently.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, cast

import numpy as np

from .engine import NO_KWARGS, RULES, Node, data_of, nodes_in, record
from .messages import op_name
from .modes import reading

COMPOSED: dict[Any, Callable[..., Any]] = {}
REFUSED: dict[Any, str] = {}  # the reasons of the refusals among these
UFUNC_METHODS: dict[tuple[Any, str], Callable[..., Any]] = {}
PLAIN: set[Any] = {
    np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.min_scalar_type, np.common_type,
    np.iscomplexobj, np.isrealobj, np.array_equal, np.array_equiv, np.allclose, np.shares_memory,
    np.may_share_memory, np.zeros_like, np.ones_like, np.empty_like, np.array_repr, np.array_str,
    np.array2string, np.einsum_path, np.ix_,
}  # fmt: skip
READING: set[Any] = {
    np.array_equal, np.array_equiv, np.allclose, np.array_repr, np.array_str, np.array2string,
}  # fmt: skip
SEQUENCES: set[Any] = {np.concatenate, np.stack}  # functions of a sequence of arrays, not of one array
FAMILIES = {"scipy": "special", "numpy.fft": "fft"}  # what is loaded with the first function of a package


def composed(function: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function as what a NumPy function does with Values."""

    def register(composition: Callable[..., Any]) -> Callable[..., Any]:
        COMPOSED[function] = composition
        return composition

    return register


def refused(function: Any, reason: str) -> None:
    """Register that a NumPy function is never differentiated, and the mathematical reason, a sentence."""

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"np.{op_name(function)} has no derivative: {reason}")

    COMPOSED[function], REFUSED[function] = refuse, reason


def call_ufunc(ufunc: np.ufunc, method: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Record `ufunc(*args)`, or what `np.add.reduce` and its like stand for."""
    if method == "__call__" and not kwargs and ufunc in RULES:
        return record(ufunc, tuple(map(operand, args)))
    name = op_name(ufunc)
    if any(out is not None for out in kwargs.get("out", ())):
        raise TypeError(f"np.{name} cannot write into out= here: a Value is never changed in place; use its result")
    if method == "outer" and ufunc.nin == 2 and ufunc.signature is None:
        first, second = map(operand, args)
        return ufunc(np.reshape(first, np.shape(first) + (1,) * np.ndim(second)), second, **kwargs)
    if method == "at":
        raise TypeError(
            f"np.{name}.at changes its argument, and a Value never changes in place; use tg.add_at or tg.put"
        )
    if method != "__call__":
        if (ufunc, method) not in UFUNC_METHODS:
            raise TypeError(f"np.{name}.{method} has no derivative here; use a function that has, or np.{name} itself")
        return UFUNC_METHODS[ufunc, method](*args, **kwargs)
    if kwargs:
        if (ufunc, method) in UFUNC_METHODS:
            return UFUNC_METHODS[ufunc, method](*args, **kwargs)
        option = next(iter(kwargs))
        raise TypeError(
            f"np.{name} with {option}= is not recorded; write np.where(mask, np.{name}(...), other) for where=, "
            "and .astype(dtype) for dtype="
        )
    if ufunc not in RULES and not load_family(ufunc):
        no_rule(ufunc)
    return record(ufunc, tuple(map(operand, args)))


def call_function(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Record `function(*args, **kwargs)`, run its composition, or answer from the data."""
    if function not in RULES and function not in COMPOSED:
        load_family(function)
    if function in COMPOSED:
        return COMPOSED[function](*args, **kwargs)
    if function in PLAIN:
        if function in READING:
            for node in nodes_in(tuple(map(frozen, args))):
                reading(node, f"np.{op_name(function)}")
        return function(*map(data_of, map(frozen, args)), **{k: data_of(frozen(v)) for k, v in kwargs.items()})
    if function not in RULES:
        no_rule(function)
    if kwargs:
        if kwargs.get("out") is not None:
            raise TypeError(
                f"np.{op_name(function)} cannot write into out= here: a Value is never changed in place; use its result"
            )
        args, kwargs = without_values(function, args, kwargs)
    if function in SEQUENCES:
        args = tuple(frozen(tuple(cast(Any, arg)) if isinstance(arg, Node) else arg) for arg in args)
    else:
        args = tuple(operand(arg) if holds_values(arg) else arg for arg in args)
    return record(function, args, kwargs or NO_KWARGS)


def operand(arg: Any) -> Any:
    """An argument that stands for one array: a list as an array, or as a Value if there is a Value in it."""
    if isinstance(arg, (list, tuple)):
        return np.stack([operand(a) for a in arg]) if holds_values(arg) else np.asarray(arg)
    return arg


def frozen(arg: Any) -> Any:
    """A list as a tuple if there is a Value in it, so that the record cannot be changed later; else as it is.

    Lists in this list are stacked: a rule gives each entry of a tuple one cotangent.
    """
    if isinstance(arg, (list, tuple)) and holds_values(arg):
        return tuple(operand(a) if holds_values(a) else a for a in arg)
    return arg


def holds_values(arg: Any) -> bool:
    """Whether an argument is a Value or a list, of any depth, with one in it."""
    return any(map(holds_values, arg)) if isinstance(arg, (list, tuple)) else isinstance(arg, Node)


def without_values(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """The same call with every Value among the positional arguments, where rules find it."""
    if not any(map(holds_values, kwargs.values())):
        return args, kwargs
    bound = inspect.signature(function).bind(*args, **kwargs)
    for name, value in bound.kwargs.items():
        if holds_values(value):
            raise TypeError(f"np.{op_name(function)} cannot take a Value as {name}=; pass its data, {name}=value.data")
    return bound.args, bound.kwargs


def load_family(function: Any) -> bool:
    """Load the rules of the package that a function comes from, if there are any; whether it has a rule now."""
    of_scipy = isinstance(function, np.ufunc) and getattr(np, function.__name__, None) is not function
    owner = "scipy" if of_scipy else getattr(function, "__module__", "")
    if owner in FAMILIES:
        importlib.import_module(f"{__package__}.rules.{FAMILIES.pop(owner)}")
    return function in RULES


def no_rule(function: Any) -> NoReturn:
    name = op_name(function)
    raise TypeError(
        f"np.{name} has no derivative rule here; give it one with tg.define_rule(np.{name}, "
        "lambda g, ans, *args: ...), or call it on the numbers alone, value.data, if it is to count as a constant"
    )
