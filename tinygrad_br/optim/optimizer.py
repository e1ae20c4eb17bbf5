"""`Optimizer`: the parameters as one vector, updated in one go.

All parameters of one dtype are copied into one contiguous vector, and each becomes a view of its piece, so an update is
a handful of NumPy calls over the whole network, not over each parameter.  What an optimizer remembers (velocities,
means of squares) lies beside it in vectors of the same length.  Updates work in place on memory that is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ..engine import NUMBERS
from ..modes import MODE
from ..value import Value

Array = Any
Schedule = Callable[[int], float]

SIDE, MOST = 256, 1 << 21  # a matrix that programs want column after column: its shorter side, and bytes at most
BLOCKS = 15 << 16  # bytes of all vectors that are updated at a time, so that they stay in the processor's cache
LINE = 64  # bytes that the processor reads at a time
PAGE = 1 << 21  # bytes of a large page of memory
FLUSH_EVERY = 64  # steps between two looks for numbers so small that the processor slows down


class Pool:
    """The parameters of one dtype in one vector, and what belongs to each entry, in one piece of memory.

    `indices` are the places of these parameters in the optimizer's list; `block` entries are updated at a time.
    `pieces` are the parameters' parts of the vector, `gradients` those of their gradients.
    """

    def __init__(self, parameters: Sequence[Value], indices: Sequence[int], memories: Sequence[str]) -> None:
        self.parameters, self.indices = [parameters[i] for i in indices], indices
        self.dtype = self.parameters[0].dtype
        ends = np.cumsum([p.size for p in self.parameters]).tolist()
        self.slices = [slice(end - p.size, end) for p, end in zip(self.parameters, ends)]
        self.block = block_of(ends[-1], (3 + len(memories)) * self.dtype.itemsize)
        self.scratch = np.zeros(self.block, self.dtype)
        self.orders: list[Literal["C", "F"]] = ["C"] * len(self.parameters)
        self.settle(memories)

    def __reduce__(self) -> Any:
        """Copies and pickles are built anew: arrays that are views of one vector would become arrays of their own."""
        return rebuilt, (self.parameters, self.indices, self.remembered())

    def settle(self, memories: Sequence[str]) -> None:
        """Make the vectors, in which each parameter lies row after row ("C") or column after column ("F")."""
        size = self.slices[-1].stop
        self.data, self.gradient, *remembered = vectors(2 + len(memories), size, self.dtype)
        self.memory = dict(zip(memories, remembered))
        self.pieces, self.gradients = self.pieces_of(self.data), self.pieces_of(self.gradient)
        self.whole = [self.part(i, size) for i in range(0, size, self.block)]
        self.adopt()

    def settle_in_columns(self) -> None:
        """Let large matrices lie column after column from now on, in new memory.

        With a few rows they are multiplied faster so, by about a tenth: OpenBLAS packs columns in less time.  Larger
        ones are not: they do not fit the processor's cache, and all waits for memory.
        """
        large = [is_large_table(p) for p in self.parameters]
        if any(large) and "F" not in self.orders:
            memory = self.remembered()
            self.orders = ["F" if is_large else "C" for is_large in large]
            self.settle([*memory])
            self.remember(memory)

    def pieces_of(self, vector: Array) -> list[Array]:
        """The parameters' parts of a vector, each in the shape of its parameter."""
        places = zip(self.parameters, self.slices, self.orders)
        return [vector[place].reshape(p.shape, order=order) for p, place, order in places]

    def remembered(self) -> dict[str, Array]:
        """Copies of the memories, in which all matrices lie row after row."""
        pieces = {name: self.pieces_of(vector) for name, vector in self.memory.items()}
        return {name: np.concatenate([piece.ravel() for piece in found]) for name, found in pieces.items()}

    def remember(self, memory: Mapping[str, Array]) -> None:
        """Take over what `remembered` gave."""
        for name, vector in self.memory.items():
            numbers = np.asarray(memory[name])
            for piece, place in zip(self.pieces_of(vector), self.slices):
                copy_into(piece, numbers[place].reshape(piece.shape))

    def adopt(self) -> None:
        """Make every parameter a view of its piece, with the numbers that it has now.

        A parameter of shape () is a NumPy scalar, which cannot be a view: it is copied to and fro.
        """
        for parameter, piece in zip(self.parameters, self.pieces):
            if parameter._data is not piece:
                copy_into(piece, parameter._data)
                if piece.ndim:
                    parameter._data = piece

    def release(self) -> None:
        """Give the parameters their new numbers, and a new place in the order of creation.

        A backward pass through a graph that used the old numbers then raises.
        """
        for parameter, piece in zip(self.parameters, self.pieces):
            if not piece.ndim:
                parameter._data = piece[()]
            parameter.number = next(NUMBERS)

    def part(self, start: int, end: int) -> tuple[Array, ...]:
        """What `update` works on, from an entry to another or to the end of its block."""
        run = slice(start, min(start + self.block, end))
        scratch = self.scratch[: run.stop - start]
        return (self.data[run], self.gradient[run], scratch, *(m[run] for m in self.memory.values()))

    def take(self, gradients: Sequence[Array | None]) -> Iterable[tuple[Array, ...]]:
        """Copy the gradients into the vector; the parts to update are all, or those that have gradients."""
        missing = False
        for i, place in zip(self.indices, self.gradients):
            gradient = gradients[i]
            if gradient is None:
                missing = True
            else:
                copy_into(place, gradient)
        if not missing:
            return self.whole
        found = [s for i, s in zip(self.indices, self.slices) if gradients[i] is not None]
        return [self.part(start, s.stop) for s in found for start in range(s.start, s.stop, self.block)]


