"""The two data sets of real pictures, which come with the package; the .md files beside them name their sources."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .dataset import Dataset

FOLDER = Path(__file__).parent


def cats_and_dogs() -> Dataset:
    """1,600 silhouettes of real cats and dogs, 28 x 28 pixels, 800 of each.

    From the PyPI package `animal-mnist` 0.4, MIT licence, (c) Sina Mohammadi; cats_and_dogs.md has the details.  Some
    pictures occur twice: `.split()` keeps the copies on one side.

    Returns a Dataset: x uint8 (1600, 28, 28), 0 = background, 255 = animal; y int64 (1600,), 1 = cat, 0 = dog.
    Networks want small numbers in rows: `x.reshape(len(x), 784) / 255`.

    >>> x, y = cats_and_dogs()
    >>> x.shape, x.dtype.name, int(y.sum())
    ((1600, 28, 28), 'uint8', 800)
    """
    with np.load(FOLDER / "cats_and_dogs.npz", allow_pickle=False) as file:
        return Dataset(file["images"], file["is_cat"].astype(np.int64))


def digits() -> Dataset:
    """1,797 handwritten digits, 8 x 8 pixels, about 180 of each.

    The test part of "Optical Recognition of Handwritten Digits" (E. Alpaydin and C. Kaynak, UCI Machine Learning
    Repository, CC BY 4.0), as scikit-learn's `load_digits` has it; digits.md has the details.

    Returns a Dataset: x uint8 (1797, 8, 8), 0 = paper, 16 = ink; y int64 (1797,), the digit.  Networks want small
    numbers in rows: `x.reshape(len(x), 64) / 16`.

    >>> x, y = digits()
    >>> x.shape, int(x.max()), y[:5].tolist()
    ((1797, 8, 8), 16, [0, 1, 2, 3, 4])
    """
    with np.load(FOLDER / "digits.npz", allow_pickle=False) as file:
        return Dataset(file["images"], file["digit"].astype(np.int64))
