"""Large matrices that lie column after column: users see the same numbers, before and after, here and there."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_br as tg
from tinygrad_br import Value
from tinygrad_br.optim.optimizer import copy_into

from .graphs import arrays, close, functions
from .test_training import assert_same, batches, network, training_step

WIDE = {"sizes": (270, 256, 260, 3), "seed": 1}
BATCHES = batches(8, rows=12, nin=270, classes=3)
MAKERS = [
    lambda p: tg.optim.SGD(p, 0.05, momentum=0.9),
    lambda p: tg.optim.Adam(p, 0.01, eps=0.01),  # a small one would make steps of the last digits of small gradients
]


def wide_steps(make):
    """A compiled and an eager step of the same network, and their networks and optimizers."""
    models = [network(**WIDE) for _ in range(2)]
    optimizers = [make(m.parameters()) for m in models]
    steps = [training_step(m, o) for m, o in zip(models, optimizers)]
    return tg.compile(steps[0]), steps, models, optimizers


@pytest.mark.parametrize("make", MAKERS)
def test_compiled_and_eager_steps_agree(make):
    compiled, (own, eager), models, _ = wide_steps(make)
    for i, batch in enumerate(BATCHES):
        assert (own if i % 3 == 2 else compiled)(*batch) == pytest.approx(eager(*batch), rel=1e-5)
        assert_same(*models)
    weights = models[0].layers[0].weights
    assert weights.data.flags.fnc
    assert weights.grad.shape == weights.data.shape == (270, 256)
    assert "layers_0_weights: float32[270, 256] in columns" in compiled.source(*BATCHES[0])
    assert all(p.data.flags.c_contiguous for p in models[1].parameters())
    assert models[0].layers[2].weights.data.flags.c_contiguous


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_copies_and_saved_states_go_on(make, copied):
    compiled, (_, eager), models, optimizers = wide_steps(make)
    for batch in BATCHES[:3]:
        compiled(*batch)
        eager(*batch)
    model, optimizer = copied((models[0], optimizers[0]))
    fresh = network(**WIDE | {"seed": 9})
    restored = make(fresh.parameters())
    fresh.load_state_dict(models[0].state_dict())
    restored.load_state_dict(optimizers[0].state_dict())
    optimizers[0].load_state_dict(optimizers[1].state_dict())
    for batch in BATCHES[3:]:
        eager(*batch)
        for m, o in ((models[0], optimizers[0]), (model, optimizer), (fresh, restored)):
            tg.compile(training_step(m, o))(*batch)
    for m in (models[0], model, fresh):
        assert_same(m, models[1])


def test_what_users_hold_stays_as_it_is():
    compiled, _, (model, _), _ = wide_steps(MAKERS[0])
    weights = model.layers[0].weights
    held, before = weights.data, weights.data.copy()
    compiled(*BATCHES[0])
    np.testing.assert_array_equal(held, before)
    held, before = weights.data, weights.data.copy()
    compiled(*BATCHES[1])
    assert held is weights.data
    assert np.all(held != before)
    weights.data = before
    compiled(*BATCHES[1])
    np.testing.assert_array_equal(weights.data, held)


def test_results_that_lie_in_columns():
    def step_of(model):
        optimizer = tg.optim.SGD(model.parameters(), 0.1)

        def step(x, labels):
            product = x @ model.layers[0].weights
            hidden = np.tanh(product + model.layers[0].biases)
            logits = model.layers[2](model.layers[1](hidden))
            loss = tg.nn.cross_entropy(logits, labels) + np.sum(hidden * hidden.T.T) + np.sum(hidden[:, ::2]) ** 2
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return product, hidden, hidden.T, logits.data, hidden.reshape(-1), np.max(hidden, axis=0), hidden[:, 1:2]

        return step

    models = [network(**WIDE) for _ in range(2)]
    compiled, eager = tg.compile(step_of(models[0])), step_of(models[1])
    for batch in BATCHES[:3]:
        for result, expected in zip(compiled(*batch), eager(*batch)):
            result, expected = (Value(a).data for a in (result, expected))
            np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
        for p, q in zip(models[0].parameters(), models[1].parameters()):
            np.testing.assert_allclose(p.grad, q.grad, rtol=1e-4, atol=1e-5 * np.abs(q.grad).max())
            p.data = q.data.copy()


PARTS = {
    "whole": lambda h: h.reshape(-1),
    "rows": lambda h: h[:6].reshape(-1),
    "columns": lambda h: h[2:, :1].reshape(-1),
    "transposed": lambda h: h.T.reshape(-1),
    "transposed rows": lambda h: h.T[1:3].reshape(-1),
    "transposed twice": lambda h: h.T.T[:5].reshape(-1),
    "flipped": lambda h: np.flip(h, 0).reshape(-1),
    "diagonal": lambda h: np.diagonal(h),
    "repeated": lambda h: np.broadcast_to(h, (2, *h.shape))[1].reshape(-1),
    "another shape": lambda h: h.reshape(6, -1)[1],
    "with an axis": lambda h: h[:, None][:, 0].reshape(-1),
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_parts_of_what_lies_in_columns(part):
    def step_of(model):
        optimizer = tg.optim.SGD(model.parameters(), 0.01)

        def step(x, labels):
            hidden = np.tanh(x @ model.layers[0].weights + model.layers[0].biases)
            taken = part(hidden)
            loss = tg.nn.cross_entropy(model.layers[2](model.layers[1](hidden)), labels) + np.mean(taken**2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.data, taken * 2

        return step

    models = [network(**WIDE) for _ in range(2)]
    compiled, eager = tg.compile(step_of(models[0])), step_of(models[1])
    for batch in BATCHES[:3]:
        for result, expected in zip(compiled(*batch), eager(*batch)):
            np.testing.assert_allclose(Value(result).data, Value(expected).data, rtol=1e-5, atol=1e-6)
        assert_same(*models)
    assert "in columns" in compiled.source(*BATCHES[0])


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_parts_of_probabilities_that_lie_in_columns(part):
    def function(x):
        return part(tg.nn.softmax(Value(x) * 2)) * 2

    compiled, rng = tg.compile(function), np.random.default_rng(0)
    for _ in range(3):
        x = rng.normal(size=(42, 3))
        np.testing.assert_allclose(compiled(x).data, function(x).data, rtol=1e-12)


@pytest.mark.parametrize("shape", [(200, 70), (64, 5), (1, 3), (3,), ()])
@pytest.mark.parametrize("order", ["C", "F"])
def test_copies_between_layouts(shape, order):
    numbers = np.asarray(np.random.default_rng(0).normal(size=shape), order=order)
    for other in "CF":
        array = np.zeros(shape, np.float32, other)
        copy_into(array, numbers)
        np.testing.assert_array_equal(array, numbers.astype(np.float32))
        for same in (numbers.tolist(), numbers[None][0], 2.0):
            copy_into(array, same)
            np.testing.assert_array_equal(array, np.broadcast_to(np.float32(same), shape))


@given(data=st.data(), seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_steps_of_random_graphs(data, seed):
    function, argument_shapes, parameter_shapes = data.draw(functions(np.float32))
    if not parameter_shapes:
        return
    rng = np.random.default_rng(seed)
    ours, theirs = ([Value(a) for a in arrays(np.random.default_rng(seed), parameter_shapes, np.float32)] for _ in "12")

    def step_of(parameters, optimizer):
        def step(*arguments):
            loss = function(arguments, parameters)
            optimizer.zero_grad()
            loss.backward()
            if any(p.grad is not None for p in parameters):
                optimizer.step()
            return loss

        return step

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tinygrad_br.optim.optimizer.SIDE", 1)
        patch.setattr("tinygrad_br.compiling.calls.MOST_CLEARED", data.draw(st.sampled_from([0, 1 << 16])))
        compiled = tg.compile(step_of(ours, tg.optim.SGD(ours, 0.01)))
        eager = step_of(theirs, tg.optim.SGD(theirs, 0.01))
        for _ in range(3):
            arguments = arrays(rng, argument_shapes, np.float32)
            with np.errstate(all="ignore"):
                expected, result = eager(*arguments), compiled(*arguments)
            assert close(result, expected, ulps=4)
            for p, q in zip(ours, theirs):
                assert p.grad is None or close(p.grad, q.grad, ulps=4)
                q.data = p.data.copy()  # or differences in the last digits would grow


@pytest.mark.parametrize("name", ["model", "model.safetensors"])
def test_weights_in_columns_are_saved_and_loaded(tmp_path, name):
    if name.endswith("safetensors"):
        pytest.importorskip("safetensors")
    compiled, _, (model, _), _ = wide_steps(MAKERS[0])
    compiled(*BATCHES[0])
    tg.save(model, tmp_path / name)
    other = network(**WIDE | {"seed": 5})
    tg.load(tmp_path / name, other)
    for p, q in zip(model.parameters(), other.parameters()):
        np.testing.assert_array_equal(p.data, q.data)
