"""Parameters and state by PyTorch's names, with plain arrays; test_torch.py has the same with PyTorch itself."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tinygrad_br import Value, nn
from tinygrad_br.nn.torch_state import to_torch


class Own(nn.Module):
    def __init__(self):
        rng = np.random.default_rng(0)
        self.fc1, self.scale, self.mean = nn.Layer(3, 2, activation="relu", seed=rng), Value(2.0), np.zeros(4)
        self.blocks = [nn.LayerNorm(2), {"norm": nn.BatchNorm(2)}]
        self.rng, self.size = rng, 7

    def forward(self, x):
        return self.blocks[0](self.fc1(x)) * self.scale


NAMES = {
    "steps": (
        lambda: nn.Sequential(nn.Layer(4, 3), nn.relu, nn.Layer(3, 2)),
        ["0.weight", "0.bias", "2.weight", "2.bias"],
    ),
    "activations inside": (
        lambda: nn.Sequential(nn.Layer(4, 3, activation="relu"), nn.Dropout(0.1), nn.Layer(3, 2, activation="linear")),
        ["0.weight", "0.bias", "3.weight", "3.bias"],
    ),
    "mlp": (lambda: nn.MLP(4, [3, 2]), ["0.weight", "0.bias", "2.weight", "2.bias"]),
    "mlp with dropout": (lambda: nn.MLP(4, [3, 2], dropout=0.1), ["0.weight", "0.bias", "3.weight", "3.bias"]),
    "nested": (
        lambda: nn.Sequential(nn.Flatten(), nn.Residual(nn.MLP(4, [4])), nn.PReLU()),
        ["1.inner.0.weight", "1.inner.0.bias", "2.weight"],
    ),
    "own": (
        Own,
        ["fc1.weight", "fc1.bias", "scale", "mean", "blocks.0.weight", "blocks.0.bias"]
        + [f"blocks.1.norm.{n}" for n in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")],
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_names(name):
    make, names = NAMES[name]
    assert [*to_torch(make())] == names


@pytest.mark.parametrize("name", NAMES)
def test_there_and_back(name):
    make, _ = NAMES[name]
    model, other = make(), make()
    rng = np.random.default_rng(0)
    for parameter in model.parameters():
        parameter.data = rng.normal(size=parameter.shape)
    other.from_torch_state_dict(to_torch(model))
    state = other.state_dict()
    for key, array in model.state_dict().items():
        if key not in ("rng", "layers.1.generator", "drop.generator"):
            np.testing.assert_array_equal(state[key], array)


def test_layers_are_transposed_and_copied():
    layer = nn.Layer(3, 2, seed=0)
    arrays = to_torch(layer)
    np.testing.assert_array_equal(arrays["weight"], layer.weights.data.T)
    assert arrays["weight"].flags.c_contiguous
    arrays["weight"][:] = 0
    assert np.all(layer.weights.data != 0)
    neuron = nn.Neuron(3, seed=0)
    assert {name: array.shape for name, array in to_torch(neuron).items()} == {"weight": (1, 3), "bias": (1,)}


def test_other_names_in_order():
    model, other = nn.MLP(3, [4, 2], seed=0), nn.MLP(3, [4, 2], seed=1)
    arrays = to_torch(model, like=["a.w", "a.b", "b.w", "b.b"])
    assert [*arrays] == ["a.w", "a.b", "b.w", "b.b"]
    other.from_torch_state_dict(arrays, in_order=True)
    np.testing.assert_array_equal(other(np.ones((1, 3))).data, model(np.ones((1, 3))).data)
    norm = nn.Sequential(nn.BatchNorm(2))
    names = ["n.weight", "n.bias", "n.running_mean", "n.running_var", "n.num_batches_tracked"]
    assert [*to_torch(norm, names)] == names


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: {**s, "9.weight": s["0.weight"]}, ValueError, r"the state has .*9\.weight.* this MLP has 0\.weight"),
        (lambda s: {n: a for n, a in s.items() if n != "2.bias"}, ValueError, "write in_order=True"),
        (lambda s: {n.upper(): a for n, a in s.items()}, ValueError, "write in_order=True"),
        (
            lambda s: {**s, "0.weight": s["0.weight"].T},
            ValueError,
            r"0\.weight has shape \(3, 4\), but the one of this model has shape \(4, 3\)",
        ),
        (lambda s: {**s, "0.bias": s["0.bias"] * 1j}, ValueError, "0.bias holds float64, but the state holds complex"),
        (lambda s: [*s], TypeError, "a state is a dict of tensors by name, but got list"),
    ],
)
def test_what_does_not_fit_changes_nothing(change, error, message):
    model = nn.MLP(3, [4, 2], seed=0)
    before = model.state_dict()
    with pytest.raises(error, match=message):
        model.from_torch_state_dict(change(to_torch(nn.MLP(3, [4, 2], seed=1))))
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_as_many_names_as_arrays():
    with pytest.raises(ValueError, match=r"the model has 2 arrays, weight, bias, but like has 1"):
        to_torch(nn.Layer(2, 2), like=["w"])


def test_tensors_need_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"pip install torch; .* gives the same as arrays"):
        nn.Layer(2, 2).to_torch_state_dict()
