"""What we and other libraries answer where derivatives are hard; writes docs/hard-points.md.

    python benchmarks/hard_points.py docs/hard-points.md

Every number is measured: each library that is installed is asked for the gradient of the same expression at the same
point, in float64.  Needs mpmath and scipy; asks PyTorch, JAX, autograd and MyGrad where they are installed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mpmath import mp
from scipy import special

import tinygrad_br as tg
from tinygrad_br.checking.accuracy import CASES, error_in_ulp, special_cases
from tinygrad_br.checking.kinks import KINKS, OURS, ZEROS, Kink, plain

INTRODUCTION = """# Hard points

Where a function jumps, has a kink or an infinite slope, an autograd library must decide what to answer, and where
numbers are very small or very large its formulas may lose all digits.  Here is what ours answers, beside others: the
gradient of the sum of the expression, at the point, in float64.  "-" says that a library does not have the function,
"error" that it raises an error.

Every number on this page is measured, by `python benchmarks/hard_points.py docs/hard-points.md`; our own are also held
by tests (`tests/rules/test_hard_points.py`, `tests/rules/test_accuracy.py`), from the table in
`tinygrad_br/checking/kinks.py`.
"""
KINK_TEXT = """
## Kinks

The rules behind the decisions:

* **A corner gets the middle of its slopes.** `abs` goes from -1 to 1 and gets 0; equal arguments of `maximum` share
  equally, as each would win half of the time.  (`relu` is the exception: 0, as all libraries of networks have it.)
* **Steps have slope 0**: they are constant on both sides.
* **A bound of `clip` lets the gradient pass**, so that a number that has reached it can come back.
* **A vertical tangent is infinite**, not NaN: `sqrt` at 0.
* **What is constant has slope 0**: `0 ** 0` by its base, the `std` of equal numbers, the `norm` of zeros at its
  minimum.
* **Products are exact with zeros**: no division by the entry.
"""
ZERO_TEXT = """
## Zero stays zero

Where nothing depends on a number its gradient is 0, also if a slope on the way there is infinite or NaN.  So a formula
that is masked where it is not defined can be written as it is thought, with one `where`.
"""
TAIL_TEXT = """
## Far tails, tiny and huge numbers

"right" says: at most 4 units in the last place from the true derivative, which mpmath computes with 100 digits.  For
all others the answer is there, and its relative error.
"""


TAILS = [
    Kink(np.tanh, "tanh(x)", (19.5,), ()),
    Kink(np.tanh, "tanh(x)", (350.0,), ()),
    Kink(special.expit, "sigmoid(x)", (39.0,), ()),
    Kink(special.expit, "sigmoid(x)", (-700.0,), ()),
    Kink(np.logaddexp, "softplus(x)", (-700.0,), ()),
    Kink(np.logaddexp, "logaddexp(x, y)", (-700.0, 0.0), ()),
    Kink(np.logaddexp, "logaddexp(x, y)", (1e10, 1e10), ()),
    Kink(special.erfc, "erfc(x)", (26.0,), ()),
    Kink(np.sinc, "sinc(x)", (1e-8,), ()),
    Kink(np.sinc, "sinc(x)", (1e-4,), ()),
    Kink(np.expm1, "expm1(x)", (-20.0,), ()),
    Kink(np.expm1, "expm1(x)", (-40.0,), ()),
    Kink(np.log1p, "log1p(x)", (-1 + 1e-12,), ()),
    Kink(np.arcsinh, "arcsinh(x)", (1e160,), ()),
    Kink(np.arccosh, "arccosh(x)", (1e160,), ()),
    Kink(np.arccosh, "arccosh(x)", (1 + 1e-12,), ()),
    Kink(np.arctan, "arctan(x)", (1e160,), ()),
    Kink(np.arcsin, "arcsin(x)", (1 - 1e-12,), ()),
    Kink(np.arctanh, "arctanh(x)", (1 - 1e-12,), ()),
    Kink(np.hypot, "hypot(x, y)", (1e-200, 1e-200), ()),
    Kink(np.arctan2, "arctan2(x, y)", (1e200, 1e200), ()),
    Kink(np.divide, "x / y", (1e200, 1e200), ()),
]
CASE_OF = {case.function: case for case in [*CASES, *special_cases()]}


class Library(NamedTuple):
    """A library: its name and version, its functions by NumPy's names, and how it finds gradients."""

    title: str
    names: dict[str, Any]
    gradients: Callable[[Callable[..., Any], Sequence[Any]], Sequence[Any]]


def ours() -> Library:
    names = {**OURS, "sigmoid": tg.nn.sigmoid, "softplus": tg.nn.softplus, "erfc": special.erfc}

    def gradients(f: Callable[..., Any], point: Sequence[Any]) -> Sequence[Any]:
        values = [tg.Value(x) for x in point]
        return tg.gradients(f(*values), values)

    return Library(f"tinygrad_br {tg.__version__}", names, gradients)


