"""The step of an optimizer as statements.

`Optimizer.update` is run once on recorders, which write down each operation in place instead of doing it.  The
learning rate and the number of steps are symbols: they stay names in the text, all other numbers are settings of the
optimizer.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .plan import Plan
from .variable import Variable


class Symbol:
    """A number that differs from step to step, as the text that computes it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def symbolic(operator: str) -> tuple[Callable[[Any, Any], Symbol], Callable[[Any, Any], Symbol]]:
    return (
        lambda self, other: Symbol(f"({self!r} {operator} {other!r})"),
        lambda self, other: Symbol(f"({other!r} {operator} {self!r})"),
    )


for name, sign in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**"}.items():
    forward, reflected = symbolic(sign)
    setattr(Symbol, f"__{name}__", forward)
    setattr(Symbol, f"__r{name}__", reflected)


class Vector:
    """An array of the optimizer, by its name; what is done to it is written into `lines`."""

    def __init__(self, name: str, lines: list[tuple[str, list[Any], str]]) -> None:
        self.name, self.lines = name, lines

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, out: Any = (), **kwargs: Any) -> Any:
        if method != "__call__" or kwargs or len(out) != 1 or not isinstance(out[0], Vector):
            return NotImplemented
        self.lines.append((ufunc.__name__, list(args), out[0].name))
        return out[0]

    def __setitem__(self, index: Any, value: Any) -> None:
        if index is not Ellipsis or not isinstance(value, Vector):
            raise TypeError("only vector[...] = vector has a text")
        if value is not self:
            self.lines.append(("copyto", [self, value], ""))


