"""What every data set here is: inputs and answers, row by row, and a split that keeps copies on one side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np


class Dataset(NamedTuple):
    """Inputs `x` and answers `y`, one row for each example; unpacks as `x, y = tg.datasets.moons()`."""

    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]

    def split(self, validation: float = 0.2, seed: int | np.random.Generator = 0) -> tuple[Dataset, Dataset]:
        """Divide the rows by chance into a part to train on and a part to validate with.

        Rows whose inputs are equal, bit for bit, always stay together, so that nothing is validated which training
        has seen.  Where `y` holds integers, each class gives its share.  The rows keep their order.

        Args:
            validation: the share of the rows that goes into the second part, between 0 and 1, both excluded.
            seed: an int or a np.random.Generator; the same int gives the same split.

        Raises:
            ValueError: if the share is not between 0 and 1, or one of the parts would be empty.

        >>> import tinygrad_br as tg
        >>> training, held_out = tg.datasets.cats_and_dogs().split(validation=0.2, seed=0)
        >>> training.x.shape, held_out.x.shape
        ((1280, 28, 28), (320, 28, 28))
        """
        if not 0 < validation < 1:
            raise ValueError(f"validation={validation!r} is the share that is held out; give a number between 0 and 1")
        first, group, size = self.copies()
        chosen = []
        for members in self.shuffled_classes(first, seed):
            taken = np.cumsum(size[members])
            chosen.append(members[taken <= round(validation * int(taken[-1]))])
        held_out = np.isin(group, np.concatenate(chosen))
        if not 0 < np.count_nonzero(held_out) < len(self.x):
            raise ValueError(
                f"{len(self.x)} rows, {len(first)} of them different, cannot be split with validation={validation}; "
                "use more rows or another share"
            )
        return Dataset(self.x[~held_out], self.y[~held_out]), Dataset(self.x[held_out], self.y[held_out])

    def folds(self, count: int = 5, seed: int | np.random.Generator = 0) -> list[tuple[Dataset, Dataset]]:
        """Divide the rows by chance into `count` parts, each of which is held out once: cross-validation.

        Rows whose inputs are equal stay together and each class gives its share, as in `split`.

        Args:
            count: the number of parts, at least 2.
            seed: an int or a np.random.Generator; the same int gives the same parts.

        Returns a pair for each part: all other rows to train on, and the part itself to validate with.

        Raises:
            ValueError: if there are fewer than 2 parts, or one of them would be empty.

        >>> import tinygrad_br as tg
        >>> [len(held_out.x) for training, held_out in tg.datasets.digits().folds(5, seed=0)]
        [359, 360, 359, 360, 359]
        """
        if not isinstance(count, (int, np.integer)) or count < 2:
            raise ValueError(f"a cross-validation needs at least 2 parts, a whole number, but got {count!r}")
        first, group, size = self.copies()
        part = np.empty(len(first), int)
        for members in self.shuffled_classes(first, seed):
            taken = np.cumsum(size[members])
            part[members] = (2 * taken - size[members]) * count // (2 * taken[-1])
        held_out = [part[group] == one for one in range(count)]
        if not all(map(np.any, held_out)):
            raise ValueError(f"{len(self.x)} rows, {len(first)} of them different, cannot be {count} parts; use fewer")
        return [(Dataset(self.x[~one], self.y[~one]), Dataset(self.x[one], self.y[one])) for one in held_out]

    def copies(self) -> tuple[Any, Any, Any]:
        """Rows that are different, bit for bit: the first row of each kind, the kind of each row, and how many."""
        rows = np.ascontiguousarray(self.x).reshape(len(self.x), -1)
        bits = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
        _, first, group, size = np.unique(bits, return_index=True, return_inverse=True, return_counts=True)
        return first, group, size

    def shuffled_classes(self, first: Any, seed: int | np.random.Generator) -> Iterator[Any]:
        """The kinds of rows in random order, class after class; all in one where `y` holds no integers."""
        label = self.y[first] if self.y.dtype.kind in "iub" else np.zeros(len(first), int)
        order = np.random.default_rng(seed).permutation(len(first))
        return (order[label[order] == one] for one in np.unique(label))
