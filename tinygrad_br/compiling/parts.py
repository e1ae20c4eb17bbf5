"""Long arithmetic in parts: what a program does again and again is one function, written and compiled once.

Python needs 15 microseconds and 5 kilobytes to compile a line, and a network of single numbers does the same for each
neuron and each point.  So long arithmetic is cut into parts, which hand each other numbers in a list, and parts that
are alike but for the numbers that they read are calls of one function: `numbers[7:9] = step_1(*numbers[0:3])`.

Repetitions must be cut alike, wherever they begin.  So a part does not end after a fixed count of steps, but before the
rarest one among the allowed steps that are there more than once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from .plan import Plan
from .scalars import SIGNS, Scalars, kind_of, literal
from .variable import Variable, read_by
from .writer import Writer

LONG = 1_000  # steps; more are cut into parts
LEAST = 60  # steps of a part, five times as many in a very long program
FAR = 64  # steps; what is further away counts as far away in the form of a step


class Part:
    """Steps that follow each other: `form` is what parts that are alike share, `inputs` what is read from elsewhere.

    The constants of sums and products are inputs too: they may be the points of a data set.
    """

    __slots__ = ("form", "inputs", "section", "steps")
    op, is_arithmetic = None, True

    def __init__(self, steps: Sequence[Variable]) -> None:
        self.steps, self.section = steps, steps[0].section
        self.inputs: dict[Variable | str, int] = {}
        form: list[Any] = []
        inputs, start = self.inputs, steps[0].index
        for step in steps:
            form.append(step.op)
            for arg in step.args:
                if arg.__class__ is not Variable:
                    arg = literal(arg)
                    if step.op not in SIGNS:
                        form.append(arg)
                        continue
                elif arg.index >= start:
                    form.append(arg.index - start)
                    continue
                if arg in inputs:
                    form.append(~inputs[arg])
                else:
                    inputs[arg] = len(inputs)
                    form.append(float if arg.__class__ is str else arg.sample.__class__)
        self.form = tuple(form)


class Parts:
    """The parts of a long program's arithmetic.

    `pieces` are the program's steps in order, with parts in the place of arithmetic; `places` has the index in the
    list of each number that is read outside of the part that makes it; `read` are those that parts read and that are
    not made by parts.  `functions` are the texts of the functions, `needs` the functions that they call.

    Args:
        steps: of the program.
        results: what is read after the steps.
        numbers: the name of the list.
        new_name: gives a name for a function.
    """

    def __init__(
        self, steps: Sequence[Variable], results: Iterable[Variable], numbers: str, new_name: Callable[[], str]
    ) -> None:
        self.numbers, self.new_name = numbers, new_name
        self.pieces: Sequence[Any] = [*cut(steps)]
        self.places: dict[Variable, int] = {}
        self.functions: list[str] = []
        self.known: dict[Any, tuple[str, list[int]]] = {}
        self.needs: set[Any] = set()
        parts = [piece for piece in self.pieces if isinstance(piece, Part)]
        others = {*results}.union(*(read_by(piece) for piece in self.pieces if isinstance(piece, Variable)))
        self.others = others
        outside = others.union(*(part.inputs for part in parts))
        self.read = {v for part in parts for v in part.inputs if v.__class__ is Variable and not v.is_arithmetic}
        forms: dict[Any, Any] = {}
        for part in parts:
            part.form = forms.setdefault(part.form, part.form)
            for v in part.inputs:
                if v.__class__ is Variable:
                    self.places.setdefault(v, len(self.places))
            for v in part.steps:
                if v in outside:
                    self.places[v] = len(self.places)

    def first_lines(self, given: Iterable[Variable]) -> list[str]:
        """The lines that make the list, with numbers of Python's of what a program is given."""
        lines = [f"{self.numbers} = [None] * {len(self.places)}"]
        return lines + [f"{self.place_of(v)}{kind_of(v)}({v.name})" for v in given]

    def place_of(self, step: Variable) -> str:
        """What stands before the name of a number that no arithmetic makes."""
        return f"{self.numbers}[{self.places[step]}] = "

    def line(self, part: Part) -> str:
        """The line that does a part."""
        results = [v for v in part.steps if v in self.places]
        key = id(part.form), *[v.index - part.steps[0].index for v in results]
        places = [v if isinstance(v, str) else self.places[v] for v in part.inputs]
        if key not in self.known:
            order = sorted(range(len(places)), key=lambda i: (isinstance(places[i], str), places[i]))  # long slices
            inputs = [*part.inputs]
            self.known[key] = self.function(part, [inputs[i] for i in order], results), order
        name, order = self.known[key]
        arguments = slices(self.numbers, [places[i] for i in order])
        outputs = slices(self.numbers, [self.places[v] for v in results])
        line = f"{', '.join(outputs).removeprefix('*')} = {name}({', '.join(arguments)})"
        for v in results:
            if v in self.others:
                v.name = f"{self.numbers}[{self.places[v]}]"
        return line

    def function(self, part: Part, inputs: list[Variable | str], results: list[Variable]) -> str:
        """The name of the function that does a part, which is written here."""
        scalars = Scalars(part.steps, results)
        scalars.given = {v: f"x{i}" for i, v in enumerate(inputs)}
        lines = [line for step in part.steps if (line := scalars.line(step))]
        lines.append(f"return {', '.join(scalars.names[v] for v in results)}")
        name = self.new_name()
        self.functions.append("\n    ".join([f"def {name}({', '.join(scalars.given.values())}):", *lines]) + "\n")
        self.needs |= scalars.needs
        return name


