"""How the tables of a program lie in memory: row after row, as NumPy makes them, or column after column.

Either is as good for a step on entries as long as all its tables lie in the same way.  What tips the balance are the
large weights that optimizers keep column after column: a few rows times such a matrix give columns, and so it goes on
from layer to layer, and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..value import astype
from .memory import is_elementwise, is_view
from .plan import Plan
from .tiles import LARGE
from .variable import Variable, read_by


class Layout:
    """Decides for the results of a plan's steps how they lie in memory.

    Args:
        roots: what is read after the last step.
        targets: results that are written into arrays the program is given, and these.
    """

    def __init__(self, plan: Plan, roots: set[Variable], targets: Mapping[Variable, Variable]) -> None:
        self.plan, self.roots, self.targets = plan, roots, targets
        self.following: set[Variable] = set()  # what lies in columns because of weights that do
        for step in plan.steps:
            if step.is_arithmetic:
                continue
            if is_view(step):
                self.take_part(step)
            elif len(step.shape) == 2 and step.op is np.matmul:
                self.multiply(step)
            elif len(step.shape) == 2 and (step.op is astype or is_elementwise(step)):
                self.go_along(step)
            if step.op is not np.matmul and is_in_columns(step) and not self.following.isdisjoint(read_by(step)):
                self.following.add(step)

    def take_part(self, step: Variable) -> None:
        """A part lies as the whole does; what is made from it may be a copy now where it was a part."""
        whole = step.args[0]
        if not whole.sample.flags.c_contiguous and len(read_by(step)) == 1:
            step.sample = step.op(whole.sample, *step.args[1:], **step.kwargs)

    def multiply(self, step: Variable) -> None:
        """A product lies as the array that is to hold it, or in columns if its table or its rows do.

        What follows from a long one is done in tiles of some rows each.
        """
        rows, table = step.args
        if step in self.targets:
            step.sample = np.zeros(step.shape, step.dtype, "F" if self.targets[step].sample.flags.fnc else "C")
            return
        follows = rows in self.following or (comes_from("data", table) and is_in_columns(table))
        tables = len(rows.shape) == len(table.shape) == 2
        if follows and tables and step not in self.roots and step.sample.nbytes < LARGE:
            lie_in_columns(step)
            self.following.add(step)

    def go_along(self, step: Variable) -> None:
        """A result of entries lies as all the tables do that it is made from."""
        tables = [a for a in read_by(step) if a.shape == step.shape and not is_constant(a)]
        if tables and all(map(is_in_columns, tables)):
            lie_in_columns(step)
            step.args = tuple(self.in_columns(a) if is_constant(a) else a for a in step.args)

    def in_columns(self, constant: Variable) -> Variable:
        return self.plan.constant(np.asfortranarray(constant.sample)) if len(constant.shape) == 2 else constant


def lie_in_columns(step: Variable) -> None:
    """Let the result of a step lie column after column."""
    if not is_in_columns(step):
        step.sample = np.zeros(step.shape, step.dtype, "F")


def is_in_columns(variable: Variable) -> bool:
    return bool(variable.shape) and bool(variable.sample.flags.fnc)


def is_constant(arg: Any) -> bool:
    return comes_from("constant", arg)


def comes_from(kind: str, arg: Any) -> bool:
    """Whether this is something of a kind that the program is given."""
    return isinstance(arg, Variable) and arg.source is not None and arg.source[0] == kind
