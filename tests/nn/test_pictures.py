"""Convolution, pooling, normalization, embedding: values, gradients, state, errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_br as tg
from tinygrad_br import Value, nn
from tinygrad_br.nn import convolution

from .gradients import check

seeds = st.integers(0, 2**32 - 1)


def convolved(x, weights, biases, stride, padding):
    """The sum over each window, one by one."""
    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    height, width = weights.shape[2:]
    rows, columns = ((n - k) // stride + 1 for n, k in zip(x.shape[2:], (height, width), strict=True))
    y = np.empty((len(x), len(weights), rows, columns))
    for i, f, r, c in np.ndindex(*y.shape):
        window = x[i, :, r * stride : r * stride + height, c * stride : c * stride + width]
        y[i, f, r, c] = np.sum(window * weights[f]) + biases[f]
    return y


@given(
    channels=st.integers(1, 3), filters=st.integers(1, 3), kernel=st.integers(1, 3), stride=st.integers(1, 3),
    padding=st.integers(0, 2), seed=seeds,
)  # fmt: skip
def test_convolution_is_the_sum_over_each_window(channels, filters, kernel, stride, padding, seed):
    rng = np.random.default_rng(seed)
    layer = nn.Conv2d(channels, filters, kernel, stride, padding, seed=rng)
    layer.biases.data = rng.normal(size=filters)
    x = rng.normal(size=(2, channels, 4, 5))
    expected = convolved(x, layer.weights.data, layer.biases.data, stride, padding)
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(layer(Value(x)).data, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Conv2d(2, 2, 2, stride=2, padding=1, activation="tanh", seed=0), (1, 2, 3, 4)),
        (nn.AvgPool2d(2, stride=1), (2, 1, 3, 3)),
        (nn.MaxPool2d((2, 1)), (1, 2, 4, 3)),
        (nn.LayerNorm(3), (2, 3)),
        (nn.BatchNorm(2), (3, 2)),
        (nn.BatchNorm(2).eval(), (2, 2, 1, 2)),
        (nn.PReLU(features=2), (3, 2)),
        (nn.Sequential(nn.Conv2d(1, 2, 2, seed=0), nn.tanh, nn.MaxPool2d(2), nn.Flatten(), nn.Layer(2, 1, seed=1)),
         (2, 1, 3, 3)),
    ],
    ids=lambda x: type(x).__name__,
)  # fmt: skip
def test_gradients(module, shape):
    check(module, *shape, order=1)


@pytest.mark.parametrize("laid_out", [1, 200])
def test_laying_out_a_few_rows_at_a_time_changes_nothing(laid_out, monkeypatch):
    rng = np.random.default_rng(0)
    layer = nn.Conv2d(3, 4, (3, 2), stride=(2, 1), padding=(1, 2), seed=rng)
    x, weights = rng.normal(size=(2, 3, 9, 5)), rng.normal(size=(2, 4, 5, 8))

    def outcome():
        value = Value(x)
        y = layer(value)
        return [y.data, *tg.gradients((y * weights).sum(), [value, *layer.parameters()])]

    at_once = outcome()
    monkeypatch.setattr(convolution, "LAID_OUT", laid_out)
    for a, b in zip(at_once, outcome(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def test_a_compiled_step_of_a_convolutional_network_is_the_same():
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1, activation="relu", seed=0), nn.MaxPool2d(2), nn.Conv2d(3, 4, 2, seed=1),
        nn.AvgPool2d((1, 2), stride=1), nn.Flatten(), nn.Layer(16, 3, seed=2),
    )  # fmt: skip

    def step(x, labels):
        model.zero_grad()
        loss = nn.cross_entropy(model(x), labels)
        loss.backward()
        return loss

    compiled, x, labels = tg.compile(step), rng.normal(size=(5, 2, 6, 8)), rng.integers(0, 3, 5)
    for _ in range(3):
        expected = step(x, labels).item(), [p.grad for p in model.parameters()]
        assert compiled(x, labels).item() == pytest.approx(expected[0], rel=1e-12)
        for p, gradient in zip(model.parameters(), expected[1], strict=True):
            np.testing.assert_allclose(p.grad, gradient, rtol=1e-11, atol=1e-14)
        x = rng.normal(size=x.shape)


def test_ties_in_a_window_share_the_gradient():
    x = Value(np.zeros((1, 1, 2, 2)))
    nn.MaxPool2d(2)(x).sum().backward()
    np.testing.assert_array_equal(x.grad, np.full((1, 1, 2, 2), 0.25))


def test_a_window_with_nan_has_no_gradient_that_could_be_taken_for_one():
    x = Value(np.array([[[[np.nan, 1.0, 2.0, 3.0]]]]))
    nn.MaxPool2d((1, 2))(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [[[[np.nan, np.nan, 0, 1]]]])


def test_bytes_do_not_overflow():
    bright = np.full((1, 1, 2, 2), 255, np.uint8)
    assert nn.AvgPool2d(2)(bright).item() == 255
    assert nn.MaxPool2d(2)(bright).item() == 255
    assert nn.Conv2d(1, 1, 2, init=lambda *_: np.ones((1, 1, 2, 2)))(bright).item() == 1020


def test_embedding_picks_rows_and_adds_up_their_gradients():
    layer = nn.Embedding(5, 2, seed=0)
    indices = np.array([[1, 3], [1, 1]])
    y = layer(indices)
    np.testing.assert_array_equal(y.data, layer.weights.data[indices])
    weights = np.random.default_rng(0).normal(size=y.shape)
    (y * weights).sum().backward()
    expected = np.zeros((5, 2))
    np.add.at(expected, indices, weights)
    np.testing.assert_allclose(layer.weights.grad, expected, rtol=1e-15)


def test_batch_norm_remembers_the_statistics_and_saves_them(tmp_path):
    rng = np.random.default_rng(0)
    layer = nn.BatchNorm(3, momentum=0.5)
    x = rng.normal(2, 3, size=(4000, 3))
    for _ in range(20):
        layer(x)
    np.testing.assert_allclose(layer.mean, x.mean(0), rtol=1e-4)
    np.testing.assert_allclose(layer.variance, x.var(0, ddof=1), rtol=1e-4)
    layer.eval()
    y = layer(x)
    np.testing.assert_allclose([y.data.mean(), y.data.std()], [0, 1], atol=1e-3)
    tg.save(layer, tmp_path / "m")
    np.testing.assert_array_equal(tg.load(tmp_path / "m")(x).data, y.data)


def test_layer_norm_forgets_scale_and_shift():
    x = np.random.default_rng(0).normal(size=(4, 6))
    layer = nn.LayerNorm(6, eps=0.0)
    np.testing.assert_allclose(layer(1000 * x + 7).data, layer(x).data, rtol=1e-9)


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(1, 2, 3, padding=1, seed=0, dtype=np.float32),
        nn.BatchNorm(1, dtype=np.float32),
        nn.LayerNorm(4, dtype=np.float32),
        nn.MaxPool2d(2),
        nn.AvgPool2d(2),
        nn.PReLU(dtype=np.float32),
    ],
    ids=lambda x: type(x).__name__,
)
def test_float32_stays_float32(module):
    x = Value(np.random.default_rng(0).normal(size=(2, 1, 4, 4)).astype(np.float32))
    y = module(x)
    y.sum().backward()
    assert y.dtype == np.float32
    assert {p.grad.dtype for p in [x, *module.parameters()]} == {np.dtype(np.float32)}
    assert all(array.dtype == np.float32 for array in module.state_dict().values())


def test_a_convolutional_network_survives_saving(tmp_path):
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3, stride=2, padding=1, activation="relu", seed=0), nn.BatchNorm(3), nn.PReLU(),
        nn.AvgPool2d(2), nn.Flatten(), nn.LayerNorm(12), nn.Layer(12, 2, seed=1),
    )  # fmt: skip
    x = np.random.default_rng(0).normal(size=(3, 1, 8, 8))
    model(x)
    model.eval()
    tg.save(model, tmp_path / "m")
    again = tg.load(tmp_path / "m")
    assert repr(again) == repr(model)
    np.testing.assert_array_equal(again(x).data, model(x).data)
    assert model.summary().endswith("total: 67 weights, 20 biases, 87 parameters")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Conv2d(1, 2, 3)(np.ones((5, 8, 8))), ValueError, r"for grey pictures .* write x\[:, None\]"),
        (
            lambda: nn.Conv2d(1, 2, 3)(np.ones((5, 3, 8, 8))),
            ValueError,
            r"\(batch, 1, height, width\), but got \(5, 3,",
        ),
        (lambda: nn.Conv2d(1, 2, 3)(np.ones((5, 1, 2, 8))), ValueError, r"windows of \(3, 3\), which do not fit"),
        (lambda: nn.MaxPool2d(2)(np.ones((2, 2))), ValueError, r"\(batch, channels, height, width\)"),
        (lambda: nn.Conv2d(1, 2, 0), ValueError, "kernel is a whole number from 1 on, or two of them, but got 0"),
        (lambda: nn.Conv2d(1, 2, 3, padding=-1), ValueError, "padding is a whole number from 0 on"),
        (lambda: nn.LayerNorm(3)(np.ones((2, 4))), ValueError, r"inputs of shape \(..., 3\), but got \(2, 4\)"),
        (lambda: nn.BatchNorm(3)(np.ones(3)), ValueError, r"\(batch, 3, ...\), but got \(3,\)"),
        (lambda: nn.BatchNorm(3)(np.ones((1, 3))), ValueError, "more than one example to learn from"),
        (lambda: nn.Embedding(3, 2)([0, 3]), ValueError, "indices from 0 to 2, but got 0 to 3"),
        (lambda: nn.Embedding(3, 2)([-1]), ValueError, "indices from 0 to 2, but got -1 to -1"),
        (lambda: nn.Embedding(3, 2)([0.5]), TypeError, "takes integers, but got float64"),
    ],
)
def test_errors_say_what_to_write(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_program_of_a_convolution_runs_alone():
    """With all that it calls in its text."""

    @tg.compile
    def slopes(x, w):
        value, weights = Value(x), Value(w)
        y = convolution.max_pool(convolution.convolve(value, weights, None, (1, 1), (1, 1)), (2, 2), (2, 2))
        y = convolution.mean_pool(y, (1, 2), (1, 2))
        return tuple(tg.gradients((y**2).sum(), [value, weights]))

    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 3, 6, 8)), rng.normal(size=(4, 3, 3, 3))
    space = {"np": np}
    exec(compile(slopes.source(x, w), "pasted", "exec", dont_inherit=True), space)
    for alone, ours in zip(space["slopes"](x, w), slopes(x, w), strict=True):
        np.testing.assert_array_equal(alone, ours)
