"""What programs are made of: `Variable`, one result or one thing that a program is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

NUMBER = (np.float64, np.bool_)
OUTSIDE = -1_000  # far from every step


class Variable:
    """One result in a program, or one thing that it is given.

    `op` is None for what is given; `source` then says what it is: ("argument", i), ("data", Value), ("gradient",
    Value), ("array", ndarray) or ("generator", Generator).  `sample` are the numbers it had in the trace, or others of
    the same shape and dtype.  `is_number` says that it is one float64 or truth value, `is_arithmetic` that its step can
    be written with Python's operators, `is_guarded` that NaN in it may stand for a zero.  `index` is the place of
    a step in a long program, `OUTSIDE` for what is given.
    """

    __slots__ = (
        "args", "index", "is_arithmetic", "is_guarded", "is_number", "kwargs", "name", "op", "sample", "section",
        "source",
    )  # fmt: skip

    def __init__(
        self,
        op: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        sample: Any,
        source: Any = None,
        section: str = "",
        is_arithmetic: bool = False,
    ) -> None:
        self.op, self.args, self.kwargs, self.sample, self.source = op, args, kwargs, sample, source
        self.name, self.section, self.is_arithmetic, self.is_guarded = "", section, is_arithmetic, False
        self.is_number, self.index = sample.__class__ in NUMBER, OUTSIDE

    @property
    def shape(self) -> tuple[int, ...]:
        return () if isinstance(self.sample, tuple) else np.shape(self.sample)  # the parts of a tuple have their own

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


def read_by(step: Variable) -> list[Variable]:
    """The variables that a step reads, with repetitions."""
    if step.is_arithmetic:
        return [a for a in step.args if a.__class__ is Variable]
    return [*variables_in((step.args, *step.kwargs.values()))]


def together(*results: Any) -> tuple[Any, ...]:
    """Several results as one tuple."""
    return results


def stepped(gradients: tuple[Any, ...], update: Any) -> Any:
    """The step of an optimizer."""


def updated(parameter: Any, step: Any) -> Any:
    """A parameter after a step of its optimizer, in the same memory."""
