"""Schedules, clipping, moving averages."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_br import Value, nn, optim
from tinygrad_br.optim import schedules


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (schedules.constant(0.1), {0: 0.1, 1000: 0.1}),
        (schedules.step(1.0, 10), {0: 1.0, 9: 1.0, 10: 0.1, 29: 0.01}),
        (schedules.exponential(0.5, 0.9), {0: 0.5, 3: 0.3645}),
        (schedules.inverse_time(1.0, 0.01), {0: 1.0, 100: 0.5, 300: 0.25}),
        (schedules.cosine(1.0, 90, final=0.2), {0: 1.0, 30: 0.8, 45: 0.6, 90: 0.2, 500: 0.2}),
        (schedules.warm_up(4, 0.8), {0: 0.2, 3: 0.8, 9: 0.8}),
        (schedules.warm_up(4, schedules.exponential(0.8, 0.5)), {1: 0.4, 4: 0.8, 5: 0.4}),
        (schedules.one_cycle(1.0, 100), {0: 0.04, 29: 1.0, 99: 4e-6, 200: 4e-6}),
    ],
)
def test_rates(schedule, rates):
    np.testing.assert_allclose([schedule(t) for t in rates], [*rates.values()], rtol=1e-12)


def test_one_cycle_goes_up_and_then_down():
    rates = np.array([schedules.one_cycle(1.0, 50, warm=0.4)(t) for t in range(50)])
    assert rates.argmax() == 19
    assert (np.diff(rates[:20]) > 0).all()
    assert (np.diff(rates[19:]) < 0).all()


def test_an_optimizer_follows_its_schedule():
    w = Value([0.0])
    optimizer = optim.SGD([w], lr=schedules.step(1.0, 2, 0.5))
    seen = []
    for _ in range(5):
        w.grad = np.array([1.0])
        optimizer.step()
        seen.append(optimizer.lr)
    assert seen == [1.0, 1.0, 0.5, 0.5, 0.25]
    assert w.data.tolist() == [-3.25]


def test_a_resumed_schedule_goes_on():
    schedule = schedules.exponential(1.0, 0.5)
    first = optim.SGD([Value([0.0])], lr=schedule)
    for _ in range(3):
        first.step([np.array([1.0])])
    second = optim.SGD([Value([0.0])], lr=schedule)
    second.load_state_dict(first.state_dict())
    second.step([np.array([1.0])])
    assert second.lr == 0.125


def test_plateau_waits_and_starts_anew():
    rate = schedules.plateau(1.0, patience=2, factor=0.1, final=0.05)
    seen = []
    for loss in (5.0, 4.0, 4.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0):
        rate.update(loss)
        seen.append(rate(0))
    assert seen == [1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.05, 0.05]


def test_a_number_of_steps_is_positive():
    for make in (schedules.step, schedules.cosine, schedules.one_cycle):
        with pytest.raises(ValueError, match="at least 1, but got 0"):
            make(1.0, 0)


def test_clipping_by_norm_keeps_the_direction():
    rng = np.random.default_rng(0)
    values = [Value(np.zeros(shape)) for shape in ((3, 2), (), (4,))]
    gradients = [rng.normal(size=v.shape) * 10 for v in values]
    for v, g in zip(values, gradients, strict=True):
        v.grad = np.float64(g)
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    np.testing.assert_allclose(optim.clip_by_norm([*values, values[0]], 1.0), norm, rtol=1e-14)
    for v, g in zip(values, gradients, strict=True):
        np.testing.assert_allclose(v.grad, g / norm, rtol=1e-14)
    np.testing.assert_allclose(optim.clip_by_norm(values, 5.0), 1.0, rtol=1e-14)  # small ones are left alone
    np.testing.assert_allclose(values[2].grad, gradients[2] / norm, rtol=1e-14)


def test_clipping_keeps_the_dtype_and_skips_what_has_no_gradient():
    values = [Value(np.zeros(2, np.float32)), Value([1.0])]
    values[0].grad = np.array([3e30, -4e30], np.float32)
    assert abs(optim.clip_by_norm(values, 1.0) / 5e30 - 1) < 1e-6
    np.testing.assert_allclose(values[0].grad, [0.6, -0.8], rtol=1e-6)
    optim.clip_by_value(values, 0.7)
    np.testing.assert_allclose(values[0].grad, [0.6, -0.7], rtol=1e-6)
    assert values[0].grad.dtype == np.float32
    assert values[1].grad is None


def test_moving_average_and_back():
    model = nn.MLP(2, [2], seed=0)
    average = optim.MovingAverage(model.parameters(), decay=0.9)
    start = model.state_dict()["layers.0.weights"]
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    for _ in range(2):
        optimizer.step([np.ones(p.shape) for p in model.parameters()])
        average.update()
    expected = 0.9 * (0.9 * start + 0.1 * (start - 1)) + 0.1 * (start - 2)
    with average.in_use():
        np.testing.assert_allclose(model.layers[0].weights.data, expected, rtol=1e-12)
    np.testing.assert_allclose(model.layers[0].weights.data, start - 2, rtol=1e-12)
    with pytest.raises(ValueError, match="0 <= decay < 1"):
        optim.MovingAverage([], decay=1.0)
