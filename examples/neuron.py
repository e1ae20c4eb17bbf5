"""One neuron, by hand and with the library, and what its bias is for.

    python examples/neuron.py [--out DIR] [--quick]

Prints its story and writes into DIR (default neuron_out/): neuron.svg, the neuron; graph.svg, its computation;
bias.png, what the bias does.  There is nothing slow in it: --quick changes nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import tinygrad_br as tg
from tinygrad_br import Value

THRESHOLD = 0.5


def by_hand(inputs, weights, bias):
    """What a neuron computes: each input times its weight, all added up, and the bias added to that."""
    total = bias
    for x, w in zip(inputs, weights, strict=True):
        total += x * w
    return total


def fires(brightness, bias):
    """Whether a neuron that looks at one pixel, with weight 1, reaches its threshold."""
    return brightness * 1.0 + bias >= THRESHOLD


def draw_bias(path, learned):
    """The output of a soft neuron for every brightness: without a bias, and with one."""
    brightness = np.linspace(0, 1, 200)
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    for bias, colour, label in ((0.0, "#8a8a8a", "no bias"), (learned, "#d9632b", f"bias {learned:+.2f}")):
        axes.plot(brightness, tg.nn.sigmoid(20 * (brightness + bias - THRESHOLD)), color=colour, label=label, lw=2)
        axes.axvline(THRESHOLD - bias, color=colour, ls=":", lw=1)
    axes.set(xlabel="brightness of the pixel", ylabel="output of the neuron", title="A bias moves where a neuron fires")
    axes.grid(alpha=0.25)
    axes.legend(framealpha=0.9, edgecolor="none")
    figure.savefig(path, dpi=130)


def main():
    parser = argparse.ArgumentParser(description="One neuron, its weights and its bias.")
    parser.add_argument("--out", type=Path, default=Path("neuron_out"), help="folder for the pictures")
    parser.add_argument("--quick", action="store_true", help="as the other examples have it; changes nothing here")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    print("1. A neuron by hand\n")
    inputs, weights, bias = [0.9, 0.2, 0.4], [0.5, -1.0, 2.0], 0.1
    parts = " + ".join(f"{x} * {w}" for x, w in zip(inputs, weights, strict=True))
    print(f"inputs {inputs}, weights {weights}, bias {bias}")
    print(f"output = {parts} + {bias} = {by_hand(inputs, weights, bias):.2f}\n")

    print("2. The same neuron, with its gradient\n")
    neuron = tg.nn.Neuron(3, activation="linear")
    neuron.weights.data, neuron.bias.data = weights, bias
    x = Value(inputs, name="inputs")
    neuron.weights.name, neuron.bias.name = "weights", "bias"
    output = neuron(x)
    output.name = "output"
    output.backward()
    print(f"output = {output:.2f}")
    print(f"d output / d weights = {neuron.weights.grad}: the inputs.  A weight matters as much as its input is large.")
    print(f"d output / d bias = {neuron.bias.grad}: the bias always matters, whatever the inputs are.\n")
    tg.draw(output).save(options.out / "graph.svg")
    tg.draw(neuron).save(options.out / "neuron.svg")

    print("3. What the bias does\n")
    print(f"A neuron looks at one pixel.  Its weight is 1, and it fires from a threshold of {THRESHOLD} on.")
    print("With a bias of 0.1 it fires a little below its threshold:\n")
    print("brightness  without bias  with bias 0.1")
    for brightness in (0.30, 0.35, 0.40, 0.45, 0.50, 0.55):
        answers = ("fires" if fires(brightness, bias) else "silent" for bias in (0.0, 0.1))
        print(f"{brightness:10.2f}  {next(answers):>12}  {next(answers):>13}")
    print("\nThe threshold and the bias are one thing: sum >= threshold is sum - threshold >= 0, so a bias of")
    print("-threshold does what the threshold did.  Neurons in networks have only the bias.\n")

    print("4. A bias that is learned\n")
    print("Nobody sets biases by hand.  This soft neuron, sigmoid(20 (brightness + bias - 0.5)), shall fire for pixels")
    print("from 0.3 on.  Gradient descent finds the bias:\n")
    brightness = np.linspace(0, 1, 101)
    wanted = (brightness >= 0.3).astype(float)
    bias = Value(0.0, name="bias")
    for step in range(31):
        loss = tg.nn.bce_with_logits(20 * (brightness + bias - THRESHOLD), wanted)
        if step % 5 == 0:
            print(f"step {step:2}  loss {loss:.4f}  bias {bias:+.3f}: fires from {THRESHOLD - bias.item():.3f} on")
        bias.zero_grad()
        loss.backward()
        bias.data -= 0.005 * bias.grad
    draw_bias(options.out / "bias.png", bias.item())
    print(f"\nIn {options.out}/: neuron.svg, graph.svg, bias.png")


if __name__ == "__main__":
    main()
