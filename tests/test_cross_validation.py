"""The cross-validation of benchmarks/: its new pictures, and that it runs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[1] / "benchmarks" / "cross_validation.py"


@pytest.fixture(scope="module")
def cv():
    spec = importlib.util.spec_from_file_location("cross_validation", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PICTURES = np.random.default_rng(0).random((150, 1, 8, 8)).astype(np.float32)


def test_pictures_that_are_not_moved_stay_as_they_are(cv):
    same = cv.moved(0, 0, 0)(PICTURES, np.random.default_rng(0))
    assert same.dtype == np.float32
    np.testing.assert_allclose(same, PICTURES, atol=1e-6)


def test_half_of_them_are_mirrored(cv):
    new = cv.moved(0, 0, 0, mirror=True)(PICTURES, np.random.default_rng(0))
    flipped = np.array([np.allclose(a, b[..., ::-1], atol=1e-6) for a, b in zip(new, PICTURES, strict=True)])
    np.testing.assert_allclose(new[~flipped], PICTURES[~flipped], atol=1e-6)
    assert 0.35 < flipped.mean() < 0.65


def test_a_shifted_and_turned_picture_is_that_of_its_function(cv):
    """A plane, whose mixture of four pixels is exact: what is drawn is found again from the corners."""
    y, x = np.mgrid[0:8, 0:8].astype(np.float32)
    planes = np.stack([np.broadcast_to(p, (100, 1, 8, 8)) for p in (y, x, np.ones_like(x))])
    new = [cv.moved(20, 0.2, 0.4)(p.copy(), np.random.default_rng(1))[:, 0, 2:6, 2:6] for p in planes]
    np.testing.assert_allclose(new[2], 1, rtol=1e-6)
    for down, right in zip(new[0].reshape(100, 16), new[1].reshape(100, 16), strict=True):
        grid = np.stack([y[2:6, 2:6].ravel() - 3.5, x[2:6, 2:6].ravel() - 3.5, np.ones(16)], axis=1)
        (a, b, c), residual_y = np.linalg.lstsq(grid, down, rcond=None)[:2]
        (d, e, f), residual_x = np.linalg.lstsq(grid, right, rcond=None)[:2]
        assert max(*residual_y, *residual_x) < 1e-9
        np.testing.assert_allclose([a, b], [e, -d], atol=1e-4)  # a rotation and a zoom
        assert np.exp(-0.2) - 1e-4 < np.hypot(a, b) < np.exp(0.2) + 1e-4
        assert abs(np.degrees(np.arctan2(b, a))) < 20.01
        assert np.all(np.abs([c - 3.5, f - 3.5]) < 0.401)


@pytest.mark.parametrize("name", ["digits", "cats"])
def test_it_runs(cv, name, monkeypatch, capsys):
    for key, recipe in cv.RECIPES.items():
        monkeypatch.setitem(cv.RECIPES, key, recipe._replace(epochs=1, batch=16))
    load, brightest = cv.SETS[name]
    few = type(load())(load().x[::32], load().y[::32])
    monkeypatch.setitem(cv.SETS, name, (lambda: few, brightest))
    for model in ("mlp", "conv"):
        monkeypatch.setattr(sys, "argv", ["", "--set", name, "--model", model, "--folds", "2", "--seed", "3"])
        cv.main()
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if line.split()[:1] == ["3"]]
    assert [row[1] for row in rows] == ["mlp", "conv"]
    assert all(0 < float(row[2].rstrip("%")) <= 100 for row in rows)
