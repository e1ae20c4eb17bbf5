"""Seeing: one of each picture that the library draws, written into a folder.

Run it with `python examples/seeing.py`, then open the files in seeing_out/.
"""

import argparse
from pathlib import Path

import numpy as np

import tinygrad_br as tg
from tinygrad_br import Value


def scalar_graph(out: Path) -> None:
    """The graph of a neuron by hand, with the local derivative on each arrow, and the chain rule in words."""
    x, w, b = Value(0.5, name="x"), Value(-2.0, name="w"), Value(1.5, name="b")
    y = np.tanh(w * x + b) + 0.1 * w
    y.name = "y"
    y.backward()
    drawing = tg.draw(y, explain=True)
    for kind in ("svg", "png", "pdf", "html", "dot", "mmd"):
        drawing.save(out / f"neuron_graph.{kind}")
    print(drawing.text(), end="\n\n")
    print(tg.explain(y, w), end="\n\n")


def training_graph(out: Path, epochs: int) -> None:
    """A network on two moons: its training to be played, its graph, itself, its boundary, what is inside."""
    x, y = tg.datasets.moons(200, noise=0.1, seed=0)
    y = y.reshape(-1, 1).astype(np.float64)
    model = tg.nn.MLP(2, [8, 8, 1], activation="tanh", seed=0)
    recorder = tg.record(model, x, y, labels=("upper", "lower"))
    history = tg.fit(
        model, x, y, loss="bce_with_logits", lr=0.02, epochs=epochs, seed=0, verbose=0, callbacks=[recorder]
    )
    recorder.save(out / "training.html", title="Two moons")
    loss = tg.nn.bce_with_logits(model(x), y)
    loss.name = "loss"
    loss.backward()
    tg.draw(loss, model=model, direction="TB").save(out / "moons_graph.svg")
    tg.draw(loss, model=model, depth=1).save(out / "moons_graph_folded.svg")
    tg.draw(loss, theme="dark").save(out / "moons_graph_dark.svg")
    tg.draw(model, labels=("upper", "lower")).save(out / "moons_network.svg")
    tg.draw(model, inputs=x[0], labels=("upper", "lower")).save(out / "moons_network_active.svg")
    history.plot(out / "moons_curves.png")
    tg.drawing.decision_boundary(model, x, y, out / "moons_boundary.png", labels=("upper", "lower"))
    tg.drawing.histograms(model, out / "moons_histograms.png")
    tg.drawing.activation_statistics(model, x, out / "moons_activations.png")
    tg.drawing.confusion_matrix(y, model(x).data > 0, ("upper", "lower"), out / "moons_confusion.png")
    print(tg.why(model.layers[0].weights, loss), end="\n\n")


def pictures(out: Path) -> None:
    """A network that looks at pictures."""
    images, _ = tg.datasets.cats_and_dogs()
    model = tg.nn.MLP(images[0].size, [32, 1], seed=0)
    tg.draw(model, inputs=images[0] / 255, labels=("dog", "cat")).save(out / "picture_network.svg")


def faults(out: Path) -> None:
    """Gradients that vanish, and a graph too large to be drawn in full."""
    x = Value(1.0, name="x")
    y = x * 1.0
    for _ in range(12):
        y = tg.nn.sigmoid(y)
    tg.draw(y, gradients=True).save(out / "vanishing.svg")
    print(tg.why(x, y), end="\n\n")
    y = x
    for _ in range(50_000):
        y = y * 1.0001 + 0.001
    folded = tg.draw(y)
    folded.save(out / "folded.svg")
    print(folded.notes[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("seeing_out"), help="the folder for the pictures")
    parser.add_argument("--quick", action="store_true", help="train for two epochs only")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    scalar_graph(options.out)
    training_graph(options.out, 2 if options.quick else 100)
    pictures(options.out)
    faults(options.out)
    print(f"the pictures are in {options.out}")


if __name__ == "__main__":
    main()
