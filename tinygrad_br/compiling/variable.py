"""What programs are made of: `Variable`, one result or one thing that a program is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


class Variable:
    """One result in a program, or one thing that it is given.

    `op` is None for what is given; `source` then says what it is: ("argument", i), ("data", Value), ("gradient",
    Value), ("array", ndarray) or ("generator", Generator).  `sample` are the numbers it had in the trace.
    """

    __slots__ = ("args", "kwargs", "name", "op", "place", "sample", "section", "source")

    def __init__(self, op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], sample: Any, source: Any = None) -> None:
        self.op, self.args, self.kwargs, self.sample, self.source = op, args, kwargs, sample, source
        self.name, self.section, self.place = "", "", None

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.sample)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.sample.dtype  # type: ignore[no-any-return]


def variables_in(arg: Any) -> Iterator[Variable]:
    """The variables in an argument, those inside tuples too."""
    if isinstance(arg, Variable):
        yield arg
    elif isinstance(arg, (tuple, list)):
        for a in arg:
            if isinstance(a, Variable):
                yield a
            elif isinstance(a, (tuple, list)):
                yield from variables_in(a)
