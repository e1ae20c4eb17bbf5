"""L-BFGS: hard valleys, a network, and going on after a halt."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tinygrad_br import Value, nn, optim


def test_the_banana_valley():
    """Rosenbrock's function, whose minimum is at (1, 1): gradient descent needs thousands of steps."""
    x = Value([-1.2, 1.0])
    optimizer = optim.LBFGS([x])
    losses = [optimizer.step(lambda: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2) for _ in range(45)]
    assert all(b <= a for a, b in pairwise(losses))
    np.testing.assert_allclose(x.data, [1, 1], atol=1e-7)


def test_a_quadratic_form_of_many_scales():
    scales = np.logspace(-1, 1, 12)
    x, y = Value(np.ones(8)), Value(np.ones((2, 2)))
    optimizer = optim.LBFGS([x, y], history=12)
    for _ in range(60):
        loss = optimizer.step(lambda: (x**2 * scales[:8]).sum() + (y.ravel() ** 2 * scales[8:]).sum())
    assert loss < 1e-12


def test_a_network_fits_a_curve_and_can_be_halted():
    x = np.linspace(-2, 2, 30)[:, None]

    def train(steps, halt):
        model = nn.MLP(1, [8, 1], activation="tanh", seed=0)
        optimizer = optim.LBFGS(model.parameters())
        for i in range(steps):
            if i == halt:
                state = optimizer.state_dict()
                optimizer = optim.LBFGS(model.parameters())
                optimizer.load_state_dict(state)
            loss = optimizer.step(lambda: nn.mse(model(x), np.sin(2 * x)))
        return loss

    assert train(60, None) < 1e-3
    assert train(20, None) == train(20, 9)


def test_at_the_minimum_it_stays():
    x = Value([0.0])
    assert optim.LBFGS([x]).step(lambda: (x**2).sum()) == 0
    assert x.data[0] == 0


def test_a_loss_that_is_not_finite_is_named():
    x = Value([0.0])
    with pytest.raises(FloatingPointError, match="the loss is nan"):
        optim.LBFGS([x]).step(lambda: (x * np.nan).sum())
