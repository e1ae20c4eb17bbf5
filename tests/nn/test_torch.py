"""Layers, activations and losses against PyTorch: outputs and gradients of the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value, nn

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers
F = torch.nn.functional
T = torch.nn
DOUBLE = {"dtype": torch.float64}
RNG = np.random.default_rng(0)


def agree(ours, theirs, x, parameters=(), tensors=()):
    """The same outputs for x, and the same gradients of x and the parameters, under random weights."""
    floats = np.asarray(x).dtype.kind == "f"
    value, tensor = (Value(x), torch.tensor(x, requires_grad=True)) if floats else (x, torch.tensor(x))
    y, t = ours(value), theirs(tensor)
    np.testing.assert_allclose(y.data, t.detach().numpy(), rtol=1e-10, atol=1e-12)
    weights = RNG.normal(size=y.shape)
    (y * weights).sum().backward()
    (t * torch.tensor(weights)).sum().backward()
    pairs = [*zip(parameters, tensors, strict=True)] + ([(value, tensor)] if floats else [])
    for p, q in pairs:
        theirs_here = q.grad.numpy()
        np.testing.assert_allclose(
            p.grad, (theirs_here.T if transposed(p, q) else theirs_here).reshape(p.shape), rtol=1e-9, atol=1e-11
        )


def transposed(p, q):
    """Whether a weight is that of a layer, which is the other way round in PyTorch."""
    return p.ndim == 2 == q.dim() and p.shape != tuple(q.shape)


ACTIVATIONS = {
    "linear": (nn.linear, T.Identity()),
    "tanh": (nn.tanh, torch.tanh),
    "relu": (nn.relu, F.relu),
    "leaky_relu": (nn.leaky_relu, F.leaky_relu),
    "leaky_relu, another slope": (lambda x: nn.leaky_relu(x, 0.3), lambda x: F.leaky_relu(x, 0.3)),
    "elu": (nn.elu, F.elu),
    "elu, another alpha": (lambda x: nn.elu(x, 0.4), lambda x: F.elu(x, 0.4)),
    "selu": (nn.selu, F.selu),
    "gelu": (nn.gelu, F.gelu),
    "silu": (nn.silu, F.silu),
    "mish": (nn.mish, F.mish),
    "softplus": (nn.softplus, F.softplus),
    "sigmoid": (nn.sigmoid, torch.sigmoid),
    # the derivative of PyTorch's hardsigmoid has a float32 in it
    "hard_sigmoid": (nn.hard_sigmoid, lambda x: F.relu6(x + 3) / 6),
    "hard_tanh": (nn.hard_tanh, F.hardtanh),
    "hard_swish": (nn.hard_swish, F.hardswish),
    "softmax": (nn.softmax, lambda x: F.softmax(x, -1)),
    "softmax, another axis": (lambda x: nn.softmax(x, axis=0), lambda x: F.softmax(x, 0)),
    "log_softmax": (nn.log_softmax, lambda x: F.log_softmax(x, -1)),
    "logsumexp": (lambda x: nn.logsumexp(x, -1), lambda x: torch.logsumexp(x, -1)),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    ours, theirs = ACTIVATIONS[name]
    agree(ours, theirs, RNG.normal(size=(6, 5)) * 4)


LABELS = np.array([2, 0, 1, 1, 2])
ROWS = np.abs(RNG.normal(size=(5, 3)))
ROWS /= ROWS.sum(axis=1, keepdims=True)
TARGETS = RNG.normal(size=(5, 3))
TRUTHS = RNG.integers(0, 2, (5, 3)).astype(float)
CLASS_WEIGHTS = np.array([0.5, 1.0, 3.0])
SAMPLE_WEIGHTS = np.array([0.5, 2.0, 0.0, 1.0, 3.0])
t_labels, t_rows, t_targets, t_truths, t_class_weights, t_sample_weights = map(
    torch.tensor, (LABELS, ROWS, TARGETS, TRUTHS, CLASS_WEIGHTS, SAMPLE_WEIGHTS)
)


def weighted(losses):
    """The mean of each row's losses, weighted."""
    return (losses.reshape(5, -1).mean(1) * t_sample_weights).sum() / t_sample_weights.sum()


