"""What the attributes of a module are when a trace meets it: a program keeps some of them and changes none."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import numpy as np

PLAIN = (bool, int, float, complex, str, np.generic, type(None))


class Attributes:
    """The attributes of a module as they are now.

    Numbers, texts and None become constants of the program, so it serves only while `of(module)` is still `plain`.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.all = {name: thing for name, thing in vars(module).items() if name != "training"}
        self.of = attrgetter("training", *(name for name, thing in self.all.items() if isinstance(thing, PLAIN)))
        self.plain = self.of(module)
        self.inside = {name: inside(thing) for name, thing in self.all.items()}

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