def is_large_table(p: Value) -> bool:
    return bool(p.dtype == np.float32 and p.ndim == 2 and min(p.shape) >= SIDE and p._data.nbytes <= MOST)


def copy_into(array: Array, numbers: Array) -> None:
    """Do array[...] = numbers.

    Some rows at a time, if the array lies column after column: then the lines of the cache that numbers come from stay
    there until all numbers in them are copied.
    """
    if array.flags.fnc and np.shape(numbers) == array.shape:
        for i in range(0, len(array), LINE):
            array[i : i + LINE] = numbers[i : i + LINE]
    else:
        array[...] = numbers


def block_of(size: int, entry: int) -> int:
    """How many of all entries are updated at a time, in blocks of nearly the same size.

    `entry` is the bytes that belong to one: parameter, gradient, intermediate result, memories.  A block is a
    multiple of 64 entries, so that in any dtype each begins where a line of the cache does.
    """
    blocks = round(size * entry / BLOCKS)
    blocks = blocks if blocks > 2 else 1  # two blocks cost more in calls than they save
    return -(-size // blocks // LINE) * LINE


def vectors(count: int, size: int, dtype: np.dtype[Any]) -> list[Array]:
    """Zeros in one piece of memory, in large pages if the operating system has them.

    NumPy asks for large pages in arrays of 4 MiB or more, of which the part that nobody touches costs nothing.  In one
    page vectors do not push each other out of the processor's cache, as they may in many pages from anywhere.

    Each vector begins at a multiple of 64 bytes, and none at a multiple of 4096 bytes from another: the processor would
    take reading the one for reading what was just written to the other.
    """
    lines = -(-size * dtype.itemsize // LINE)
    lines += (17 - lines) % LINE
    step, size_of_all = lines * LINE // dtype.itemsize, count * lines * LINE
    in_large_page = PAGE // 4 <= size_of_all < 2 * PAGE
    room, unit = (3 * PAGE, PAGE) if in_large_page else (size_of_all + LINE, LINE)
    block = np.zeros(room // dtype.itemsize, dtype)
    start = -block.ctypes.data % unit // dtype.itemsize
    return [block[i : i + size] for i in range(start, start + count * step, step)]


def rebuilt(parameters: Sequence[Value], indices: Sequence[int], memory: Mapping[str, Array]) -> Pool:
    """The copy of a pool, on the copies of its parameters."""
    pool = Pool(parameters, range(len(parameters)), list(memory))
    pool.indices = indices
    pool.remember(memory)
    return pool


class Optimizer:
    """The base of optimizers.  A subclass names its memories and writes `update`.

    Args:
        parameters: Values that are leaves, such as `model.parameters()`; one that occurs twice counts once.
        lr: the learning rate, or a schedule: a function from the number of steps done to the learning rate.

    Raises:
        TypeError: if a parameter is no Value.
        ValueError: if there is none, or one is the result of a computation.
    """

    memories: tuple[str, ...] = ()
    eps: float = 0.0

    def __init__(self, parameters: Iterable[Value], lr: float | Schedule) -> None:
        self.parameters = list({id(p): p for p in parameters}.values())
        if not self.parameters:
            raise ValueError("an optimizer needs parameters, but got none; pass model.parameters()")
        for p in self.parameters:
            if not isinstance(p, Value):
                raise TypeError(f"parameters are Values, but got {type(p).__name__}; pass model.parameters()")
            if p.op is not None:
                raise ValueError(f"{p!r} is the result of a computation; only a Value made from data can be trained")
        if not callable(lr) and not lr >= 0:
            raise ValueError(f"the learning rate is a positive number, but got {lr}")
        self.schedule = lr if callable(lr) else None
        self.steps = 0
        self.lr = float(lr(0) if callable(lr) else lr)  # a float64 of NumPy would make float32 steps slow
        by_dtype: dict[Any, list[int]] = {}
        for i, p in enumerate(self.parameters):
            by_dtype.setdefault(p.dtype, []).append(i)
        self.pools = [Pool(self.parameters, indices, self.memories) for indices in by_dtype.values()]
        # in float16 an epsilon of 1e-8 would be 0, and a gradient of 0 divided by it NaN
        self.eps = max(self.eps, *(float(np.finfo(pool.dtype).smallest_normal) for pool in self.pools))

    def update(self, w: Array, g: Array, scratch: Array, *memories: Array) -> None:
        """Change the parameters w by their gradients g, in place; g and scratch may be overwritten."""
        raise NotImplementedError

    def step(self, gradients: Sequence[Array | None] | None = None) -> None:
        """Update all parameters by their `.grad`, or by the given gradients, one for each of `self.parameters`.

        A parameter whose gradient is None is left alone, with all that is remembered for it.

        Raises RuntimeError if there is no gradient at all.
        """
        given = [p.grad for p in self.parameters] if gradients is None else gradients
        if len(given) != len(self.parameters):
            raise ValueError(f"got {len(given)} gradients for {len(self.parameters)} parameters; give one for each")
        if given[0] is None and all(g is None for g in given):
            raise RuntimeError("no parameter has a gradient; call loss.backward() before optimizer.step()")
        if (trace := MODE.get().trace) is not None:
            trace.update(self, given)
            return
        self.begin_step()
        for pool in self.pools:
            for part in pool.take(given):
                self.update(*part)
        self.end_step()

    def begin_step(self) -> None:
        """Count the step, find its learning rate, and take the parameters' present numbers."""
        if self.schedule is not None:
            self.lr = float(self.schedule(self.steps))
        self.steps += 1
        for pool in self.pools:
            pool.adopt()

    def end_step(self) -> None:
        """Hand the new numbers to the parameters."""
        for pool in self.pools:
            if self.steps % FLUSH_EVERY == 0:
                flush(pool)
            pool.release()

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        if MODE.get().trace is None:
            for p in self.parameters:
                p.grad = None
        else:
            for p in self.parameters:
                p.zero_grad()

    def state_dict(self) -> dict[str, Array]:
        """Copies of all that the optimizer remembers, by name: the number of steps, the rate and the memories."""
        state = {"steps": np.array(self.steps), "lr": np.array(self.lr)}
        for pool in self.pools:
            state |= {f"{name}.{pool.dtype}": memory for name, memory in pool.remembered().items()}
        return state

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Take over what `state_dict` gave; ValueError if it is of another optimizer or other parameters."""
        own = self.state_dict()
        if own.keys() != state.keys():
            raise ValueError(f"{type(self).__name__} remembers {', '.join(own)}, but the state has {', '.join(state)}")
        for name, array in own.items():
            if np.shape(state[name]) != array.shape:
                raise ValueError(f"{name} has shape {array.shape}, but the state has {np.shape(state[name])}")
        self.steps, self.lr = int(state["steps"]), float(state["lr"])
        for pool in self.pools:
            pool.remember({name: state[f"{name}.{pool.dtype}"] for name in pool.memory})

    def __repr__(self) -> str:
        count = sum(p.size for p in self.parameters)
        return f"{type(self).__name__}({count:,} parameters, lr={self.lr:g}, {self.steps} steps)"


def flush(pool: Pool) -> None:
    """Set remembered numbers to 0 that are too small to matter.

    A mean of gradients that have become 0 shrinks for ever.  Below 1e-38 (float32) the processor computes up to a
    hundred times slower, and 64 steps are too few to get there from 1e-30.
    """
    for _, _, scratch, *memories in pool.whole:
        for memory in memories:
            np.abs(memory, out=scratch)
            memory[scratch < 1e-30] = 0
