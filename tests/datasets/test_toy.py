"""The data sets that are drawn from a formula: shapes, dtypes, geometry, seeds."""

import numpy as np
import pytest

import tinygrad_br as tg


@pytest.mark.parametrize("classes", [1, 2, 5])
@pytest.mark.parametrize("make", [tg.datasets.spiral, tg.datasets.vertical])
def test_class_after_class(make, classes):
    data = make(samples=20, classes=classes, seed=3)
    assert data.x.shape == (20 * classes, 2)
    assert data.x.dtype == np.float64
    assert data.y.dtype == np.int64
    np.testing.assert_array_equal(data.y, np.repeat(range(classes), 20))


def test_spiral_runs_outward_and_turns():
    x, y = tg.datasets.spiral(samples=200, classes=3, seed=1)
    for one in range(3):
        arm = x[y == one]
        np.testing.assert_allclose(np.hypot(*arm.T), np.linspace(0, 1, 200), atol=1e-12)
        angle = np.unwrap(np.arctan2(arm[1:, 0], arm[1:, 1]))
        slope, start = np.polyfit(np.linspace(0, 1, 200)[1:], angle, 1)
        assert slope == pytest.approx(10, abs=0.6)  # 2.5 times a turn of length 4
        assert np.cos(start - 10 * one) > 0.9
        assert 0.35 < np.std(angle - start - slope * np.linspace(0, 1, 200)[1:]) < 0.65  # 2.5 times 0.2


def test_vertical_clouds():
    x, y = tg.datasets.vertical(samples=4000, classes=3, seed=2)
    for one in range(3):
        np.testing.assert_allclose(x[y == one].mean(axis=0), [one / 3, 0.5], atol=0.01)
        np.testing.assert_allclose(x[y == one].std(axis=0), 0.1, rtol=0.05)


def test_sine_is_a_column():
    x, y = tg.datasets.sine(8)
    assert x.shape == y.shape == (8, 1)
    np.testing.assert_array_equal(x.ravel(), np.arange(8) / 8)
    np.testing.assert_allclose(y[[0, 2, 4, 6], 0], [0, 1, 0, -1], atol=1e-15)


@pytest.mark.parametrize("n", [2, 3, 101])
def test_moons_without_noise_lie_on_two_half_circles(n):
    x, y = tg.datasets.moons(n, noise=0, seed=5)
    upper, lower = x[y == 0], x[y == 1]
    assert (len(upper), len(lower)) == (n // 2, n - n // 2)
    np.testing.assert_allclose(np.hypot(*upper.T), 1)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1)
    assert np.all(upper[:, 1] >= -1e-12)
    assert np.all(lower[:, 1] <= 0.5 + 1e-12)


def test_moons_noise_and_order():
    clean, noisy = tg.datasets.moons(5000, noise=0, seed=0).x, tg.datasets.moons(5000, noise=0.2, seed=0).x
    np.testing.assert_allclose((noisy - clean).std(axis=0), 0.2, rtol=0.05)
    assert 0.3 < tg.datasets.moons(1000, seed=1).y[:200].mean() < 0.7


@pytest.mark.parametrize("make", [tg.datasets.spiral, tg.datasets.vertical, tg.datasets.moons])
def test_seeds(make):
    np.testing.assert_array_equal(make(50, seed=1).x, make(50, seed=1).x)
    np.testing.assert_array_equal(make(50, seed=1).x, make(50, seed=np.random.default_rng(1)).x)
    assert not np.array_equal(make(50, seed=1).x, make(50, seed=2).x)
    assert not np.array_equal(make(50).x, make(50).x)


def test_numpys_global_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    tg.datasets.spiral(seed=1)
    tg.datasets.moons().split(seed=2)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (tg.datasets.spiral, {"samples": 0}, "samples=0"),
        (tg.datasets.vertical, {"classes": -1}, "classes=-1"),
        (tg.datasets.sine, {"samples": 2.5}, "samples=2.5"),
        (tg.datasets.moons, {"n": 0}, "n=0"),
        (tg.datasets.moons, {"noise": -1}, "noise=-1"),
        (tg.datasets.moons, {"noise": float("nan")}, "noise=nan"),
    ],
)
def test_senseless_sizes(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(**arguments)
