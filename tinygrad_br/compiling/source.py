"""From a plan to a program: straight-line Python that needs nothing but NumPy."""

from __future__ import annotations

import ast
import inspect
import math
import operator
import re
import textwrap
from contextvars import Context
from functools import partial
from operator import attrgetter
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from ..value import astype
from .lowering import in_columns, label_positions, less_one_at
from .memory import ALIGNMENT, REDUCTIONS, Memory
from .plan import Plan, Variable, variables_in
from .scalars import HELPERS, TRUTH, Scalars
from .trace import stepped, updated
from .update import PoolUpdate, has_text, lines_of, parts

INDENT = "    "


class Writer:
    """The text of one program, and the objects that it cannot spell."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"np": np}
        self.constants: dict[str, str] = {}
        self.definitions: dict[str, Any] = {}
        self.taken = {"np", "math", "float", "abs", *HELPERS}
        self.numbers: dict[str, int] = {}
        self.floats: set[Variable] = set()
        self.making: list[str] = []

    def name(self, wish: str) -> str:
        """A name that is not taken yet."""
        wish = "".join(c if c.isalnum() else "_" for c in wish) or "v"
        wish = f"_{wish}" if wish[0].isdigit() else wish
        name, i = wish, self.numbers.get(wish, 1)
        while name in self.taken or name in KEYWORDS:
            i += 1
            name = f"{wish}_{i}"
        self.numbers[wish] = i
        self.taken.add(name)
        return name

    # -- pieces of text ------------------------------------------------------------------------------------------

    def text(self, arg: Any) -> str:
        """An argument as it stands in a call."""
        if isinstance(arg, Variable):
            if arg in self.floats:
                return f"np.float64({arg.name})"
            return self.constant_array(arg) if arg.source and arg.source[0] == "constant" else arg.name
        if isinstance(arg, (tuple, list)):
            inner = ", ".join(map(self.text, arg))
            return f"[{inner}]" if isinstance(arg, list) else f"({inner}{',' * (len(arg) == 1)})"
        if isinstance(arg, np.generic) or (isinstance(arg, (float, complex)) and not np.isfinite(arg)):
            return self.constant(arg)
        if arg is None or arg is Ellipsis or isinstance(arg, (bool, int, float, complex, str)):
            return repr(arg)
        if isinstance(arg, slice):
            return f"slice({self.text(arg.start)}, {self.text(arg.stop)}, {self.text(arg.step)})"
        if isinstance(arg, np.dtype):
            return f"np.{np.dtype(arg).type.__name__}" if arg.isnative else f"np.dtype({arg.str!r})"
        if isinstance(arg, type) and issubclass(arg, np.generic):
            return f"np.{arg.__name__}"
        return self.function(arg) if callable(arg) else self.unspellable(arg)

    def constant(self, number: Any) -> str:
        """The name of a number that has a dtype, or that is not finite."""
        inner = repr(number.item() if hasattr(number, "item") else number)
        inner = inner.replace("inf", "np.inf").replace("nan", "np.nan")
        if getattr(number, "dtype", None) == np.longdouble:
            inner = f"'{number!s}'"
        if isinstance(number, np.ndarray):
            text = f"np.array({inner}, {self.text(number.dtype)})"
        elif isinstance(number, np.generic):
            text = f"{self.text(number.dtype)}({inner})"
        else:
            text = inner
        for name, known in self.constants.items():
            if text == known:
                return name
        name = self.name("c")
        self.constants[name] = text
        return name

    def ones(self, variable: Variable) -> str:
        """The name of an array of ones of the shape and dtype of a variable."""
        text = f"np.ones({variable.shape}, {self.text(variable.dtype)})"
        for name, known in self.constants.items():
            if text == known:
                return name
        name = self.name("ones")
        self.constants[name] = text
        return name

    def constant_array(self, variable: Variable) -> str:
        """The name of an array of equal numbers."""
        if not variable.name:
            array = variable.sample
            kind = "ones" if array.flat[0] else "zeros"
            variable.name = self.name(kind)
            self.constants[variable.name] = f"np.{kind}({array.shape}, {self.text(array.dtype)})"
        return variable.name

    def function(self, function: Any) -> str:
        """How a function is called by name: one of NumPy's, or one that is defined before the program."""
        module = getattr(function, "__module__", None) or ""
        name = getattr(function, "__name__", "function")
        for prefix, owner in (("np", np), ("np.linalg", np.linalg), ("np.fft", np.fft)):
            if getattr(owner, name, None) is function:
                return f"{prefix}.{name}"
        if isinstance(function, np.ufunc) and not module:
            import scipy.special

            if getattr(scipy.special, name, None) is function:
                self.definitions[name], self.namespace[name] = "scipy.special", function
                self.taken.add(name)
                return name
        for known, object in self.namespace.items():
            if object is function:
                return known
        name = self.name(name)
        self.definitions[name], self.namespace[name] = function, function
        return name

    def unspellable(self, arg: Any) -> str:
        """The name of an object that the program gets along."""
        name = self.name(type(arg).__name__.lower())
        self.namespace[name] = arg
        self.definitions[name] = None
        return name

    def index(self, index: Any) -> str:
        """What stands between the brackets of x[...]."""
        if isinstance(index, slice):
            parts = ["" if i is None else self.text(i) for i in (index.start, index.stop, index.step)]
            return ":".join(parts[:2] if not parts[2] else parts)
        if isinstance(index, tuple) and index:
            return ", ".join(map(self.index, index)) + "," * (len(index) == 1)
        return self.text(index)

    def call(self, step: Variable) -> str:
        """The expression that computes a step."""
        op, args = step.op, step.args
        if op is operator.getitem:
            return f"{self.text(args[0])}[{self.index(args[1])}]"
        if op in OPERATORS and not step.shape and not any(a.shape for a in variables_in(args)):
            return OPERATORS[op].join(map(self.text, args))
        if op is label_positions:
            labels, rows, classes, by_columns = args
            pair, shape = (labels, rows), (classes, rows.shape[0])
            if not by_columns:
                pair, shape = pair[::-1], shape[::-1]
            return f"np.ravel_multi_index({self.text(pair)}, {shape})"
        if op in (astype, np.ndarray.astype):
            return f"{self.text(args[0])}.astype({self.text(args[1])})"
        if op is np.transpose and len(args) == 2 and args[1] == tuple(range(len(args[1])))[::-1]:
            return f"{self.text(args[0])}.T"
        if op is np.reshape and len(args) == 2 and not step.kwargs:
            return f"{self.text(args[0])}.reshape({self.text(args[1])})"
        if op is np.sum and len(args[0].shape) == 1 and args[0].shape[0] >= 16 and step.dtype.char in "fd":
            return f"np.dot({self.ones(args[0])}, {args[0].name})"
        if op in REDUCTIONS and set(step.kwargs) == {"axis"}:
            return f"{self.function(REDUCTIONS[op])}.reduce({self.text(args[0])}, {self.axis(step)})"
        given = [*map(self.text, args), *(f"{key}={self.text(value)}" for key, value in step.kwargs.items())]
        if isinstance(getattr(op, "__objclass__", None), type) and args:
            return f"{given[0]}.{op.__name__}({', '.join(given[1:])})"
        return f"{self.function(op)}({', '.join(given)})"

    def axis(self, step: Variable) -> str:
        """The axis of a reduction, as short as it goes."""
        axes = step.kwargs["axis"]
        if len(axes) == len(step.args[0].shape):
            return "None"
        return repr(axes[0] if len(axes) == 1 else axes)

    def call_into(self, step: Variable, out: str) -> str:
        """The statement that computes a step into memory that is there already."""
        if step.op in REDUCTIONS:
            return (
                f"{self.function(REDUCTIONS[step.op])}.reduce({self.text(step.args[0])}, {self.axis(step)}, out={out})"
            )
        if step.op in (in_columns, astype):
            return f"np.copyto({out}, {self.text(step.args[0])})"
        if step.op is np.matmul:
            plain = all(isinstance(a, Variable) and len(a.shape) <= 2 for a in step.args)
            name = "np.dot" if plain and step.sample.flags.c_contiguous else "np.matmul"
            return f"{name}({', '.join(map(self.text, step.args))}, out={out})"
        args = [self.number_beside(arg, step) for arg in step.args]
        return f"{self.function(step.op)}({', '.join(args)}, out={out})"

    def number_beside(self, arg: Any, step: Variable) -> str:
        """An argument; a plain number beside an array becomes an array of the same dtype, which NumPy takes faster."""
        dtypes = {a.dtype for a in variables_in(step.args)}
        plain = isinstance(arg, (int, float)) and not isinstance(arg, (bool, np.generic)) and step.op in ARITHMETIC
        if plain and len(dtypes) == 1 and (dtype := dtypes.pop()).kind == "f":
            return self.constant(np.array(arg, dtype))
        if isinstance(arg, np.floating) and dtypes == {arg.dtype}:
            return self.constant(np.array(arg))
        return self.text(arg)