def focal_of_truths(x):
    p = torch.sigmoid(x)
    right = torch.where(t_truths > 0, p, 1 - p)
    return -((1 - right) ** 1.5 * torch.log(right)).mean()


def focal_of_classes(x):
    right = F.softmax(x, 1)[torch.arange(5), t_labels]
    return -((1 - right) ** 2 * torch.log(right)).mean()


LOSSES = {
    "mse": (lambda x: nn.mse(x, TARGETS), lambda x: F.mse_loss(x, t_targets)),
    "mae": (lambda x: nn.mae(x, TARGETS), lambda x: F.l1_loss(x, t_targets)),
    "huber": (lambda x: nn.huber(x, TARGETS, 0.7), lambda x: F.huber_loss(x, t_targets, delta=0.7)),
    "hinge": (
        lambda x: nn.hinge(x, 2 * TRUTHS - 1, margin=0.8),
        lambda x: F.margin_ranking_loss(x, torch.zeros_like(x), 2 * t_truths - 1, margin=0.8),
    ),
    "bce_with_logits": (
        lambda x: nn.bce_with_logits(x, ROWS),
        lambda x: F.binary_cross_entropy_with_logits(x, t_rows),
    ),
    "cross_entropy": (lambda x: nn.cross_entropy(x, LABELS), lambda x: F.cross_entropy(x, t_labels)),
    "cross_entropy of rows": (lambda x: nn.cross_entropy(x, ROWS), lambda x: F.cross_entropy(x, t_rows)),
    "cross_entropy, smoothed": (
        lambda x: nn.cross_entropy(x, LABELS, label_smoothing=0.2),
        lambda x: F.cross_entropy(x, t_labels, label_smoothing=0.2),
    ),
    "cross_entropy, class weights": (
        lambda x: nn.cross_entropy(x, LABELS, class_weights=CLASS_WEIGHTS),
        lambda x: F.cross_entropy(x, t_labels, t_class_weights),
    ),
    "nll": (lambda x: nn.nll(nn.log_softmax(x), LABELS), lambda x: F.nll_loss(F.log_softmax(x, 1), t_labels)),
    "kl_divergence": (
        lambda x: nn.kl_divergence(x, ROWS),
        lambda x: F.kl_div(F.log_softmax(x, 1), t_rows, reduction="batchmean"),
    ),
    "focal of truth values": (lambda x: nn.focal(x, TRUTHS, gamma=1.5), focal_of_truths),
    "focal": (lambda x: nn.focal(x, LABELS), focal_of_classes),
    "penalty": (lambda x: nn.penalty(Own(x), l1=0.1, l2=0.3), lambda x: 0.1 * x.abs().sum() + 0.3 * (x**2).sum()),
    "mse, sample weights": (
        lambda x: nn.mse(x, TARGETS, sample_weights=SAMPLE_WEIGHTS),
        lambda x: weighted(F.mse_loss(x, t_targets, reduction="none")),
    ),
    "mae, sample weights": (
        lambda x: nn.mae(x, TARGETS, sample_weights=SAMPLE_WEIGHTS),
        lambda x: weighted(F.l1_loss(x, t_targets, reduction="none")),
    ),
    "huber, sample weights": (
        lambda x: nn.huber(x, TARGETS, sample_weights=SAMPLE_WEIGHTS),
        lambda x: weighted(F.huber_loss(x, t_targets, reduction="none")),
    ),
    "bce_with_logits, sample weights": (
        lambda x: nn.bce_with_logits(x, TRUTHS, sample_weights=SAMPLE_WEIGHTS),
        lambda x: weighted(F.binary_cross_entropy_with_logits(x, t_truths, reduction="none")),
    ),
    "cross_entropy, sample weights": (
        lambda x: nn.cross_entropy(x, LABELS, sample_weights=SAMPLE_WEIGHTS),
        lambda x: weighted(F.cross_entropy(x, t_labels, reduction="none")),
    ),
    "nll, sample weights": (
        lambda x: nn.nll(x, LABELS, sample_weights=SAMPLE_WEIGHTS),
        lambda x: weighted(F.nll_loss(x, t_labels, reduction="none")),
    ),
    "kl_divergence, sample weights": (
        lambda x: nn.kl_divergence(x, ROWS, sample_weights=SAMPLE_WEIGHTS),
        lambda x: 3 * weighted(F.kl_div(F.log_softmax(x, 1), t_rows, reduction="none")),
    ),
}


