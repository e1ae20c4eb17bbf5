"""The optimizers against PyTorch's: 100 steps of the same gradients."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_br import Value, optim

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

CASES = [
    ("SGD", {}, {}),
    ("SGD", {"momentum": 0.9}, {}),
    ("SGD", {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1}, {}),
    ("Adam", {}, {}),
    ("Adam", {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}, {}),
    ("AdamW", {"weight_decay": 0.1}, {}),
    ("Adagrad", {}, {}),
    ("RMSprop", {"rho": 0.95, "eps": 1e-4}, {"alpha": 0.95, "eps": 1e-4}),
    ("RMSprop", {"rho": 0.9, "momentum": 0.7}, {"alpha": 0.9, "eps": 1e-7, "momentum": 0.7}),
    ("Nadam", {}, {}),
    ("Adamax", {}, {}),
]
NAMES = {"Nadam": "NAdam"}


@pytest.mark.parametrize(("name", "options", "theirs"), CASES)
def test_hundred_steps_of_the_same_gradients(name, options, theirs):
    rng = np.random.default_rng(0)
    start = [rng.normal(size=shape) for shape in ((3, 2), (4,), ())]
    ours = [Value(array) for array in start]
    tensors = [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in start]
    optimizer = getattr(optim, name)(ours, lr=0.01, **options)
    peer = getattr(torch.optim, NAMES.get(name, name))(tensors, lr=0.01, **(theirs or options))
    for i in range(100):
        for j, (value, tensor) in enumerate(zip(ours, tensors, strict=True)):
            gradient = rng.normal(size=value.shape) * 10.0 ** rng.integers(-4, 2)
            if i % 7 == 3 and j == 1:  # a parameter without a gradient is left alone
                value.grad = tensor.grad = None
                continue
            value.grad, tensor.grad = np.float64(gradient), torch.tensor(gradient)
        if i % 7 == 3 and name in ("Adam", "AdamW", "Nadam", "Adamax"):
            continue  # their number of steps is one for each parameter, ours is one for all
        optimizer.step()
        peer.step()
    for value, tensor in zip(ours, tensors, strict=True):
        np.testing.assert_allclose(value.data, tensor.detach().numpy(), rtol=1e-6, atol=1e-9)