def changed(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    return lambda self, other: self.__array_ufunc__(ufunc, "__call__", self, other, out=(self,))


for name, ufunc in (("iadd", np.add), ("isub", np.subtract), ("imul", np.multiply), ("itruediv", np.divide)):
    setattr(Vector, f"__{name}__", changed(ufunc))


class Operation(NamedTuple):
    """One NumPy call: its function, its arguments, and the name of the array it writes, which `copyto` has in front."""

    function: str
    args: list[Any]
    out: str


def operations(optimizer: Any, lr: str, steps: str, names: Sequence[str]) -> list[Operation] | None:
    """What one update does; None if that has no text.

    `names` are those of the parameters, the gradients, the scratch vector and the memories.
    """
    lines: list[tuple[str, list[Any], str]] = []
    twin = copy.copy(optimizer)
    twin.lr, twin.steps = Symbol(lr), Symbol(steps)
    try:
        twin.update(*(Vector(name, lines) for name in names))
    except Exception:
        return None
    return [Operation(*line) for line in lines]


def has_text(optimizer: Any) -> bool:
    """Whether an update can be written down; one that cannot may overwrite the gradients."""
    return operations(optimizer, "lr", "steps", ["w", "g", "t", *optimizer.memories]) is not None


def sparing(lines: Iterable[Operation], name: str, spare: str) -> list[Operation]:
    """The same operations, with what was written into one array written into another, so that the one stays whole."""
    result, present = [], name
    for function, args, out in lines:
        texts = [(present if a.name == name else a.name) if isinstance(a, Vector) else a for a in args]
        if function == "copyto" and args[0].name == name:
            texts[0] = present = spare
        elif out == name:
            out = present = spare
        result.append(Operation(function, texts, out))
    return result


def with_one_room(lines: list[Operation]) -> tuple[list[Operation], list[str]]:
    """The same operations, with "t" in the place of "u" if the one is first needed after the other's last use.

    Also which of the two they need: with one of them more of the vectors fits the cache.
    """
    uses = {name: [i for i, (_, args, out) in enumerate(lines) if name in (*args, out)] for name in "tu"}
    if uses["t"] and uses["u"] and uses["u"][-1] < uses["t"][0]:
        lines = [
            Operation(f, ["t" if a == "u" else a for a in args], "t" if out == "u" else out) for f, args, out in lines
        ]
        del uses["u"]
    return lines, [name for name, found in uses.items() if found]


class PoolUpdate(NamedTuple):
    """The update of the parameters of one dtype: the program's names for what it needs come from `vectors`."""

    pool: Any
    vectors: dict[str, Variable]
    lr: Variable
    steps: Variable
    stretches: list[tuple[int, int]]


def pool_updates(plan: Plan, update: Any) -> list[PoolUpdate]:
    """What a program needs for a step of an optimizer."""
    found = []
    optimizer = update.optimizer
    lr, steps = plan.give(("lr", optimizer), np.float64(0)), plan.give(("steps", optimizer), np.int64(0))
    for pool in optimizer.pools:
        arrays = {"weights": pool.data, "gradients": pool.gradient, **pool.memory}
        vectors = {name: plan.give(("array", array), array) for name, array in arrays.items()}
        stretches: list[tuple[int, int]] = []
        for parameter, piece in zip(pool.parameters, pool.slices):
            if parameter in update.gradients:
                if stretches and stretches[-1][1] == piece.start:
                    stretches[-1] = (stretches[-1][0], piece.stop)
                else:
                    stretches.append((piece.start, piece.stop))
        if stretches:
            found.append(PoolUpdate(pool, vectors, lr, steps, stretches))
    return found


def lines_of(writer: Any, optimizer: Any, update: PoolUpdate) -> list[str]:
    """The lines of an update: straight for a short vector, in blocks that fit the cache for a long one.

    They go from the end to the start: then the first layer's weights are in the cache when the next step begins.
    """
    pool, dtype = update.pool, writer.text(update.pool.dtype)
    size = min(pool.block, max(stop - start for start, stop in update.stretches))
    whole = update.stretches == [(0, len(pool.data))] and size == len(pool.data)
    local = {name: v.name if whole else writer.name(name[:1]) for name, v in update.vectors.items()}
    names = ["w", "g", "t", *(f"m{i}" for i in range(len(pool.memory)))]
    steps = operations(optimizer, update.lr.name, update.steps.name, names)
    steps = sparing(steps or [], "g", "u")
    steps, rooms = with_one_room(steps)
    scratch = {room: writer.name("scratch") for room in rooms}
    writer.making += [f"{name} = np.empty({size}, {dtype})" for name in scratch.values()]
    work = scratch if whole else {room: writer.name(room) for room in rooms}
    known = {**dict(zip(["w", "g", *names[3:]], local.values())), **work}
    numbers: dict[str, str] = {}
    calls = []
    for function, args, out in steps:
        texts = [known[a] if isinstance(a, str) else number(writer, a, pool.dtype, numbers) for a in args]
        calls.append(f"np.{function}({', '.join(texts)}{f', out={known[out]}' if out else ''})")
    writer.making += [f"{name} = np.empty((), {dtype})" for name in numbers.values()]
    lines = [f"{name}[()] = {text}" for text, name in numbers.items()]
    if whole:
        return lines + calls
    for start, stop in reversed(update.stretches):
        lines.append(f"for i in reversed(range({start}, {stop}, {pool.block})):")
        piece = f"[i : min(i + {pool.block}, {stop})]"
        block = [f"{local[name]} = {v.name}{piece}" for name, v in update.vectors.items()]
        block += [f"{work[room]} = {name}[: len({known['w']})]" for room, name in scratch.items()]
        lines += ["    " + line for line in block + calls]
    return lines


def parts(update: PoolUpdate) -> list[tuple[Any, ...]]:
    """What `Optimizer.update` is called with, block by block."""
    ranges = [(i, stop) for start, stop in update.stretches for i in range(start, stop, update.pool.block)]
    return [update.pool.part(i, stop) for i, stop in ranges]


def number(writer: Any, arg: Any, dtype: Any, numbers: dict[str, str]) -> str:
    """A number in an update: a constant of the dtype, or the name of one that is computed at each step."""
    if isinstance(arg, Symbol):
        if arg.text not in numbers:
            numbers[arg.text] = writer.name("rate")
        return numbers[arg.text]
    return str(writer.constant(np.array(arg, dtype)))
