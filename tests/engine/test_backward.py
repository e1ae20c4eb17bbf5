"""The backward pass: what arrives where, how often, and when it is refused."""

from __future__ import annotations

import gc
import threading
import tracemalloc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_br as tg
from tinygrad_br import Value
from tinygrad_br.engine import RULES


def test_gradients_arrive_at_every_value_on_the_way():
    x = Value(2.0)
    y = x * x
    z = y * 3
    z.backward()
    assert (x.grad, y.grad, z.grad) == (12.0, 3.0, 1.0)


def test_a_second_backward_adds_the_same_again():
    x = Value(3.0)
    y = x * x * x
    y.backward()
    assert x.grad == 27
    y.backward()
    assert x.grad == 54
    x.zero_grad()
    y.backward()
    assert x.grad == 27


def test_two_losses_on_one_leaf_add_up():
    x = Value(2.0)
    (2 * x).backward()
    (5 * x).backward()
    assert x.grad == 7


def test_diamonds():
    a, b = Value(2.0), Value(3.0)
    c = a + b
    d = a * c
    (c * d + d).backward()
    # e = c d + d with d = a c, c = a + b: e = a c^2 + a c
    assert a.grad == 5**2 + 2 * 2 * 5 + 5 + 2
    assert b.grad == 2 * 2 * 5 + 2


def test_the_same_value_twice_in_one_operation():
    x = Value(3.0)
    (x * x + (x + x)).backward()
    assert x.grad == 8


def test_a_gradient_that_is_given_weights_the_entries():
    x = Value([1.0, 2.0])
    (x * x).backward(np.array([10.0, 100.0]))
    np.testing.assert_array_equal(x.grad, [20, 400])


def test_a_missing_gradient_says_what_to_pass():
    with pytest.raises(ValueError, match=r"\(2,\).*\.sum\(\).*gradient="):
        (Value([1.0, 2.0]) * 2).backward()
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
        (Value([1.0, 2.0]) * 2).backward(np.ones(3))


def test_size_one_of_any_shape_needs_no_gradient():
    x = Value([[3.0]])
    (x * x).backward()
    assert x.grad.shape == (1, 1)


def test_truth_values_have_no_derivative():
    with pytest.raises(TypeError, match=r"greater.*bool"):
        (Value(1.0) > 0).backward()


@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3), seed=st.integers(0, 2**32 - 1))
def test_broadcasting_is_undone_by_a_sum(shapes, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.normal(size=s) for s in shapes.input_shapes)
    g = rng.normal(size=shapes.result_shape)
    x, y = Value(a), Value(b)
    z = x - y
    z.backward(g)
    for v, sign in ((x, 1), (y, -1)):
        # each entry of the input moves the weighted sum by the weights of all the places it was copied to
        places = np.broadcast_to(np.arange(v.size).reshape(v.shape), g.shape)
        expected = sign * np.bincount(places.ravel(), g.ravel(), minlength=v.size).reshape(v.shape)
        np.testing.assert_allclose(v.grad, expected, atol=1e-12)
        assert np.shape(v.grad) == v.shape


def test_no_two_gradients_share_memory_and_the_given_one_is_not_kept():
    x, y = Value(np.ones(3)), Value(np.ones(3))
    g = np.array([1.0, 2.0, 3.0])
    z = (x + y).reshape((3, 1)).reshape(3)
    z.backward(g)
    grads = [x.grad, y.grad, z.grad]
    for i, a in enumerate(grads):
        assert a.flags.writeable
        assert not np.shares_memory(a, g)
        for b in grads[i + 1 :]:
            assert not np.shares_memory(a, b)
    np.testing.assert_array_equal(g, [1, 2, 3])


def test_gradients_touch_no_grad_and_give_zeros_where_nothing_is_reached():
    x, y, z = Value([1.0, 2.0]), Value(3.0), Value([[5.0]])
    out = (x * y).sum()
    gx, gy, gz = tg.gradients(out, [x, y, z])
    np.testing.assert_array_equal(gx, [3, 3])
    assert gy == 3.0
    np.testing.assert_array_equal(gz, [[0]])
    assert x.grad is y.grad is z.grad is out.grad is None


