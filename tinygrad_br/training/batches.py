"""From data as people have them to batches as a network wants them: checks, dtypes, shuffling.

Two sources give batches: `Rows` cuts arrays into mini-batches, in another order each epoch; `Stream` takes them from
any iterable, or from a function that makes one anew for each epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice, repeat
from typing import Any

import numpy as np

from ..engine import data_of

Array = np.ndarray[Any, Any]
Batch = tuple[Array, Array, Array | None]  # inputs, targets, weights of the rows if there are any
Augment = Callable[[Array, np.random.Generator], Any]

# Rows are put into their new order block by block: one fast copy, after which a batch is a view.
BLOCK_BYTES = 1 << 20


class BatchesRanOut(Exception):  # noqa: N818 - an event, not an error
    """An iterator that can be walked only once has no batch left for another epoch."""


def as_inputs(data: Any, dtype: Any, name: str = "x") -> Array:
    """Inputs in the model's dtype, one row for each example; with dtype None integers stay as they are.

    Raises:
        TypeError: for data that are not numbers.
        ValueError: for no rows, a single number, NaN or infinity.
    """
    x = as_numbers(data, name)
    return x if dtype is None else finite(x, cast(x, dtype), name)


def as_answers(data: Any, dtype: Any, keep_integers: bool, name: str = "y") -> Array:
    """Targets: floats in the model's dtype; integers and truth values too, unless `keep_integers`.

    Raises TypeError and ValueError as `as_inputs` does.
    """
    y = as_numbers(data, name)
    if keep_integers and y.dtype.kind in "iu":
        return y
    if keep_integers and y.dtype.kind == "b":
        return y.astype(np.int64)
    return finite(y, cast(y, dtype), name)


def cast(array: Array, dtype: Any) -> Array:
    """The numbers in another dtype; those too large for it become infinite, which `finite` reports."""
    with np.errstate(over="ignore"):
        return np.asarray(array.astype(dtype, copy=False))


def as_numbers(data: Any, name: str) -> Array:
    """An array of numbers, with a row for each example, of whatever can be made into one."""
    try:
        array = np.asarray(data_of(data))
        if array.dtype == object:
            array = np.array(array.tolist())
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must hold numbers in rows of equal length ({error})") from None
    if array.dtype.kind not in "fiub":
        hint = "np.unique(y, return_inverse=True)[1] numbers the classes" if name.endswith("y") else "convert it first"
        raise TypeError(f"{name} must hold numbers, but its dtype is {array.dtype}; {hint}")
    if array.ndim == 0:
        raise ValueError(f"{name} must have a row for each example, but is a single number")
    if array.size == 0:
        raise ValueError(f"{name} is empty (its shape is {array.shape}); training needs at least one row")
    return array


def finite(given: Array, array: Array, name: str) -> Array:
    """`array`, if it holds neither NaN nor infinity; else a ValueError that says where."""
    if array.dtype.kind == "f" and not np.all(fine := np.isfinite(array)):
        place = tuple(int(i) for i in np.argwhere(~fine)[0])
        found = "NaN" if np.isnan(array[place]) else "infinity"
        where = f"{name}[{', '.join(map(str, place))}]"
        if np.isfinite(given[place]):
            raise ValueError(f"{where} = {given[place]} is too large for {array.dtype}; scale the data first")
        rows = np.count_nonzero(~fine.reshape(len(fine), -1).all(axis=1))
        raise ValueError(
            f"{name} holds {found}, first at {where}, in {rows} of {len(array)} rows; leave these rows out or fill them"
        )
    return array


def same_length(x: Array, y: Array, of: str = "") -> None:
    """Raise a ValueError unless there is one target for each row of inputs."""
    if len(x) != len(y):
        raise ValueError(f"{of}x has {len(x)} rows, but {of}y has {len(y)}; each row of x needs one target")


def whole(number: Any, name: str) -> int:
    """`number`, if it is a whole number of at least 1; else a ValueError that names the argument."""
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1:
        raise ValueError(f"{name}={number!r}, but it must be a whole number of at least 1")
    return int(number)


def as_weights(weights: Any, rows: int, dtype: Any, name: str = "sample_weight") -> Array:
    """Weights of the rows in the model's dtype; ValueError if they are not one for each row, or below 0."""
    found = as_answers(weights, dtype, False, name)
    if found.shape != (rows,):
        raise ValueError(f"{name} must be {rows} numbers, one for each row, but got shape {found.shape}")
    if np.any(found < 0):
        raise ValueError(f"{name} holds {found.min():g}, but weights are at least 0")
    return found


