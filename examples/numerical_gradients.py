"""Numerical gradients: how far can a difference quotient be trusted, and who is wrong when two gradients differ?

    python examples/numerical_gradients.py [--out DIR] [--quick]

The story in five parts: the V-shaped curve of the error against the step, the ladder of methods that escape from it,
a verdict without a tolerance, the operation that is to blame, and a mistake in a well-known book.  The pictures go
into DIR (default numerical_gradients_out/): v_curve.png and report.png.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import tinygrad_br as tg

POINT = 1.5


def function(x):
    """A smooth function with no simple derivative; it computes with complex numbers, too."""
    return np.exp(np.sin(x)) / (1 + x * x)


def derivative(x):
    """Its derivative, by hand: the truth that everything below is compared with."""
    return function(x) * (np.cos(x) - 2 * x / (1 + x * x))


def draw_v_curve(path, points):
    """The errors of the two difference quotients at all steps, and what the ladder makes of the same values."""
    steps = 10.0 ** np.linspace(-15.5, 0, points)
    true = derivative(POINT)
    forward = [(function(POINT + h) - function(POINT)) / h for h in steps]
    central = [(function(POINT + h) - function(POINT - h)) / (2 * h) for h in steps]
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for values, colour, label in (
        (forward, "#cf222e", "forward difference"),
        (central, "#0969da", "central difference"),
    ):
        axes.loglog(steps, np.maximum(abs(np.array(values) - true), 1e-17), ".", ms=4, color=colour, label=label)
    for method, colour in (("ridders", "#1a7f37"), ("complex step", "#8250df")):
        value, error = tg.numerical_gradient(function, POINT, method=method)
        axes.axhline(
            error, color=colour, lw=1.5, label=f"{method}: bound {error:.0e}, true error {abs(value - true):.0e}"
        )
    axes.annotate("rounding:\nabout 1e-16 / step", (1e-13, 3e-3), (3e-11, 3e-2), arrowprops={"arrowstyle": "->"})
    axes.annotate("curvature:\nabout step", (1e-3, 3e-4), (1e-6, 2e-2), arrowprops={"arrowstyle": "->"})
    axes.annotate("curvature:\nabout step$^2$", (1e-2, 4e-5), (2e-2, 5e-9), arrowprops={"arrowstyle": "->"})
    axes.set(xlabel="step", ylabel="error of the derivative", title="No step is good: the V-shaped curve")
    axes.set_ylim(bottom=1e-20)
    axes.legend(loc="lower left", fontsize="small")
    figure.savefig(path, dpi=150)
    print(f"  the best forward step errs by {np.min(abs(np.array(forward) - true)):.0e}, "
          f"the best central step by {np.min(abs(np.array(central) - true)):.0e}")  # fmt: skip


def climb_the_ladder():
    """The same derivative by every rung, each with its own bound."""
    cases = {
        "smooth": (function, POINT),
        "not complex": (lambda x: np.logaddexp(0, x), POINT),
        "at a kink": (lambda x: np.maximum(x, 0), 0.0),
        "near a kink": (lambda x: np.maximum(x, 0), 1e-9),
        "at an edge": (lambda x: x * np.sqrt(x), 0.0),
        "ill-scaled": (np.log, 1e-12),
        "oscillating": (np.sin, 1e9),
    }
    for name, (f, x) in cases.items():
        found = tg.numerical_gradient(f, x)
        print(f"  {name:12} {found.value:24.16g} +- {found.error:.0e}  {found.method}: {found.reason}")


class MeanAbsoluteError:
    """The loss as the book "Neural Networks from Scratch" has it: the sign of its gradient is wrong."""

    def forward(self, y_pred, y_true):
        return np.mean(np.abs(y_true - y_pred), axis=-1)

    def backward(self, dvalues, y_true):
        self.dinputs = np.sign(y_true - dvalues) / len(dvalues[0]) / len(dvalues)


def main():
    parser = argparse.ArgumentParser(description="numerical gradients, and what they are good for")
    parser.add_argument("--out", type=Path, default=Path("numerical_gradients_out"), help="where the pictures go")
    parser.add_argument("--quick", action="store_true", help="fewer points in the picture")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)

    print("1. A difference quotient errs on both sides: by curvature for large steps, by rounding for small ones.")
    draw_v_curve(options.out / "v_curve.png", 60 if options.quick else 300)

    print("\n2. The ladder: complex step, extrapolated differences, one side only; each with a bound on its error.")
    climb_the_ladder()

    print("\n3. The gradients of a network, against the numerical ones, without a tolerance to choose.")
    model = tg.nn.MLP(8, [16, 3], activation="tanh", seed=0)
    x, y = rng.normal(size=(32, 8)), rng.integers(0, 3, 32)
    report = tg.check_gradients(model, x, y, loss=tg.nn.cross_entropy)
    print(report)
    report.plot().savefig(options.out / "report.png", dpi=120)

    print("\n4. A wrong rule deep inside a function: the report says which operation is to blame.")
    square = tg.define_rule(lambda x: x * x, lambda g, ans, x: g * x)
    square.__name__ = "square"
    print(tg.check_gradients(lambda x, w: np.exp(-square(np.tanh(x @ w))).mean(), x, rng.normal(size=(8, 2))))

    print("\n5. A layer or loss written by hand, in the style of a book: its mean absolute error goes uphill.")
    print(tg.check_layer(MeanAbsoluteError()))
    print(f"\nThe pictures are in {options.out}/.")


if __name__ == "__main__":
    main()