def test_gradients_by_intermediate_values_and_by_the_output_itself():
    x = Value(2.0)
    y = x * x
    z = y * y
    assert tg.gradients(z, [z, y, x]) == [1.0, 8.0, 32.0]


def test_gradients_compute_only_what_lies_between():
    calls = []
    f = tg.define_rule(lambda x: x * 1.0, lambda g, ans, x: calls.append(1) or g)
    x, y = Value(2.0), Value(3.0)
    tg.gradients(f(x) * y, [y])
    assert not calls


def test_gradients_refuse_plain_data():
    with pytest.raises(TypeError, match="wrap"):
        tg.gradients(Value(1.0) * 2, [np.ones(2)])


def test_third_derivatives_from_the_same_rules():
    x = Value(1.5)
    y = x**4
    for expected in (4 * 1.5**3, 12 * 1.5**2, 24 * 1.5, 24.0):
        [y] = tg.gradients(y, [x], create_graph=True)
        assert y.item() == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("step", [np.floor, np.ceil, np.rint, np.trunc, np.sign, np.round])
def test_steps_have_a_gradient_of_zero_and_comparisons_have_none(step):
    x, y = Value([0.3, -1.7]), Value(2.0)
    (step(x) * y).sum().backward()
    np.testing.assert_array_equal(x.grad, [0, 0])
    assert y.grad == np.sum(step(x.data))
    x.zero_grad()
    ((x > 0) * y).sum().backward()
    assert x.grad is None


def test_stop_gradient():
    x = Value(3.0)
    (x * tg.stop_gradient(x)).backward()
    assert x.grad == 3


def test_a_parameter_changed_after_use_is_noticed():
    w = Value([1.0, 2.0], name="w")
    loss = (w * w).sum()
    w.data -= 0.1
    with pytest.raises(RuntimeError, match=r"'w'.*changed.*multiply"):
        loss.backward()
    with pytest.raises(RuntimeError, match="'w'"):
        tg.gradients(loss, [w])
    (w * w).sum().backward()


@pytest.mark.parametrize("of", [lambda w: w[0], lambda w: w[1:], lambda w: w[1:][0], lambda w: w.reshape(3, 1)])
def test_a_parameter_changed_through_a_part_of_it_is_noticed(of):
    w = Value([1.0, 2.0, 3.0], name="w")
    loss = (w * w).sum()
    part = of(w)
    part.data = part.data + 1
    changed = np.array([1.0, 2.0, 3.0])
    changed[of(np.arange(3))] += 1
    np.testing.assert_array_equal(w.data, changed)
    with pytest.raises(RuntimeError, match=r"'w'.*changed.*multiply"):
        loss.backward()


def test_a_copy_of_entries_is_not_a_part():
    w = Value([1.0, 2.0, 3.0])
    loss = (w * w).sum()
    for copy in (w[[0, 1]], w * 1, w[0] + 0):
        copy.data = copy.data + 1
    loss.backward()
    np.testing.assert_array_equal(w.grad, [2.0, 4.0, 6.0])


def test_a_failed_backward_leaves_no_gradient():
    bad = tg.define_rule(lambda x: x * 1.0, lambda g, ans, x: np.ones(7))
    x = Value([1.0, 2.0])
    y = bad(x)
    with pytest.raises(ValueError, match=r"\(7,\).*\(2,\)"):
        (y * 2).sum().backward()
    assert x.grad is None
    assert y.grad is None


# -- modes -----------------------------------------------------------------------------------------------------------


def test_no_grad_nests_and_is_a_decorator_and_survives_exceptions():
    x = Value(2.0)

    @tg.no_grad()
    def square(v):
        return v * v

    @tg.no_grad
    def cube(v):
        return v**3

    assert square(x).op is None
    assert cube(x).op is None
    with tg.no_grad():
        with tg.no_grad():
            assert (x * x).op is None
        assert (x * x).op is None
    with pytest.raises(ZeroDivisionError), tg.no_grad():
        raise ZeroDivisionError
    assert (x * x).op is np.multiply


