"""The text of functions that are not NumPy's, so that a program runs alone."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np


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
    for other in dict.fromkeys(names_in(body.__code__)):
        value = body.__globals__.get(other)
        if isinstance(value, ModuleType):
            if value is not np:
                needs += [f"import {value.__name__}" + (f" as {other}" if value.__name__ != other else "")]
        elif callable(value) and not isinstance(value, type):
            needs += definition(other, value, done)
        elif isinstance(value, (int, float, str, tuple)):
            needs.append(f"{other} = {value!r}")
    return [*needs, *lines, ""]


def names_in(code: CodeType) -> Iterator[str]:
    """The global names that a function reads, those in its comprehensions and inner functions too."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)
