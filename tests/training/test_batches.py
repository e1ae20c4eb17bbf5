"""Mini-batches: block by block as one by one."""

import numpy as np
import pytest

from tinygrad_br.training import batches
from tinygrad_br.training.batches import Rows, as_answers, as_inputs


@pytest.mark.parametrize("block", [1, 100, 1 << 20])
@pytest.mark.parametrize("size", [1, 7, 32, 1000])
def test_blocks_change_nothing(monkeypatch, block, size):
    monkeypatch.setattr(batches, "BLOCK_BYTES", block)
    x = np.arange(1.0, 102.0)[:, np.newaxis] * [1, 10]
    found = [*Rows(x, x[:, 0], size, weights=x[:, 0]).epoch(np.random.default_rng(5))]
    order = np.random.default_rng(5).permutation(101)
    assert len(found) == -(-101 // size)
    for i, (xb, yb, weights) in enumerate(found):
        np.testing.assert_array_equal(xb, x[order[i * size : (i + 1) * size]])
        np.testing.assert_array_equal(yb, xb[:, 0])
        np.testing.assert_array_equal(weights, xb[:, 0])


def test_batches_without_weight_are_left_out():
    x = np.arange(10.0)
    rows = Rows(x, x, 4, shuffle=False, weights=(x > 5) + 0.0)
    assert [xb.tolist() for xb, _, _ in rows.epoch(np.random.default_rng(0))] == [[4, 5, 6, 7], [8, 9]]


def test_in_order():
    x = np.arange(10.0)
    found = [xb for xb, _, _ in Rows(x, x, 4, shuffle=False).epoch(np.random.default_rng(0))]
    np.testing.assert_array_equal(np.concatenate(found), x)


def test_nothing_is_copied_that_fits():
    x, y = np.zeros((3, 2), np.float32), np.arange(3)
    assert as_inputs(x, np.float32) is x
    assert as_answers(y, np.float32, keep_integers=True) is y
    assert as_answers(y, np.float32, keep_integers=False).dtype == np.float32
    assert as_answers(y == 1, np.float64, keep_integers=True).dtype == np.int64
