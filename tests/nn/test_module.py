"""Modules: what is found in them, names, state, modes, summaries."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value, nn


class Block(nn.Module):
    """All the places where a module may keep things."""

    def __init__(self):
        self.scale = Value(2.0)
        self.children = {"a": nn.Layer(2, 3, seed=0), "b": [nn.Neuron(2, seed=1), (Value([1.0]), "text")]}
        self.mean = np.zeros(3)
        self.sizes = [1, 2]
        self.count = 3


def test_what_is_found_where():
    model = Block()
    assert [name for name, _ in model.named_parameters()] == [
        "scale", "children.a.weights", "children.a.biases", "children.b.0.weights", "children.b.0.bias",
        "children.b.1.0",
    ]  # fmt: skip
    assert model.parameters()[0] is model.scale
    assert list(model.state_dict())[-1] == "mean"
    assert [type(m).__name__ for m in model.modules()] == ["Block", "Layer", "Neuron"]


def test_a_shared_parameter_and_a_cycle_are_met_once():
    model = Block()
    model.again = model.scale
    model.parent = model
    model.other = model.children["a"]
    assert len(model.parameters()) == 6


def test_depth_is_no_limit():
    model = nn.Sequential()
    for _ in range(3000):
        model = nn.Sequential(model)
    model.layers.append(nn.Neuron(2))
    assert len(model.parameters()) == 2
    assert len(model.eval().modules()) == 3002


def test_state_is_copied_out_and_in():
    model, other = nn.MLP(3, [4, 2], seed=0, dropout=0.5), nn.MLP(3, [4, 2], seed=1, dropout=0.5)
    x = np.random.default_rng(0).normal(size=(5, 3))
    state = model.state_dict()
    other.load_state_dict(state)
    np.testing.assert_array_equal(model(x).data, other(x).data)  # the generator of the dropout is state too
    state["layers.0.weights"][:] = 0
    assert model.layers[0].weights.data.any()
    assert other.layers[0].weights.data.any()


def test_loading_writes_in_place_and_marks_the_parameters_as_changed():
    model = nn.MLP(3, [2], seed=0)
    memory = model.layers[0].weights.data
    loss = model(np.ones((1, 3))).sum()
    model.load_state_dict({name: array + 1 for name, array in model.state_dict().items()})
    assert model.layers[0].weights.data is memory
    with pytest.raises(RuntimeError, match="changed"):
        loss.backward()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("layers.0.biases"), r"missing \['layers.0.biases'\], unexpected nothing"),
        (lambda s: s.update(w=1), r"missing nothing, unexpected \['w'\]"),
        (
            lambda s: s.update({"layers.1.biases": np.zeros(3)}),
            r"layers.1.biases has shape \(2,\).* has shape \(3,\); build",
        ),
        (lambda s: s.update({"layers.1.biases": np.array(["a", "b"])}), "layers.1.biases holds float64"),
        (lambda s: s.update({"layers.1.biases": np.array([1j, 0])}), "layers.1.biases holds float64"),
        (lambda s: s.update({"drop.generator": np.array("{}")}), "drop.generator is not the state of a PCG64"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, message):
    model = nn.MLP(3, [4, 2], seed=0, dropout=0.1)
    before, state = model.state_dict(), nn.MLP(3, [4, 2], seed=1, dropout=0.1).state_dict()
    change(state)
    with pytest.raises(ValueError, match=message):
        model.load_state_dict(state)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_state_is_a_dict():
    with pytest.raises(TypeError, match=r"dict of arrays by name, but got list; see state_dict\(\)"):
        nn.MLP(3, [2]).load_state_dict([1.0])


def test_float32_weights_take_float64_state():
    model = nn.MLP(3, [2], seed=0, dtype=np.float32)
    model.load_state_dict(nn.MLP(3, [2], seed=1).state_dict())
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_train_and_eval_reach_everything_below():
    model = nn.Sequential(nn.Dropout(0.5, seed=0), nn.Residual(nn.Dropout(0.9, seed=1)))
    x = np.ones(8)
    np.testing.assert_array_equal(model.eval()(x), 2 * x)
    assert model.train()(x).tolist() != (2 * x).tolist()
    assert nn.Dropout.training  # the class is as it was


def test_zero_grad():
    model = nn.MLP(3, [2], seed=0)
    model(np.ones((4, 3))).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_deepcopy_is_independent():
    model = nn.MLP(3, [2], seed=0)
    twin = copy.deepcopy(model)
    twin.layers[0].weights.data += 1
    assert not np.array_equal(model.layers[0].weights.data, twin.layers[0].weights.data)
    assert twin.layers[0].neurons[0].layer is twin.layers[0]


def test_a_typing_error_is_an_attribute_error():
    with pytest.raises(AttributeError, match="wieghts"):
        nn.Layer(2, 3).wieghts


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="Block has no forward: write `def forward"):
        Block()(1.0)


def test_summary_counts_weights_and_biases_apart():
    text = nn.MLP(10, [8, 8, 8, 2]).summary()
    assert text.endswith("total: 224 weights, 26 biases, 250 parameters")
    assert [line.split()[-2:] for line in text.splitlines()[1:-1]] == [
        ["80", "8"],
        ["64", "8"],
        ["64", "8"],
        ["16", "2"],
    ]
    assert "children.b.0" in Block().summary()
    assert Block().summary().endswith("total: 10 weights, 4 biases, 14 parameters")
    assert nn.Neuron(3).summary().endswith("total: 3 weights, 1 biases, 4 parameters")


def test_repr_is_what_one_would_write():
    for text in (
        "Layer(3, 2, activation='relu')",
        "MLP(3, [4, 2], activation='tanh', dtype=float32, dropout=0.5)",
        "Sequential(Layer(3, 2), tanh, Dropout(0.5))",
        "Neuron(3, activation='linear')",
        "Residual(Layer(3, 3))",
    ):
        names = {name: getattr(nn, name) for name in nn.__all__} | {"float32": np.float32}
        assert repr(eval(text, names)) == text
    assert "\n  Layer(3, 200)" in repr(nn.Sequential(*[nn.Layer(3, 200), nn.Layer(200, 3)] * 4))
    assert repr(Block()) == "Block()"


def test_same_seed_same_network_and_numpy_is_left_alone():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    a, b, c = (nn.MLP(5, [4, 3], seed=s, dropout=0.5) for s in (7, 7, 8))
    x = np.ones((2, 5))
    np.testing.assert_array_equal(a(x).data, b(x).data)
    assert not np.array_equal(a.layers[0].weights.data, c.layers[0].weights.data)
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    rng = np.random.default_rng(3)
    first, second = nn.Layer(4, 4, seed=rng), nn.Layer(4, 4, seed=rng)
    assert not np.array_equal(first.weights.data, second.weights.data)


def test_module_by_hand_trains():
    class Line(nn.Module):
        def __init__(self):
            self.slope, self.bias = Value(0.0), Value(0.0)

        def forward(self, x):
            return self.slope * x + self.bias

    x = np.linspace(-1, 1, 20)
    model = Line()
    optimizer = tg.optim.SGD(model.parameters(), lr=0.3)
    for _ in range(200):
        model.zero_grad()
        nn.mse(model(x), 3 * x - 1).backward()
        optimizer.step()
    np.testing.assert_allclose([model.slope.item(), model.bias.item()], [3, -1], atol=1e-6)
