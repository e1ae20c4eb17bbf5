"""A model as a function of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from ..engine import NUMBERS
from ..value import Value


def function_of_parameters(
    model: Any, args: Sequence[Any], loss: Callable[..., Any] | None
) -> tuple[Callable[..., Any], list[str], list[Any]]:
    """A function of all parameters, their names and their data in float64.

    It computes with a copy: the model keeps its numbers, its statistics and the state of its random generators.
    """
    if not args:
        raise TypeError("a model is checked on data: check_gradients(model, x, y, loss=...)")
    if loss is not None and len(args) < 2:
        raise TypeError("a loss compares the output with targets: check_gradients(model, x, y, loss=...)")
    model = deepcopy(model)
    names, parameters = zip(*model.named_parameters(), strict=True)
    data = [in_float64(arg) for arg in args]
    generators = [(g, g.bit_generator.state) for g in generators_in(model)]

    def f(*inputs: Any) -> Any:
        for generator, state in generators:
            generator.bit_generator.state = state
        for p, x in zip(parameters, inputs, strict=True):
            p._data, p.number = (x._data if isinstance(x, Value) else x), next(NUMBERS)
            p.op, p.args = (np.positive, (x,)) if isinstance(x, Value) else (None, ())
        return model(*data) if loss is None else loss(model(*data[:-1]), data[-1])

    return f, list(names), [np.array(p.data, np.float64) for p in parameters]


def in_float64(arg: Any) -> Any:
    """Floats in float64; labels and other integers as they are."""
    data = arg._data if isinstance(arg, Value) else np.asarray(arg)
    return data.astype(np.float64) if data.dtype.kind == "f" else data


def generators_in(model: Any) -> Iterator[np.random.Generator]:
    """The random generators that a model holds, in its attributes and those of its parts."""
    waiting, seen = [model], set()
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, np.random.Generator):
            yield item
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif hasattr(item, "named_parameters"):
            waiting.extend(vars(item).values())
