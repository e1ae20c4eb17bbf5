"""Operations on single numbers, of which a function can have a million: each kind is taken apart once.

What an operation becomes in a program depends on its function and on which of its arguments are nodes, not on the
numbers.  So one run of the function's body, or of its rule, on stand-ins gives a template: the steps, to be repeated
with the variables of every operation of the kind.  Derivatives of a graph of single numbers are found without nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import NO_KWARGS, NUMBERS, RULES, Node, ancestors, fit, nodes_in
from ..modes import mode
from ..rules.activations import relu
from ..value import Value
from .lowering import WHOLE, body_of
from .scalars import FORMS, Composite, reads
from .variable import NUMBER, Variable

if TYPE_CHECKING:
    from .plan import Plan
    from .trace import Trace

ZERO = np.float64(0.0)
PLAIN = (float, int, np.float64)
RULES_OF_NUMBERS: dict[Any, Any] = {
    relu: [lambda g, ans, x: np.where(ans > 0, g, 0.0)]
}  # and nobody needs x any longer
LINEAR = {np.add, np.subtract, np.multiply, np.divide}  # their rules treat a constant as they treat a node


class Template:
    """The steps that lead from some numbers to another one.

    Args:
        trace: in which the steps were noted.
        leaves: stand-ins for the numbers.
        result: of the steps.

    Raises TypeError for steps that are not on single numbers alone.
    """

    def __init__(self, trace: Trace, leaves: Sequence[Any], result: Any) -> None:
        found = trace.plan.convert(result)
        self.constants: list[Any] = []
        self.steps: list[tuple[Any, Callable[[Any], tuple[Any, ...]], Any, bool]] = []
        self.is_guarded = isinstance(found, Variable) and found.is_guarded
        places: dict[Any, int] = {trace.plan.convert(leaf): i for i, leaf in enumerate(leaves)}
        steps = trace.plan.alive([found]) if isinstance(found, Variable) else []
        constants = [a for step in steps for a in step.args if not isinstance(a, Variable)]
        constants += [] if isinstance(found, Variable) else [found]
        for constant in constants:
            if not isinstance(constant, PLAIN):
                raise TypeError("only numbers can be constants of a template")
            self.constants.append(constant)
        at, constant_at = len(leaves) + len(constants), len(leaves)
        for step in steps:
            if step.kwargs or not step.is_number:
                raise TypeError("only steps on single numbers can be repeated by a template")
            taken = []
            for arg in step.args:
                if isinstance(arg, Variable):
                    taken.append(places[arg])
                else:
                    taken.append(constant_at)
                    constant_at += 1
            self.steps.append((step.op, taker(taken), step.sample, step.is_arithmetic))
            places[step] = at
            at += 1
        self.result = places[found] if isinstance(found, Variable) else constant_at
        self.whole: Composite | None = None
        if len(steps) > 1 and all(step.is_arithmetic for step in steps):
            read = {v for step in steps for v in reads(step)}
            leaves = [leaf for leaf in places if leaf in read and not leaf.is_arithmetic]
            try:
                self.whole = Composite(steps, leaves)
            except ValueError:
                return
            self.take_leaves, self.sample = taker([places[leaf] for leaf in leaves]), found.sample

    def __call__(self, plan: Plan, numbers: list[Any]) -> Any:
        """The variable, or constant, of the result for other numbers."""
        args = () if self.whole is None else self.take_leaves(numbers)
        if args and False not in [arg.__class__ is Variable for arg in args]:
            result = plan.number(self.whole, args, self.sample)
        else:
            slots = numbers + self.constants
            for op, take, sample, is_arithmetic in self.steps:
                args = take(slots)
                slots.append(plan.number(op, args, sample) if is_arithmetic else plan.simplified(op, args, {}, sample))
            result = slots[self.result]
        if self.is_guarded and result.__class__ is Variable:
            result.is_guarded = True
        return result


def taker(places: list[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """What takes the things at some places, as a tuple."""
    return itemgetter(*places) if len(places) > 1 else lambda things: (things[places[0]],)


def number_of(trace: Trace, arg: Any) -> Any:
    """The variable or constant of an argument that is one number; None for anything else."""
    if arg.__class__ is Value:
        variable = trace.plan.variables.get(arg)
        if variable is None:
            variable = trace.plan.convert(arg)
        is_number = variable.is_number if variable.__class__ is Variable else variable.__class__ in NUMBER
        return variable if is_number else None
    return arg if arg.__class__ in PLAIN else None


def note_number(trace: Trace, node: Node, op: Any, args: tuple[Any, ...]) -> bool:
    """As `Trace.note` for arithmetic of single numbers; False if it is not that."""
    direct = op in FORMS
    if not direct and (op in WHOLE or not hasattr(op, "recorded")):
        return False
    variables, plain_nodes = trace.plan.variables, trace.plain
    numbers: list[Any] = []
    plain, moving = True, False
    for arg in args:
        number = variables.get(arg) if arg.__class__ is Value else None
        if number.__class__ is not Variable or not number.is_number:
            number = number_of(trace, arg)
            if number is None:
                return False
        numbers.append(number)
        moving = moving or number.__class__ is Variable
        plain = plain and (arg.__class__ is not Value or arg in plain_nodes)
    if not moving:
        return False
    if direct:
        variables[node] = trace.plan.number(op, tuple(numbers), node._data)
    else:
        key = op, *[number.__class__ is Variable or repr(number) for number in numbers]
        if key not in trace.templates:
            trace.templates[key] = template_of_body(op, args)
        template = trace.templates[key]
        if template is None:
            return False
        variables[node] = template(trace.plan, numbers)
    if plain:
        plain_nodes.add(node)
    return True


def template_of_body(op: Any, args: tuple[Any, ...]) -> Template | None:
    """What one of our own functions becomes; None if its body needs plain arrays."""
    trace = new_trace()
    leaves = [trace.argument(arg._data, False, "") if isinstance(arg, Node) else arg for arg in args]
    try:
        with mode(recording=False, trace=trace):
            return Template(trace, leaves, body_of(op)(*leaves))
    except Exception:
        return None


def new_trace() -> Trace:
    from .trace import Trace

    return Trace()


def templates_of_rules(node: Node, wanted: Sequence[bool]) -> list[tuple[int, Template]] | None:
    """What the rules of a node become, for the arguments whose cotangents are wanted; None if that has no template.

    The numbers of a template are the cotangent, the result, and the arguments.
    """
    entry = RULES[node.op]
    found = []
    for i, rule in enumerate(RULES_OF_NUMBERS.get(node.op, entry.rules)):
        if rule is None or i >= len(wanted) or not wanted[i]:
            continue
        trace = new_trace()
        leaves = [trace.argument(ZERO + 1, False, ""), trace.argument(node._data, False, "")]
        for arg in node.args:
            is_leaf = isinstance(arg, Node) or node.op in LINEAR
            leaves.append(trace.argument(arg._data if isinstance(arg, Node) else arg, False, "") if is_leaf else arg)
        try:
            with mode(recording=False, debugging=False, trace=trace):
                cotangent = rule(*leaves)
                if cotangent is not None:
                    cotangent = fit(cotangent, ZERO, node, leaves[0] if entry.guarded else None)
                    found.append((i, Template(trace, leaves, cotangent)))
        except Exception:
            return None
    return found


def number_cotangents(trace: Trace, output: Node, gradient: Any, inputs: Any) -> dict[Node, Any] | None:
    """As the engine's `cotangents` for a graph of single numbers, with results that no gradient reaches; else None."""
    nodes = [node for node in ancestors(output) if node not in trace.plain]
    for node in nodes:
        if node._data.__class__ not in NUMBER or node.kwargs or not (node.op is None or node.op in RULES):
            return None
    plan, variables = trace.plan, trace.plan.variables
    kept = wanted = set(nodes)
    if inputs is not None:
        kept = set(inputs)
        if not kept.isdisjoint(trace.plain):
            return None
        wanted = kept.copy()
        wanted.update(node for node in nodes if not wanted.isdisjoint(nodes_in(node.args)))
    found: dict[Node, Any] = {output: plan.convert(gradient)}
    for node in reversed(nodes):
        op, args, cotangent = node.op, node.args, found.get(node)
        if op is None or cotangent is None:
            continue
        numbers: list[Any] = [cotangent, number_of(trace, node)]
        kinds: list[Any] = [op]
        for arg in args:
            is_value = arg.__class__ is Value
            number = variables.get(arg) if is_value else None
            if number.__class__ is not Variable or not number.is_number:
                number = number_of(trace, arg)
                if number is None:
                    return None
            numbers.append(number)
            kinds.append(arg in wanted if is_value else None if op in LINEAR else repr(arg))
        kind = tuple(kinds)
        try:
            shares = trace.rules[kind]
        except KeyError:
            shares = trace.rules[kind] = templates_of_rules(node, [arg is True for arg in kinds[1:]])
        if shares is None:
            return None
        for i, template in shares:
            target, share = args[i], template(plan, numbers)
            before = found.get(target)
            found[target] = share if before is None else plan.number(np.add, (before, share), ZERO)
    return {node: as_node(trace, number) for node, number in found.items() if node in kept}


def as_node(trace: Trace, number: Any) -> Any:
    """A Value for a variable; a constant as it is."""
    if number.__class__ is not Variable:
        return np.float64(number)
    node: Value = object.__new__(Value)
    node._data, node.args, node.kwargs = ZERO, (), NO_KWARGS
    node.grad = node.op = node.line = node.name = None
    node.number = next(NUMBERS)
    trace.plan.variables[node] = number
    return node
