"""`check_gradients`: right gradients pass, wrong ones are found, the report says it."""

import json

import numpy as np
import pytest

import tinygrad_br as tg

half = tg.define_rule(lambda x: x * x, lambda g, ans, x: g * x)


def test_right_gradients_pass():
    report = tg.check_gradients(lambda x, y: np.exp(x) * y, np.arange(3.0), np.ones((2, 3)))
    assert report.ok
    assert report.raise_if_wrong() is report
    assert [row.shape for row in report.rows] == [(3,), (2, 3)]
    assert min(row.digits for row in report.rows) > 10


def test_wrong_gradients_are_found():
    report = tg.check_gradients(half, np.array([0.5, 1.0]))
    assert not report.ok
    with pytest.raises(AssertionError, match="wrong at argument 0"):
        report.raise_if_wrong()


def test_a_wrong_second_derivative_is_found():
    square = tg.define_rule(lambda x: x * x, lambda g, ans, x: g * (x + tg.stop_gradient(x)))
    assert tg.check_gradients(square, 1.5).ok
    assert not tg.check_gradients(square, 1.5, order=2).ok


def test_the_report_is_a_table_and_a_dict():
    report = tg.check_gradients(half, tg.Value([0.5, 1.0], name="w"))
    assert "analytic" in str(report)
    assert "w" in str(report)
    assert json.loads(json.dumps(report.to_dict()))["ok"] is False
