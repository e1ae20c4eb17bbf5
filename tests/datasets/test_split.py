"""Holding rows out: shares, classes, copies, seeds."""

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br.datasets import Dataset


def rows(x):
    return {row.tobytes() for row in x}


@pytest.mark.parametrize("seed", range(10))
def test_copies_never_straddle(seed):
    training, held_out = tg.datasets.cats_and_dogs().split(validation=0.3, seed=seed)
    assert not rows(training.x) & rows(held_out.x)
    assert len(training.x) + len(held_out.x) == 1600


def test_every_row_is_somewhere_with_its_answer():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, (200, 2))  # 16 different rows
    y = x @ [0.5, 10]
    parts = Dataset(x, y).split(0.4, seed=1)
    for part in parts:
        np.testing.assert_array_equal(part.x @ [0.5, 10], part.y)
    together = np.concatenate([part.y for part in parts])
    np.testing.assert_array_equal(np.sort(together), np.sort(y))
    assert not set(parts[0].y) & set(parts[1].y)


def test_each_class_gives_its_share():
    training, held_out = tg.datasets.digits().split(0.2, seed=0)
    np.testing.assert_allclose(np.bincount(held_out.y) / np.bincount(tg.datasets.digits().y), 0.2, atol=0.005)
    assert len(held_out.x) == pytest.approx(0.2 * 1797, abs=10)
    assert len(training.x) == 1797 - len(held_out.x)


def test_float_answers_are_split_without_classes():
    training, held_out = tg.datasets.sine(100).split(0.25, seed=0)
    assert (training.x.shape, held_out.x.shape) == ((75, 1), (25, 1))
    np.testing.assert_array_equal(held_out.y, np.sin(2 * np.pi * held_out.x))


def test_seeds():
    data = tg.datasets.digits()
    first, again, other = data.split(seed=1)[1], data.split(seed=1)[1], data.split(seed=2)[1]
    np.testing.assert_array_equal(first.x, again.x)
    np.testing.assert_array_equal(data.split()[1].x, data.split(seed=0)[1].x)
    assert rows(first.x) != rows(other.x)


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_share_outside_its_range(share):
    with pytest.raises(ValueError, match="share that is held out"):
        tg.datasets.moons(10, seed=0).split(share)


def test_nothing_to_hold_out():
    with pytest.raises(ValueError, match="3 rows, 1 of them different, cannot be split"):
        Dataset(np.ones((3, 2)), np.zeros(3)).split(0.5)


@pytest.mark.parametrize("name", ["cats_and_dogs", "digits"])
def test_each_row_is_held_out_in_one_fold(name):
    data = getattr(tg.datasets, name)()
    folds = data.folds(5, seed=3)
    share = np.bincount(data.y) / 5
    for training, held_out in folds:
        assert not rows(training.x) & rows(held_out.x)
        assert len(training.x) + len(held_out.x) == len(data.x)
        np.testing.assert_allclose(np.bincount(held_out.y), share, atol=5)
    together = np.concatenate([held_out.x for _, held_out in folds])
    np.testing.assert_array_equal(
        np.sort(together.reshape(len(data.x), -1), 0), np.sort(data.x.reshape(len(data.x), -1), 0)
    )
    again, other = data.folds(5, seed=3), data.folds(5, seed=4)
    np.testing.assert_array_equal(again[2][1].x, folds[2][1].x)
    assert rows(other[2][1].x) != rows(folds[2][1].x)


@pytest.mark.parametrize("count", [0, 1, 2.0])
def test_folds_are_at_least_two(count):
    with pytest.raises(ValueError, match="at least 2 parts"):
        tg.datasets.moons(10, seed=0).folds(count)


def test_no_fold_is_empty():
    with pytest.raises(ValueError, match="3 rows, 1 of them different, cannot be 2 parts"):
        Dataset(np.ones((3, 2)), np.zeros(3)).folds(2)