def arithmetic_of(plan: Plan, results: Iterable[Variable], name: str, writer: Writer) -> Scalars | Parts:
    """The text of a plan's arithmetic, in parts if it is long."""
    if sum(step.is_arithmetic for step in plan.steps) > LONG:
        return Parts(plan.steps, results, writer.name("numbers"), partial(writer.name, name))
    return Scalars(plan.steps, results, writer.name)


def cut(steps: Sequence[Variable]) -> Iterator[Variable | Part]:
    """The steps of a program, with parts in the place of arithmetic."""
    ranks = ranks_of(steps)
    least = min(max(LEAST, len(steps) // 40), 5 * LEAST)
    most = 5 * least
    for section, group in groupby(steps, lambda step: step.section if step.is_arithmetic else None):
        run = [*group]
        if section is None:
            yield from run
            continue
        start, first = 0, run[0].index
        while start < len(run):
            allowed = ranks[first + start + least : first + min(start + most, len(run))]
            end = start + least + allowed.index(min(allowed)) if allowed else len(run)
            yield Part(run[start:end])
            start = end


def ranks_of(steps: Sequence[Variable]) -> list[int]:
    """Numbers the steps, and gives the rank of each by how rare its form is, and last by what is there only once.

    The form is what the step does, and how far away its arguments are.
    """
    kinds: dict[Any, int] = {}
    forms = []
    for i, step in enumerate(steps):
        step.index = i
        form = kinds.setdefault(step.op, len(kinds))
        for arg in step.args if step.is_arithmetic else ():
            if arg.__class__ is Variable:
                distance = i - arg.index
                form = (FAR + 1) * form + (distance if distance < FAR else FAR)
        forms.append(form)
    counts = Counter(forms)
    rank = {form: i for i, form in enumerate(sorted(counts, key=lambda form: (counts[form] == 1, counts[form], form)))}
    return [rank[form] for form in forms]


def slices(name: str, places: Sequence[int | str]) -> list[str]:
    """The text of entries of a list, as slices where they follow each other, and of constants."""
    texts = []
    i, n = 0, len(places)
    while i < n:
        first, end = places[i], i + 1
        if isinstance(first, str):
            texts.append(first)
            i += 1
            continue
        step = 0
        while end < n and isinstance(place := places[end], int) and (end == i + 1 or place == first + step * (end - i)):
            step = step or place - first
            end += 1
        if end - i < 3:
            texts.append(f"{name}[{first}]")
            i += 1
            continue
        stop = first + step * (end - i - 1) + (1 if step > 0 else -1)
        texts.append(f"*{name}[{first}:{stop if stop >= 0 else ''}{f':{step}' if step != 1 else ''}]")
        i = end
    return texts
