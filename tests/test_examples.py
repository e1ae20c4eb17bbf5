"""The examples as people run them: they end well, say what they should, and write what they promise."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_br as tg

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(name, folder, *options):
    """What an example prints; it runs in a process of its own, where warnings are errors."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / f"{name}.py", "--out", folder, *options],
        capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONUTF8": "1"}, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def is_picture(path):
    head = path.read_bytes()[:1000]
    return (head.startswith(b"\x89PNG") if path.suffix == ".png" else b"<svg" in head) and path.stat().st_size > 2000


def logits_of_held_out(folder):
    _, held_out = tg.datasets.cats_and_dogs().split(0.2, seed=0)
    return tg.load(folder / "model")(held_out.x.reshape(len(held_out.x), 784) / 255).data, held_out.y


def test_cats_and_dogs(tmp_path):
    pytest.importorskip("matplotlib")
    out = run("cats_and_dogs", tmp_path, "--quick")
    assert "217,152 weights, 321 biases, 217,473 parameters" in out
    assert "6 right" in out  # the table of the gradient check
    for name in ("graph.svg", "network.svg", "training.png", "predictions.png"):
        assert is_picture(tmp_path / name), name
    z, is_cat = logits_of_held_out(tmp_path)
    assert z.shape == (320, 1)
    said = re.search(r"validation accuracy: [\d.]+% \((\d+) of 320", out)
    assert int(said[1]) == np.sum((z.ravel() > 0) == is_cat)
    assert int(said[1]) > 240
    table = [[int(n) for n in row] for row in re.findall(r"^is (?:dog|cat) +(\d+) +(\d+)$", out, re.MULTILINE)]
    assert np.sum(table, axis=1).tolist() == [160, 160]
    assert np.trace(table) == int(said[1])


@pytest.mark.slow
def test_cats_and_dogs_in_full(tmp_path):
    out = run("cats_and_dogs", tmp_path)
    z, is_cat = logits_of_held_out(tmp_path)
    assert np.mean((z.ravel() > 0) == is_cat) >= 0.95
    assert "converged in epoch" in out
    assert float(re.search(r"epochs in ([\d.]+) s", out)[1]) < 60


def test_neuron(tmp_path):
    pytest.importorskip("matplotlib")
    out = run("neuron", tmp_path, "--quick")
    assert "= 1.15" in out
    rows = {float(a): (b, c) for a, b, c in re.findall(r"^ +(0\.\d\d) +(silent|fires) +(silent|fires)$", out, re.M)}
    assert rows[0.35] == ("silent", "silent")
    assert rows[0.45] == ("silent", "fires")
    assert rows[0.50] == ("fires", "fires")
    assert float(re.findall(r"fires from ([\d.]+) on$", out, re.M)[-1]) == pytest.approx(0.3, abs=0.01)
    for name in ("neuron.svg", "graph.svg", "bias.png"):
        assert is_picture(tmp_path / name), name


@pytest.mark.parametrize("quick", [True, False])
def test_micrograd_demo(tmp_path, quick):
    pytest.importorskip("matplotlib")
    out = run("micrograd_demo", tmp_path, *["--quick"] * quick)
    assert "g = 24.7041   dg/da = 138.8338   dg/db = 645.5773" in out
    assert "304 weights, 33 biases, 337 parameters" in out
    assert quick or "100% of the points are right" in out
    for name in ("expression.svg", "network.svg", "moons.png"):
        assert is_picture(tmp_path / name), name