class Own(nn.Module):
    def __init__(self, weights):
        self.weights = weights


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    ours, theirs = LOSSES[name]
    agree(ours, theirs, RNG.normal(size=(5, 3)))


class Neuron(T.Linear):
    """Ours, in PyTorch."""

    def forward(self, x):
        return super().forward(x)[..., 0]


class Residual(T.Module):
    """Ours, in PyTorch."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


LAYERS = {
    "Layer": (nn.Layer(4, 3, seed=0), T.Linear(4, 3, **DOUBLE), (5, 4)),
    "Neuron": (nn.Neuron(4, activation="linear", seed=0), Neuron(4, 1, **DOUBLE), (5, 4)),
    "MLP": (
        nn.MLP(4, [6, 5, 2], activation="gelu", output="sigmoid", seed=0),
        T.Sequential(
            T.Linear(4, 6, **DOUBLE), T.GELU(), T.Linear(6, 5, **DOUBLE), T.GELU(), T.Linear(5, 2, **DOUBLE),
            T.Sigmoid(),
        ),
        (5, 4),
    ),
    "Conv2d": (nn.Conv2d(3, 4, 3, seed=0), T.Conv2d(3, 4, 3, **DOUBLE), (2, 3, 7, 8)),
    "Conv2d, stride and padding": (
        nn.Conv2d(3, 4, (2, 4), (1, 2), (2, 0), seed=0),
        T.Conv2d(3, 4, (2, 4), (1, 2), (2, 0), **DOUBLE),
        (2, 3, 7, 8),
    ),
    "MaxPool2d": (nn.MaxPool2d(2), T.MaxPool2d(2), (2, 3, 7, 8)),
    "MaxPool2d, overlapping": (nn.MaxPool2d((2, 3), (1, 2)), T.MaxPool2d((2, 3), (1, 2)), (2, 3, 7, 8)),
    "AvgPool2d": (nn.AvgPool2d(2), T.AvgPool2d(2), (2, 3, 7, 8)),
    "AvgPool2d, overlapping": (nn.AvgPool2d(3, 2), T.AvgPool2d(3, 2), (2, 3, 7, 8)),
    "BatchNorm": (nn.BatchNorm(3), T.BatchNorm1d(3, **DOUBLE), (6, 3)),
    "BatchNorm of pictures": (nn.BatchNorm(3, 0.3, 1e-3), T.BatchNorm2d(3, 1e-3, 0.3, **DOUBLE), (4, 3, 2, 5)),
    "LayerNorm": (nn.LayerNorm(5), T.LayerNorm(5, **DOUBLE), (2, 3, 5)),
    "PReLU": (nn.PReLU(), T.PReLU(**DOUBLE), (4, 5)),
    "PReLU of features": (nn.PReLU(features=5), T.PReLU(5, **DOUBLE), (4, 5)),
    "Embedding": (nn.Embedding(7, 3, seed=0), T.Embedding(7, 3, **DOUBLE), None),
    "Residual": (
        nn.Residual(nn.Sequential(nn.Layer(4, 3, seed=0), nn.Layer(3, 4, seed=1))),
        Residual(T.Sequential(T.Linear(4, 3, **DOUBLE), T.Linear(3, 4, **DOUBLE))),
        (5, 4),
    ),
    "Dropout": (nn.Dropout(0.5).eval(), T.Dropout(0.5).eval(), (5, 4)),
    "Sequential": (
        nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1, activation="relu", seed=0), nn.BatchNorm(3), nn.MaxPool2d(2), nn.Flatten(),
            nn.Dropout(0.0), nn.Layer(48, 4, seed=0), nn.LayerNorm(4), nn.PReLU(), nn.MLP(4, [3, 2], seed=0),
        ),
        T.Sequential(
            T.Conv2d(1, 3, 3, padding=1, **DOUBLE), T.ReLU(), T.BatchNorm2d(3, **DOUBLE), T.MaxPool2d(2), T.Flatten(),
            T.Dropout(0.0), T.Linear(48, 4, **DOUBLE), T.LayerNorm(4, **DOUBLE), T.PReLU(**DOUBLE),
            T.Sequential(T.Linear(4, 3, **DOUBLE), T.ReLU(), T.Linear(3, 2, **DOUBLE)),
        ),
        (5, 1, 8, 8),
    ),
}  # fmt: skip


def inputs(shape):
    return RNG.integers(0, 7, (4, 5)) if shape is None else RNG.normal(size=shape) * 2 + 0.5


@pytest.mark.parametrize("name", LAYERS)
def test_layers_take_and_give_their_states(name):
    """PyTorch's numbers here, ours there, and the same outputs, gradients and running statistics both times."""
    ours, theirs, shape = LAYERS[name]
    for parameter in theirs.parameters():
        parameter.data = torch.tensor(RNG.normal(size=tuple(parameter.shape)))
    ours.from_torch_state_dict(theirs.state_dict())
    for direction in ("here", "there"):
        if direction == "there":
            for p in ours.parameters():
                p.data = RNG.normal(size=p.shape)
            theirs.load_state_dict(ours.to_torch_state_dict())
        ours.train(name != "Dropout")
        theirs.train(name != "Dropout")
        for _ in range(2):
            ours.zero_grad()
            theirs.zero_grad()
            agree(ours, theirs, inputs(shape), ours.parameters(), theirs.parameters())
        ours.zero_grad()
        theirs.zero_grad()
        agree(ours.eval(), theirs.eval(), inputs(shape), ours.parameters(), theirs.parameters())
        given, expected = ours.to_torch_state_dict(), theirs.state_dict()
        assert given.keys() == expected.keys()
        for key, tensor in expected.items():
            if not key.endswith("num_batches_tracked"):
                torch.testing.assert_close(given[key], tensor, rtol=1e-12, atol=1e-13)


