"""How a program meets the live objects: the function that gathers what it needs, runs it and hands out its results.

It runs at every call, between Python objects and the program, so it is a text of its own, without loops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..engine import NO_KWARGS, NUMBERS, Node, define_rule
from ..optim.optimizer import FLUSH_EVERY, flush
from ..transforms import flatten, rebuild
from ..value import Value
from .variable import Variable


def from_program(source: Any) -> Any:
    """What made the result of a compiled function."""
    raise NotImplementedError


def no_way_back(*args: Any) -> Any:
    raise TypeError(
        "this Value is the result of a compiled function, which keeps no graph; call backward() inside the function"
    )


from_program = define_rule(from_program, no_way_back)
SOURCE = Value(0.0)


def wrapped(data: Any) -> Value:
    """A Value that a program gives."""
    node: Value = object.__new__(Value)
    node._data = data
    node.grad = node.name = node.line = None
    node.op, node.args, node.kwargs, node.number = from_program, (SOURCE,), NO_KWARGS, next(NUMBERS)
    return node


def gradient_array(node: Any) -> Any:
    """The array in `.grad` of a Value, or a new one: what a program writes its gradient into."""
    grad = node.grad
    if type(grad) is np.ndarray and grad.flags.writeable and grad.flags.c_contiguous:
        return grad
    return np.empty(node._data.shape, node._data.dtype)


class Caller:
    """The text of a call.

    Args:
        positions: which leaf of the arguments a Value of the trace stands for.
    """

    def __init__(self, positions: dict[Any, int]) -> None:
        self.positions = positions
        self.space: dict[str, Any] = {"wrapped": wrapped, "rebuild": rebuild, "flush": flush, "NUMBERS": NUMBERS}
        self.space |= {"gradient_array": gradient_array, "ndarray": np.ndarray}
        self.names: dict[int, str] = {}
        self.before: list[str] = []
        self.after: list[str] = []
        self.given: list[str] = []

    def thing(self, thing: Any) -> str:
        """The name of an object."""
        if id(thing) not in self.names:
            self.names[id(thing)] = name = f"o{len(self.names)}"
            self.space[name] = thing
        return self.names[id(thing)]

    def live(self, node: Any) -> str:
        """The Value that a node of the trace stands for."""
        return f"leaves[{self.positions[node]}]" if node in self.positions else self.thing(node)

    def gather(self, given: Sequence[Variable], pieces: dict[Any, Any], is_value: Callable[[Any], bool]) -> None:
        """What the program is called with; `pieces` are the arrays in which optimizers keep parameters."""
        for i, variable in enumerate(given):
            kind, thing = variable.source
            if kind == "argument":
                text = self.live(thing) + ("._data" if is_value(thing) else "")
            elif kind == "data":
                text = self.thing(pieces[thing]) if thing in pieces else f"{self.live(thing)}._data"
            elif kind == "gradient":
                text = f"{self.live(thing)}.grad"
            elif kind == "target":
                self.before.append(f"t{i} = gradient_array({self.live(thing)})")
                text = f"t{i}"
            else:
                text = f"{self.thing(thing)}.{kind}" if kind in ("lr", "steps") else self.thing(thing)
            self.given.append(text)
            variable.name = text

    def begin_steps(self, optimizers: Sequence[Any], pieces: dict[Any, Any]) -> None:
        """What comes before the step of an optimizer, and how it is undone."""
        for optimizer in optimizers:
            o = self.thing(optimizer)
            for pool in optimizer.pools:
                moved = [
                    f"{self.live(p)}._data is not {self.thing(pieces[p])}" for p in pool.parameters if p in pieces
                ] + ["True"] * any(p not in pieces for p in pool.parameters)
                self.before.append(f"if {' or '.join(moved)}:\n        {self.thing(pool)}.adopt()")
            self.before.append(f"{o}_before = {o}.lr, {o}.steps")
            self.before.append(f"if {o}.schedule is not None:\n        {o}.lr = float({o}.schedule({o}.steps))")
            self.before.append(f"{o}.steps += 1")

    def end_steps(self, optimizers: Sequence[Any]) -> None:
        for optimizer in optimizers:
            loop = f"for pool in {self.thing(optimizer)}.pools:"
            self.after.append(
                f"if not {self.thing(optimizer)}.steps % {FLUSH_EVERY}:\n        {loop}\n            flush(pool)"
            )

    def give_gradients(self, gradients: Sequence[tuple[Any, Variable | None]], i: int) -> int:
        """Each gradient is where the program wrote it, or among the results, from place `i` on."""
        for node, array in gradients:
            if array is None:
                self.after.append(f"{self.live(node)}.grad = results[{i}]")
                i += 1
            else:
                self.after.append(f"{self.live(node)}.grad = {array.name}")
        return i

    def give_data(self, nodes: Sequence[Any], i: int) -> None:
        """New numbers, and new places in the order of creation."""
        if nodes:
            self.after.append("number = next(NUMBERS)")
        for node in nodes:
            if not node._data.shape:
                dtype = self.thing(node._data.dtype.type)
                self.after.append(f"{self.live(node)}._data = {dtype}(results[{i}])")
                i += 1
            self.after.append(f"{self.live(node)}.number = number")

    def answer(self, tree: Any, is_value: Callable[[Any], bool], numbers: Iterator[int]) -> str:
        """The function's result, or a branch of it; `numbers` are the places of its leaves among the results."""
        if type(tree) in (list, tuple):
            inner = ", ".join(self.answer(branch, is_value, numbers) for branch in tree)
            return f"[{inner}]" if type(tree) is list else f"({inner}{',' * (len(tree) == 1)})"
        if isinstance(tree, (list, tuple, dict)):  # a named tuple or a dict, of any class
            skeleton = rebuild(tree, iter([None] * len(flatten(tree))))
            leaves = [self.answer(leaf, is_value, numbers) for leaf in flatten(tree)]
            return f"rebuild({self.thing(skeleton)}, iter([{', '.join(leaves)}]))"
        i = next(numbers)
        if not isinstance(tree, Node):
            return self.thing(tree)
        if tree in self.positions:
            return self.live(tree)
        return f"wrapped(results[{i}])" if is_value(tree) else f"results[{i}]"

    def conditions(
        self,
        copies: Iterable[tuple[Any, Any]],
        settings: Iterable[tuple[Any, str, Any]],
        has: Iterable[Any],
        lacks: Iterable[Any],
        leaves: Sequence[Any],
    ) -> tuple[Any, Any]:
        """Two functions that say whether the program may be called.

        The first: whether all stands as it stood: what was copied is like its copy, settings have their values, and
        gradients are there where there were some and nowhere else.  The second: whether the arguments are arrays of the
        same shapes and dtypes, too.
        """
        tests = [f"{self.thing(live)} == {self.thing(copy)}" for live, copy in copies]
        for thing, name, value in settings:
            present, before = f"{self.thing(thing)}.{name}", self.thing(value)
            equal = "" if isinstance(value, (np.ndarray, Node)) else f" or {present} == {before}"
            tests.append(f"({present} is {before}{equal})")
        tests += [f"{self.live(node)}.grad is not None" for node in has]
        tests += [f"{self.live(node)}.grad is None" for node in lacks]
        kinds = [f"len(leaves) == {len(leaves)}"]
        for i, leaf in enumerate(leaves):
            if type(leaf) is np.ndarray:
                kinds += [f"type(leaves[{i}]) is ndarray", f"leaves[{i}].shape == {self.thing(leaf.shape)}"]
                kinds += [f"leaves[{i}].dtype is {self.thing(leaf.dtype)}"]
            else:
                kinds = ["False"]
                break
        # an array or a Value that is another one has no truth value, or one that does not matter
        other = ["except (TypeError, ValueError):", "    return False"]
        return tuple(
            self.define(name, ["try:", f"    return {' and '.join(conditions) or True}", *other])
            for name, conditions in (("fits", tests), ("serves", kinds + tests))
        )

    def function(
        self,
        answer: str,
        optimizers: Sequence[Any],
        generators: Sequence[Any],
        pool: list[Any],
        make: Any,
        strict: bool,
    ) -> Any:
        """The function that runs the program; it gives NotImplemented if only the eager rules can tell the result.

        Then, and when it raises, optimizers and generators are as they were.

        Args:
            pool: holds the program while nobody runs it, for its memory serves one call at a time.
            make: makes another one.
            strict: whether a ValueError leaves it; else the eager function is to say in its own words what is wrong.
        """
        self.space |= {"take": pool.pop, "put": pool.append, "make": make}
        undo = [f"    {self.thing(o)}.lr, {self.thing(o)}.steps = {self.thing(o)}_before" for o in optimizers]
        for i, generator in enumerate(map(self.thing, generators)):
            self.before.append(f"state{i} = {generator}.state")
            undo.append(f"    {generator}.state = state{i}")
        ask = [] if strict else ["    if isinstance(error, ValueError):", "        return NotImplemented"]
        lines = [
            *self.before,
            *("try:", "    run = take()", "except IndexError:  # another thread runs it", "    run = make()"),
            *("try:", f"    results = run({', '.join(self.given)})"),
            *("except BaseException as error:", "    put(run)", *undo, *ask, "    raise"),
            "put(run)",
            *("if results is None:", *undo, "    return NotImplemented"),
            *self.after,
            f"return {answer}",
        ]
        return self.define("call", lines)

    def define(self, name: str, lines: Sequence[str]) -> Any:
        """The function of `leaves` that consists of these lines."""
        exec(compile("\n    ".join([f"def {name}(leaves):", *lines]), f"<{name}>", "exec"), self.space)
        return self.space[name]
