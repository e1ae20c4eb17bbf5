"""Optimizers: what a step does, to whom, and what is remembered."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value, nn, optim

ALL = [
    (optim.SGD, {}),
    (optim.SGD, {"momentum": 0.9}),
    (optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    (optim.SGD, {"momentum": 0.9, "rate_inside": True}),
    (optim.Adam, {}),
    (optim.AdamW, {}),
    (optim.Adagrad, {}),
    (optim.RMSprop, {}),
    (optim.RMSprop, {"momentum": 0.5}),
    (optim.Nadam, {}),
    (optim.Adamax, {}),
    (optim.Lion, {"weight_decay": 0.1}),
]
every = pytest.mark.parametrize(("cls", "options"), ALL)


def parameters(dtype=np.float64):
    rng = np.random.default_rng(0)
    return [Value(rng.normal(size=shape).astype(dtype)) for shape in ((3, 2), (), (4,), (2, 1, 2))]


def with_gradients(values, seed):
    rng = np.random.default_rng(seed)
    for value in values:
        value.grad = rng.normal(size=value.shape).astype(value.dtype)[()]


@every
def test_a_bowl_is_descended(cls, options):
    target = [np.full(p.shape, 0.5) for p in parameters()]
    values = parameters()
    optimizer = cls(values, lr=0.3 if cls is optim.Adagrad else 0.02, **options)
    losses = []
    for _ in range(300):
        optimizer.zero_grad()
        loss = sum(nn.mse(v, t) for v, t in zip(values, target, strict=True))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


@every
def test_one_vector_or_many_is_the_same(cls, options):
    """Together, one by one, and in float32 next to float64."""
    together, apart = parameters(), parameters()
    mixed = [Value(v.data.astype(np.float32)) if i % 2 else v for i, v in enumerate(parameters())]
    one, many, both = cls(together, **options), [cls([v], **options) for v in apart], cls(mixed, **options)
    for seed in range(5):
        for values in (together, apart, mixed):
            with_gradients(values, seed)
        for optimizer in (one, both, *many):
            optimizer.step()
    for a, b, c, start in zip(together, apart, mixed, parameters(), strict=True):
        np.testing.assert_array_equal(a.data, b.data)
        np.testing.assert_allclose(a.data, c.data, rtol=1e-5, atol=1e-6)
        assert not np.array_equal(a.data, start.data)
    assert [v.dtype for v in mixed] == [np.float64, np.float32] * 2


@every
def test_resuming_goes_on_as_if_nothing_had_happened(cls, options):
    straight, halted = parameters(), parameters()
    a, b = cls(straight, **options), cls(halted, **options)
    for seed in range(10):
        if seed == 5:
            state = b.state_dict()
            halted = [Value(v.data) for v in halted]
            b = cls(halted, **options)
            b.load_state_dict(state)
        for values, optimizer in ((straight, a), (halted, b)):
            with_gradients(values, seed)
            optimizer.step()
    for x, y in zip(straight, halted, strict=True):
        np.testing.assert_array_equal(x.data, y.data)


@every
def test_a_parameter_without_a_gradient_is_left_alone(cls, options):
    values, fewer = parameters(), parameters()[:2]
    optimizer, reference = cls(values, **options), cls(fewer, **options)
    for seed in range(3):
        with_gradients(values, seed)
        with_gradients(fewer, seed)
        values[2].grad = values[3].grad = None
        optimizer.step()
        reference.step()
    for v, start in zip(values[2:], parameters()[2:], strict=True):
        np.testing.assert_array_equal(v.data, start.data)
    for v, expected in zip(values[:2], fewer, strict=True):
        np.testing.assert_array_equal(v.data, expected.data)


@every
def test_large_and_small_parameters_in_blocks(cls, options):
    """More entries than a block holds, and a missing gradient in the middle."""
    rng = np.random.default_rng(0)
    start, gradient = rng.normal(size=(2, 70_001))
    large, small = [Value(start[:70_000]), Value(start[0]), Value(start[70_000:])], [Value(start[[0, -1]])]
    optimizer, reference = cls(large, **options), cls(small, **options)
    for _ in range(3):
        large[0].grad, large[2].grad, small[0].grad = gradient[:70_000], gradient[70_000:], gradient[[0, -1]]
        optimizer.step()
        reference.step()
    np.testing.assert_array_equal([large[0].data[0], large[2].data[0]], small[0].data)
    assert (large[0].data != start[:70_000]).all()
    assert large[1].data == start[0]


@every
def test_a_sleeping_network_does_not_become_slow(cls, options):
    """When gradients become 0, what is remembered ends in exact zeros and never in denormal numbers."""
    value = Value(np.ones(1000, np.float32))
    optimizer = cls([value], **options)
    value.grad = np.full(1000, 1e-5, np.float32)
    optimizer.step()
    value.grad = np.zeros(1000, np.float32)
    for _ in range(1000):
        optimizer.step()
    tiny = np.finfo(np.float32).tiny
    for memory in optimizer.pools[0].memory.values():
        assert not ((memory != 0) & (np.abs(memory) < tiny)).any()


def test_all_parameters_live_in_one_vector():
    model = nn.MLP(5, [4, 3], seed=0)
    before = model.state_dict()
    optimizer = optim.Adam(model.parameters())
    [pool] = optimizer.pools
    assert pool.data.size == sum(p.size for p in model.parameters())
    for name, p in model.named_parameters():
        assert np.shares_memory(p.data, pool.data)
        np.testing.assert_array_equal(p.data, before[name])


def test_a_tied_parameter_is_updated_once():
    w = Value([1.0])
    optimizer = optim.SGD([w, w], lr=0.5)
    w.grad = np.array([1.0])
    optimizer.step()
    assert w.data.tolist() == [0.5]


def test_two_optimizers_on_one_model_take_turns():
    values = parameters()
    first, second = optim.SGD(values, lr=1.0), optim.SGD(values, lr=1.0)
    for optimizer in (first, second, first):
        for v in values:
            v.grad = np.ones(v.shape)[()]
        optimizer.step()
    for v, start in zip(values, parameters(), strict=True):
        np.testing.assert_allclose(v.data, start.data - 3, rtol=1e-14)


def test_numbers_set_between_steps_are_kept():
    values = parameters()
    optimizer = optim.SGD(values, lr=1.0)
    for v in values:
        v.data = np.zeros(v.shape)
        v.grad = np.ones(v.shape)[()]
    optimizer.step()
    assert all((np.asarray(v.data) == -1).all() for v in values)


def test_a_graph_from_before_a_step_raises():
    for w in (Value([1.0, 2.0]), Value(1.0)):
        optimizer = optim.SGD([w])
        loss = (w * w).sum()
        loss.backward()
        optimizer.step()
        with pytest.raises(RuntimeError, match="changed after multiply used it"):
            loss.backward()
        (w * w).sum().backward()


def test_gradients_may_be_given():
    """What tg.gradients found, without touching .grad."""
    values = parameters()
    optimizer = optim.SGD(values, lr=1.0)
    optimizer.step([np.ones(v.shape) for v in values])
    for v, start in zip(values, parameters(), strict=True):
        np.testing.assert_array_equal(v.data, start.data - 1)
        assert v.grad is None
    with pytest.raises(ValueError, match="got 1 gradients for 4 parameters"):
        optimizer.step([1.0])


def test_a_trained_model_is_independent_of_its_optimizer():
    model = nn.MLP(2, [2], seed=0)
    optimizer = optim.SGD(model.parameters())
    weights = model.layers[0].weights
    del optimizer
    weights.data -= 1
    assert np.shares_memory(model.layers[0].neurons[0].weights.data, weights.data)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: optim.SGD([]), ValueError, "needs parameters, but got none; pass model.parameters()"),
        (lambda: optim.SGD([np.ones(2)]), TypeError, "parameters are Values, but got ndarray"),
        (lambda: optim.SGD([Value(1.0) * 2]), ValueError, "is the result of a computation"),
        (lambda: optim.SGD([Value(1.0)], lr=-1), ValueError, "positive number, but got -1"),
        (lambda: optim.SGD([Value(1.0)]).step(), RuntimeError, "call loss.backward"),
        (lambda: optim.SGD([Value(1.0)], nesterov=True), ValueError, "give a momentum too"),
        (lambda: optim.Adam([Value(1.0)], betas=(0.9, 1.0)), ValueError, "0 <= beta < 1"),
        (lambda: optim.Adam([Value(1.0)]).load_state_dict({"steps": 1}), ValueError, "Adam remembers steps, lr, mean"),
        (
            lambda: optim.Adam([Value([1.0])]).load_state_dict(optim.Adam(parameters()).state_dict()),
            ValueError,
            r"mean.float64 has shape \(1,\), but the state has \(15,\)",
        ),
    ],
)
def test_errors_say_what_to_write(call, error, message):
    with pytest.raises(error, match=message):
        call()


@every
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_a_copy_goes_on_like_the_original(cls, options, duplicate):
    def train(values, optimizer):
        for _ in range(3):
            optimizer.zero_grad()
            sum(((v - 1) ** 2).sum() for v in values).backward()
            optimizer.step()

    values = parameters()
    optimizer = cls(values, lr=0.01, **options)
    train(values, optimizer)
    values_2, optimizer_2 = duplicate((values, optimizer))
    train(values, optimizer)
    for v, v_2 in zip(values, values_2, strict=True):
        assert not np.array_equal(v.data, v_2.data)
    train(values_2, optimizer_2)
    for v, v_2 in zip(values, values_2, strict=True):
        np.testing.assert_array_equal(v.data, v_2.data)


def test_an_optimizer_says_what_it_is():
    assert repr(optim.Adam(parameters(), lr=0.01)) == "Adam(15 parameters, lr=0.01, 0 steps)"


def test_a_small_network_learns_exclusive_or():
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([0, 1, 1, 0])
    model = nn.MLP(2, [8, 2], activation="tanh", seed=0)
    optimizer = tg.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        nn.cross_entropy(model(x), y).backward()
        optimizer.step()
    assert model(x).data.argmax(1).tolist() == y.tolist()


@pytest.mark.parametrize(
    "kind", [optim.SGD, optim.Adam, optim.AdamW, optim.Adagrad, optim.RMSprop, optim.Nadam, optim.Adamax]
)
def test_float16_learns_and_stays_finite(kind):
    w = Value(np.array([2.0, 0.0, -1.0], np.float16))
    optimizer = kind([w], lr=0.05)
    for _ in range(50):
        w.zero_grad()
        (w * w).sum().backward()  # the middle entry has a gradient of 0 from the start
        optimizer.step()
    assert w.dtype == np.float16
    assert np.all(np.isfinite(w.data))
    assert np.sum(w.data**2) < 5.0
    assert w.data[1] == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("sizes", [(1,), (0, 3), (1024, 1024), (40_000, 7)])
def test_vectors_lie_where_the_processor_reads_fast(dtype, sizes):
    """They begin at multiples of 64 bytes, never at a multiple of 4096 from each other, and do not overlap."""
    optimizer = tg.optim.Adam([Value(np.ones(n, dtype)) for n in sizes], lr=0.1)
    [pool] = optimizer.pools
    vectors = [pool.data, pool.gradient, *pool.memory.values()]
    starts = [v.ctypes.data for v in vectors]
    assert all(start % 64 == 0 for start in starts)
    assert all((b - a) % 4096 and b - a >= pool.data.nbytes for a, b in itertools.pairwise(sorted(starts)))
    optimizer.step([np.ones(n, dtype) for n in sizes])
    for p in optimizer.parameters:
        np.testing.assert_allclose(p.data, 0.9, rtol=1e-3)


def test_a_state_of_lists_is_taken_over():
    parameters = [Value([[1.0, 2.0]]), Value(3.0)]
    optimizer = optim.Adam(parameters)
    optimizer.step([np.array([[0.5, -1.0]]), np.array(2.0)])
    other = optim.Adam([Value([[1.0, 2.0]]), Value(3.0)])
    other.load_state_dict({name: array.tolist() for name, array in optimizer.state_dict().items()})
    for name, array in other.state_dict().items():
        np.testing.assert_array_equal(array, optimizer.state_dict()[name])
