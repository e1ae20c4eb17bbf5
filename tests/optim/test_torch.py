"""Optimizers and schedules against PyTorch's: 100 steps of the same gradients, and the same learning rates."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_br import Value, optim
from tinygrad_br.optim import schedules

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

CASES = [
    ("SGD", {}, {}),
    ("SGD", {"momentum": 0.9}, {}),
    ("SGD", {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1}, {}),
    ("Adam", {}, {}),
    ("Adam", {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}, {}),
    ("AdamW", {}, {}),
    ("AdamW", {"betas": (0.7, 0.9), "eps": 1e-5, "weight_decay": 0.1}, {}),
    ("Adagrad", {}, {}),
    ("Adagrad", {"eps": 1e-3}, {}),
    ("RMSprop", {"rho": 0.95, "eps": 1e-4}, {"alpha": 0.95, "eps": 1e-4}),
    ("RMSprop", {"rho": 0.9, "momentum": 0.7}, {"alpha": 0.9, "eps": 1e-7, "momentum": 0.7}),
    ("Nadam", {}, {}),
    ("Nadam", {"betas": (0.8, 0.95), "eps": 1e-4, "momentum_decay": 0.02}, {}),
    ("Adamax", {}, {}),
    ("Adamax", {"betas": (0.8, 0.95), "eps": 1e-3}, {}),
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


def test_every_optimizer_is_compared():
    without = {"Optimizer": "the base", "Lion": "not in PyTorch", "LBFGS": "another line search"}
    ours = {name for name, cls in vars(optim).items() if isinstance(cls, type) and issubclass(cls, optim.Optimizer)}
    assert {name for name, _, _ in CASES} | (without.keys() & ours) == ours


def test_lbfgs_finds_the_same_minimum():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(8, 4)), rng.normal(size=8)
    w, t = Value(np.zeros(4)), torch.zeros(4, dtype=torch.float64, requires_grad=True)
    ours = optim.LBFGS([w])
    theirs = torch.optim.LBFGS([t], max_iter=50, tolerance_change=0, line_search_fn="strong_wolfe")

    def closure():
        theirs.zero_grad()
        loss = torch.logaddexp(torch.tensor(a) @ t - torch.tensor(b), torch.zeros(())).sum() + (t**2).sum()
        loss.backward()
        return loss

    for _ in range(30):
        ours.step(lambda: np.logaddexp(a @ w - b, 0.0).sum() + (w**2).sum())
    theirs.step(closure)
    np.testing.assert_allclose(w.data, t.detach().numpy(), atol=1e-6)


class Mean(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))


def test_clipping_and_moving_averages():
    rng = np.random.default_rng(0)
    values = [Value(rng.normal(size=shape)) for shape in ((3, 2), (4,))]
    for clip, peer in (
        (optim.clip_by_norm, torch.nn.utils.clip_grad_norm_),
        (optim.clip_by_value, torch.nn.utils.clip_grad_value_),
    ):
        for limit in (0.5, 100.0):
            tensors = [torch.zeros(value.shape, dtype=torch.float64) for value in values]
            for value, tensor in zip(values, tensors, strict=True):
                value.grad = rng.normal(size=value.shape)
                tensor.grad = torch.tensor(value.grad)
            norm, expected = clip(values, limit), peer(tensors, limit)
            if norm is not None:
                assert norm == pytest.approx(expected.item(), rel=1e-12)
            for value, tensor in zip(values, tensors, strict=True):
                np.testing.assert_allclose(value.grad, tensor.grad.numpy(), rtol=1e-5)  # theirs adds 1e-6 to the norm

    w, model = Value(np.zeros(3)), Mean()
    ours = optim.MovingAverage([w], decay=0.8)
    theirs = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.8))
    theirs.update_parameters(model)  # the first one is copied
    for _ in range(10):
        w.data = rng.normal(size=3)
        model.w.data = torch.tensor(w.data.copy())
        ours.update()
        theirs.update_parameters(model)
    np.testing.assert_allclose(ours.averages[0], theirs.module.w.detach().numpy(), rtol=1e-12)


S = torch.optim.lr_scheduler
SCHEDULES = {
    "constant": (schedules.constant(0.3), lambda o: S.ConstantLR(o, factor=1.0)),
    "step": (schedules.step(0.3, 7, 0.5), lambda o: S.StepLR(o, 7, 0.5)),
    "exponential": (schedules.exponential(0.3, 0.9), lambda o: S.ExponentialLR(o, 0.9)),
    "inverse_time": (schedules.inverse_time(0.3, 0.1), lambda o: S.LambdaLR(o, lambda t: 1 / (1 + 0.1 * t))),
    "cosine": (schedules.cosine(0.3, 39, final=0.01), lambda o: S.CosineAnnealingLR(o, 39, 0.01)),
    "warm_up": (
        schedules.warm_up(10, schedules.cosine(0.3, 30)),
        lambda o: S.SequentialLR(
            o, [S.LinearLR(o, start_factor=0.1, total_iters=9), S.CosineAnnealingLR(o, 30)], milestones=[10]
        ),
    ),
    "one_cycle": (schedules.one_cycle(0.3, 40), lambda o: S.OneCycleLR(o, 0.3, 40)),
}


def sgd(rate=0.3):
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)


@pytest.mark.filterwarnings("ignore:.*epoch parameter.*")
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name):
    ours, make = SCHEDULES[name]
    optimizer = sgd()
    theirs, rates = make(optimizer), []
    for _ in range(40):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    np.testing.assert_allclose([ours(t) for t in range(40)], rates, rtol=1e-9, atol=1e-15)


def test_plateau():
    """PyTorch lowers the rate one epoch later: it counts the bad ones until there are more than `patience`."""
    rng, optimizer = np.random.default_rng(0), sgd(1.0)
    ours = schedules.plateau(1.0, patience=3, factor=0.5, margin=0.01, final=0.1)
    theirs = S.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=2, threshold=0.01, threshold_mode="abs", min_lr=0.1, eps=0.0
    )
    for loss in np.maximum(2 - np.arange(60) * 0.1, 0.5) + rng.normal(scale=0.05, size=60):
        ours.update(loss)
        theirs.step(loss)
        assert ours(0) == pytest.approx(optimizer.param_groups[0]["lr"])
    assert ours(0) == pytest.approx(0.1)


def test_every_schedule_is_compared():
    public = {name for name, f in vars(schedules).items() if getattr(f, "__module__", "") == schedules.__name__}
    assert SCHEDULES.keys() | {"plateau", "positive"} == public
