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


def training(out: Path, epochs: int) -> None:
    """A network on two moons: its training to be played, its graph, itself, its boundary, what is inside."""
    names = ("upper", "lower")
    x, y = tg.datasets.moons(200, noise=0.1, seed=0)
    y = y.reshape(-1, 1).astype(np.float64)
    model = tg.nn.MLP(2, [8, 8, 1], activation="tanh", seed=0)
    recorder = tg.record(model, x, y, labels=names)
    history = tg.fit(
        model, x, y, loss="bce_with_logits", lr=0.02, epochs=epochs, seed=0, verbose=0, callbacks=[recorder]
    )
    recorder.save(out / "training.html", title="Two moons")
    loss = tg.nn.bce_with_logits(model(Value(x, name="x")), y)
    loss.name = "loss"
    loss.backward()
    tg.draw(loss, direction="TB").save(out / "moons_graph.svg")
    tg.draw(loss, direction="TB", theme="dark").save(out / "moons_graph_dark.svg")
    tg.draw(loss, depth=1).save(out / "moons_graph_folded.svg")
    tg.draw(model.layers[1].neurons[2](model.layers[0](x[0]))).save(out / "moons_neuron.svg")
    tg.draw(model, labels=names).save(out / "moons_network.svg")
    tg.draw(model, inputs=x[0], labels=names, theme="dark").save(out / "moons_network_active.svg")
    history.plot(out / "moons_curves.png")
    tg.drawing.decision_boundary(model, x, y, out / "moons_boundary.png", labels=names)
    tg.drawing.histograms(model, out / "moons_histograms.png")
    tg.drawing.activation_statistics(model, x, out / "moons_activations.png")
    tg.drawing.confusion_matrix(y, model(x).data > 0, names, out / "moons_confusion.png")
    print(tg.explain(loss, model.layers[0].weights, paths=1), end="\n\n")
    print(tg.why(model.layers[0].weights, loss), end="\n\n")


def pictures(out: Path, epochs: int) -> None:
    """A network that looks at pictures: what goes in, what its first neurons look for, what it says."""
    images, answers = tg.datasets.cats_and_dogs()
    x, y = images.reshape(len(images), -1) / 255, answers.reshape(-1, 1).astype(np.float64)
    model = tg.nn.MLP(x.shape[1], [12, 1], activation="tanh", seed=0)
    optimizer = tg.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=2.0)
    tg.fit(model, x, y, loss="bce_with_logits", optimizer=optimizer, epochs=epochs, batch_size=32, seed=0, verbose=0)
    tg.draw(model, inputs=images[0] / 255, labels=("dog", "cat"), neurons=8).save(out / "picture_network.svg")


def faults(out: Path) -> None:
    """What can go wrong with gradients, in colours, and a graph too large to be drawn in full."""
    names = {"saturated": 1.0, "steep": 2.0, "off": -1.0, "at a pole": 0.0}
    a, b, c, d = (Value(number, name=name) for name, number in names.items())
    with np.errstate(divide="ignore"):
        loss = tg.nn.sigmoid(a * 40.0) + np.exp(b * 6.0) + tg.nn.relu(c) + (np.sqrt(d) - np.sqrt(d))
    loss.name = "loss"
    tg.draw(loss, gradients=True).save(out / "faults.svg")
    for value in (a, b, c, d):
        print(tg.why(value, loss), end="\n\n")
    y = a
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
    training(options.out, 2 if options.quick else 100)
    pictures(options.out, 2 if options.quick else 30)
    faults(options.out)
    print(f"the pictures are in {options.out}")


if __name__ == "__main__":
    main()
