"""`python -m tinygrad_br`: what the library does from the command line."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .checking import GradientReport, check_gradients, check_layer

SIDES = ((3, 4), (4,), (), (4, 4), (4, 5), (5,))  # shapes that are tried for a function's arguments, in this order


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the result is the exit status: 0 for "right", 1 for "wrong", 2 for a wrong call."""
    parser = argparse.ArgumentParser(prog="python -m tinygrad_br", description="tinygrad_br from the command line")
    commands = parser.add_subparsers(dest="command", required=True)
    add_check(commands)
    add_rules(commands)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except (ValueError, TypeError, OSError, AttributeError) as error:
        print(f"error: {error}", file=sys.stderr)
    except Exception as error:  # of the user's own code
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
    return 2


def add_check(commands: Any) -> None:
    """The command `check`: a function's gradients against numerical ones, on drawn inputs."""
    check = commands.add_parser("check", help="check the gradients of a function of yours on drawn inputs")
    check.add_argument("target", metavar="FILE.py::function", help="a function of Values, or a class with backward")
    check.add_argument("--shape", action="append", help="the shape of an argument, as in 3,4; once per argument")
    check.add_argument("--low", type=float, default=-2.0, help="the lowest number that is drawn (default -2)")
    check.add_argument("--high", type=float, default=2.0, help="the highest number that is drawn (default 2)")
    check.add_argument("--order", type=int, default=1, choices=(1, 2, 3), help="order of derivative (default 1)")
    check.add_argument("--draws", type=int, default=3, help="how often inputs are drawn (default 3)")
    check.add_argument("--seed", type=int, default=0, help="seed of the drawn inputs (default 0)")
    check.set_defaults(run=run_check)


def run_check(options: Any) -> int:
    """Check on several draws; print the first report that is wrong, else the last."""
    target = load(options.target)
    if not callable(target) and not hasattr(target, "backward"):
        kind = type(target).__name__
        raise ValueError(
            f"{options.target} is of type {kind}, but a function of Values or a class with backward is needed"
        )
    if not -np.inf < options.low < options.high < np.inf:
        raise ValueError(f"--low is a number below --high, but got {options.low:g} and {options.high:g}")
    rng = np.random.default_rng(options.seed)
    shapes = [*map(shape_of, options.shape)] if options.shape else None
    for _ in range(max(options.draws, 1)):
        report = check_once(target, shapes, options, rng)
        if not report.ok:
            break
    print(report)
    return 0 if report.ok else 1


def add_rules(commands: Any) -> None:
    """The command `rules`: the conformance table, measured now."""
    rules = commands.add_parser("rules", help="hold every derivative rule against numerical derivatives, in a table")
    rules.add_argument("--family", help="only the rules of one family, as in linalg")
    rules.add_argument("--markdown", metavar="FILE", help="write the table to a file, as docs/rules.md has it")
    rules.add_argument("--seed", type=int, default=0, help="seed of the drawn inputs (default 0)")
    rules.set_defaults(run=run_rules)


def run_rules(options: Any) -> int:
    """Measure, print or write the table, and say what is not right."""
    from .checking import conformance

    table = conformance.measured(options.family, options.seed)
    if options.markdown:
        Path(options.markdown).write_text(conformance.markdown(table), encoding="utf-8")
    else:
        print(conformance.text(table))
    wrong = conformance.mistakes(table)
    print("\n".join(wrong), conformance.summary(table, wrong), sep="\n" if wrong else "")
    return 1 if wrong else 0


def load(target: str) -> Any:
    """The object that FILE.py::name names; ValueError if there is none."""
    file, _, name = target.partition("::")
    path = Path(file)
    if not name or not path.is_file():
        raise ValueError(f"expected FILE.py::function with a file that exists, but got {target!r}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{file} is no Python file; write FILE.py::function")
    sys.path.insert(0, str(path.resolve().parent))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise ValueError(f"{file} has no {name!r}; it has {', '.join(n for n in vars(module) if n[0] != '_')}")
    return getattr(module, name)


def shape_of(text: str) -> tuple[int, ...]:
    """The shape that "3,4" stands for; ValueError for anything else."""
    lengths = [n for n in text.split(",") if n.strip()]
    if not all(n.strip().isdecimal() for n in lengths):
        raise ValueError(f"--shape takes lengths with commas, as in 3,4, but got {text!r}")
    return tuple(map(int, lengths))


def check_once(target: Any, shapes: Any, options: Any, rng: np.random.Generator) -> GradientReport:
    if isinstance(target, type):
        return check_layer(target(), seed=rng)
    if hasattr(target, "backward"):
        return check_layer(target, seed=rng)
    args = draw(target, shapes, options, rng)
    return check_gradients(target, *args, order=options.order, seed=rng)


def draw(f: Any, shapes: Any, options: Any, rng: np.random.Generator) -> list[Any]:
    """Arguments for a function: of the shapes that were asked for, else of the first ones that it takes."""
    parameters = inspect.signature(f).parameters.values()
    count = sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    choices = [shapes] if shapes else sorted(itertools.product(SIDES, repeat=count), key=lambda c: len(set(c)))
    error: Exception | None = None
    for choice in choices:
        for low in (options.low, max(options.low, 0.1)):
            args = [rng.uniform(low, options.high, shape) for shape in choice]
            try:
                with np.errstate(all="ignore"):
                    output = f(*map(value, args))
            except (TypeError, ValueError, IndexError, AttributeError) as failure:
                error = failure
                break
            if np.asarray(getattr(output, "data", output)).dtype.kind not in "biufc":
                raise TypeError(f"the function returned {type(output).__name__}, but a Value is expected")
            if np.all(np.isfinite(getattr(output, "data", output))):
                return args
    raise ValueError(f"no drawn arguments suit the function ({error}); give --shape for each argument")


def value(data: Any) -> Any:
    from .value import Value

    return Value(data)


if __name__ == "__main__":
    sys.exit(main())
