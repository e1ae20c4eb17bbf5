"""Small data sets that are drawn from a formula."""

from __future__ import annotations

import numpy as np

from .dataset import Dataset

Seed = int | np.random.Generator | None


def at_least_one(**counts: int) -> None:
    """Raise a ValueError unless every count is a whole number of at least 1."""
    for name, count in counts.items():
        if not isinstance(count, (int, np.integer)) or count < 1:
            raise ValueError(f"{name}={count!r}, but a data set needs a whole number of at least 1")


def spiral(samples: int = 100, classes: int = 3, seed: Seed = None) -> Dataset:
    """Intertwined spiral arms, one for each class: points that no straight line separates.

    Point i of class c lies at radius r from 0 to 1 and at the angle 2.5 t, where t runs from 4c to 4c + 4 with a
    normal error of 0.2: (r sin 2.5t, r cos 2.5t).  The data of "Neural Networks from Scratch" (H. Kinsley and
    D. Kukieła, 2020, `nnfs.datasets.spiral_data`), which takes them from A. Karpathy's CS231n notes.

    Args:
        samples: points of each class.
        classes: number of classes.
        seed: an int, a np.random.Generator, or None for other data each time.

    Returns a Dataset: x float64 (samples * classes, 2), y int64 (samples * classes,), class after class.

    >>> x, y = spiral(samples=100, classes=3, seed=0)
    >>> x.shape, y.shape, np.bincount(y).tolist()
    ((300, 2), (300,), [100, 100, 100])
    """
    at_least_one(samples=samples, classes=classes)
    rng = np.random.default_rng(seed)
    radius = np.tile(np.linspace(0, 1, samples), classes)
    turn = np.concatenate([np.linspace(4 * c, 4 * c + 4, samples) for c in range(classes)])
    turn += 0.2 * rng.standard_normal(samples * classes)
    x = np.stack([radius * np.sin(2.5 * turn), radius * np.cos(2.5 * turn)], axis=1)
    return Dataset(x, np.repeat(np.arange(classes), samples))


def vertical(samples: int = 100, classes: int = 3, seed: Seed = None) -> Dataset:
    """Round clouds side by side, one for each class: points that straight lines nearly separate.

    Class c has its centre at (c/3, 1/2) and a standard deviation of 0.1 in both directions, as
    `nnfs.datasets.vertical_data` of "Neural Networks from Scratch" has it.

    Args:
        samples: points of each class.
        classes: number of classes.
        seed: an int, a np.random.Generator, or None for other data each time.

    Returns a Dataset: x float64 (samples * classes, 2), y int64 (samples * classes,), class after class.

    >>> x, y = vertical(samples=50, classes=2, seed=0)
    >>> x.shape, y.shape
    ((100, 2), (100,))
    """
    at_least_one(samples=samples, classes=classes)
    y = np.repeat(np.arange(classes), samples)
    centre = np.stack([y / 3, np.full(y.shape, 0.5)], axis=1)
    return Dataset(centre + 0.1 * np.random.default_rng(seed).standard_normal(centre.shape), y)


def sine(samples: int = 1000) -> Dataset:
    """One period of a sine, to be learned as a function: y = sin(2 pi x) for x = 0, 1/n, ..., (n - 1)/n.

    As `nnfs.datasets.sine_data` of "Neural Networks from Scratch"; nothing about it is random.

    Args:
        samples: number n of points.

    Returns a Dataset: x float64 (samples, 1), y float64 (samples, 1).

    >>> sine(4).y.round(3).ravel().tolist()
    [0.0, 1.0, 0.0, -1.0]
    """
    at_least_one(samples=samples)
    x = np.arange(samples)[:, np.newaxis] / samples
    return Dataset(x, np.sin(2 * np.pi * x))


def moons(n: int = 100, noise: float = 0.1, seed: Seed = None) -> Dataset:
    """Two half circles that reach into one another, one for each class.

    The upper one is (cos t, sin t), the lower one (1 - cos t, 1/2 - sin t), with t in even steps from 0 to pi; the rows
    are shuffled.  The shape is that of scikit-learn's `make_moons`.

    Args:
        n: number of points, half of them (rounded down) in the upper moon, which is class 0.
        noise: standard deviation of a normal error added to both coordinates.
        seed: an int, a np.random.Generator, or None for other data each time.

    Returns a Dataset: x float64 (n, 2), y int64 (n,).

    >>> x, y = moons(n=100, noise=0.1, seed=0)
    >>> x.shape, np.bincount(y).tolist()
    ((100, 2), [50, 50])
    """
    at_least_one(n=n)
    if not noise >= 0:
        raise ValueError(f"noise={noise!r}, but a standard deviation is a number of at least 0")
    rng = np.random.default_rng(seed)
    upper, lower = np.linspace(0, np.pi, n // 2), np.linspace(0, np.pi, n - n // 2)
    x = np.stack(
        [np.append(np.cos(upper), 1 - np.cos(lower)), np.append(np.sin(upper), 0.5 - np.sin(lower))],
        axis=1,
    )
    y = np.repeat([0, 1], [n // 2, n - n // 2])
    order = rng.permutation(n)
    return Dataset(x[order] + noise * rng.standard_normal(x.shape), y[order])