def test_names_of_another_network():
    class Net(T.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.out = T.BatchNorm1d(4, **DOUBLE), T.Linear(4, 2, **DOUBLE)

        def forward(self, x):
            return self.out(torch.relu(self.norm(x)))

    ours, theirs, x = nn.Sequential(nn.BatchNorm(4), nn.relu, nn.Layer(4, 2, seed=0)), Net(), RNG.normal(size=(3, 4))
    ours(x)
    theirs.load_state_dict(ours.to_torch_state_dict(like=theirs.state_dict()))
    agree(ours.eval(), theirs.eval(), x)
    other = nn.Sequential(nn.BatchNorm(4), nn.relu, nn.Layer(4, 2))
    other.from_torch_state_dict(theirs.state_dict(), in_order=True)
    np.testing.assert_array_equal(other.eval()(x).data, ours(x).data)


def test_safetensors_open_in_pytorch_and_come_from_it(tmp_path):
    peer = pytest.importorskip("safetensors.torch")
    ours, theirs, shape = LAYERS["Sequential"]
    tg.save(ours, tmp_path / "ours.safetensors")
    tensors = peer.load_file(tmp_path / "ours.safetensors")
    for name, array in ours.state_dict().items():
        if array.dtype.kind == "f":
            np.testing.assert_array_equal(tensors.pop(name).numpy(), array)
    assert not tensors

    for parameter in theirs.parameters():
        parameter.data = torch.tensor(RNG.normal(size=tuple(parameter.shape)))
    peer.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    x = inputs(shape)
    agree(tg.load(tmp_path / "theirs.safetensors", model=ours).eval(), theirs.eval(), x)
    peer.save_file(ours.to_torch_state_dict(), tmp_path / "back.safetensors")
    theirs.load_state_dict(peer.load_file(tmp_path / "back.safetensors"))


def test_everything_is_compared():
    compared = {name.split(",")[0].split(" ")[0] for name in (*ACTIVATIONS, *LOSSES, *LAYERS)}
    without = {"Module": "the base of all", "init": "initialisers", "one_hot": "no derivative", "Flatten": "Sequential"}
    assert compared | without.keys() == {*nn.__all__}
