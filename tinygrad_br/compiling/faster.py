"""Steps that have a faster form with the same result, up to the order in which numbers are added.

* A sum over the rows of a table is a product with ones, which BLAS does several times faster: at most a few ULP away;
  so is a sum of each row of a table that lies column after column.
* The largest of x and 0 is found four times faster beside an array of zeros than beside one number.
* A product of floats with truth values is faster once these are floats too; a few of them are written so at once.
* p - one_hot(labels) takes 1 from one entry of each row; its mean over 2**k rows divides numbers while they are few.
* x > 0 and max(x, 0) > 0 are the same, and with the second one nobody needs x any longer.
* A mean of a line of numbers is a product with 1 / n.
* A result that is wanted column after column in memory is written so; `layout` says what else then lies so.
* The product of a few rows with the transpose of a large table is computed as table times columns, then turned: a third
  of its time is saved where OpenBLAS, whose packing of a large transposed table is slow, has kernels for AVX-512.
* Of two products that need the same numbers the one is computed last whose result the next steps read: it is still in
  the processor's cache then, while the gradient of a layer's weights waits for the optimizer anyway.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..value import astype
from .layout import Layout, is_in_columns, lie_in_columns
from .lowering import in_columns, less_at, ones_at
from .memory import is_view
from .plan import Plan
from .variable import Variable, read_by, stepped


def make_faster(plan: Plan, roots: set[Variable], targets: Mapping[Variable, Variable]) -> None:
    """Replace steps of a plan by faster ones.

    Args:
        roots: what is read after the last step.
        targets: results that are written into arrays the program is given, and these.
    """
    steps = [step for step in plan.steps if not step.is_arithmetic]
    uses = Counter(v for step in steps for v in read_by(step))
    uses.update(roots)
    rectified: dict[Any, Variable] = {}
    for step in steps:
        if step.op is np.sum and set(step.kwargs) == {"axis"} and is_table(step.args[0]):
            become_product(plan, step, step.args[0], step.kwargs["axis"])
        elif step.op is np.maximum and is_zero(step.args[1]) and step.shape and step.dtype.kind == "f":
            shape = step.shape if step.sample.nbytes <= MOST_ZEROS else step.shape[-1:]
            if isinstance(step.args[0], Variable):
                rectified.setdefault(step.args[0], step)
            step.args = (step.args[0], plan.constant(np.zeros(shape, step.dtype)))
        elif step.op is np.greater and is_zero(step.args[1]) and step.args[0] in rectified:
            step.args = (rectified[step.args[0]], step.args[1])
        elif step.op is np.divide and uses[step.args[0]] == 1 and is_line(step.args[0]) and is_count(step.args[1]):
            line = step.args[0].args[0]
            shares = plan.constant(np.full(line.shape, 1 / step.args[1], line.dtype))
            step.op, step.args = np.dot, (shares, line)
        elif step.op is np.multiply and is_mean_of_less(step, uses):
            less, share = step.args
            quotient = less.args[0]
            sums = quotient.args[1]
            larger = inserted(plan, quotient, np.multiply, (sums, 1 / share), sums.sample * (1 / share))
            quotient.args = (quotient.args[0], larger)
            become_less_at(step, less.args[:3], float(share))
        elif step.op is np.multiply and step.shape and step.dtype.char in "fd":
            step.args = tuple(as_floats(plan, arg, step, uses) for arg in step.args)
        elif step.op is np.subtract and isinstance(p := step.args[1], Variable) and p.op is ones_at:
            if isinstance(step.args[0], Variable) and step.args[0].shape == step.shape == p.shape:
                become_less_at(step, (step.args[0], p.args[0], p.args[3]), 1)
        elif step.op is in_columns:
            source = step.args[0]
            if isinstance(source.op, np.ufunc) and source.op.signature is None and uses[source] == 1:
                step.op, step.args, step.kwargs = source.op, source.args, source.kwargs
                product = step.args[0]
                if isinstance(product, Variable) and product.op is np.matmul and uses[product] == 1:
                    lie_in_columns(product)
    Layout(plan, roots, targets)
    plan.steps = with_products_turned(with_products_in_order(plan.alive(roots)))
    plan.steps = plan.alive(roots)


MOST_ZEROS, MOST_TRUTHS = 1 << 18, 1 << 16  # bytes
SWAPPED = ((1, 0),)  # what follows the table among the arguments of its transpose
FEW_ROWS = 4  # so many times larger both sides of a table are than the number of the rows that it is multiplied with


def with_products_in_order(steps: list[Variable]) -> list[Variable]:
    """The steps, each product that is read later moved behind those after it that only optimizers read."""
    read = {v for step in steps if step.op is not stepped for v in read_by(step)}
    ordered: list[Variable] = []
    for step in reversed(steps):  # `ordered` has what comes after it, from the last to the first
        i = len(ordered)
        if step.op is np.matmul and step in read:
            while i and may_come_before(ordered[i - 1], step, read):
                i -= 1
        ordered.insert(i, step)
    return ordered[::-1]


def may_come_before(step: Variable, product: Variable, read: set[Variable]) -> bool:
    return (is_view(step) or (step.op is np.matmul and step not in read)) and product not in read_by(step)


def with_products_turned(steps: list[Variable]) -> list[Variable]:
    """The steps, with rows @ table.T as (table @ rows.T).T for a few rows and a large table."""
    found: list[Variable] = []
    for step in steps:
        if step.op is np.matmul and is_few_rows_with_transpose(step):
            rows, table = step.args[0], step.args[1].args[0]
            columns = Variable(np.transpose, (rows, *SWAPPED), {}, rows.sample.T, section=step.section)
            product = Variable(np.matmul, (table, columns), {}, step.sample.T.copy(), section=step.section)
            turned = Variable(np.transpose, (product, *SWAPPED), {}, product.sample.T, section=step.section)
            step.op, step.args = astype, (turned, step.dtype)  # a copy, row after row in memory
            found += columns, product, turned
        found.append(step)
    return found


def is_few_rows_with_transpose(product: Variable) -> bool:
    columns = product.args[1]
    if not (isinstance(columns, Variable) and columns.op is np.transpose and columns.args[1:] == SWAPPED):
        return False
    if product.dtype != np.float32 or len(product.shape) != 2 or product.sample.flags.f_contiguous:
        return False
    return product.shape[0] >= 4 and FEW_ROWS * product.shape[0] <= min(columns.shape)


def as_floats(plan: Plan, arg: Any, step: Variable, uses: Mapping[Variable, int]) -> Any:
    """Truth values of the shape of a product as numbers of its dtype; anything else as it is."""
    if not isinstance(arg, Variable) or arg.dtype != np.bool_ or arg.shape != step.shape or arg.op is None:
        return arg
    if arg.op is np.greater and uses[arg] == 1 and step.sample.nbytes <= MOST_TRUTHS:
        arg.sample = arg.sample.astype(step.dtype)
        return arg
    return inserted(plan, step, astype, (arg, step.dtype), arg.sample.astype(step.dtype))


def inserted(plan: Plan, before: Variable, op: Any, args: tuple[Any, ...], sample: Any) -> Variable:
    """A step that is done before another one, if it is not there already."""
    section, plan.section = plan.section, before.section
    result = plan.step(op, args, {}, sample)
    plan.section = section
    if plan.steps[-1] is result:
        plan.steps.insert(plan.steps.index(before), plan.steps.pop())
    return result


def become_product(plan: Plan, step: Variable, table: Variable, axes: tuple[int, ...]) -> None:
    """Make a sum over an axis of a table a product with ones, where that is faster."""
    if axes == (0,) or (axes == (1,) and is_in_columns(table)):
        ones = plan.constant(np.ones(table.shape[axes[0]], table.dtype))
        step.op, step.args, step.kwargs = np.matmul, (ones, table) if axes == (0,) else (table, ones), {}


def become_less_at(step: Variable, args: tuple[Any, ...], amount: float) -> None:
    """Make a step take an amount away; the other arguments are an array, positions, and whether these go by columns."""
    step.op, step.args = less_at, (*args, amount)
    step.sample = np.array(step.sample, order="F" if args[2] else "C")


def is_mean_of_less(step: Variable, uses: Mapping[Variable, int]) -> bool:
    """Whether this is (x / y - ones at positions) * 2**-k, with few numbers in y: then y * 2**k gives the same bits."""
    less, share = step.args
    if not isinstance(share, (float, np.floating)) or not 2.0**-24 <= share <= 1 or np.frexp(share)[0] != 0.5:
        return False
    if not isinstance(less, Variable) or less.op is not less_at or less.args[3] != 1 or uses[less] != 1:
        return False
    quotient = less.args[0]
    if quotient.op is not np.divide or uses[quotient] != 1 or not isinstance(quotient.args[1], Variable):
        return False
    return bool(4 * quotient.args[1].sample.size <= step.sample.size)


def is_zero(x: Any) -> bool:
    return isinstance(x, (int, float, np.floating)) and x == 0


def is_count(x: Any) -> bool:
    return isinstance(x, (int, float, np.floating)) and bool(x >= 1)


def is_line(x: Any) -> bool:
    """Whether this is the sum of an array with one axis."""
    if not isinstance(x, Variable) or x.op is not np.sum or set(x.kwargs) != {"axis"}:
        return False
    return len(x.args[0].shape) == 1 and x.args[0].shape[0] >= 8 and x.dtype.char in "fd" and x.dtype == x.args[0].dtype


def is_table(x: Variable) -> bool:
    return len(x.shape) == 2 and x.dtype.char in "fd" and x.shape[0] >= 8