def test_no_grad_is_of_this_thread_only():
    seen = []
    with tg.no_grad():
        thread = threading.Thread(target=lambda: seen.append((Value(1.0) * 2).op))
        thread.start()
        thread.join()
    assert seen == [np.multiply]


def test_threads_record_and_differentiate_side_by_side():
    results = {}

    def work(k):
        x = Value(float(k))
        y = x
        for _ in range(300):
            y = y + x
        y.backward()
        results[k] = x.grad

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == dict.fromkeys(range(4), 301.0)


def test_debug_names_the_first_operation_that_went_wrong_forward():
    x = Value([1.0, -1.0], name="x")
    message = r"log gives NaN.*'x' of shape \(2,\).*test_backward\.py:\d+"
    with pytest.raises(FloatingPointError, match=message), tg.debug(), np.errstate(all="ignore"):
        np.log(x)


def test_debug_names_the_first_operation_that_went_wrong_backward():
    x = Value([0.0, 1.0], name="x")
    message = r"sqrt has a gradient with infinity.*'x'.*test_backward\.py:\d+"
    with pytest.raises(FloatingPointError, match=message), tg.debug():
        np.sqrt(x).sum().backward()


def test_backward_says_nothing_about_infinite_slopes_by_itself():
    x = Value(0.0)
    np.sqrt(x).backward()
    assert x.grad == np.inf


# -- zero stays zero -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "masked",
    [
        lambda x: np.where(x > 0, np.log(x), 0.0),
        lambda x: np.where(x > 0, x * np.log(x), 0.0),
        lambda x: np.where(x > 0, np.sqrt(x), 0.0),
        lambda x: np.where(x > 0, 1 / x, 0.0),
        lambda x: np.where(x > 0, x**0.5, 0.0),
        lambda x: np.where(x > 0, x**-1.5, 0.0),
    ],
)
def test_a_masked_infinity_leaves_no_nan(masked):
    x = Value([-1.0, 0.0, 4.0])
    with np.errstate(all="ignore"):
        y = masked(x)
        [first] = tg.gradients(y.sum(), [x], create_graph=True)
        [second] = tg.gradients(first.sum(), [x])
    alone = Value(4.0)
    [slope] = tg.gradients(masked(alone), [alone], create_graph=True)
    np.testing.assert_allclose(first.data, [0, 0, slope.item()], rtol=1e-15)
    np.testing.assert_allclose(second, [0, 0, tg.gradients(slope, [alone])[0]], rtol=1e-15)


# -- size, depth, memory ---------------------------------------------------------------------------------------------


def test_a_chain_of_100_000_operations():
    x = Value(1.0)
    y = x
    for _ in range(50_000):
        y = y * 1.0
        y = y + 0.0
    y.backward()
    assert x.grad == 1.0
    assert "add" in repr(y)
    del y


def test_a_diamond_chain():
    x = Value(1.0)
    y = x
    for _ in range(1_000):
        y = y + y
    y.backward()
    assert x.grad == 2.0**1000


def test_values_go_without_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        x = Value(np.ones(3))
        y = (np.exp(x) * x).sum()
        y.backward()
        watched = [weakref.ref(node) for node in (y, y.args[0], y.args[0].args[0])]
        [slope] = tg.gradients(y, [x], create_graph=True)
        watched.append(weakref.ref(slope))
        tg.gradients(slope.sum(), [x])
        del y, slope
        assert [w() for w in watched] == [None] * len(watched)
    finally:
        gc.enable()


def test_memory_of_a_scalar_graph():
    def build(n):
        x = Value(0.5)
        y = x
        for _ in range(n):
            y = y * x
            y = y + 1.0
        return y

    build(100).backward()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        y = build(5_000)
        y.backward()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert y.grad == 1.0
    assert (after - before) / 10_000 <= 500


def test_the_registry_does_not_grow_with_use():
    before = len(RULES)
    f = tg.checkpoint(lambda v: v * v)
    for _ in range(10):
        f(Value(1.0)).backward()
    assert len(RULES) <= before + 1
