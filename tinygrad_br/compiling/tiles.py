"""Long chains of elementwise steps as one loop over tiles, which several threads share.

An array of a million numbers does not fit the processor's cache, so each step over it waits for memory.  In a program
the steps of a chain run on one tile after the other, some rows of all arrays, and what only they read never becomes a
whole array.

Each entry is computed as it would be in whole arrays, to the last bit (but see `waves`).  A sum of all entries is the
sum of the sums of the tiles, added in the order of the tiles, within 4 ULP of the sum of the magnitudes: no bit depends
on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..value import astype
from .calls import call, call_into
from .lowering import cosine_of_sine
from .memory import ALIGNMENT, REDUCTIONS, Memory, is_elementwise
from .plan import Plan
from .threads import on_threads
from .variable import Variable, stepped, variables_in
from .waves import make_waves
from .writer import Writer

TILE = 1 << 18  # bytes of one array in a tile: shorter steps make threads wait for Python's global lock
LARGE = 1 << 19  # bytes of an array for which tiles pay
FEWEST = 2  # steps for which they pay
WORTH_THREADS = 1 << 20  # entries of all steps for which threads pay
INDENT = "    "


def in_tiles(arrays: tuple[Any, ...], loop: Loop) -> Any:
    """The steps of a loop over tiles."""


@dataclass(eq=False)
class Chain:
    """Steps of one shape that can run one after the other before step number `end`, the first that needs one of them.

    Sums and the like of whole arrays are among the steps.  None of the steps comes from behind step number `used`, the
    first that needs a whole array of the chain: its result would wait in memory for nothing.
    """

    shape: tuple[int, ...]
    end: float = np.inf
    used: float = np.inf
    steps: dict[Variable, int] = field(default_factory=dict)

    def accepts(self, step: Variable, numbers: dict[Variable, int], homes: dict[Variable, Chain]) -> bool:
        """Whether a step can run with the others: what it reads is theirs, or there before they run.

        Another chain, of which a step reads something, has run when that step was to run, and perhaps not before.
        """
        if numbers[step] > self.used:
            return False
        if is_whole_reduction(step):
            return step.args[0] in self.steps and step.args[0].shape == self.shape
        return step.shape == self.shape and all(
            not is_whole_reduction(arg)
            if arg in self.steps
            else numbers.get(arg, -1) < self.end and (arg not in homes or numbers[step] < self.end)
            for arg in variables_in(step.args)
        )

    @property
    def place(self) -> float:
        """The number of the step before which all of them run."""
        return min(self.end, max(self.steps.values()) + 1)


@dataclass(eq=False)
class Loop:
    """A chain as it runs on a tile.

    `body` are its steps, on pieces of the arrays; `pieces` says of which array something in it is a piece, `results`
    of which array a step computes a piece, and `partial` where the reductions of the tiles go.
    """

    rows: int
    height: int
    body: list[Variable]
    pieces: dict[Variable, Variable]
    results: dict[Variable, Variable]
    partial: dict[Variable, Variable]

    @property
    def count(self) -> int:
        return -(-self.rows // self.height)


def is_whole_reduction(step: Variable) -> bool:
    """Whether a step makes one number of a large array, which can be made of those of its parts."""
    if step.op not in REDUCTIONS or set(step.kwargs) != {"axis"} or len(step.args) != 1:
        return False
    return len(step.kwargs["axis"]) == len(step.args[0].shape) and step.dtype == step.args[0].dtype


def is_tileable(step: Variable) -> bool:
    """Whether a step computes each row of a large array from the same rows of its arguments."""
    if not step.shape or isinstance(step.sample, tuple) or step.sample.nbytes < LARGE // 8:
        return False
    known = is_elementwise(step) or step.op in (astype, cosine_of_sine)
    known = known or (step.op is np.where and len(step.args) == 3)
    if not known or step.kwargs or not step.sample.flags.c_contiguous or step.sample[0].nbytes > TILE:
        return False
    return all(
        len(arg.shape) < len(step.shape) or arg.shape[0] in (1, step.shape[0]) for arg in variables_in(step.args)
    )


def chains(steps: Sequence[Variable], late: set[Variable]) -> list[Chain]:
    """The chains among the steps of a program, without those that come after the step of an optimizer."""
    found: list[Chain] = []
    latest: dict[tuple[int, ...], Chain] = {}
    homes: dict[Variable, Chain] = {}
    numbers: dict[Variable, int] = {}
    for i, step in enumerate(steps):
        numbers[step] = i
        args = [*variables_in((step.args, *step.kwargs.values()))]
        home = None
        if tileable := step not in late and is_tileable(step):
            home = latest.get(step.shape)
        elif found and is_whole_reduction(step):
            home = homes.get(step.args[0])
        if home is not None and not home.accepts(step, numbers, homes):
            home = None
        if home is None and tileable and step.sample.nbytes >= LARGE:
            found.append(home := Chain(step.shape))
            latest[step.shape] = home
        if home is not None:
            home.steps[step], homes[step] = i, home
        for arg in args:
            if (other := homes.get(arg)) is not None and other is not home:
                other.end = min(other.end, i)
                other.used = other.used if is_whole_reduction(arg) else min(other.used, i)
        if step.op is stepped:  # which changes parameters that a chain may read
            for chain in found:
                chain.end = min(chain.end, i)
            latest.clear()
    return [chain for chain in found if len(chain.steps) >= FEWEST]


def make_tiles(plan: Plan, roots: set[Variable]) -> None:
    """Replace the chains of a plan by loops; `roots` is what is read after the last step."""
    make_waves(plan, LARGE)
    found = chains(plan.steps, plan.dependents())
    if not found:
        return
    homes = {step: chain for chain in found for step in chain.steps}
    outside = set(roots)
    for step in plan.steps:
        for arg in variables_in((step.args, *step.kwargs.values())):
            if homes.get(arg) is not homes.get(step):
                outside.add(arg)
    before: dict[float, list[Variable]] = {}
    for chain in found:
        before.setdefault(chain.place, []).extend(loop_of(chain, outside))
    plan.steps = [
        new
        for i, step in enumerate([*plan.steps, None])
        for new in [*before.get(i, ()), *([] if step is None or step in homes else [step])]
    ]


def loop_of(chain: Chain, outside: set[Variable]) -> list[Variable]:
    """The steps that stand for a chain: empty arrays for what others read, the loop, and its reductions."""
    largest = max(step.dtype.itemsize for step in chain.steps)
    row = int(np.prod(chain.shape[1:])) * largest
    height = max(1, TILE // row)
    loop = Loop(chain.shape[0], height, [], {}, {}, {})
    twins: dict[Variable, Variable] = {}
    given: dict[Variable, None] = {}
    made, after = [], []

    def piece(arg: Any) -> Any:
        """What stands for an argument inside the loop."""
        if not isinstance(arg, Variable) or arg in twins:
            return twins[arg] if isinstance(arg, Variable) else arg
        given[arg] = None
        if len(arg.shape) < len(chain.shape) or arg.shape[0] != chain.shape[0]:
            return arg
        twins[arg] = twin = Variable(None, (), {}, arg.sample[:height], ("piece", arg))
        loop.pieces[twin] = arg
        return twin

    for step in chain.steps:
        sample = step.sample if is_whole_reduction(step) else np.empty((height, *chain.shape[1:]), step.dtype)
        twin = Variable(step.op, tuple(map(piece, step.args)), step.kwargs, sample)
        twins[step] = twin
        loop.body.append(twin)
        if is_whole_reduction(step):
            numbers = new_array((loop.count,), step)
            loop.partial[twin] = numbers
            made.append(numbers)
            step.args, step.kwargs = (numbers,), {"axis": (0,)}
            after.append(step)
        elif step in outside:
            loop.results[twin] = step
            made.append(step)
    for step in loop.results.values():
        step.op, step.args = np.empty, (step.shape, step.dtype)
    arrays = (*given, *made)
    filling = Variable(in_tiles, (arrays, loop), {}, np.zeros(()))
    for step in (*made, filling):
        step.section = "tile by tile"
    return [*made, filling, *after]


def overwritten(steps: Sequence[Variable]) -> dict[Variable, tuple[Variable, list[Variable]]]:
    """For each array that a loop fills, the loop and the arrays that are no longer read where they are overwritten."""
    found = {}
    for step in steps:
        if step.op is in_tiles:
            loop = step.args[1]
            last = {v: i for i, part in enumerate(loop.body) for v in variables_in(part.args)}
            for i, part in enumerate(loop.body):
                if part in loop.results:
                    arrays = [whole for piece, whole in loop.pieces.items() if last[piece] <= i]
                    found[loop.results[part]] = step, arrays
    return found


def new_array(shape: tuple[int, ...], like: Variable) -> Variable:
    """A step that makes an array of the dtype of another one."""
    return Variable(np.empty, (shape, like.dtype), {}, np.empty(shape, like.dtype))


def lines_of(writer: Writer, loop: Loop) -> list[str]:
    """The text of a loop: a function that takes tiles until there are none left, and its call."""
    outs = {step: Variable(None, (), {}, step.sample, ("piece", whole)) for step, whole in loop.results.items()}
    memory = Memory(loop.body, [], [], outs, {})
    name, i, j, n = writer.name("tiles"), writer.name("i"), writer.name("j"), loop.rows
    cut = f"[{i}:{j}]"
    inside = [f"{j} = min({i} + {loop.height}, {n})"]
    for part, whole in (*loop.pieces.items(), *((out, loop.results[step]) for step, out in outs.items())):
        text = writer.text(whole)
        if whole.source and whole.source[0] == "constant":
            whole = Variable(None, (), {}, part.sample.copy(), ("constant", None))
            text, cut_here = writer.text(whole), f"[: {j} - {i}]"
        else:
            cut_here = cut
        part.name = writer.name(f"{text}_tile")
        inside.append(f"{part.name} = {text}{cut_here}")
    buffers: dict[Any, str] = {}
    making, calls = [], []
    for step in loop.body:
        place, out = memory.places.get(step), outs.get(step)
        if step in loop.partial:
            function = writer.function(REDUCTIONS[step.op])
            reduced = f"{function}.reduce({writer.text(step.args[0])}, None)"
            calls.append(f"{loop.partial[step].name}[{i} // {loop.height}] = {reduced}")
            continue
        if step in memory.targets:
            step.name = memory.targets[step].name
        elif place is not None:
            if place not in buffers:
                buffers[place] = writer.name("t")
                dtype = writer.text(place.dtype)
                making.append(f"{buffers[place]} = np.ndarray({place.shape}, {dtype}, memory, {place.offset})")
            step.name = buffers[place]
        if step.name:
            calls.append(call_into(writer, step, step.name))
        else:
            step.name = writer.name("t")
            calls.append(f"{step.name} = {call(writer, step)}")
            if out is not None:
                calls.append(f"{out.name}[...] = {step.name}")
    if buffers:
        making[:0] = [
            f"memory = np.empty({memory.size + ALIGNMENT}, np.uint8)",
            f"memory = memory[-memory.ctypes.data % {ALIGNMENT} :]",
        ]
        names = ", ".join(buffers.values())
        shorter = ", ".join(f"{buffer}[: {j} - {i}]" for buffer in buffers.values())
        if n % loop.height:
            inside += [f"if {j} - {i} < {loop.height}:", f"{INDENT}{names} = {shorter}"]
    starts = f"range(0, {n}, {loop.height})"
    worth = int(np.prod(loop.body[0].shape[1:])) * n * len(loop.body) >= WORTH_THREADS
    run = f"{writer.function(on_threads)}({name}, {starts})" if worth else f"{name}({starts})"
    for variable in (*loop.body, *loop.pieces, *outs):
        variable.sample = None
    lines = [f"def {name}(starts):", *(INDENT + line for line in making), f"{INDENT}for {i} in starts:"]
    return [*lines, *(INDENT * 2 + line for line in (*inside, *calls)), run]


def instructions(steps: Sequence[Variable]) -> int:
    """How many steps there are, those in loops counted once."""
    return sum(len(step.args[1].body) if step.op is in_tiles else 1 for step in steps)
