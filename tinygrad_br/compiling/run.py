"""`compile`: the function that users call, its programs and how they meet the live objects."""

from __future__ import annotations

import inspect
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import update_wrapper
from types import MethodType
from typing import Any

import numpy as np

from ..engine import Node
from ..modes import DEFAULT, MODE
from ..nn.module import Module
from ..transforms import flatten, rebuild
from ..value import Value
from .program import Program
from .traced import is_numbers

MOST_PROGRAMS = 64  # of one function, and for arguments of one kind; the one that is oldest in use goes first


def key_of(leaf: Any) -> Any:
    """What two leaves share if one program serves both."""
    if isinstance(leaf, Value):
        return Value, leaf._data.shape, leaf._data.dtype
    if isinstance(leaf, (np.ndarray, np.generic)):
        return np.ndarray, leaf.shape, leaf.dtype
    if isinstance(leaf, (float, complex)):
        return type(leaf)
    return (type(leaf), leaf) if isinstance(leaf, (int, str, bytes, type(None))) else id(leaf)


class Compiled:
    """A function that runs as a program from its second call on; `compile` makes it."""

    def __init__(self, function: Callable[..., Any], static_argnums: int | Sequence[int] = ()) -> None:
        self.function = function
        self.static = {static_argnums} if isinstance(static_argnums, int) else set(static_argnums)
        self.programs: OrderedDict[Any, list[Program]] = OrderedDict()
        self.lock = threading.RLock()
        self.calls = self.compilations = 0
        self.last: Program | None = None  # of arrays alone
        update_wrapper(self, function)
        self.__name__ = getattr(function, "__name__", "program")
        try:
            self.names = [p.name for p in inspect.signature(function).parameters.values() if p.kind < p.VAR_POSITIONAL]
        except (TypeError, ValueError):
            self.names = []

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        mode = MODE.get()
        if mode is not DEFAULT and (mode.trace is not None or mode.debugging or not mode.recording):
            return self.function(*args, **kwargs)
        self.calls += 1
        program: Program | None = self.last
        if program is not None and not kwargs and program.serves(args):
            result = program.run(args)
        else:
            program, leaves = self.program(args, kwargs)
            if program is None:
                return self.function(*args, **kwargs)
            if not kwargs and not self.static and all(type(arg) is np.ndarray for arg in args):
                self.last = program
            result = program.run(leaves)
        return self.function(*args, **kwargs) if result is NotImplemented else result

    def program(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Program | None, list[Any]]:
        """The program for these arguments, made now if there is none, and the leaves of the arguments."""
        moving = {i: a for i, a in enumerate(args) if i not in self.static}
        tree = [list(moving.values()), kwargs]
        leaves = flatten(tree)
        statics = tuple((i, args[i]) for i in sorted(self.static) if i < len(args))
        if any(isinstance(leaf, Value) and leaf.op is not None for leaf in leaves):
            return None, leaves
        values = [id(leaf) for leaf in leaves if isinstance(leaf, Value)]
        twins = tuple(map(values.index, values)) if len(values) > 1 else ()
        key = (structure(tree), tuple(map(key_of, leaves)), statics, twins)
        try:
            hash(key)
        except TypeError:
            raise TypeError(
                "arguments named by static_argnums must be hashable, such as numbers, strings and tuples"
            ) from None
        with self.lock:
            found = self.programs.setdefault(key, [])
            self.programs.move_to_end(key)
            for program in found:
                if program.fits(leaves):
                    return program, leaves
            had_gradients = {node for p in found for node in p.gradients if p.live(node, leaves).grad is not None}
            program = self.build(args, tree, leaves, moving, had_gradients)
            program.kept = [leaf for leaf in leaves if not isinstance(leaf, Value) and not is_numbers(leaf)]
            self.compilations += 1
            found.append(program)
            if len(self.programs) > MOST_PROGRAMS:
                self.programs.popitem(last=False)
            if len(found) > MOST_PROGRAMS:
                found.pop(0)
            return program, leaves

    def build(
        self, args: tuple[Any, ...], tree: Any, leaves: list[Any], moving: dict[int, Any], had: set[Node]
    ) -> Program:
        def call(stand_ins: Sequence[Any]) -> Any:
            positional, named = rebuild(tree, iter(stand_ins))
            complete = list(args)
            for i, arg in zip(moving, positional):
                complete[i] = arg
            return self.function(*complete, **named)

        names = []
        for i, arg in moving.items():
            name = self.names[i] if i < len(self.names) else f"x{i}"
            n = len(flatten(arg))
            names += [name] if n == 1 else [f"{name}_{j}" for j in range(n)]
        for name, arg in tree[1].items():
            names += [name] * len(flatten(arg))
        return Program(self.__name__, leaves, call, names, had, names_of(self.function))

    def source(self, *args: Any, **kwargs: Any) -> str:
        """The text of the program for arguments like these; it needs nothing but `import numpy as np`."""
        program, _ = self.program(args, kwargs)
        return program.source.text() if program else ""

    def stats(self, *args: Any, **kwargs: Any) -> dict[str, int]:
        """Numbers of calls and compilations, and for example arguments what their program consists of."""
        with self.lock:
            numbers = {"calls": self.calls, "compilations": self.compilations}
        if args or kwargs:
            program, _ = self.program(args, kwargs)
            if program:
                numbers |= {"instructions_before": program.counts[0], "instructions_after": program.counts[1]}
                numbers["buffer_bytes"] = program.bytes
        return numbers


