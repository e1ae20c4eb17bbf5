"""Checking whole models, large parameters by samples, and who is to blame in a composite function."""

import time

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import nn


def normal(size):
    return np.random.default_rng(4).normal(size=size)


half_square = tg.define_rule(lambda x: x * x, lambda g, ans, x: g * x)
one_entry = tg.define_rule(
    lambda w: 1.0 * w, lambda g, ans, w: g * (1 + 1e-3 * (np.arange(w.size) == 777).reshape(w.shape))
)


def batch(n=32, features=64, classes=10, dtype=np.float64):
    return normal(size=(n, features)).astype(dtype), np.random.default_rng(5).integers(0, classes, n)


def test_a_row_for_each_parameter_by_its_name():
    model = nn.MLP(4, [5, 3], activation="tanh", seed=1)
    x, y = batch(6, 4, 3)
    report = tg.check_gradients(model, x, y, loss=nn.cross_entropy)
    assert [row.argument for row in report.rows] == [name for name, _ in model.named_parameters()]
    assert all(row.verdict == "right" and row.digits > 9 for row in report.rows), str(report)


def test_the_model_is_left_as_it_was():
    model = nn.Sequential(nn.Layer(4, 3, activation="relu", seed=1), nn.Dropout(0.5, seed=2))
    before = model.state_dict()
    x = batch(6, 4)[0]
    report = tg.check_gradients(model, x)
    assert report.ok, str(report)
    after = model.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert all(p.grad is None for p in model.parameters())


def test_float32_models_are_checked_in_float64():
    model = nn.MLP(4, [5, 3], activation="tanh", seed=1, dtype=np.float32)
    x, y = batch(6, 4, 3, np.float32)
    report = tg.check_gradients(model, x, y, loss=nn.cross_entropy)
    assert min(row.digits for row in report.rows) > 9
    assert model.parameters()[0].dtype == np.float32


def test_second_order_of_a_model():
    model = nn.MLP(3, [2, 1], activation="tanh", seed=1)
    x = normal(size=(4, 3))
    assert tg.check_gradients(model, x, np.zeros((4, 1)), loss=nn.mse, order=2).ok


def test_large_models_are_sampled_and_quickly_done():
    model = nn.MLP(64, [128, 10], activation="tanh", seed=1)
    assert sum(p.size for p in model.parameters()) > 9_000
    x, y = batch()
    tg.check_gradients(model, x[:2], y[:2], loss=nn.cross_entropy)
    start = time.process_time()
    report = tg.check_gradients(model, x, y, loss=nn.cross_entropy)
    assert time.process_time() - start < 4
    assert all(row.verdict == "right" for row in report.rows)
    assert "6 of 8192, 2 directions" in report.text()


def test_exhaustive_checks_all():
    [row] = tg.check_gradients(np.tanh, normal(size=(2, 150)), exhaustive=True).rows
    assert row.checked == "all 300"


def test_one_wrong_entry_in_a_large_argument_is_found_and_located():
    [row] = tg.check_gradients(one_entry, normal(size=(40, 50))).rows
    assert row.verdict == "wrong"
    assert row.index == (777 // 50, 777 % 50)


def test_blame_names_the_operation_its_line_and_its_rule():
    def loss(x, w):
        hidden = np.tanh(x @ w)
        scaled = half_square(hidden)
        return np.exp(scaled).mean()

    report = tg.check_gradients(loss, normal(size=(5, 3)), normal(size=(3, 2)))
    [blame] = report.blame
    assert blame.shapes == ((5, 2),)
    assert "test_models.py" in blame.line
    assert "test_models.py" in blame.rule
    assert blame.row.mistake == "factor"
    assert "to blame" in str(report)


def test_blame_for_a_wrong_second_derivative():
    square = tg.define_rule(lambda x: x * x, lambda g, ans, x: g * (x + tg.stop_gradient(x)))
    report = tg.check_gradients(lambda x: np.sin(square(x)).sum(), normal(size=3), order=2)
    assert len(report.blame) == 1


def test_nobody_is_blamed_when_all_is_right():
    assert tg.check_gradients(np.exp, np.ones(2)).blame == []


@pytest.mark.parametrize("mode", ["forward", "both"])
def test_forward_mode(mode):
    report = tg.check_gradients(lambda x, y: np.exp(x) * y, normal(size=3), normal(size=(2, 3)), mode=mode)
    assert report.ok
    assert {row.mode for row in report.rows} >= {"forward"}
    assert not tg.check_gradients(half_square, np.ones(2), mode=mode).ok


def test_third_order():
    report = tg.check_gradients(lambda x: np.exp(np.sin(x)).sum(), np.array([0.3, 1.2]), order=3)
    assert [row.order for row in report.rows] == [1, 2, 3]
    assert all(row.verdict == "right" for row in report.rows)


def test_the_report_in_notebooks_and_as_a_picture(tmp_path):
    report = tg.check_gradients(half_square, np.array([0.5, 1.0]))
    page = report._repr_html_()
    assert "<table>" in page
    assert "a factor 2 is missing" in page
    assert "\x1b[31" in report.text(colour=True)
    figure = report.plot()
    figure.savefig(tmp_path / "report.png")
    assert figure._repr_png_().startswith(b"\x89PNG")  # what a notebook shows
    assert (tmp_path / "report.png").stat().st_size > 5_000


def test_messages():
    luck = np.random.default_rng(0)
    with pytest.raises(ValueError, match="different results"):
        tg.check_gradients(lambda x: (x * luck.normal()).sum(), np.ones(2))
    with pytest.raises(ValueError, match="order is 1, 2 or 3"):
        tg.check_gradients(np.exp, 1.0, order=4)
    with pytest.raises(TypeError, match="a Value is expected"):
        tg.check_gradients(lambda x: 1.0, 2.0)
    with pytest.raises(TypeError, match="checked on data"):
        tg.check_gradients(nn.MLP(2, [1], seed=0))
    with pytest.raises(TypeError, match="targets"):
        tg.check_gradients(nn.MLP(2, [1], seed=0), np.ones((1, 2)), loss=nn.mse)
    with pytest.raises(ValueError, match="forward mode"):
        tg.check_gradients(np.sin, 1.0, gradient=np.cos, mode="forward")
    with pytest.raises(TypeError, match="real numbers"):
        tg.check_gradients(np.exp, 1j)


def test_a_rule_that_returns_the_wrong_shape_is_a_wrong_row():
    bad = tg.define_rule(lambda x: x.sum(axis=0), lambda g, ans, x: np.ones((7, 7)))
    report = tg.check_gradients(bad, np.ones((2, 3)))
    assert not report.ok
    assert "(7, 7)" in str(report)