OPERATORS = {np.power: " ** ", np.add: " + ", np.subtract: " - ", np.multiply: " * ", np.divide: " / "}
ARITHMETIC = {
    np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum,
    np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal,
}  # fmt: skip
KEYWORDS = {
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise",
    "return", "try", "while", "with", "yield", "None", "True", "False",
}  # fmt: skip


def definition(name: str, function: Any, done: set[str]) -> list[str]:
    """The lines that define a function of ours or the user's, and what it needs."""
    if name in done:
        return []
    done.add(name)
    if function == "scipy.special":
        return [f"from scipy.special import {name}"]
    body = inspect.unwrap(function) if callable(function) else None
    if not isinstance(body, FunctionType):
        return [f"# {name} is an object that has no text here: give it before the program runs"]
    try:
        lines = textwrap.dedent(inspect.getsource(body)).splitlines()
    except (OSError, TypeError):
        return [f"# {name} is a function without source text: give it before the program runs"]
    tree = ast.parse("\n".join(lines))
    for part in ast.walk(tree):
        if isinstance(part, ast.FunctionDef):
            part.decorator_list, part.returns = [], None
        elif isinstance(part, ast.arg):
            part.annotation = None
    lines = ast.unparse(tree).splitlines()
    if body.__name__ != name:
        lines.append(f"{name} = {body.__name__}")
    needs: list[str] = []
    for other in body.__code__.co_names:
        value = body.__globals__.get(other)
        if isinstance(value, ModuleType):
            if value is not np:
                needs += [f"import {value.__name__}" + (f" as {other}" if value.__name__ != other else "")]
        elif callable(value) and not isinstance(value, type):
            needs += definition(other, value, done)
        elif isinstance(value, (int, float, str, tuple)):
            needs.append(f"{other} = {value!r}")
    return [*needs, *lines, ""]


