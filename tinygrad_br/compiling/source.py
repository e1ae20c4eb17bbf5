"""From a plan to a program: straight-line Python that needs nothing but NumPy."""

from __future__ import annotations

import math
import re
from contextvars import Context
from functools import partial
from operator import attrgetter
from types import CodeType
from typing import Any

import numpy as np

from .calls import call, call_into
from .definitions import definition
from .effects import Effects
from .lowering import less_at
from .memory import ALIGNMENT, Memory
from .parts import arithmetic_of
from .plan import Plan
from .scalars import kind_of
from .tiles import in_tiles
from .tiles import lines_of as lines_of_tiles
from .update import PoolUpdate, has_text, lines_of, parts
from .variable import Variable, stepped, updated, variables_in
from .writer import Writer

INDENT = "    "


def described(variable: Variable) -> str:
    """The dtype and shape of a variable, for a comment."""
    sample = variable.sample
    if isinstance(sample, tuple):
        return "a tuple"
    if not hasattr(sample, "dtype"):
        return type(sample).__name__
    return f"{sample.dtype}{list(sample.shape)}{' in columns' * bool(sample.ndim and sample.flags.fnc)}"


class Source:
    """A program as text.

    `header` makes the memory and the constants, `body` is the function, `definitions` are the functions it calls that
    are not NumPy's, `namespace` holds the objects that its names mean.

    Args:
        name: of the function.
        plan: the steps.
        memory: where their results live.
        given: what the program is given, in order.
        results: what it returns: variables and constants.
        names: wishes how things should be called.
        effects: what it writes.
    """

    def __init__(
        self,
        name: str,
        plan: Plan,
        memory: Memory,
        given: list[Variable],
        results: list[Any],
        names: dict[Variable, str],
        effects: Effects,
    ) -> None:
        self.writer = writer = Writer()
        self.memory, self.effects, commits = memory, effects, effects.commits
        self.views: dict[Any, str] = {}
        self.name = writer.name(name)
        for variable in given:
            variable.name = writer.name(names.get(variable, "a"))
        self.making = writer.making
        read = [*variables_in(results), *plan.finite, *(v for _, v in commits if isinstance(v, Variable))]
        self.scalars = scalars = arithmetic_of(plan, read, self.name, writer)
        self.codes: list[CodeType] = []
        late = plan.dependents()
        early = [(array, v) for array, v in commits if v not in late]
        self.finite, unchecked = plan.finite, plan.is_checked
        checked = [v for v in (*results, *(v for _, v in commits)) if not isinstance(v, Variable) or v not in late]
        checked = [*plan.finite, *(checked if plan.is_guarded else [])]
        lines, section = scalars.first_lines([v for v in given if v in scalars.read]), None
        for step in scalars.pieces:
            if step.op is stepped:
                lines += [*(self.check(checked) if unchecked else []), *self.commit(early), "# update"]
                commits, early, unchecked, section = [c for c in commits if c[1] in late], [], False, "update"
                lines += self.update(step, effects.updates[step])
                continue
            if step.op is in_tiles:
                lines += [f"# {step.section}"] * (step.section != section) + lines_of_tiles(writer, step.args[1])
                section = None
                continue
            line = scalars.line(step) if step.is_arithmetic else self.line_of_numbers(step, names)
            if line and step.section != section:
                section = step.section
                lines.append(f"# {section}")
            lines += [line] * bool(line)
        lines += self.check(checked) if unchecked else []
        lines += self.commit(commits)
        writer.floats.update(v for v in given if v.is_number)  # which may be given as Python's numbers
        texts = [*map(writer.text, results)]
        lines.append(f"return ({', '.join(texts)}{',' * (len(texts) == 1)})")
        head = f"def {self.name}({', '.join(v.name for v in given)}):"
        notes = [f"# {v.name}: {described(v)}, {MEANINGS[v.source[0]]}" for v in given]
        self.body = "\n".join([head, *(INDENT + line for line in [*notes, *lines])]) + "\n"
        self.header = "\n".join([*(f"{name} = {text}" for name, text in writer.constants.items()), *self.making])
        for helper in sorted(scalars.needs, key=attrgetter("__name__")):
            writer.definitions[helper.__name__] = writer.namespace[helper.__name__] = helper
        if plan.has_arithmetic:
            writer.namespace["math"] = math
        done: set[str] = set()
        needed = (line for name, thing in writer.definitions.items() for line in definition(name, thing, done))
        self.definitions = "\n".join([*["import math"] * ("math" in writer.namespace), *needed])
        writer.floats.clear()
        self.functions = scalars.functions
        del self.scalars, self.memory, self.effects  # a program outlives its plan, which can be large

    def line_of_numbers(self, step: Variable, names: dict[Variable, str]) -> str:
        """The line of a step; if arithmetic reads its result, that is made a number of Python's."""
        line = self.line(step, names)
        if step not in self.scalars.read or not line:
            return line
        name, _, text = line.partition("  # ")[0].partition(" = ")
        self.writer.floats.add(step)
        return f"{self.scalars.place_of(step)}{name} = {kind_of(step)}({text})"

    def line(self, step: Variable, names: dict[Variable, str]) -> str:
        """The line of a step; "" for a view that was made before."""
        writer, memory = self.writer, self.memory
        place, target = memory.places.get(step), memory.targets.get(step)
        if step.op is updated:
            number = self.effects.numbers.get(step.args[0])
            step.name = step.args[0].name if number is None else writer.name(names.get(step, "v"))
            return "" if number is None else f"{step.name} = {number.name}[()]"
        if target is not None:
            step.name = target.name
        elif place is not None and place in self.views:
            step.name = self.views[place]
        elif step not in memory.fixed:
            step.name = writer.name(names.get(step, "v"))
        if place is not None and place not in self.views:
            self.views[place] = step.name
            order = "" if place.order == "C" else ", order='F'"
            if not self.making:
                self.making += ["memory = np.empty(" + f"{memory.size + ALIGNMENT}, np.uint8)"]
                self.making += [f"memory = memory[-memory.ctypes.data % {ALIGNMENT} :]"]
            dtype = writer.text(place.dtype)
            self.making.append(f"{step.name} = np.ndarray({place.shape}, {dtype}, memory, {place.offset}{order})")
        if step in memory.fixed:
            text = call(writer, step)
            if text not in self.views:
                self.views[text] = writer.name(names.get(step, "v"))
                self.making.append(f"{self.views[text]} = {text}")
            step.name = self.views[text]
            return ""
        note = f"  # {described(step)}"
        if step.op is np.empty and (place or target):
            return ""
        if place is None and target is None:
            return f"{step.name} = {call(writer, step)}{note}"
        if step.op is less_at:
            return self.take_away(step) + note
        return call_into(writer, step, step.name) + note

    def take_away(self, step: Variable) -> str:
        """The line that takes a number from some entries of an array, most often in place."""
        text = f"{step.name}.T.reshape(-1)" if step.args[2] else f"{step.name}.reshape(-1)"
        if text not in self.views and step not in self.memory.targets:
            self.views[text] = self.writer.name(f"{step.name}_flat")
            self.making.append(f"{self.views[text]} = {text}")
        copy = "" if step.args[0].name == step.name else f"np.copyto({step.name}, {step.args[0].name}); "
        amount = self.writer.constant(step.dtype.type(step.args[3]))
        return f"{copy}{self.views.get(text, text)}[{step.args[1].name}] -= {amount}"

    def update(self, step: Variable, updates: list[PoolUpdate]) -> list[str]:
        """The lines of an optimizer's step; one that has no text is called."""
        optimizer = step.args[1].optimizer
        if has_text(optimizer):
            return [line for update in updates for line in lines_of(self.writer, optimizer, update)]
        call = f"{self.writer.unspellable(optimizer)}.update"
        return [f"{call}(*{self.writer.unspellable(part)})" for u in updates for part in parts(u)]

    def check(self, results: list[Any]) -> list[str]:
        """The lines that look for NaN in the results, or for anything not finite where that was asked for."""
        checked = [v for v in dict.fromkeys(variables_in(results)) if v.op is not None and v.dtype.kind in "fc"]
        checked = [*dict.fromkeys(self.effects.vectors.get(self.memory.targets.get(v, v), v) for v in checked)]
        if not checked:
            return []
        # BLAS would start threads of its own for what a loop over tiles has filled, and they would go on in its way
        tiled = set() if self.finite else {v for v in checked if v.op is np.empty}
        sums = [
            (v.name, f"np.maximum.reduce({v.name}, None)" if v in tiled else f"np.vdot({v.name}, {v.name})")
            for v in checked
            if v.shape
        ]
        names = [self.writer.name("total") for _ in sums]
        numbers = [*names, *(v.name for v in checked if not v.shape)]
        why, test = "NaN may be a zero that met an infinity, which only the eager rules can tell", "{0} != {0}"
        if self.finite:
            why, test = "the eager function says what is wrong", "not math.isfinite({0})"
            self.writer.namespace["math"] = math
        return [
            f"# {why}",
            *(f"{name} = {text}" for name, (_, text) in zip(names, sums)),
            f"if {' or '.join(map(test.format, numbers))}:",
            f"{INDENT}return None",
        ]

    def commit(self, commits: list[tuple[Variable, Any]]) -> list[str]:
        """The lines that write results into arrays from outside, after all reading is done."""
        first, then = [], []
        arrays = {array for array, _ in commits}
        for array, new in commits:
            if isinstance(new, Variable) and self.memory.targets.get(new) is array:
                continue
            text = self.writer.text(new)
            if isinstance(new, Variable) and not arrays.isdisjoint(self.memory.owner(new) - {array}):
                copy = self.writer.name("copy")
                first.append(f"{copy} = {text}.copy()")
                text = copy
            then.append(f"{array.name}[...] = {text}")
        return ["# results"] * bool(first or then) + first + then

    def text(self) -> str:
        """All of it, ready to be pasted."""
        return "\n\n\n".join(filter(None, (self.definitions, self.header, *self.functions, self.body)))

    def function(self) -> Any:
        """The program with memory of its own, ready to be called; it lets NumPy's warnings be."""
        if not self.codes:
            text, self.short_names = with_short_names(f"{self.header}\n\n\n{self.body}")
            self.codes = [compile(t, f"<compiled {self.name}>", "exec") for t in (*self.functions, text)]
        space = self.writer.namespace | self.short_names
        for code in self.codes:
            exec(code, space)
        program = space[self.name]
        ours = {less_at.__module__, kind_of.__module__}
        if all(getattr(f, "__module__", None) in ours for f in self.writer.definitions.values()):
            context = Context()  # entering it is much faster than np.errstate
            context.run(np.seterr, all="ignore")
            return partial(context.run, program)

        def quiet(*args: Any) -> Any:
            with np.errstate(all="ignore"):
                return program(*args)

        return quiet


def with_short_names(text: str) -> tuple[str, dict[str, Any]]:
    """The same text with `np_add(` for `np.add(`, and what the names mean.

    This saves a look-up at every step, and a call of a Python function: NumPy's own would first ask whether an argument
    brings an implementation along, which arrays do not.
    """
    functions = {}

    def short(match: re.Match[str]) -> str:
        name = match.group(1)
        function = attrgetter(name)(np)
        functions["np_" + name.replace(".", "_")] = getattr(function, "_implementation", function)
        return f"np_{name.replace('.', '_')}("

    return re.sub(r"\bnp\.([\w.]+)\(", short, text), functions


MEANINGS = {
    "argument": "argument",
    "data": "data of a Value",
    "gradient": "gradient of a Value",
    "target": "gradient of a Value, written",
    "array": "an array from outside",
    "generator": "a random generator",
    "lr": "the learning rate",
    "steps": "the number of this step, from 1 on",
}
