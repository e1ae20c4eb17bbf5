"""From a plan to a program: straight-line Python that needs nothing but NumPy."""

from __future__ import annotations

import inspect
import operator
import textwrap
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from ..value import astype
from .plan import Plan, Variable, variables_in

INDENT = "    "


class Writer:
    """The text of one program, and the objects that it cannot spell."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"np": np}
        self.constants: dict[str, str] = {}
        self.definitions: dict[str, Any] = {}
        self.taken = {"np"}

    def name(self, wish: str) -> str:
        """A name that is not taken yet."""
        wish = "".join(c if c.isalnum() else "_" for c in wish) or "v"
        wish = f"_{wish}" if wish[0].isdigit() else wish
        name, i = wish, 1
        while name in self.taken or name in KEYWORDS:
            i += 1
            name = f"{wish}_{i}"
        self.taken.add(name)
        return name

    # -- pieces of text ------------------------------------------------------------------------------------------

    def text(self, arg: Any) -> str:
        """An argument as it stands in a call."""
        if isinstance(arg, Variable):
            return arg.name
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
            return f"np.{arg.name}" if hasattr(np, arg.name) else f"np.dtype({arg.str!r})"
        if isinstance(arg, type) and issubclass(arg, np.generic):
            return f"np.{arg.__name__}"
        return self.function(arg) if callable(arg) else self.unspellable(arg)

    def constant(self, number: Any) -> str:
        """The name of a number that has a dtype, or that is not finite."""
        inner = repr(number.item()) if isinstance(number, np.generic) else repr(number)
        inner = inner.replace("inf", "np.inf").replace("nan", "np.nan")
        if isinstance(number, np.longdouble):
            inner = f'"{number!s}"'
        kind = f"np.{number.dtype.name}" if isinstance(number, np.generic) else type(number).__name__
        kind = "np.bool_" if kind == "np.bool" else kind
        for name, text in self.constants.items():
            if text == f"{kind}({inner})":
                return name
        name = self.name("c")
        self.constants[name], self.namespace[name] = f"{kind}({inner})", number
        return name

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
            return f"{args[0].name}[{self.index(args[1])}]"
        if op in OPERATORS and not step.shape and not any(a.shape for a in variables_in(args)):
            return OPERATORS[op].join(map(self.text, args))
        if op in (astype, np.ndarray.astype):
            return f"{self.text(args[0])}.astype({self.text(args[1])})"
        if op is np.transpose and len(args) == 2 and args[1] == tuple(range(len(args[1])))[::-1]:
            return f"{args[0].name}.T"
        if op is np.reshape and len(args) == 2 and not step.kwargs:
            return f"{args[0].name}.reshape({self.text(args[1])})"
        given = [*map(self.text, args), *(f"{key}={self.text(value)}" for key, value in step.kwargs.items())]
        if isinstance(getattr(op, "__objclass__", None), type) and args:
            return f"{given[0]}.{op.__name__}({', '.join(given[1:])})"
        return f"{self.function(op)}({', '.join(given)})"


OPERATORS = {np.power: " ** "}
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
    start = next((i for i, line in enumerate(lines) if line.startswith("def ")), 0)
    lines = lines[start:]
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

    `header` are the definitions and constants, `body` is the function, `namespace` holds the objects its names mean.
    """

    def __init__(
        self, name: str, plan: Plan, given: list[Variable], results: list[Any], names: dict[Variable, str]
    ) -> None:
        writer = Writer()
        self.name = writer.name(name)
        for variable in given:
            variable.name = writer.name(names.get(variable, "a"))
        for step in plan.steps:
            step.name = writer.name(names.get(step, step.op.__name__ if step in names else "v"))
        lines, section = [], None
        for step in plan.steps:
            if step.section != section:
                section = step.section
                lines.append(f"# {section}")
            lines.append(f"{step.name} = {writer.call(step)}  # {described(step)}")
        if plan.guarded:
            checked = [v for v in dict.fromkeys(variables_in(results)) if v.op is not None and v.dtype.kind in "fc"]
            tests = " or ".join(f"np.vdot({v.name}, {v.name}) != np.vdot({v.name}, {v.name})" for v in checked)
            lines += ["# NaN: perhaps a zero that met an infinity, which only the eager rules can tell"] * bool(tests)
            lines += [f"if {tests}:", f"{INDENT}return None"] * bool(tests)
        texts = [*map(writer.text, results)]
        lines.append(f"return ({', '.join(texts)}{',' * (len(texts) == 1)})")
        head = f"def {self.name}({', '.join(v.name for v in given)}):"
        notes = [f"# {v.name}: {described(v)}, {v.source[0]}" for v in given]
        self.body = "\n".join([head, *(INDENT + line for line in [*notes, *lines])]) + "\n"
        self.header = self.defined(writer)
        self.namespace = writer.namespace

    def defined(self, writer: Writer) -> str:
        done: set[str] = set()
        lines = [line for name, thing in writer.definitions.items() for line in definition(name, thing, done)]
        return "\n".join([*lines, *(f"{name} = {text}" for name, text in writer.constants.items())])

    def text(self) -> str:
        return f"{self.header}\n\n\n{self.body}".lstrip()

    def function(self) -> Any:
        """The program, ready to be called."""
        space = dict(self.namespace)
        exec(compile(self.body, f"<compiled {self.name}>", "exec"), space)
        return space[self.name]
