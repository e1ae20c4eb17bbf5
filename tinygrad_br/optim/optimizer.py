"""`Optimizer`: the parameters as one vector, updated in one go.

All parameters of one dtype are copied into one contiguous vector, and each becomes a view of its piece, so an update is
a handful of NumPy calls over the whole network, not over each parameter.  What an optimizer remembers (velocities,
means of squares) lies beside it in vectors of the same length.  Updates work in place on memory that is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..engine import NUMBERS
from ..value import Value

Array = Any
Schedule = Callable[[int], float]

BLOCK = 1 << 15  # entries that are updated at a time, so that a block's numbers stay in the processor's cache
FLUSH_EVERY = 64  # steps between two looks for numbers so small that the processor slows down


class Pool:
    """The parameters of one dtype in one vector, and what belongs to each entry."""

    def __init__(self, parameters: Sequence[Value], memories: Sequence[str]) -> None:
        self.parameters = parameters
        self.dtype = parameters[0].dtype
        ends = np.cumsum([p.size for p in parameters]).tolist()
        self.slices = [slice(end - p.size, end) for p, end in zip(parameters, ends)]
        self.data, self.gradient, self.scratch = (np.zeros(ends[-1], self.dtype) for _ in range(3))
        self.memory = {name: np.zeros(ends[-1], self.dtype) for name in memories}
        self.pieces = [self.data[s].reshape(p.shape) for s, p in zip(self.slices, parameters)]
        self.gradients = [self.gradient[s].reshape(p.shape) for s, p in zip(self.slices, parameters)]
        self.adopt()

    def adopt(self) -> None:
        """Make every parameter a view of its piece, with the numbers that it has now.

        A parameter of shape () is a NumPy scalar, which cannot be a view: it is copied to and fro.
        """
        for parameter, piece in zip(self.parameters, self.pieces):
            if parameter._data is not piece:
                piece[...] = parameter._data
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

    def runs(self, present: Sequence[bool]) -> Iterable[slice]:
        """The stretches of the vector whose parameters have gradients, cut into blocks."""
        start = end = 0
        for piece, has_gradient in zip(self.slices, present):
            if not has_gradient:
                yield from blocks(start, end)
                start = piece.stop
            end = piece.stop
        yield from blocks(start, end)


def blocks(start: int, end: int) -> Iterable[slice]:
    return (slice(i, min(i + BLOCK, end)) for i in range(start, end, BLOCK))


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

    def __init__(self, parameters: Iterable[Value], lr: float | Schedule) -> None:
        self.parameters = list({id(p): p for p in parameters}.values())
        if not self.parameters:
            raise ValueError("an optimizer needs parameters, but got none; pass model.parameters()")
        for p in self.parameters:
            if not isinstance(p, Value):
                raise TypeError(f"parameters are Values, but got {type(p).__name__}; pass model.parameters()")
            if p.op is not None:
                raise ValueError(f"{p!r} is the result of a computation; only a Value made from data can be trained")
        self.schedule = lr if callable(lr) else None
        self.steps = 0
        self.lr: float = lr(0) if callable(lr) else lr
        by_dtype: dict[Any, list[Value]] = {}
        for p in self.parameters:
            by_dtype.setdefault(p.dtype, []).append(p)
        self.pools = [Pool(group, self.memories) for group in by_dtype.values()]

    def update(self, w: Array, g: Array, scratch: Array, *memories: Array) -> None:
        """Change the parameters w by their gradients g, in place; g and scratch may be overwritten."""
        raise NotImplementedError

    def step(self, gradients: Sequence[Array | None] | None = None) -> None:
        """Update all parameters by their `.grad`, or by the given gradients, one for each of `self.parameters`.

        A parameter whose gradient is None is left alone, with all that is remembered for it.

        Raises RuntimeError if there is no gradient at all.
        """
        given = [p.grad for p in self.parameters] if gradients is None else list(gradients)
        if all(g is None for g in given):
            raise RuntimeError("no parameter has a gradient; call loss.backward() before optimizer.step()")
        if self.schedule is not None:
            self.lr = self.schedule(self.steps)
        self.steps += 1
        found = {id(p): g for p, g in zip(self.parameters, given, strict=True)}
        for pool in self.pools:
            pool.adopt()
            ours = [found[id(p)] for p in pool.parameters]
            for place, g in zip(pool.gradients, ours):
                if g is not None:
                    place[...] = g
            for run in pool.runs([g is not None for g in ours]):
                memories = [memory[run] for memory in pool.memory.values()]
                self.update(pool.data[run], pool.gradient[run], pool.scratch[run], *memories)
            if self.steps % FLUSH_EVERY == 0:
                flush(pool)
            pool.release()

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters:
            p.grad = None

    def state_dict(self) -> dict[str, Array]:
        """Copies of all that the optimizer remembers, by name: the number of steps, the rate and the memories."""
        state = {"steps": np.array(self.steps), "lr": np.array(self.lr)}
        for pool in self.pools:
            state |= {f"{name}.{pool.dtype}": memory.copy() for name, memory in pool.memory.items()}
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
            for name, memory in pool.memory.items():
                memory[...] = state[f"{name}.{pool.dtype}"]

    def __repr__(self) -> str:
        count = sum(p.size for p in self.parameters)
        return f"{type(self).__name__}({count:,} parameters, lr={self.lr:g}, {self.steps} steps)"


def flush(pool: Pool) -> None:
    """Set remembered numbers to 0 that are too small to matter.

    A mean of gradients that have become 0 shrinks for ever.  Below 1e-38 (float32) the processor computes up to a
    hundred times slower, and 64 steps are too few to get there from 1e-30.
    """
    for memory in pool.memory.values():
        np.abs(memory, out=pool.scratch)
        memory[pool.scratch < 1e-30] = 0
