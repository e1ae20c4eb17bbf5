"""The pictures of the READMEs, drawn by the library itself.

    python examples/pictures.py [--out DIR] [--quick]

DIR is examples/pictures by default.  --quick trains for a few epochs only.  The pictures of the player are taken with
Chromium, and are left out where there is none.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image  # comes with matplotlib

import tinygrad_br as tg

HERE = Path(__file__).parent
OF_EXAMPLES = {
    "numerical_gradients.py": {"v_curve.png": "v_curve.png"},
    "cats_and_dogs.py": {"predictions.png": "predictions.png"},
    "seeing.py": {
        "faults.svg": "faults.svg",
        "picture_network.svg": "picture_network.svg",
        "moons_graph_folded.svg": "folded_graph.svg",
        "moons_boundary.png": "boundary.png",
    },
}
FRAME = 24  # of the training, which the pictures of the player show
LANGUAGES = {"en": "player.png", "pt-BR": "player.pt-BR.png"}


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


def run(example, folder, quick):
    """Let another example write its files into a folder."""
    command = [sys.executable, HERE / example, "--out", folder, *(["--quick"] if quick else [])]
    subprocess.run(command, check=True, capture_output=True)


def screenshot(browser, page, language, path):
    """A picture of a page as a reader sees it who has this language."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
            "--disable-background-networking", f"--user-data-dir={profile}", f"--accept-lang={language}",
            "--window-size=1180,1680", "--virtual-time-budget=2000", f"--screenshot={path}", page,
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def made_small(path):
    """Write a PNG anew with 256 colours, which take a third of the room."""
    picture = Image.open(path).convert("RGB")
    picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)


def main():
    parser = argparse.ArgumentParser(description="Draw the pictures of the READMEs.")
    parser.add_argument("--out", type=Path, default=HERE / "pictures", help="folder for the pictures")
    parser.add_argument("--quick", action="store_true", help="train for a few epochs only")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    graph(options.out / "graph.svg")
    network(options.out / "network.svg")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for example, pictures in OF_EXAMPLES.items():
            run(example, folder, options.quick)
            for theirs, ours in pictures.items():
                shutil.copy(folder / theirs, options.out / ours)
        for language, picture in LANGUAGES.items() if browser else ():
            page = (folder / "training.html").as_uri() + f"#{FRAME}"
            screenshot(browser, page, language, (options.out / picture).resolve())
            made_small(options.out / picture)
    made_small(options.out / "boundary.png")
    print(f"the pictures are in {options.out}" + ("" if browser else ", but those of the player: there is no Chromium"))


if __name__ == "__main__":
    main()
