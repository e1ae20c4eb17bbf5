"""Loops over tiles: the numbers of whole arrays, whatever the size of a tile and the number of threads."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_br as tg
from tinygrad_br import Value
from tinygrad_br.compiling import tiles
from tinygrad_br.compiling.threads import on_threads

from .graphs import arrays, close, functions


@pytest.fixture
def small(monkeypatch):
    """Tiles of a few entries, for arrays of any size."""
    monkeypatch.setattr(tiles, "LARGE", 1)
    monkeypatch.setattr(tiles, "TILE", 48)
    monkeypatch.setattr(tiles, "WORTH_THREADS", 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")


def both(function, *arguments, calls=3):
    """The results of a function and of its program, which must be in tiles."""
    compiled = tg.compile(function)
    for _ in range(calls):
        results = compiled(*arguments)
    assert "tiles(starts)" in compiled.source(*arguments)
    with np.errstate(all="ignore"):
        return function(*arguments), results


def value_and_gradient(x):
    v = Value(x)
    total = (np.tanh(v) * np.exp(-(v**2)) + np.arctan(v)).sum()
    total.backward()
    return total.data, v.grad


@pytest.mark.parametrize("n", [65_536, 100_001, 250_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_entries_to_the_last_bit_and_sums_to_some_ulp(n, dtype, monkeypatch):
    monkeypatch.setattr(tiles, "LARGE", 1 << 17)
    x = np.random.default_rng(n).normal(size=n).astype(dtype)
    (total, gradient), (same_total, same_gradient) = both(value_and_gradient, x)
    np.testing.assert_array_equal(same_gradient, gradient)
    assert same_total.dtype == dtype
    entries = (np.tanh(x) * np.exp(-(x**2)) + np.arctan(x)).astype(np.float64)
    bound = 4 * np.finfo(dtype).eps * np.sum(np.abs(entries))
    assert abs(same_total - math.fsum(entries)) <= bound
    assert abs(total - math.fsum(entries)) <= bound


def test_the_number_of_threads_changes_no_bit(small, monkeypatch):
    x = np.random.default_rng(0).normal(size=1001)
    compiled, found = tg.compile(value_and_gradient), set()
    for threads in ("1", "2", "3", "8", ""):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        for _ in range(5):
            total, gradient = compiled(x)
            found.add((total.tobytes(), gradient.tobytes()))
    assert len(found) == 1


def test_rows_columns_masks_and_extremes(small):
    rng = np.random.default_rng(1)
    x, row, column = rng.normal(size=(37, 5)), rng.normal(size=5), rng.normal(size=(37, 1))

    def step(x, row, column):
        values = [Value(a) for a in (x, row, column)]
        a, b, c = values
        y = np.where(a > 0, a * b, np.exp(a) - c)
        z = tg.nn.relu(y + b) * np.sqrt(np.abs(c) + 1)
        loss = z.mean() + y.max() * y.min()
        loss.backward()
        return loss.data, y.data, [v.grad for v in values]

    (loss, y, gradients), (same_loss, same_y, same) = both(step, x, row, column)
    assert close(same_loss, loss, ulps=4)
    np.testing.assert_array_equal(same_y, y)
    assert all(close(a, b, ulps=4) for a, b in zip(same, gradients))


def test_a_sum_that_the_same_entries_need(small):
    def normalised(x):
        y = np.exp(x) * 2
        z = y / y.sum() + 1
        return (z * z - y).sum(), z

    (total, z), (same_total, same) = both(normalised, np.random.default_rng(2).normal(size=500))
    assert close(same_total, total, ulps=4)
    assert close(same, z, ulps=2)


def test_parameters_are_read_before_the_optimizer_changes_them(small):
    rng = np.random.default_rng(3)
    starts, x = rng.normal(size=301), rng.normal(size=301)

    def trained(compile):
        w = Value(starts)
        optimizer = tg.optim.Adam([w], 0.1)

        def step(x):
            optimizer.zero_grad()
            loss = ((np.tanh(w) - x) ** 2).mean()
            loss.backward()
            optimizer.step()
            return loss.data, w.data * 2 + np.exp(w.data)

        run = tg.compile(step) if compile else step
        results = [run(x) for _ in range(5)]
        return [w.data, w.grad, *(array.copy() for pair in results for array in pair)]

    assert all(close(a, b, ulps=8) for a, b in zip(trained(True), trained(False)))


def test_gradients_that_stay_are_added_to(small):
    def trained(compile):
        w = Value(np.linspace(-1, 1, 200))

        def step(x):
            (np.sin(w) * x).sum().backward()

        run = tg.compile(step) if compile else step
        for k in range(1, 4):
            run(np.full(200, float(k)))
        return w.grad

    np.testing.assert_array_equal(trained(True), trained(False))


def test_arguments_that_lie_otherwise_in_memory_and_not_finite_numbers(small):
    compiled = tg.compile(value_and_gradient)
    x = np.random.default_rng(4).normal(size=(100, 6))
    x[3], x[4] = [np.nan, np.inf, -np.inf, 0, -0.0, 1e300], 5e-324
    for argument in (x, x[::-1], np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2]):
        with np.errstate(all="ignore"):
            expected, result = value_and_gradient(argument)[1], compiled(argument)[1]
        np.testing.assert_array_equal(result, expected)


def test_the_text_runs_alone(small):
    x = np.random.default_rng(5).normal(size=333)
    compiled = tg.compile(value_and_gradient)
    expected = compiled(x)
    space = {"np": np}
    exec(compiled.source(x), space)
    for a, b in zip(space["value_and_gradient"](x), expected):
        np.testing.assert_array_equal(a, b)


@given(functions(), st.integers(0, 2**32))
@settings(max_examples=60)
def test_random_functions(case, seed):
    function, argument_shapes, parameter_shapes = case
    rng = np.random.default_rng(seed)
    theirs = [Value(a) for a in arrays(rng, parameter_shapes)]
    ours = [Value(p.data) for p in theirs]

    def step(parameters, arguments):
        loss = function(arguments, parameters)
        loss.backward()
        return loss

    with pytest.MonkeyPatch.context() as patch:
        for name, number in (("LARGE", 1), ("TILE", 24), ("FEWEST", 1)):
            patch.setattr(tiles, name, number)
        compiled = tg.compile(lambda *arguments: step(ours, arguments))
        for _ in range(2):
            arguments = arrays(rng, argument_shapes)
            with np.errstate(all="ignore"):
                expected, result = step(theirs, arguments), compiled(*arguments)
            assert close(result, expected, ulps=8)
            assert all(p.grad is None or close(p.grad, q.grad, ulps=8) for p, q in zip(ours, theirs))


@pytest.mark.parametrize("scale", [1e-300, 1e-3, 1.0, 30.0, 1e8])
def test_sine_and_cosine_of_two_tangents(scale):
    """Against 64 bits of precision, near the zeros too."""
    x = np.random.default_rng(6).normal(size=70_000) * scale
    x[:1000] = np.arange(1000) * (np.pi / 2) * (1 + 1e-9)
    compiled = tg.compile(lambda x: (np.sin(x), np.cos(x)))
    sine, cosine = compiled(x)
    assert "np.tan(" in compiled.source(x)
    exact = x.astype(np.longdouble)
    assert np.all(np.abs(sine - np.sin(exact)) <= 4 * np.spacing(np.abs(sine)))
    assert np.all(np.abs(cosine - np.cos(exact)) <= 4 * np.spacing(np.abs(cosine)))
    hard = np.zeros(70_000)
    hard[:6] = [np.inf, -np.inf, np.nan, 0.0, -0.0, 1e300]
    sine, cosine = compiled(hard)
    np.testing.assert_allclose(sine, np.sin(hard, where=np.isfinite(hard), out=np.full_like(hard, np.nan)), rtol=1e-15)
    assert np.signbit(sine[4])
    assert not np.signbit(sine[3])


def test_threads_share_the_tasks_and_pass_on_exceptions(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    done, barrier = [], threading.Barrier(2, timeout=30)

    def work(tasks):
        barrier.wait()  # which only two threads pass
        done.extend(tasks)

    on_threads(work, range(100))
    assert sorted(done) == [*range(100)]

    def fail_elsewhere(tasks):
        if threading.current_thread() is not threading.main_thread():
            raise KeyError("elsewhere")

    with pytest.raises(KeyError, match="elsewhere"):
        on_threads(fail_elsewhere, range(10))
