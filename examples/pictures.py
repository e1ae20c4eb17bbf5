"""The pictures of the READMEs, drawn by the library itself.

    python examples/pictures.py [--out DIR] [--quick]

DIR is examples/pictures by default.  --quick trains the cat and dog network for a few epochs only.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import tinygrad_br as tg

HERE = Path(__file__).parent


def graph(path):
    """The computation graph of a small expression, with the gradient of every number in it."""
    x, y = tg.Value(2.0, name="x"), tg.Value(-3.0, name="y")
    z = np.tanh(x * y + x + 3.5)
    z.name = "z"
    z.backward()
    tg.draw(z).save(path)


def network(path):
    """A network of 250 adjustable numbers after some training, so that biases and weights are not the first ones."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 10))
    y = (np.sin(x[:, 0] + x[:, 1]) + x[:, 2] > 0).astype(int)
    model = tg.nn.MLP(10, [8, 8, 8, 2], activation="tanh", seed=0)
    tg.fit(model, x, y, loss="cross_entropy", lr=0.01, epochs=60, seed=0, verbose=0)
    tg.draw(model).save(path)


def of_example(example, path, quick):
    """A picture of this name that another example draws."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, HERE / example, "--out", folder, *(["--quick"] if quick else [])]
        subprocess.run(command, check=True, capture_output=True)
        shutil.copy(Path(folder) / path.name, path)


def main():
    parser = argparse.ArgumentParser(description="Draw the pictures of the READMEs.")
    parser.add_argument("--out", type=Path, default=HERE / "pictures", help="folder for the pictures")
    parser.add_argument("--quick", action="store_true", help="train for a few epochs only")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    graph(options.out / "graph.svg")
    network(options.out / "network.svg")
    of_example("numerical_gradients.py", options.out / "v_curve.png", options.quick)
    of_example("cats_and_dogs.py", options.out / "predictions.png", options.quick)
    print(f"graph.svg, network.svg, v_curve.png and predictions.png are in {options.out}")


if __name__ == "__main__":
    main()