def pytorch() -> Library:
    import torch

    def of_tensors(name: str) -> Callable[..., Any]:
        """A function that takes tensors only, for numbers too."""
        function = getattr(torch, name)
        return lambda *args: function(*(torch.as_tensor(a, dtype=torch.float64) for a in args))

    binary = ("maximum", "minimum", "fmax", "fmin", "hypot", "arctan2", "logaddexp", "heaviside", "copysign")
    names = {
        **vars(torch), **{name: of_tensors(name) for name in binary}, "fabs": torch.abs, "rint": torch.round,
        "norm": torch.linalg.norm, "std": lambda x: torch.std(x, correction=0), "cumprod": lambda x: x.cumprod(0),
        "erfc": torch.special.erfc, "softplus": torch.nn.functional.softplus,
    }  # fmt: skip

    def gradients(f: Callable[..., Any], point: Sequence[Any]) -> Sequence[Any]:
        tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
        return torch.autograd.grad(f(*tensors), tensors)

    return Library(f"PyTorch {torch.__version__.partition('+')[0]}", names, gradients)


def jax() -> Library:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    names = {
        **vars(jnp), "norm": jnp.linalg.norm, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid,
        "softplus": jax.nn.softplus, "erfc": jax.scipy.special.erfc,
    }  # fmt: skip

    def gradients(f: Callable[..., Any], point: Sequence[Any]) -> Sequence[Any]:
        return jax.grad(f, tuple(range(len(point))))(*(jnp.array(x) for x in point))

    return Library(f"JAX {jax.__version__}", names, gradients)


def autograd() -> Library:
    import autograd
    import autograd.numpy as anp
    import autograd.scipy.special as anp_special

    names = {**vars(anp), "norm": anp.linalg.norm, "sigmoid": anp_special.expit, "erfc": anp_special.erfc}

    def gradients(f: Callable[..., Any], point: Sequence[Any]) -> Sequence[Any]:
        return [autograd.grad(f, i)(*(np.array(x)[()] for x in point)) for i in range(len(point))]

    return Library(f"autograd {importlib.metadata.version('autograd')}", names, gradients)


def mygrad() -> Library:
    import mygrad

    names = {
        **vars(mygrad), "norm": mygrad.linalg.norm, "relu": mygrad.nnet.activations.relu,
        "sigmoid": mygrad.nnet.activations.sigmoid,
    }  # fmt: skip

    def gradients(f: Callable[..., Any], point: Sequence[Any]) -> Sequence[Any]:
        tensors = [mygrad.tensor(x) for x in point]
        f(*tensors).backward()
        return [np.zeros(t.shape) if t.grad is None else t.grad for t in tensors]

    return Library(f"MyGrad {mygrad.__version__}", names, gradients)


def installed() -> list[Library]:
    """Our own library, and others that can be imported."""
    found = []
    for library in (ours, pytorch, jax, autograd, mygrad):
        try:
            found.append(library())
        except ImportError as missing:
            print(f"left out: {missing}")
    return found


def answer(library: Library, kink: Kink) -> Sequence[Any] | str:
    """The gradients, as numbers and lists, or "-" if there is no such function, or "error"."""

    def scalar(*args: Any) -> Any:
        result = kink.evaluate(args, library.names)
        return result.sum() if result.shape else result

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return [np.asarray(g).tolist() for g in library.gradients(scalar, kink.point)]
        except (NameError, NotImplementedError):
            return "-"
        except Exception as failure:
            print(f"{library.title}: {kink.text}: {type(failure).__name__}: {str(failure)[:100]}")
            return "error"


def shown(found: Sequence[Any] | str) -> str:
    return found if isinstance(found, str) else " and ".join(map(plain, found))


def judged(found: Sequence[Any] | str, kink: Kink) -> str:
    """ "right", or what the answer is and how far off."""
    if isinstance(found, str):
        return found
    case, texts = CASE_OF[kink.function], []
    with mp.workdps(100):
        args = [mp.mpf(x) for x in (*kink.point, 0.0)][: len(case.intervals)]
        for got, derivative in zip(found, case.derivatives):
            true = derivative(mp, *args)
            wrong = error_in_ulp(np.float64(got), true, mp) > 4
            texts.append(f"{got + 0.0:.4g}, {amount(abs(got - true) / abs(true))}" if wrong else "right")
    return "; ".join(dict.fromkeys(texts))


def amount(error: Any) -> str:
    """A relative error in words."""
    if not mp.isfinite(error):
        return "not a finite number"
    return f"off by {100 * float(error):.0f} %" if error > 0.005 else f"off by {float(error):.0e}"


def table(libraries: Sequence[Library], kinks: Sequence[Kink], cell: Callable[[Any, Kink], str]) -> list[str]:
    """Lines of Markdown: a row for each expression, a column for each library."""
    heads = ["expression", "at", *(library.title for library in libraries)]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for kink in kinks:
        cells = [cell(answer(library, kink), kink) for library in libraries]
        lines.append("| " + " | ".join([f"`{kink.text}`", kink.place(), *cells]) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", help="where to write the page; default: it is printed")
    file, libraries = parser.parse_args().file, installed()
    parts = [INTRODUCTION + KINK_TEXT, *table(libraries, KINKS, lambda found, _: shown(found)), ZERO_TEXT]
    parts += [*table(libraries, ZEROS, lambda found, _: shown(found)), TAIL_TEXT, *table(libraries, TAILS, judged)]
    page = "\n".join(parts) + "\n"
    if file:
        Path(file).write_text(page, encoding="utf-8")
    else:
        print(page)


if __name__ == "__main__":
    main()
