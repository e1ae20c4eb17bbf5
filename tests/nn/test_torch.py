"""Layers, activations and losses against PyTorch: outputs and gradients of the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_br import Value, nn

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers
F = torch.nn.functional
RNG = np.random.default_rng(0)


def agree(ours, theirs, x, parameters=(), tensors=()):
    """The same outputs for x, and the same gradients of x and the parameters, under random weights."""
    value, tensor = Value(x), torch.tensor(x, requires_grad=True)
    y, t = ours(value), theirs(tensor)
    np.testing.assert_allclose(y.data, t.detach().numpy(), rtol=1e-10, atol=1e-12)
    weights = RNG.normal(size=y.shape)
    (y * weights).sum().backward()
    (t * torch.tensor(weights)).sum().backward()
    pairs = zip([value, *parameters], [tensor, *tensors], strict=True)
    for p, q in pairs:
        np.testing.assert_allclose(p.grad, q.grad.numpy().reshape(p.shape), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (nn.relu, F.relu),
        (nn.leaky_relu, F.leaky_relu),
        (nn.elu, F.elu),
        (nn.selu, F.selu),
        (nn.gelu, F.gelu),
        (nn.silu, F.silu),
        (nn.mish, F.mish),
        (nn.softplus, F.softplus),
        (nn.sigmoid, torch.sigmoid),
        (nn.hard_sigmoid, lambda x: F.relu6(x + 3) / 6),  # the derivative of hardsigmoid has a float32 in it
        (nn.hard_tanh, F.hardtanh),
        (nn.hard_swish, F.hardswish),
        (nn.softmax, lambda x: F.softmax(x, -1)),
        (nn.log_softmax, lambda x: F.log_softmax(x, -1)),
        (lambda x: nn.logsumexp(x, -1), lambda x: torch.logsumexp(x, -1)),
    ],
)
def test_activations(ours, theirs):
    agree(ours, theirs, RNG.normal(size=(6, 5)) * 4)


@pytest.mark.parametrize(("stride", "padding", "kernel"), [(1, 0, 3), (2, 1, 3), ((1, 2), (2, 0), (2, 4))])
def test_convolution(stride, padding, kernel):
    ours = nn.Conv2d(3, 4, kernel, stride, padding, seed=0)
    theirs = torch.nn.Conv2d(3, 4, kernel, stride, padding, dtype=torch.float64)
    theirs.weight.data, theirs.bias.data = torch.tensor(ours.weights.data), torch.tensor(ours.biases.data)
    agree(ours, theirs, RNG.normal(size=(2, 3, 7, 8)), ours.parameters(), theirs.parameters())


@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, 2), ((2, 3), (1, 2))])
def test_pooling(size, stride):
    x = RNG.normal(size=(2, 3, 7, 8))
    agree(nn.MaxPool2d(size, stride), lambda t: F.max_pool2d(t, size, stride), x)
    agree(nn.AvgPool2d(size, stride), lambda t: F.avg_pool2d(t, size, stride), x)


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 2, 5)])
def test_batch_norm_in_training_and_in_use(shape):
    ours = nn.BatchNorm(3)
    theirs = (torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d)(3, dtype=torch.float64)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.data = RNG.normal(size=3)
        q.data = torch.tensor(p.data.copy())
    for _ in range(3):
        theirs.zero_grad()
        ours.zero_grad()
        agree(ours, theirs, RNG.normal(size=shape) * 3 + 1, ours.parameters(), theirs.parameters())
    np.testing.assert_allclose(ours.mean, theirs.running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(ours.variance, theirs.running_var.numpy(), rtol=1e-12)
    ours.zero_grad()
    theirs.zero_grad()
    agree(ours.eval(), theirs.eval(), RNG.normal(size=shape), ours.parameters(), theirs.parameters())


def test_layer_norm():
    ours, theirs = nn.LayerNorm(5), torch.nn.LayerNorm(5, dtype=torch.float64)
    agree(ours, theirs, RNG.normal(size=(2, 3, 5)), ours.parameters(), theirs.parameters())


def test_prelu():
    ours, theirs = nn.PReLU(), torch.nn.PReLU(dtype=torch.float64)
    agree(ours, theirs, RNG.normal(size=(4, 5)), ours.parameters(), theirs.parameters())


LABELS = np.array([2, 0, 1, 1, 2])
ROWS = np.abs(RNG.normal(size=(5, 3)))
ROWS /= ROWS.sum(axis=1, keepdims=True)
TARGETS = RNG.normal(size=(5, 3))
CLASS_WEIGHTS = np.array([0.5, 1.0, 3.0])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda x: nn.mse(x, TARGETS), lambda x: F.mse_loss(x, torch.tensor(TARGETS))),
        (lambda x: nn.mae(x, TARGETS), lambda x: F.l1_loss(x, torch.tensor(TARGETS))),
        (lambda x: nn.huber(x, TARGETS, 0.7), lambda x: F.huber_loss(x, torch.tensor(TARGETS), delta=0.7)),
        (
            lambda x: nn.bce_with_logits(x, ROWS),
            lambda x: F.binary_cross_entropy_with_logits(x, torch.tensor(ROWS)),
        ),
        (lambda x: nn.cross_entropy(x, LABELS), lambda x: F.cross_entropy(x, torch.tensor(LABELS))),
        (lambda x: nn.cross_entropy(x, ROWS), lambda x: F.cross_entropy(x, torch.tensor(ROWS))),
        (
            lambda x: nn.cross_entropy(x, LABELS, label_smoothing=0.2),
            lambda x: F.cross_entropy(x, torch.tensor(LABELS), label_smoothing=0.2),
        ),
        (
            lambda x: nn.cross_entropy(x, LABELS, class_weights=CLASS_WEIGHTS),
            lambda x: F.cross_entropy(x, torch.tensor(LABELS), torch.tensor(CLASS_WEIGHTS)),
        ),
        (
            lambda x: nn.nll(nn.log_softmax(x), LABELS),
            lambda x: F.nll_loss(F.log_softmax(x, 1), torch.tensor(LABELS)),
        ),
        (
            lambda x: nn.kl_divergence(x, ROWS),
            lambda x: F.kl_div(F.log_softmax(x, 1), torch.tensor(ROWS), reduction="batchmean"),
        ),
    ],
)
def test_losses(ours, theirs):
    agree(ours, theirs, RNG.normal(size=(5, 3)))
