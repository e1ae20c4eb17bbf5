"""Cross-validation on the two sets of real pictures: how often a network is right about pictures it has never seen.

    python benchmarks/cross_validation.py --set cats|digits --model mlp|conv|sklearn|all [--folds 5] [--seed 0 [1 ...]]

The pictures are divided into folds; each is held out once, and a new network learns from the others.  Copies of a
picture are always in one fold.  A training runs for a number of epochs that is fixed beforehand, and nothing is chosen
with the help of the fold that is held out: it is looked at once, when everything is over.

`--model sklearn` is scikit-learn's MLPClassifier as it comes, on the same folds.  All use one thread; the seconds are
the processor's, for the training of one fold, drawing new pictures included.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

# Matrices as small as these are multiplied fastest by one thread; NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import tinygrad_br as tg
from tinygrad_br import nn
from tinygrad_br.optim.schedules import cosine, warm_up

AT_A_TIME = 64  # pictures that are moved together, so that their numbers stay in the processor's cache
Augment = Callable[[Any, np.random.Generator], Any]


class Recipe(NamedTuple):
    """A network and how it is trained, with AdamW and a learning rate that rises and then falls.

    Attributes:
        network: a function of a seed.
        epochs, batch: how often all pictures are gone through, and how many are in a step.
        rate, decay: the largest learning rate, and the weight decay.
        augment: makes new pictures of the old ones in each epoch.
    """

    network: Callable[[int], nn.Module]
    epochs: int
    batch: int
    rate: float
    decay: float
    augment: Augment


def moved(degrees: float, zoom: float, shift: float, mirror: bool = False) -> Augment:
    """A function that turns, zooms, shifts and mirrors pictures (n, 1, side, side) by chance, each in its own way.

    Args:
        degrees: by how much at most a picture is turned.
        zoom: the logarithm of how many times larger or smaller it becomes at most.
        shift: by how many pixels it is shifted at most.
        mirror: whether half of them are mirrored.
    """

    def some(pictures: Any, rng: np.random.Generator) -> Any:
        n, side = len(pictures), pictures.shape[-1]
        wide = np.zeros((n, side + 2, side + 2), np.float32)  # beyond the edge there is nothing
        wide[:, 1:-1, 1:-1] = pictures[:, 0]

        def chance(limit: float) -> Any:
            return rng.uniform(-limit, limit, (n, 1, 1)).astype(np.float32)

        angle, size, down, right = np.radians(chance(degrees)), np.exp(chance(zoom)), chance(shift), chance(shift)
        cos, sin = np.cos(angle) * size, np.sin(angle) * size
        mirrored = np.where(rng.random((n, 1, 1)) < 0.5 * mirror, np.float32(-1), np.float32(1))
        # where each pixel of the new picture comes from; between pixels the four around it are mixed
        grid = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
        y, x, middle = grid[:, None], grid * mirrored, np.float32((side + 1) / 2)
        y, x = cos * y + sin * x + (down + middle), cos * x - sin * y + (right + middle)
        np.clip(y, 0, side + 0.999, out=y)
        np.clip(x, 0, side + 0.999, out=x)
        row, column = y.astype(np.intp), x.astype(np.intp)
        y -= row
        x -= column
        place = (np.arange(n)[:, None, None] * (side + 2) + row) * (side + 2) + column
        upper = mixed(wide.take(place), wide.take(place + 1), x)
        place += side + 2
        lower = mixed(wide.take(place), wide.take(place + 1), x)
        return mixed(upper, lower, y)[:, None]

    def augment(pictures: Any, rng: np.random.Generator) -> Any:
        return np.concatenate([some(pictures[i : i + AT_A_TIME], rng) for i in range(0, len(pictures), AT_A_TIME)])

    return augment


def mixed(a: Any, b: Any, share: Any) -> Any:
    """a + share * (b - a), in the memory of b."""
    b -= a
    b *= share
    b += a
    return b


def mlp(*sizes: int, dropout: float = 0.0) -> Callable[[int], nn.Module]:
    """Layers of neurons with relu between them."""
    return lambda seed: nn.Sequential(
        nn.Flatten(), nn.MLP(sizes[0], sizes[1:], dropout=dropout, seed=seed, dtype=np.float32)
    )


def strided(seed: int) -> nn.Module:
    """Windows of 4 x 4 pixels, two pixels apart, and two layers of neurons: for pictures of 8 x 8."""
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Conv2d(1, 32, 4, stride=2, padding=1, activation="relu", seed=rng, dtype=np.float32),
        nn.Flatten(),
        nn.Layer(512, 96, activation="relu", seed=rng, dtype=np.float32),
        nn.Layer(96, 10, seed=rng, dtype=np.float32),
    )


def pyramid(seed: int) -> nn.Module:
    """Three times windows of 3 x 3 and the largest of 2 x 2: for pictures of 28 x 28, 14 x 14, 7 x 7 and 3 x 3."""
    rng = np.random.default_rng(seed)
    layers: list[Any] = []
    for channels, filters in ((1, 16), (16, 32), (32, 64)):
        layers += [
            nn.Conv2d(channels, filters, 3, padding=1, init="he_normal", seed=rng, dtype=np.float32),
            nn.MaxPool2d(2),  # before relu, which then has a quarter of the numbers to look at
            nn.relu,
        ]
    return nn.Sequential(*layers, nn.Flatten(), nn.Layer(576, 2, seed=rng, dtype=np.float32))


SETS = {"cats": (tg.datasets.cats_and_dogs, 255), "digits": (tg.datasets.digits, 16)}
animals, scribbles = moved(15, 0.15, 2, mirror=True), moved(10, 0.1, 0.5)
RECIPES = {
    ("cats", "mlp"): Recipe(mlp(784, 256, 64, 2, dropout=0.1), 100, 32, 1e-3, 1e-2, animals),
    ("cats", "conv"): Recipe(pyramid, 30, 32, 3e-3, 1e-2, animals),
    ("digits", "mlp"): Recipe(mlp(64, 256, 64, 10), 50, 64, 4e-3, 1e-2, scribbles),
    ("digits", "conv"): Recipe(strided, 30, 64, 6e-3, 1e-2, scribbles),
}


def learn(recipe: Recipe, x: Any, y: Any, seed: int) -> Callable[[Any], Any]:
    """Train a network; give the function that names the classes of pictures."""
    model = recipe.network(seed)
    steps = recipe.epochs * -(-len(x) // recipe.batch)
    rising = max(1, steps // 10)
    rate = warm_up(rising, cosine(recipe.rate, steps - rising, final=recipe.rate / 100))
    tg.fit(
        model, x, y, loss="cross_entropy", epochs=recipe.epochs, batch_size=recipe.batch, augment=recipe.augment,
        optimizer=tg.optim.AdamW(model.parameters(), lr=rate, weight_decay=recipe.decay), metrics=[], seed=seed,
        verbose=0,
    )  # fmt: skip
    return lambda pictures: tg.predict(model, pictures).argmax(axis=1)


def learn_with_sklearn(x: Any, y: Any, seed: int) -> Callable[[Any], Any]:
    """The same with scikit-learn's network, which has a layer of 100 neurons and decides itself when to stop."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged after its 200 epochs
        model.fit(x.reshape(len(x), -1), y)
    return lambda pictures: model.predict(pictures.reshape(len(pictures), -1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", choices=[*SETS], default="digits", dest="name")
    parser.add_argument("--model", choices=["mlp", "conv", "sklearn", "all"], default="all")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    load, brightest = SETS[options.name]
    models = ["mlp", "conv", "sklearn"] if options.model == "all" else [options.model]
    print(f"{options.name}: accuracy on pictures never seen, {options.folds} folds")
    print(f"{'seed':>4}  {'model':<8} {'mean':>7} {'worst':>7} {'best':>7}  {'seconds a fold':>14}")
    for seed in options.seed:
        folds = load().folds(options.folds, seed)
        figures: dict[str, list[tuple[float, float]]] = {model: [] for model in models}
        for number, parts in enumerate(folds):
            x, x_new = ((part.x[:, None] / brightest).astype(np.float32) for part in parts)
            y, y_new = (part.y for part in parts)
            for model in models:  # they take turns, so that a busy machine slows all
                start = time.process_time()
                if model == "sklearn":
                    name_classes = learn_with_sklearn(x, y, seed * options.folds + number)
                else:
                    name_classes = learn(RECIPES[options.name, model], x, y, seed * options.folds + number)
                seconds = time.process_time() - start
                figures[model].append((float(np.mean(name_classes(x_new) == y_new)), seconds))
        for model, found in figures.items():
            right, seconds = np.transpose(found)
            print(
                f"{seed:>4}  {model:<8} {right.mean():>7.2%} {right.min():>7.2%} {right.max():>7.2%}  "
                f"{seconds.mean():>14.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