def described(variable: Variable) -> str:
    """The dtype and shape of a variable, for a comment."""
    sample = variable.sample
    if isinstance(sample, tuple):
        return "a tuple"
    return f"{sample.dtype}{list(sample.shape)}" if hasattr(sample, "dtype") else type(sample).__name__


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
        commits: pairs of an array that the program is given and the variable whose numbers it gets at the end.
        updates: what the steps of optimizers need.
        numbers: for a parameter without axes, the array in which its optimizer keeps it.
        vectors: for an array that is part of a vector which the program writes as a whole, the vector.
    """

    def __init__(
        self,
        name: str,
        plan: Plan,
        memory: Memory,
        given: list[Variable],
        results: list[Any],
        commits: list[tuple[Variable, Any]],
        names: dict[Variable, str],
        updates: dict[Variable, list[Any]],
        numbers: dict[Variable, Variable],
        vectors: dict[Variable, Variable],
    ) -> None:
        self.writer = writer = Writer()
        self.memory, self.numbers, self.vectors = memory, numbers, vectors
        self.views: dict[Any, str] = {}
        self.name = writer.name(name)
        for variable in given:
            variable.name = writer.name(names.get(variable, "a"))
        self.making = writer.making
        read = [*variables_in(results), *(v for _, v in commits if isinstance(v, Variable))]
        self.scalars = Scalars(plan.steps, read)
        writer.floats = self.scalars.steps if any(s.op not in TRUTH for s in self.scalars.steps) else set()
        late = plan.dependents()
        early = [(array, v) for array, v in commits if v not in late]
        checked, unchecked = [*results, *(v for _, v in commits)], plan.guarded
        numbers_read = read_by_scalars(self.scalars)
        lines, section = [], None
        for v in given:
            if v in numbers_read and v.dtype == np.float64:
                self.scalars.names[v] = writer.name(f"{v.name}_")
                lines.append(f"{self.scalars.names[v]} = float({v.name})")
        for step in plan.steps:
            if step.op is stepped:
                lines += [*(self.check(checked) if unchecked else []), *self.commit(early), "# update"]
                commits, early, unchecked, section = [c for c in commits if c[1] in late], [], False, "update"
                lines += self.update(step, updates[step])
                continue
            text = self.line(step, names)
            if text and step.section != section:
                section = step.section
                lines.append(f"# {section}")
            lines += [text] * bool(text)
        lines += self.check(checked) if unchecked else []
        lines += self.commit(commits)
        texts = [f"np.float64({v.name})" if v in writer.floats else writer.text(v) for v in results]
        lines.append(f"return ({', '.join(texts)}{',' * (len(texts) == 1)})")
        head = f"def {self.name}({', '.join(v.name for v in given)}):"
        notes = [f"# {v.name}: {described(v)}, {MEANINGS[v.source[0]]}" for v in given]
        self.body = "\n".join([head, *(INDENT + line for line in [*notes, *lines])]) + "\n"
        self.header = "\n".join([*(f"{name} = {text}" for name, text in writer.constants.items()), *self.making])
        done: set[str] = set()
        needed = (line for name, thing in writer.definitions.items() for line in definition(name, thing, done))
        self.definitions = "\n".join([*["import math"] * ("math" in writer.namespace), *needed])

    def line(self, step: Variable, names: dict[Variable, str]) -> str:
        """The line of a step; "" for a view that was made before."""
        writer, memory = self.writer, self.memory
        if step in self.scalars.steps:
            return self.number_line(step, names)
        place, target = memory.places.get(step), memory.targets.get(step)
        if step.op is updated:
            number = self.numbers.get(step.args[0])
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
            text = writer.call(step)
            if text not in self.views:
                self.views[text] = writer.name(names.get(step, "v"))
                self.making.append(f"{self.views[text]} = {text}")
            step.name = self.views[text]
            return ""
        note = f"  # {described(step)}"
        if place is None and target is None:
            return f"{step.name} = {writer.call(step)}{note}"
        if step.op is less_one_at:
            return self.take_one(step) + note
        return writer.call_into(step, step.name) + note

    def number_line(self, step: Variable, names: dict[Variable, str]) -> str:
        """The line of plain arithmetic; "" if it stands inside another one."""
        scalars = self.scalars
        if step in scalars.inlined:
            return ""
        text, _ = scalars.expression(step, self.writer.text)
        scalars.release(step)
        if step in names or not scalars.free:
            step.name = self.writer.name(names.get(step, "t"))
        else:
            step.name = scalars.free.pop()
        for name, helper in HELPERS.items():
            if f"{name}(" in text and name not in self.writer.definitions:
                self.writer.definitions[name], self.writer.namespace[name] = helper, helper
        if "math." in text:
            self.writer.namespace["math"] = math
        return f"{step.name} = {text}"

    def take_one(self, step: Variable) -> str:
        """The line that takes 1 from some entries of an array, most often in place."""
        text = f"{step.name}.T.reshape(-1)" if step.args[2] else f"{step.name}.reshape(-1)"
        if text not in self.views and step not in self.memory.targets:
            self.views[text] = self.writer.name(f"{step.name}_flat")
            self.making.append(f"{self.views[text]} = {text}")
        copy = "" if step.args[0].name == step.name else f"np.copyto({step.name}, {step.args[0].name}); "
        return f"{copy}{self.views.get(text, text)}[{step.args[1].name}] -= 1"

    def update(self, step: Variable, updates: list[PoolUpdate]) -> list[str]:
        """The lines of an optimizer's step; one that has no text is called."""
        optimizer = step.args[1].optimizer
        if has_text(optimizer):
            return [line for update in updates for line in lines_of(self.writer, optimizer, update)]
        call = f"{self.writer.unspellable(optimizer)}.update"
        return [f"{call}(*{self.writer.unspellable(part)})" for u in updates for part in parts(u)]

    def check(self, results: list[Any]) -> list[str]:
        """The lines that look for NaN in the results."""
        checked = [v for v in dict.fromkeys(variables_in(results)) if v.op is not None and v.dtype.kind in "fc"]
        checked = [*dict.fromkeys(self.vectors.get(self.memory.targets.get(v, v), v) for v in checked)]
        if not checked:
            return []
        sums = [(v.name, f"np.vdot({v.name}, {v.name})") for v in checked if v.shape]
        names = [self.writer.name("total") for _ in sums]
        tests = [f"{name} != {name}" for name in (*names, *(v.name for v in checked if not v.shape))]
        return [
            "# NaN may be a zero that met an infinity, which only the eager rules can tell",
            *(f"{name} = {text}" for name, (_, text) in zip(names, sums)),
            f"if {' or '.join(tests)}:",
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
        return "\n\n\n".join(filter(None, (self.definitions, self.header, self.body)))

    def function(self) -> Any:
        """The program with memory of its own, ready to be called; it lets NumPy's warnings be."""
        space = dict(self.writer.namespace)
        text, functions = with_short_names(f"{self.header}\n\n\n{self.body}")
        space |= functions
        exec(compile(text, f"<compiled {self.name}>", "exec"), space)
        program = space[self.name]
        ours = {label_positions.__module__, Scalars.__module__}
        if all(getattr(f, "__module__", None) in ours for f in self.writer.definitions.values()):
            context = Context()  # entering it is much faster than np.errstate
            context.run(np.seterr, all="ignore")
            return partial(context.run, program)

        def quiet(*args: Any) -> Any:
            with np.errstate(all="ignore"):
                return program(*args)

        return quiet


def read_by_scalars(scalars: Scalars) -> set[Variable]:
    """What plain arithmetic reads."""
    return {v for step in scalars.steps for v in variables_in(step.args)}


def with_short_names(text: str) -> tuple[str, dict[str, Any]]:
    """The same text with `np_add(` for `np.add(`, which saves a look-up at every step, and what the names mean."""
    functions = {}

    def short(match: re.Match[str]) -> str:
        name = match.group(1)
        functions["np_" + name.replace(".", "_")] = attrgetter(name)(np)
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