class Rows:
    """Mini-batches of arrays.

    Args:
        x, y: inputs and targets, one row for each example.
        batch_size: rows of a batch; the last batch of an epoch has what is left.
        shuffle: whether each epoch goes through the rows in another order.
        augment: a function of some rows of x and a generator that gives changed rows.
        weights: how much each row counts in the loss; None if all count alike.
    """

    def __init__(
        self,
        x: Array,
        y: Array,
        batch_size: int,
        shuffle: bool = True,
        augment: Augment | None = None,
        weights: Array | None = None,
    ) -> None:
        self.x, self.y, self.batch_size, self.shuffle, self.augment = x, y, batch_size, shuffle, augment
        self.weights = weights
        self.batches: int | None = -(-len(x) // batch_size)

    def epoch(self, rng: np.random.Generator) -> Iterator[Batch]:
        """The batches of one epoch; the same state of `rng` gives the same ones.

        A batch whose rows all have the weight 0 says nothing of the loss and is left out.
        """
        n = len(self.x)
        return chain.from_iterable(self.blocks(rng.permutation(n) if self.shuffle else np.arange(n), rng))

    def blocks(self, order: Array, rng: np.random.Generator) -> Iterator[Iterator[Batch]]:
        """The batches of each block."""
        size = self.batch_size
        block = size * max(1, BLOCK_BYTES // max(1, size * self.x[:1].nbytes))
        for start in range(0, len(order), block):
            rows = order[start : start + block]
            x, y = self.x.take(rows, 0), self.y.take(rows, 0)
            if self.augment is not None:
                x = augmented(self.augment, x, rng)
            if self.weights is None:
                yield zip(cut(x, size), cut(y, size), repeat(None))
            else:
                batches = zip(cut(x, size), cut(y, size), cut(self.weights[rows], size))
                yield (batch for batch in batches if batch[2].any())


def cut(array: Array, size: int) -> Iterator[Array]:
    """Views of `size` rows each, and one of the rows that are left."""
    number = len(array) // size
    whole = array[: number * size].reshape(number, size, *array.shape[1:])
    return chain(whole, [array[number * size :]] if number * size < len(array) else [])


def augmented(augment: Augment, x: Array, rng: np.random.Generator) -> Array:
    """What `augment` makes of rows of inputs, in their dtype; ValueError if it is not as many rows."""
    new = np.asarray(augment(x, rng))
    if new.shape[:1] != x.shape[:1]:
        raise ValueError(f"augment was given {len(x)} rows and returned shape {new.shape}; it must keep their number")
    return new.astype(x.dtype, copy=False)


class Stream:
    """Batches from an iterable, or from a function without arguments that makes one for each epoch.

    A batch is a pair (x, y) or, with weights of the rows, a triple (x, y, weights).

    Args:
        source: the iterable or the function.
        prepare: what checks and casts the arrays of a batch.
        batches: how many batches make an epoch; None for all that the source gives.
    """

    def __init__(self, source: Any, prepare: Callable[..., Batch], batches: int | None = None) -> None:
        self.prepare, self.batches = prepare, batches
        self.once = not callable(source) and iter(source) is source
        self.fresh: Callable[[], Iterable[Any]] = source if callable(source) else lambda: source

    def epoch(self, rng: np.random.Generator) -> Iterator[Batch]:
        """The batches of one epoch; raises BatchesRanOut if there is none."""
        found = False
        for batch in islice(iter(self.fresh()), self.batches):
            found = True
            if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
                raise TypeError(f"a batch must be a pair (x, y), but the iterable gave {type(batch).__name__}")
            yield self.prepare(*batch)
        if not found:
            raise BatchesRanOut
