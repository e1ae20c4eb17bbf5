"""What tg.compile promises beside the numbers: errors for frozen values, programs by shape, text that runs alone."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value


@pytest.mark.parametrize(
    "read",
    [
        lambda v: 1.0 if v > 1 else 0.0,
        lambda v: v.item(),
        lambda v: float(v),
        lambda v: float(v.data),
        lambda v: np.asarray(v),
        lambda v: f"{v:.3f}",
        lambda v: np.allclose(v, 1.0),
        lambda v: [1, 2, 3][v],
    ],
)
def test_reading_a_number_is_refused(read):
    w = Value(2.0, name="w")
    for function in (lambda x: read((x * x).sum()), lambda x: read(w * 3.0)):
        with pytest.raises(TypeError, match=r"tg\.compile.*np\.where"):
            tg.compile(function)(np.ones(3))
    assert w.grad is None


@pytest.mark.parametrize("function", [lambda x: x[x > 0], lambda x: np.nonzero(x)[0]])
def test_shapes_that_depend_on_numbers_are_refused(function):
    with pytest.raises(TypeError, match="shape"):
        tg.compile(function)(np.ones(3))


def test_constants_may_be_read():
    @tg.compile
    def f(x):
        scale = Value(3.0)
        return x * (2.0 if scale > 1 else 5.0)

    np.testing.assert_array_equal(f(np.ones(2)), [2, 2])


def test_one_program_for_each_shape_dtype_and_static_argument():
    @tg.compile(static_argnums=1)
    def power(x, n):
        for _ in range(n):
            x = x * 2.0
        return x

    for n in (1, 2, 1, 2):
        for shape, dtype in (((2,), np.float32), ((3,), np.float64), ((0, 2), np.float64)):
            result = power(np.ones(shape, dtype), n)
            assert result.shape == shape
            assert result.dtype == dtype
            assert np.all(result == 2**n)
    stats = power.stats(np.ones(3), 2)
    assert stats["calls"] == 12
    assert stats["compilations"] == 6
    assert stats["instructions_after"] <= stats["instructions_before"]
    with pytest.raises(TypeError, match="hashable"):
        power(np.ones(2), [1])


def test_the_number_of_programs_is_bounded():
    f = tg.compile(lambda x: x + 1.0)
    for n in range(80):
        f(np.ones(n))
    assert len(f.programs) <= 64


def test_arguments_that_are_one_array_or_parts_of_one():
    f = tg.compile(lambda a, b: (Value(a) * b).sum())
    x = np.arange(6.0)
    assert f(x, x).item() == 55
    assert f(x[:3], x[3:]).item() == 14
    assert f(x[::2], x[1::2]).item() == 26


def test_values_as_arguments_get_their_gradients():
    @tg.compile
    def f(v, w):
        loss = (v * v * w).sum()
        loss.backward()
        return loss

    for k in (1.0, 2.0):
        v, w = Value(np.full(3, k)), Value(3.0)
        assert f(v, w).item() == 9 * k * k
        np.testing.assert_array_equal(v.grad, np.full(3, 6 * k))
        assert w.grad == 3 * k * k


def test_the_same_value_twice_gets_the_sum():
    f = tg.compile(lambda v, w: (v * w).sum().backward())
    v = Value(np.ones(3))
    f(Value(np.ones(3)), Value(np.ones(3)))
    f(v, v)
    np.testing.assert_array_equal(v.grad, 2)


def test_zero_stays_zero():
    w = Value(np.array([1.0, 0.0, -2.0]))

    def f(x):
        w.zero_grad()
        loss = np.where(x > 0, np.log(w * x), 0.0).sum()
        loss.backward()
        return loss

    compiled = tg.compile(f)
    for x in (np.array([1.0, 0.0, 0.0]), np.array([2.0, 0.0, -1.0]), np.array([1.0, np.nan, 0.0])):
        with np.errstate(all="ignore"):
            expected = f(x).item(), w.grad.copy()
            result = compiled(x).item(), w.grad.copy()
        np.testing.assert_array_equal(result[0], expected[0])
        np.testing.assert_array_equal(result[1], expected[1])


def test_division_by_zero_and_overflow_of_single_numbers():
    w = Value(1.0)

    def f(x):
        w.zero_grad()
        loss = np.exp(w * x) / x + np.log(x) + x**3
        loss.backward()
        return loss

    compiled = tg.compile(f)
    for x in (0.5, 0.0, 1000.0, -1.0, np.inf):
        with np.errstate(all="ignore"):
            expected = f(x).item(), w.grad
            result = compiled(x).item(), w.grad
        np.testing.assert_allclose(result, expected, rtol=1e-15)


def test_results_belong_to_the_caller():
    f = tg.compile(lambda x: {"twice": x * 2.0, "sum": (x + 1.0).sum(axis=0), "same": x, "n": 3})
    x = np.ones((2, 3))
    first, second = f(x), f(x + 1)
    np.testing.assert_array_equal(first["twice"], 2)
    np.testing.assert_array_equal(second["twice"], 4)
    assert first["same"] is x
    assert first["n"] == 3


def test_a_result_keeps_no_graph():
    w = Value(2.0)
    with pytest.raises(TypeError, match="inside the function"):
        tg.compile(lambda x: w * x)(3.0).backward()


def test_an_error_inside_leaves_everything_as_it_was():
    w = Value(np.ones(3))
    w.grad = np.full(3, 7.0)

    @tg.compile
    def f(x):
        (w * x).sum().backward()
        w.data = w.data * 2.0
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        f(np.ones(3))
    np.testing.assert_array_equal(w.grad, 7)
    np.testing.assert_array_equal(w.data, 1)
    (w * 2.0).sum().backward()
    np.testing.assert_array_equal(w.grad, 9)


def test_threads():
    f = tg.compile(lambda x: np.tanh(x @ x.T) @ x)
    arrays = [np.random.default_rng(i).normal(size=(30, 30)) for i in range(8)]
    expected = [np.tanh(x @ x.T) @ x for x in arrays]
    wrong = []

    def work(i):
        wrong.extend(i for _ in range(30) if not np.array_equal(f(arrays[i]), expected[i]))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def run_alone(text, name):
    space = {"np": np}
    exec(compile(text, "pasted", "exec", dont_inherit=True), space)
    return space[name]


def test_the_text_runs_alone_and_gives_the_same_bits():
    @tg.compile
    def loss_and_slope(x, y):
        v = Value(x)
        loss = (tg.nn.gelu(np.tanh(v) @ v.T) * y).sum()
        return loss.data, tg.gradients(loss, [v])[0]

    rng = np.random.default_rng(0)
    for _ in range(2):
        x, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 4))
        alone = run_alone(loss_and_slope.source(x, y), "loss_and_slope")
        for a, b in zip(loss_and_slope(x, y), alone(x, y)):
            np.testing.assert_array_equal(a, b)


def test_the_text_of_arithmetic_runs_alone():
    @tg.compile
    def f(a, b):
        v, w = Value(a), Value(b)
        out = np.exp(v * w) / w + tg.nn.relu(v)
        out.backward()
        return out.data, v.grad, w.grad

    text = f.source(1.5, 0.7)
    assert "np.exp" not in text.split("def f(")[1]
    assert run_alone(text, "f")(1.5, 0.7) == f(1.5, 0.7)


def test_methods_and_nested_calls():
    class Model:
        def __init__(self, scale):
            self.scale = scale

        @tg.compile
        def double(self, x):
            return x * self.scale

    assert Model(2.0).double(np.ones(1)) == 2
    assert Model(3.0).double(np.ones(1)) == 3
    inner = tg.compile(lambda x: x * 2.0)
    assert tg.compile(lambda x: inner(x) + 1.0)(np.ones(1)) == 3


def test_objects_are_told_apart_even_after_one_is_gone():
    class Scale:
        def __init__(self, factor):
            self.factor = factor

    f = tg.compile(lambda scale, x: x * scale.factor)
    for k in range(50):
        assert f(Scale(float(k)), np.ones(1)) == k
