"""Graphs of single numbers: programs of plain arithmetic give what eager rules give, whole or cut into parts."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_br as tg
from tinygrad_br import Value
from tinygrad_br.compiling import parts
from tinygrad_br.compiling.variable import Variable

# The first are computed alike by Python and NumPy, the second by other libraries, which may differ by 2 ULP each.
EXACT = [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: -a, lambda a, b: a / b,
    lambda a, b: a * 3.0, lambda a, b: 1 - b, lambda a, b: a * 1, lambda a, b: 0 + b, lambda a, b: a / 2,
    lambda a, b: tg.nn.relu(a), lambda a, b: np.maximum(a, b), lambda a, b: np.minimum(a, 0.5), lambda a, b: abs(a),
    lambda a, b: np.where(a > b, a, b * 2.0), lambda a, b: a * (b > 0), lambda a, b: np.square(b), lambda a, b: a**2,
]  # fmt: skip
ROUNDED = [
    lambda a, b: np.tanh(a), lambda a, b: np.exp(-a * a), lambda a, b: np.log(a * a + 1), lambda a, b: a**3,
    lambda a, b: np.sin(b), lambda a, b: tg.nn.sigmoid(a), lambda a, b: np.sqrt(abs(b) + 1), lambda a, b: np.arctan(a),
]  # fmt: skip
NUMBERS = st.one_of(st.floats(-3, 3), st.sampled_from([0.0, -0.0, 1.0, 1e-320, 1e200, np.inf, -np.inf, np.nan]))


@st.composite
def chains_of(draw, ops):
    """A function of three numbers, made of operations on any of the results so far."""
    steps = [
        (draw(st.sampled_from(ops)), draw(st.integers(0, 2 + i)), draw(st.integers(0, 2 + i)))
        for i in range(draw(st.integers(1, 12)))
    ]

    def function(*numbers):
        known = [*numbers]
        for op, i, j in steps:
            known.append(op(known[i], known[j]))
        return sum(known[3:], known[-1])

    return function


def value_and_gradients(function):
    def run(*numbers):
        values = [Value(x) for x in numbers]
        loss = function(*values)
        loss.backward()
        return [loss.data, *(v.grad for v in values)]

    return run


def assert_alike(function, calls, ulps):
    eager, compiled = value_and_gradients(function), tg.compile(value_and_gradients(function))
    for numbers in calls:
        with np.errstate(all="ignore"):
            expected, results = eager(*numbers), compiled(*numbers)
        for a, b in zip(results, expected):
            assert (a is None) == (b is None)
            if b is not None:
                assert isinstance(a, np.float64)
                assert (
                    a == b or (np.isnan(a) and np.isnan(b)) or (ulps and np.isclose(a, b, rtol=ulps * 2.3e-16, atol=0))
                )


@pytest.mark.parametrize("cut", [False, True])
@given(chains_of(EXACT), st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=2, max_size=4))
@settings(max_examples=60)
def test_the_same_bits(cut, function, calls):
    with pytest.MonkeyPatch.context() as patch:
        if cut:
            patch.setattr(parts, "LONG", 2)
            patch.setattr(parts, "LEAST", 2)
        assert_alike(function, calls, ulps=0)


@given(st.sampled_from(ROUNDED), st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=2, max_size=4))
@settings(max_examples=60)
def test_functions_of_the_math_module_within_8_ulp(op, calls):
    assert_alike(lambda a, b, c: op(a, b) * 1.5, calls, ulps=8)


def test_gradients_that_are_used_further():
    def run(a, b):
        x, y = Value(a), Value(b)
        loss = tg.nn.relu(x * y + 1.0) * x
        [slope] = tg.gradients(loss, [y], create_graph=True)
        (slope * slope).backward()
        loss.backward()  # adds to what is there
        [partial] = tg.gradients(loss * 2.0, [x])
        return x.grad * 10.0, partial + y.grad if y.grad is not None else partial

    compiled = tg.compile(run)
    for numbers in ((1.5, 0.5), (-2.0, 3.0), (0.25, -1.0)):
        assert compiled(*numbers) == run(*numbers)


def test_parameters_that_are_single_numbers_learn():
    def weights():
        return [Value(x, name=f"w{i}") for i, x in enumerate((0.5, -1.0, 2.0))]

    def step_of(parameters):
        def step(x, y):
            a, b, c = parameters
            loss = (tg.nn.relu(a * x + b) * c - y) ** 2
            for p in parameters:
                p.zero_grad()
            loss.backward()
            for p in parameters:
                p.data -= 0.01 * p.grad
            return loss.data

        return step

    ours, theirs = weights(), weights()
    compiled, eager = tg.compile(step_of(ours)), step_of(theirs)
    for k in range(5):
        assert compiled(3.0 + k, 1.0) == eager(3.0 + k, 1.0)
        assert [p.data for p in ours] == [p.data for p in theirs]
        assert [p.grad for p in ours] == [p.grad for p in theirs]


def test_a_deep_graph_cut_into_parts_runs_alone():
    @tg.compile
    def deep(x, w):
        a, b = Value(x), Value(w)
        v = a
        for _ in range(1_500):
            v = tg.nn.relu(v * b + 0.001)
        v.backward()
        return v.data, a.grad, b.grad

    text = deep.source(1.0, 0.999)
    assert text.count("= deep_") > 5 * text.count("def deep_")  # calls of the same functions again and again
    space = {"np": np}
    exec(text, space)
    assert space["deep"](1.0, 0.999) == deep(1.0, 0.999) == deep.function(1.0, 0.999)


def points_through_a_network(points, weights):
    """A loss of single numbers, whose graph does the same for each point."""
    total = 0.0
    for x, y in points:
        hidden = [tg.nn.relu(a * x + b * y) for a, b in weights]
        score = sum(h * a for h, (a, _) in zip(hidden, weights))
        total = total + np.tanh(score) * x
    return total


@pytest.mark.parametrize("others", [False, True])
def test_points_of_a_network_are_calls_of_the_same_functions(others):
    weights = [(Value(0.1 * i - 0.5, name=f"a{i}"), Value(0.3 - 0.05 * i, name=f"b{i}")) for i in range(12)]

    def step(points, offsets):
        for pair in weights:
            for p in pair:
                p.zero_grad()
        loss = points_through_a_network(points, weights)
        if others:  # arrays before, between and after the numbers
            loss = loss * np.sum(offsets * weights[0][0]) + np.mean(Value(offsets) ** 2)
            loss = points_through_a_network(points, weights) * loss
        loss.backward()
        return loss, [p.grad for pair in weights for p in pair]

    compiled = tg.compile(step)
    rng = np.random.default_rng(0)
    for _ in range(3):
        points, offsets = rng.uniform(-1, 1, (60, 2)).tolist(), rng.uniform(0.5, 1, 5)
        loss, gradients = compiled(points, offsets)
        expected_loss, expected_gradients = step(points, offsets)
        assert np.isclose(loss.data, expected_loss.data, rtol=1e-13)
        np.testing.assert_allclose(gradients, expected_gradients, rtol=1e-12)
    text = compiled.source(points, offsets)
    assert text.count("= step_") > 3 * text.count("def step_")


def test_points_that_are_constants_are_arguments_of_the_same_functions():
    points = [*np.random.default_rng(1).uniform(-1, 1, (50, 2)).tolist(), [0.0, -0.0], [1.0, 2.0], [0.5, 0.5]]
    weights = [(Value(0.1 * i - 0.5), Value(0.3 - 0.05 * i)) for i in range(12)]

    def step(scale):
        for pair in weights:
            for p in pair:
                p.zero_grad()
        loss = points_through_a_network(points, weights) * scale
        loss.backward()
        return loss.data, [p.grad for pair in weights for p in pair]

    compiled = tg.compile(step)
    for scale in (1.5, -0.25):
        loss, gradients = compiled(scale)
        expected, expected_gradients = step(scale)
        assert np.isclose(loss, expected, rtol=1e-13)
        np.testing.assert_allclose(gradients, expected_gradients, rtol=1e-12)
    text = compiled.source(1.5)
    assert text.count("= step_") > 3 * text.count("def step_")
    space = {"np": np}
    exec(text, space)
    assert space["step"](1.5, *(p.data for pair in weights for p in pair))[0] == compiled(1.5)[0]


def test_nothing_of_a_trace_is_left_for_the_garbage_collector():
    weights = [(Value(0.1 * i), Value(0.3 - 0.05 * i)) for i in range(5)]

    def step(x):
        loss = points_through_a_network([(x, 1.0 - x)], weights) + np.sum(
            np.tanh(Value(np.arange(3.0)) * weights[0][0])
        )
        loss.backward()
        return {"loss": loss, "gradients": [a.grad for a, _ in weights]}

    tg.compile(step)(0.25)  # what is imported and known from the first time on
    gc.collect()
    gc.disable()
    try:
        before = sum(isinstance(thing, Variable) for thing in gc.get_objects())
        compiled = tg.compile(step)
        compiled(0.25)
        after = sum(isinstance(thing, Variable) for thing in gc.get_objects())
    finally:
        gc.enable()
    assert compiled.stats(0.25)["instructions_before"] > 50
    assert after - before < 50
