"""The two demos of micrograd (A. Karpathy, https://github.com/karpathy/micrograd), with this library.

    python examples/micrograd_demo.py [--out DIR] [--quick]

The first is the expression of its README, whose graph is drawn.  The second is its network for two moons: 2-16-16-1
neurons, hinge loss, gradient descent; here a layer is one matrix product instead of a neuron at a time.  It writes into
DIR (default micrograd_demo_out/) expression.svg, network.svg and moons.png.  --quick makes a tenth of the steps.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
from matplotlib.figure import Figure

import tinygrad_br as tg
from tinygrad_br import Value


def expression():
    """An expression in which a and b are used many times; micrograd's README gives 24.7041, 138.8338 and 645.5773."""
    a, b = Value(-4.0, name="a"), Value(2.0, name="b")
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c - a
    d = d + 2 * d + tg.nn.relu(b + a)
    d = d + 3 * d + tg.nn.relu(b - a)
    f = (c - d) ** 2
    g = f / 2 + 10 / f
    g.name = "g"
    g.backward()
    return a, b, g


def train(model, x, y, steps):
    """Gradient descent on the whole of the data; the learning rate falls from 1 to 0.1."""
    optimizer = tg.optim.SGD(model.parameters(), lr=lambda step: 1 - 0.9 * step / steps, weight_decay=2e-4)
    for step in range(steps + 1):
        scores = model(x)
        loss = tg.nn.hinge(scores, y)
        accuracy = np.mean((scores.data > 0) == (y > 0))
        if step % 10 == 0:
            print(f"step {step:3}  loss {loss:.4f}  accuracy {accuracy:.0%}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return accuracy


def draw_boundary(path, model, x, y):
    """The points of both moons over what the network says everywhere."""
    reach = np.stack([x.min(axis=0) - 0.5, x.max(axis=0) + 0.5])
    across, up = np.meshgrid(*(np.linspace(*ends, 200) for ends in reach.T))
    scores = tg.predict(model, np.stack([across.ravel(), up.ravel()], axis=1)).reshape(across.shape)
    figure = Figure(figsize=(6, 4.6), layout="constrained")
    axes = figure.subplots()
    limit = np.abs(scores).max()
    axes.contourf(across, up, scores, levels=np.linspace(-limit, limit, 21), cmap="RdBu_r", alpha=0.6)
    axes.contour(across, up, scores, levels=[0], colors="black", linewidths=1.5)
    for sign, colour in ((-1, "#1f5f9f"), (1, "#b03a2e")):
        points = x[y.ravel() == sign]
        axes.scatter(*points.T, s=28, color=colour, edgecolor="white", linewidth=0.8, label=f"class {sign:+d}")
    axes.set(title="Two moons, and where the network changes its mind", xlabel="x1", ylabel="x2")
    axes.legend(loc="upper right", framealpha=0.9, edgecolor="none")
    figure.savefig(path, dpi=130)


def main():
    parser = argparse.ArgumentParser(description="The two demos of micrograd.")
    parser.add_argument("--out", type=Path, default=Path("micrograd_demo_out"), help="folder for the pictures")
    parser.add_argument("--quick", action="store_true", help="a tenth of the steps")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    print("1. An expression\n")
    a, b, g = expression()
    print(f"g = {g:.4f}   dg/da = {a.grad:.4f}   dg/db = {b.grad:.4f}\n")
    tg.draw(g).save(options.out / "expression.svg")

    print("2. Two moons\n")
    x, labels = tg.datasets.moons(100, noise=0.1, seed=1)
    y = 2 * labels.reshape(-1, 1) - 1
    model = tg.nn.MLP(2, [16, 16, 1], seed=1)
    print(f"{model.summary()}\n")
    begin = perf_counter()
    accuracy = train(model, x, y, 10 if options.quick else 100)
    print(f"\n{accuracy:.0%} of the points are right after {perf_counter() - begin:.2f} s")
    tg.draw(model).save(options.out / "network.svg")
    draw_boundary(options.out / "moons.png", model, x, y)
    print(f"In {options.out}/: expression.svg, network.svg, moons.png")


if __name__ == "__main__":
    main()
