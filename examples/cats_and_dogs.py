"""Cats and dogs: a network of neurons learns to tell the silhouettes of real cats from those of real dogs.

    python examples/cats_and_dogs.py [--out DIR] [--seed N] [--quick]

It prints what it does, step by step, for readers who meet neurons for the first time, and writes into DIR (default
cats_and_dogs_out/) the trained network, `model`, and four pictures: graph.svg, network.svg, training.png and
predictions.png.  --quick trains for three epochs only, to see whether everything runs.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

# Matrices as small as these are multiplied fastest by one thread, above all on a computer that has other work too.
# NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from matplotlib.figure import Figure

import tinygrad_br as tg
from tinygrad_br import Value

NAMES = ("dog", "cat")
SIDE = 28  # the pictures are 28 x 28 pixels
BATCH = 32  # pictures per step
REACH = 2  # by how many pixels a training picture may be moved


def as_inputs(pictures):
    """Pictures as rows of 784 brightnesses from 0 (background) to 1 (animal)."""
    return (pictures.reshape(len(pictures), SIDE * SIDE) / 255).astype(np.float32)


def varied(rows, rng):
    """The same animals, some of them mirrored, all of them moved by up to two pixels: new pictures in every epoch."""
    n = len(rows)
    pictures = rows.reshape(n, SIDE, SIDE)
    mirrored = rng.random(n) < 0.5
    wide = np.zeros((n, SIDE + 2 * REACH, SIDE + 2 * REACH), rows.dtype)
    wide[:, REACH:-REACH, REACH:-REACH] = np.where(mirrored[:, None, None], pictures[:, :, ::-1], pictures)
    windows = np.lib.stride_tricks.sliding_window_view(wide, (SIDE, SIDE), axis=(1, 2))
    down, right = rng.integers(0, 2 * REACH + 1, (2, n))
    return windows[np.arange(n), down, right].reshape(n, -1)


def learning_rate(steps):
    """How long the steps downhill are: longer and longer at first, then ever shorter, down to a hundredth."""
    start = steps // 30
    return tg.optim.schedules.warm_up(start, tg.optim.schedules.cosine(0.05, steps - start, final=0.0005))


def drawn_in_letters(picture):
    """A picture as 14 lines of 28 letters, for a terminal."""
    rows = picture.reshape(SIDE // 2, 2, SIDE).mean(axis=1)
    return ["".join(" .+#"[int(v) * 4 // 256] for v in row) for row in rows]


def verdict(z):
    """What a logit says in words: the likelier animal and how sure the network is."""
    p = 1 / (1 + np.exp(-abs(float(z))))
    return NAMES[int(z > 0)], p


def show_in_terminal(pictures, z, truth, columns=3):
    """Some pictures side by side, each with what the network says of it."""
    cells = []
    for picture, logit, is_cat in zip(pictures, z, truth, strict=True):
        said, p = verdict(logit)
        mark = "right" if said == NAMES[is_cat] else f"wrong, it is a {NAMES[is_cat]}"
        cells.append([*drawn_in_letters(picture), f"z = {float(logit):+.1f}: a {said}, {p:.1%}", f"({mark})"])
    for start in range(0, len(cells), columns):
        for line in zip(*cells[start : start + columns], strict=True):
            print("   ".join(f"{part:<{SIDE}}" for part in line).rstrip())
        print()


def draw_graph(path, model, x, y):
    """The computation of the loss of a few pictures, with the gradient of every number in it."""
    for name, parameter in model.named_parameters():
        parameter.name = name
    z = model(Value(x, name="pictures"))
    z.name = "z"
    loss = tg.nn.bce_with_logits(z, y)
    loss.name = "loss"
    tg.draw(loss, gradients=True).save(path)


def save_predictions(path, pictures, z, truth):
    """A sheet of pictures with verdicts: blue where the network is right, red where it is wrong."""
    columns = 6
    rows = -(-len(pictures) // columns)
    figure = Figure(figsize=(1.75 * columns, 0.4 + 2.1 * rows))
    figure.suptitle("What the network says of pictures that it never learned from", fontsize=14, y=0.99)
    edges = {"left": 0.01, "right": 0.99, "bottom": 0.01, "top": 0.91, "wspace": 0.05, "hspace": 0.36}
    for axes in figure.subplots(rows, columns, squeeze=False, gridspec_kw=edges).flat:
        axes.axis("off")
    for axes, picture, logit, is_cat in zip(figure.axes, pictures, z, truth):
        said, p = verdict(logit)
        right = said == NAMES[is_cat]
        axes.imshow(picture, cmap="gray_r", vmin=0, vmax=255)
        axes.set_title(
            f"{said}, {p:.0%}" if right else f"{said}, {p:.0%}\nwrong: a {NAMES[is_cat]}",
            fontsize=11, color="#1f5f9f" if right else "#c03020",
        )  # fmt: skip
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description="Train a network of neurons to tell cats from dogs.")
    parser.add_argument("--out", type=Path, default=Path("cats_and_dogs_out"), help="folder for the results")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the first weights and the training")
    parser.add_argument("--quick", action="store_true", help="three epochs only")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    print("1. The pictures\n")
    training, held_out = tg.datasets.cats_and_dogs().split(validation=0.2, seed=options.seed)
    x, y = as_inputs(training.x), training.y.reshape(-1, 1)
    x_new, y_new = as_inputs(held_out.x), held_out.y.reshape(-1, 1)
    print(f"{len(x) + len(x_new)} silhouettes of real cats and dogs, {SIDE} x {SIDE} pixels each.")
    print(f"The network learns from {len(x)} of them and is tested on the other {len(x_new)}, which it never sees")
    print("while it learns; pictures that occur twice are kept on one side.")

    print("\n2. The neurons\n")
    print("A neuron multiplies each of its inputs by a weight, adds the products up and adds a number of its own, its")
    print("bias.  If the sum is negative, a hidden neuron stays silent (relu); else it passes the sum on.")
    print(
        f"The {SIDE * SIDE} inputs are the pixels.  The one output neuron gives a number z: above 0 means cat, below 0"
    )
    print("means dog, and 1 / (1 + exp(-z)) is how probable the network thinks a cat is.\n")
    model = tg.nn.MLP(SIDE * SIDE, [256, 64, 1], dropout=0.1, seed=options.seed, dtype=np.float32)
    print(model.summary())

    print("\n3. Loss and gradient\n")
    print("The loss says how wrong the network is: the mean of -log(probability given to the right animal).  Its")
    print("gradient tells, for each weight and each bias, how fast the loss grows with it.  It is found by going")
    print("backwards through the graph of the computation.  Is it right?  Here it is held against numerical gradients:")
    print("a weight or a bias is changed a little, and the loss of a few pictures computed again.\n")
    few = np.r_[0:2, len(x) - 2 : len(x)]
    model.eval()
    print(tg.check_gradients(model, x[few], y[few], loss=tg.nn.bce_with_logits))
    draw_graph(options.out / "graph.svg", model, x[few], y[few])

    print("\n4. Learning\n")
    print("Gradient descent: take 32 pictures, change every weight and bias a little against its gradient, so that the")
    print(
        "loss falls; then the next 32.  An epoch is once through all pictures, each time mirrored and moved by chance."
    )
    print("The training has converged when the loss has not become smaller for ten epochs.\n")
    epochs = 3 if options.quick else 60
    steps = epochs * -(-len(x) // BATCH)
    optimizer = tg.optim.SGD(model.parameters(), lr=learning_rate(steps), momentum=0.9, nesterov=True)
    history = tg.fit(
        model, x, y, loss="bce_with_logits", optimizer=optimizer, epochs=epochs if options.quick else 2 * epochs,
        batch_size=BATCH, augment=varied, validation_data=(x_new, y_new), monitor="loss", patience=10,
        seed=options.seed,
    )  # fmt: skip
    print(f"{len(history)} epochs in {history.seconds:.1f} s")

    print("\n5. How good is it?\n")
    z = tg.predict(model, x_new).ravel()
    is_cat = held_out.y
    right = (z > 0) == is_cat
    print(f"validation accuracy: {right.mean():.1%} ({right.sum()} of {len(right)} new pictures)\n")
    print(tg.training.Confusion(z > 0, is_cat, NAMES))

    print("\n6. What it says of some new pictures\n")
    rng = np.random.default_rng(options.seed)
    some = rng.permutation(np.flatnonzero(right))
    mistakes = np.flatnonzero(~right)
    mistakes = mistakes[np.argsort(-abs(z[mistakes]))]
    shown = np.r_[some[is_cat[some] == 1][:2], some[is_cat[some] == 0][:2], mistakes[:2]]
    show_in_terminal(held_out.x[shown], z[shown], is_cat[shown])
    sheet = np.r_[some[: 24 - min(6, len(mistakes))], mistakes[:6]]
    save_predictions(options.out / "predictions.png", held_out.x[sheet], z[sheet], is_cat[sheet])

    history.plot(options.out / "training.png")
    a_cat = x_new[some[is_cat[some] == 1][0]]
    tg.draw(model, inputs=a_cat, image_shape=(SIDE, SIDE), labels=NAMES).save(options.out / "network.svg")
    tg.save(model, options.out / "model")
    print(f"In {options.out}/: model, for tg.load; graph.svg, network.svg, training.png, predictions.png")


if __name__ == "__main__":
    main()
