"""The text of arguments: names, numbers, functions and indices, and what has to be made before they can be used."""

from __future__ import annotations

from typing import Any

import numpy as np

from .scalars import HELPERS
from .variable import Variable


class Writer:
    """The text of one program, and the objects that it cannot spell."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"np": np}
        self.constants: dict[str, str] = {}
        self.definitions: dict[str, Any] = {}
        self.taken = {"np", "math", "float", "abs", *HELPERS}
        self.numbers: dict[str, int] = {}
        self.floats: set[Variable] = set()
        self.named: dict[str, str] = {}
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
            if arg.is_arithmetic or arg in self.floats:
                return f"np.{arg.dtype.type.__name__}({arg.name})"
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
        return self.constant_of(text, "c")

    def ones(self, variable: Variable) -> str:
        """The name of an array of ones of the shape and dtype of a variable."""
        text = f"np.ones({variable.shape}, {self.text(variable.dtype)})"
        return self.constant_of(text, "ones")

    def constant_of(self, text: str, wish: str) -> str:
        """The name of a constant with this text."""
        if text not in self.named:
            self.named[text] = self.name(wish)
            self.constants[self.named[text]] = text
        return self.named[text]

    def constant_array(self, variable: Variable) -> str:
        """The name of an array of equal numbers."""
        if not variable.name:
            array = variable.sample
            number, dtype = array.flat[0], self.text(array.dtype)
            kind = "zeros" if number == 0 else "ones" if number == 1 else "full"
            value = f", {number.item()!r}" if kind == "full" else ""
            order = ", 'F'" if array.flags.fnc else ""
            variable.name = self.name(kind)
            self.constants[variable.name] = f"np.{kind}({array.shape}{value}, {dtype}{order})"
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


KEYWORDS = {
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise",
    "return", "try", "while", "with", "yield", "None", "True", "False",
}  # fmt: skip
