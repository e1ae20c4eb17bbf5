"""What the attributes of a module are when a trace meets it: a program keeps some of them and changes none."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Node, data_of
from ..nn.module import Module


class Attributes:
    """The attributes of a module as they are now.

    A program serves while they are the same: it has numbers, texts and None as constants, and knows the parameters and
    arrays that it met.  `copies` are pairs of what may change, attributes and lists of layers, and a copy of it.
    `singles` are attributes that are one number, module and name and thing: another one may be equal.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.all = {name: thing for name, thing in vars(module).items() if name != "training"}
        self.inside = {name: inside(thing) for name, thing in self.all.items()}
        layers = [thing for thing in self.all.values() if isinstance(thing, list) and any(map(is_part, thing))]
        self.copies = [(thing, thing.copy()) for thing in (vars(module), *layers)]
        numbers = {name: thing for name, thing in self.all.items() if isinstance(thing, (np.ndarray, Node))}
        single = [name for name, thing in numbers.items() if data_of(thing).size == 1 and name.isidentifier()]
        self.singles = [(module, name, numbers[name]) for name in single]

    def put_back(self) -> list[str]:
        """Give the module its attributes back; the names of those that had changed."""
        present, changed = vars(self.module), []
        for name in [*present]:
            if name not in self.all and name != "training":
                del present[name]
                changed.append(name)
        for name, thing in self.all.items():
            if present.get(name) is not thing or differ(inside(thing), self.inside[name]):
                present[name] = thing
                set_inside(thing, self.inside[name])
                changed.append(name)
        return changed


def is_part(thing: Any) -> bool:
    """Whether something in a list is a layer or a parameter."""
    return isinstance(thing, (Module, Node))


def inside(thing: Any) -> Any:
    """A copy of what an array, a list or a random generator holds, which can change while the object stays the same."""
    if isinstance(thing, np.random.Generator):
        return thing.bit_generator.state
    return thing.copy() if isinstance(thing, (np.ndarray, list)) else None


def set_inside(thing: Any, what: Any) -> None:
    if isinstance(thing, np.random.Generator):
        thing.bit_generator.state = what
    elif isinstance(thing, (np.ndarray, list)):
        thing[:] = what


def differ(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return not np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
    if isinstance(one, list):
        return len(one) != len(other) or any(a is not b for a, b in zip(one, other))
    return bool(one != other)
