"""The two sets of real pictures that come with the package."""

from pathlib import Path

import numpy as np
import pytest

import tinygrad_br as tg

FOLDER = Path(tg.datasets.__file__).parent


def test_cats_and_dogs():
    images, is_cat = tg.datasets.cats_and_dogs()
    assert images.shape == (1600, 28, 28)
    assert images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 255)
    assert is_cat.dtype == np.int64
    assert np.bincount(is_cat).tolist() == [800, 800]
    copies = np.unique(images.reshape(1600, -1), axis=0, return_counts=True)[1]
    assert np.count_nonzero(copies > 1) == 11


def test_digits():
    images, digit = tg.datasets.digits()
    assert images.shape == (1797, 8, 8)
    assert images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 16)
    assert digit.dtype == np.int64
    assert np.bincount(digit).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_are_those_of_scikit_learn():
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    theirs = sklearn_datasets.load_digits()
    images, digit = tg.datasets.digits()
    np.testing.assert_array_equal(images, theirs.images)
    np.testing.assert_array_equal(digit, theirs.target)


def test_each_load_gives_arrays_of_its_own():
    tg.datasets.digits().x[:] = 0
    assert tg.datasets.digits().x.max() == 16


@pytest.mark.parametrize("name", ["cats_and_dogs", "digits"])
def test_source_and_licence_lie_beside_the_data(name):
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert (FOLDER / f"{name}.npz").is_file()
    assert "Licence" in text
    assert {"cats_and_dogs": "MIT", "digits": "CC BY 4.0"}[name] in text
