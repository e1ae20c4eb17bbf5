"""Layers: values, gradients, views, errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_br import Value, nn

from .gradients import check

SMOOTH = ["linear", "tanh", "sigmoid", "gelu", "silu", "softplus", "mish", "softmax"]
sizes = st.integers(1, 4)
seeds = st.integers(0, 2**32 - 1)


@given(nin=sizes, nout=sizes, batch=sizes, activation=st.sampled_from(SMOOTH), seed=seeds)
def test_layer_gradients(nin, nout, batch, activation, seed):
    check(nn.Layer(nin, nout, activation=activation, seed=seed), batch, nin, seed=seed, order=1)


@given(nin=sizes, batch=sizes, seed=seeds)
def test_neuron_gradients(nin, batch, seed):
    check(nn.Neuron(nin, seed=seed), batch, nin, seed=seed, order=1)


def test_second_order_through_a_network():
    check(nn.MLP(2, [3, 2], activation="tanh", output="sigmoid", seed=0), 2, 2)


def test_residual_gradients():
    check(nn.Residual(nn.Layer(2, 2, activation="gelu", seed=0)), 3, 2)


def test_a_layer_is_what_its_formula_says():
    layer = nn.Layer(3, 2, activation="tanh", seed=0)
    layer.biases.data = [0.5, -0.5]
    x = np.random.default_rng(0).normal(size=(4, 5, 3))
    expected = np.tanh(x @ layer.weights.data + [0.5, -0.5])
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-15)
    np.testing.assert_allclose(layer(Value(x)).data, expected, rtol=1e-15)
    np.testing.assert_allclose(layer(x[0, 0].tolist()).data, expected[0, 0], rtol=1e-15)


def test_a_layer_records_one_matmul():
    y = nn.Layer(3, 2, activation="tanh", seed=0)(np.ones((4, 3)))
    assert [y.op, y.args[0].op, y.args[0].args[0].op] == [np.tanh, np.add, np.matmul]


def test_neurons_are_views_on_the_columns():
    layer = nn.Layer(3, 4, activation="tanh", seed=0)
    x = np.random.default_rng(0).normal(size=(5, 3))
    assert len(layer.neurons) == 4
    for j, neuron in enumerate(layer.neurons):
        assert isinstance(neuron, nn.Neuron)
        assert np.shares_memory(neuron.weights.data, layer.weights.data)
        np.testing.assert_allclose(neuron(x).data, layer(x).data[:, j], rtol=1e-14)
    layer.neurons[2](x).sum().backward()
    assert np.flatnonzero(layer.weights.grad.any(axis=0)).tolist() == [2]
    assert np.flatnonzero(layer.biases.grad).tolist() == [2]


def test_a_neuron_of_a_layer_shows_its_gradient():
    layer = nn.Layer(3, 4, "tanh", seed=0)
    x = np.random.default_rng(0).normal(size=(5, 3))
    assert layer.neurons[2].weights.grad is None
    layer(x).sum().backward()
    neuron, whole = layer.neurons[2], layer.weights.grad.copy()
    np.testing.assert_array_equal(neuron.weights.grad, whole[:, 2])
    assert neuron.bias.grad == layer.biases.grad[2]
    part = neuron.weights
    (part * [1.0, 2.0, 3.0]).sum().backward()  # adds up here and in the layer
    np.testing.assert_array_equal(part.grad, whole[:, 2] + [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(layer.weights.grad[:, 2], part.grad)


def test_a_neuron_of_a_layer_is_set_like_any_neuron():
    layer = nn.Layer(2, 3, seed=0)
    neuron = layer.neurons[1]
    neuron.weights.data, neuron.bias.data = [1.0, 2.0], 0.5
    assert layer.weights.data[:, 1].tolist() == [1, 2]
    assert layer.biases.data.tolist() == [0, 0.5, 0]
    assert layer([3.0, 4.0]).data[1] == 11.5


def test_a_list_of_values_goes_through_a_neuron():
    """Inputs may be scalars of a graph, as in micrograd."""
    inputs = [Value(0.5), Value(-1.0)]
    neuron = nn.Neuron(2, seed=0)
    neuron(inputs).backward()
    for x, w in zip(inputs, neuron.weights.data, strict=True):
        np.testing.assert_allclose(x.grad, w * neuron.bias.grad)


def test_float32_stays_float32():
    model = nn.MLP(3, [4, 2], dtype=np.float32, seed=0, dropout=0.5)
    y = model(np.ones((2, 3), np.float32))
    y.sum().backward()
    assert y.dtype == np.float32
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}
    assert nn.Neuron(3, dtype=np.float32)(np.ones(3, np.float32)).dtype == np.float32


def test_dropout_keeps_the_mean_and_repeats_itself():
    x = np.ones(100_000)
    y = nn.Dropout(0.3, seed=0)(x)
    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    assert abs(y.mean() - 1) < 0.01
    assert abs((y == 0).mean() - 0.3) < 0.01
    np.testing.assert_array_equal(nn.Dropout(0.3, seed=0)(x), y)
    value = Value(x)
    dropped = nn.Dropout(0.3, seed=0)(value)
    dropped.sum().backward()
    np.testing.assert_array_equal(value.grad, y)


def test_sequential_takes_modules_and_functions():
    model = nn.Sequential(nn.Flatten(), nn.Layer(6, 4, seed=0), np.tanh, nn.Layer(4, 1, seed=1))
    x = np.ones((5, 2, 3))
    np.testing.assert_allclose(
        model(x).data, np.tanh(x.reshape(5, 6) @ model[1].weights.data) @ model[3].weights.data, rtol=1e-15
    )
    assert len(model) == 4
    assert model[1:3](np.ones((1, 6))).shape == (1, 4)
    assert model[1:].parameters() == model.parameters()


@pytest.mark.parametrize("name", nn.init.INITIALISERS)
def test_initialisers_have_the_promised_variance(name):
    fan_in, fan_out = 400, 300
    layer = nn.Layer(fan_in, fan_out, init=name, seed=0)
    promised = {
        "he": 2 / fan_in, "glorot": 2 / (fan_in + fan_out), "lecun": 1 / fan_in, "uniform": 1 / (3 * fan_in),
        "truncated": 1 / fan_in, "orthogonal": 1 / fan_in, "zeros": 0,
    }[name.partition("_")[0]]  # fmt: skip
    np.testing.assert_allclose(layer.weights.data.var(), promised, rtol=0.03)
    np.testing.assert_allclose(layer.weights.data.mean(), 0, atol=3e-4)
    assert not layer.biases.data.any()


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_orthogonal_is_orthogonal(shape):
    q = nn.Layer(*shape, init="orthogonal", seed=0).weights.data
    gram = q.T @ q if shape[0] >= shape[1] else q @ q.T
    np.testing.assert_allclose(gram, np.eye(min(shape)), atol=1e-14)


def test_the_default_init_follows_the_activation():
    for activation, variance in (("relu", 2 / 400), ("tanh", 2 / 800), ("selu", 1 / 400), (nn.gelu, 2 / 400)):
        weights = nn.Layer(400, 400, activation=activation, seed=0).weights.data
        np.testing.assert_allclose(weights.var(), variance, rtol=0.03)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Layer(3, 2)(np.ones((4, 5))), ValueError,
         r"Layer\(3, 2\) expects .* shape \(batch, 3\), but got \(4, 5\)"),
        (lambda: nn.Layer(6, 2)(np.ones((4, 2, 3))), ValueError,
         r"flatten each example: x.reshape\(len\(x\), 6\)"),
        (lambda: nn.MLP(3, [2])(5.0), ValueError,
         r"but got \(\)"),
        (lambda: nn.Neuron(2)([1.0, 2.0, 3.0]), ValueError,
         r"Neuron\(2\) expects inputs of shape \(batch, 2\)"),
        (lambda: nn.Layer(0, 2), ValueError,
         "nin must be a whole number from 1 on, but got 0"),
        (lambda: nn.Layer(2, 2.5), ValueError,
         "nout must be a whole number"),
        (lambda: nn.MLP(2, 3), ValueError,
         r"sizes of its layers as a list, such as \[16, 1\], but got 3"),
        (lambda: nn.MLP(2, []), ValueError,
         "sizes of its layers as a list"),
        (lambda: nn.Layer(2, 2, dtype=int), TypeError,
         "parameters are floats, but got dtype int64"),
        (lambda: nn.Layer(2, 2, init="xavier"), ValueError,
         "unknown init 'xavier'; known are he_normal"),
        (lambda: nn.Layer(2, 2, init=lambda *a: np.ones(3)), ValueError,
         r"gave shape \(3,\), but \(2, 2\)"),
        (lambda: nn.Dropout(1.0), ValueError,
         "0 <= rate < 1, but got 1.0"),
        (lambda: nn.Sequential(nn.Layer(2, 2), 3), TypeError,
         "step 1 of Sequential is a int"),
        (lambda: nn.Residual(nn.Layer(2, 3))(np.ones((1, 2))), ValueError,
         r"Layer\(2, 3\) makes of it, shape"),
    ],
)  # fmt: skip
def test_errors_say_what_to_write(call, error, message):
    with pytest.raises(error, match=message):
        call()