def names_of(function: Any) -> dict[int, str]:
    """What a function calls the Values that it reaches from outside, and the parameters of modules, by their id."""
    try:
        outside = inspect.getclosurevars(inspect.unwrap(function))
    except (TypeError, ValueError):
        return {}
    found = {}
    for name, thing in {**outside.globals, **outside.nonlocals}.items():
        if isinstance(thing, Value):
            found[id(thing)] = name
        elif isinstance(thing, Module):
            found |= {id(p): path for path, p in dict(thing.named_parameters()).items()}
    return found


def structure(tree: Any) -> Any:
    """The shape of nested containers, without their leaves."""
    if isinstance(tree, dict):
        return dict, tuple((key, structure(branch)) for key, branch in tree.items())
    return (type(tree), tuple(map(structure, tree))) if isinstance(tree, (list, tuple)) else None


def compile(function: Any = None, *, static_argnums: int | Sequence[int] = ()) -> Any:
    """A function that becomes a flat NumPy program: recorded at its first call, run as straight-line code from then on.

    The function may compute with arrays and Values, call models and losses, `backward()`, `tg.gradients`, `tg.grad` and
    `optimizer.step()`.  There is one program for each combination of shapes, dtypes and static arguments.  Parameters
    and gradients are read and written in the live objects, so that compiled and eager calls can be mixed.

    Args:
        function: of arrays, Values, floats, and lists, tuples and dicts of them.  Ints, strings and other objects are
            static: each new one gets a program of its own.
        static_argnums: positions of arguments that are constants of a program; they must be hashable.

    What a program repeats is what the function does to Values and to its array arguments.  What plain Python does on
    the way (print, a counter, random numbers that are not drawn by a module such as Dropout) happens while it is
    recorded only.  Results have no graph.  NumPy's warnings about overflow and the like are left out.  A Python float
    counts as float64.

    Numbers.  What is computed entry by entry has the bits of the eager function, single numbers too.  There are three
    exceptions: sums, which are added in another order and so are some ULP of the sum of the magnitudes away; exp, log,
    tanh, sin and cos of single numbers, which Python's math module computes, within 2 ULP; and sines and cosines of
    large arrays where both are needed, within 4 ULP.  NaN and infinities are where the eager function has them.

    From the first program on that takes a step of an optimizer, float32 matrices with sides of 256 or more and at most
    2 MiB lie column after column in the optimizer's memory: their `.data` and `.grad` are arrays in Fortran order, of
    the same shape and with the same numbers.  An array that was `.data` before the program was made stays as it was.

    Long elementwise chains over large arrays run in tiles that fit the processor's cache, on as many threads as there
    are processors, or as the environment variable OMP_NUM_THREADS says; no bit of a result depends on their number.

    `f.source(*example_args)` is the program's text, which needs `import numpy as np` and nothing else;
    `f.stats(*example_args)` counts calls, compilations, instructions before and after, and the bytes of its memory.

    Raises:
        TypeError: if the function reads a number of a Value that differs from call to call (`if loss > 1`,
            `loss.item()`), or makes an array whose shape depends on numbers.

    >>> import tinygrad_br as tg
    >>> w = tg.Value([1.0, 2.0], name="w")
    >>> @tg.compile
    ... def step(x):
    ...     w.zero_grad()
    ...     loss = ((w * x) ** 2).sum()
    ...     loss.backward()
    ...     return loss
    >>> print(step(np.array([3.0, 1.0])).item(), w.grad)
    13.0 [18.  4.]
    >>> "np.multiply(w, x, out=v)" in step.source(np.array([3.0, 1.0]))
    True
    """
    if function is None:
        return lambda f: Compiled(f, static_argnums)
    return Compiled(function, static_argnums)
