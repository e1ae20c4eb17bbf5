"""Where results live: one block of memory for a whole program, in which each result has its place while it is used.

A result that NumPy can write with `out=` gets a place from the step that makes it to the last step that reads it, or a
view of it.  Elementwise steps write over an argument that nobody reads afterwards, so a bias and an activation work in
place.  Places begin at multiples of 64 bytes.  Results that the caller gets are new arrays at every call.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ..value import astype
from .lowering import cosine_of_sine, in_columns, less_at
from .variable import Variable, updated, variables_in

ALIGNMENT = 64
REDUCTIONS = {np.sum: np.add, np.max: np.maximum, np.min: np.minimum, np.prod: np.multiply}
NEW = {np.where, np.concatenate, np.stack, np.tile, np.repeat, np.einsum, np.tensordot, np.outer, np.cumsum, np.roll}


EMPTY: Mapping[Any, Any] = MappingProxyType({})


class Place(NamedTuple):
    """A piece of the program's memory, seen as an array."""

    offset: int
    shape: tuple[int, ...]
    dtype: Any
    order: str

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape)) * int(self.dtype.itemsize)


def is_elementwise(step: Variable) -> bool:
    return isinstance(step.op, np.ufunc) and step.op.signature is None and step.op.nout == 1


def takes_out(step: Variable) -> bool:
    """Whether NumPy can write the result of a step into given memory."""
    if isinstance(step.sample, tuple) or not step.shape or not step.sample.size or order_of(step.sample) is None:
        return False
    if step.op is np.empty:
        return True
    if is_elementwise(step) or step.op in (np.matmul, less_at, in_columns, cosine_of_sine, astype):
        return not step.kwargs
    return step.op in REDUCTIONS and set(step.kwargs) == {"axis"}


def order_of(sample: Any) -> str | None:
    """How an array lies in memory: in C order, in Fortran order, or neither."""
    flags = sample.flags
    return "C" if flags.c_contiguous else "F" if flags.f_contiguous else None


def is_view(step: Variable) -> bool:
    """Whether the result of a step is part of its first argument, in the same memory."""
    if step.op is np.transpose or step.op is updated:
        return bool(step.shape)
    if step.op is np.reshape:
        return np.may_share_memory(step.args[0].sample.reshape(step.shape), step.args[0].sample)
    if step.op is operator.getitem:
        parts = step.args[1] if isinstance(step.args[1], tuple) else (step.args[1],)
        return bool(step.shape) and all(isinstance(i, (int, slice, type(None), type(Ellipsis))) for i in parts)
    return step.op in (np.broadcast_to, np.diagonal, np.flip)


class Memory:
    """The places of a program's results.

    Args:
        steps: of the program, in order.
        returned: what the caller gets, which is never overwritten.
        kept: what is still read after the last step.
        targets: results that are written into arrays the program is given: the result and the array.
        aliases: for such an array, another name under which the program may be given its memory.
        over: for an array that a later step fills, that step and the arrays whose places it may have.

    `places` maps a step to its Place, `targets` to its array; `fixed` are views of places, made once.
    """

    def __init__(
        self,
        steps: Sequence[Variable],
        returned: Iterable[Variable],
        kept: Iterable[Variable],
        targets: dict[Variable, Variable],
        aliases: dict[Variable, Variable],
        over: Mapping[Variable, tuple[Variable, list[Variable]]] = EMPTY,
    ) -> None:
        self.owners: dict[Variable, frozenset[Variable]] = {}
        for step in steps:
            self.owners[step] = self.owners_of(step)
        escaping = frozenset().union(*(self.owner(v) for v in returned))
        last: dict[Variable, int] = {}
        for i, step in enumerate(steps):
            for arg in variables_in((step.args, *step.kwargs.values())):
                last.update(dict.fromkeys(self.owner(arg), i))
        for v in kept:
            last.update(dict.fromkeys(self.owner(v), len(steps)))
        self.last = last
        self.places: dict[Variable, Place] = {}
        self.targets = {
            step: array
            for step, array in targets.items()
            if takes_out(step)
            and step not in escaping
            and self.may_write(step, array, steps)
            and self.may_write(step, aliases.get(array, array), steps)
        }
        live: dict[Place, int] = {}
        numbers = {step: i for i, step in enumerate(steps)} if over else {}
        self.size = 0
        for i, step in enumerate(steps):
            if step not in self.targets and step not in escaping and takes_out(step):
                if step in over:
                    filling, arrays = over[step]
                    place = self.reusable(step, numbers[filling], arrays, live)
                else:
                    place = self.reusable(step, i, overwritable(step), {})
                place = place or self.free(step, live)
                self.places[step] = place
                live[place] = last.get(step, i)
                self.size = max(self.size, place.offset + place.nbytes)
            live = {place: end for place, end in live.items() if end > i}
        self.fixed = {step for step in steps if is_view(step) and self.is_fixed(step)}

    def owner(self, variable: Variable) -> frozenset[Variable]:
        return self.owners.get(variable, frozenset((variable,)))

    def owners_of(self, step: Variable) -> frozenset[Variable]:
        """The variables whose memory the result of a step may be in."""
        if is_view(step):
            return self.owner(step.args[0])
        if (
            isinstance(step.op, np.ufunc)
            or step.op in REDUCTIONS
            or step.op in NEW
            or takes_out(step)
            or not step.shape
        ):
            return frozenset((step,))
        arrays = (self.owner(a) for a in variables_in((step.args, *step.kwargs.values())) if a.shape)
        return frozenset((step,)).union(*arrays)

    def may_write(self, step: Variable, array: Variable, steps: Sequence[Variable]) -> bool:
        """Whether nobody reads what stood in the array once this step has run."""
        i = self.last.get(array, -1)
        return i < 0 or (steps[i] is step and is_elementwise(step))

    def reusable(self, step: Variable, i: int, arrays: Iterable[Variable], live: Mapping[Place, int]) -> Place | None:
        """The place of one of these arrays if step number i is the last one that reads it."""
        wanted = (step.shape, step.dtype, order_of(step.sample))
        for array in arrays:
            place = self.places.get(array)
            if place and self.last[array] == i == live.get(place, i) and place[1:] == wanted:
                return place
        return None

    def free(self, step: Variable, live: dict[Place, int]) -> Place:
        """The first gap that is large enough."""
        nbytes, offset = step.sample.nbytes, 0
        for place in sorted(live):
            if place.offset - offset >= nbytes:
                break
            offset = max(offset, -(-(place.offset + place.nbytes) // ALIGNMENT) * ALIGNMENT)
        order = order_of(step.sample) or "C"
        return Place(offset, step.shape, step.dtype, order)

    def is_fixed(self, step: Any) -> bool:
        """Whether a view is the same at every call: a view of a place."""
        while isinstance(step, Variable) and is_view(step):
            if any(variables_in(step.args[1:])):
                return False
            step = step.args[0]
        return step in self.places


def overwritable(step: Variable) -> Iterator[Variable]:
    """The arguments of a step whose memory its result may have."""
    if step.op is np.greater:  # into an array of another kind, or through a buffer
        return iter(())
    if is_elementwise(step):
        return variables_in(step.args)
    return variables_in(step.args[:1] if step.op is less_at else ())


def overlapping(places: Iterable[Place]) -> Iterator[tuple[Place, Place]]:
    """Pairs of places that share memory."""
    ordered = sorted(places)
    for i, a in enumerate(ordered):
        for b in ordered[i + 1 :]:
            if b.offset < a.offset + a.nbytes:
                yield a, b
