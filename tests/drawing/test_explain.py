"""The chain rule with numbers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_br as tg
from tinygrad_br import Value


def test_every_path_is_shown_with_its_derivatives_and_their_product():
    a, b = Value(2.0, name="a"), Value(-3.0, name="b")
    y = a * b + a
    y.name = "y"
    text = tg.explain(y, a)
    assert isinstance(text, str)
    assert repr(text) == str(text)
    assert "d v1 / d a = -3" in text
    assert "path 2: a -> y" in text
    assert text.gradient == -2
    assert text.path_count == 2
    assert sorted(text.products) == [-3, 1]
    assert r"\frac{\partial y}{\partial a}" in text.latex
    assert text.latex.endswith("= -2")


def test_the_same_value_used_twice_is_two_paths():
    a = Value(3.0, name="a")
    assert tg.explain(a * a, a).products == [3, 3]
    assert tg.explain(a + a, a).path_count == 2


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_products_over_all_paths_add_up_to_the_numerical_derivative(seed):
    plan = np.random.default_rng(seed)
    steps = [(int(plan.integers(5)), *plan.integers(0, 1000, 2)) for _ in range(7)]
    start = float(plan.uniform(0.5, 1.5))

    def compute(x):
        values = [x, x * 0.7]
        for kind, i, j in steps:
            u, v = values[i % len(values)], values[j % len(values)]
            values.append([u + v, u * v, np.sin(u), np.tanh(v), u - 0.5 * v][kind])
        return values[-1] + values[-2]

    x = Value(start)
    text = tg.explain(compute(x), x, paths=1000)
    h = 1e-5
    numeric = (compute(start + h) - compute(start - h)) / (2 * h)
    assert sum(text.products) == pytest.approx(numeric, rel=1e-6, abs=1e-8)
    assert len(text.products) == text.path_count
    sizes = [abs(p) for p in text.products]
    assert sizes == sorted(sizes, reverse=True) or np.allclose(sizes, sorted(sizes, reverse=True), rtol=1e-12)


def test_one_entry_of_an_array():
    rng = np.random.default_rng(0)
    w, x, y = rng.normal(size=(3, 2)), rng.normal(size=(4, 3)), rng.normal(size=(4, 2))

    def loss(weights):
        return ((np.tanh(x @ weights) - y) ** 2).sum()

    value = Value(w, name="w")
    text = tg.explain(loss(value), value, index=(1, 0), paths=100)
    bump = np.zeros_like(w)
    bump[1, 0] = 1e-5
    numeric = (loss(w + bump) - loss(w - bump)) / 2e-5
    assert sum(text.products) == pytest.approx(numeric, rel=1e-6)
    assert text.path_count == 4
    assert "w[1, 0]" in text
    largest = np.unravel_index(np.argmax(np.abs(tg.gradients(loss(value), [value])[0])), w.shape)
    assert f"w[{largest[0]}, {largest[1]}]" in tg.explain(loss(value), value)


def test_the_largest_paths_and_what_the_others_add_up_to():
    w = Value(np.arange(1.0, 9.0), name="w")
    scale = Value(2.0, name="s")
    text = tg.explain((w * scale).sum(), scale, paths=3)
    assert text.products == [8, 7, 6]
    assert "the other 5 paths add up to 15" in text
    assert text.gradient == 36


def test_more_paths_than_can_be_counted():
    x = y = Value(1.0, name="x")
    for _ in range(1000):
        y = y + y
    text = tg.explain(y, x, paths=2)
    assert text.path_count == 2.0**1000
    assert "about 1e+301 paths" in text
    assert "984 more steps" in text


def test_functions_with_tuples_of_arguments_and_several_results():
    a, b = Value([1.0, 2.0], name="a"), Value([3.0], name="b")
    first, second = np.split(np.concatenate((a, b, a)) ** 2, [2])
    text = tg.explain((first * 3).sum() + second.sum(), a, index=1, paths=10)
    assert sorted(text.products) == [4, 12]


def test_zero_stays_zero_along_a_path():
    x = Value(0.0, name="x")
    text = tg.explain(np.sqrt(x) * 0.0, x)
    assert text.products == [0]
    assert text.gradient == 0


def test_no_path():
    x, y = Value(1.0, name="x"), Value(2.0, name="y")
    for output in (y * 2, tg.stop_gradient(x) * y, x > 0.5):
        if output.dtype.kind == "f":
            assert "no path" in tg.explain(output, x)
            assert tg.explain(output, x).latex.endswith("= 0")


def test_bad_questions():
    x = Value([1.0, 2.0])
    with pytest.raises(ValueError, match=r"output\.sum"):
        tg.explain(x * 2, x)
    with pytest.raises(IndexError, match="not one entry"):
        tg.explain(x.sum(), x, index=slice(0, 2))
    with pytest.raises(TypeError, match="with respect to another"):
        tg.explain(3.0, x)
    big = Value(np.ones((200, 200)))
    with pytest.raises(ValueError, match="smaller case"):
        tg.explain((big * 2).sum(), big)


def test_explaining_touches_no_gradient():
    x = Value(2.0)
    y = x * x
    tg.explain(y, x)
    assert x.grad is None
    assert y.grad is None


def test_numbers_in_the_formula_are_written_for_readers():
    x = Value(1.0, name="x_1")
    latex = tg.explain(x * 1e-9, x).latex
    assert r"\mathrm{x\_1}" in latex
    assert r"1 \cdot 10^{-9}" in latex
    assert not math.isnan(tg.explain(x * 1e-9, x).gradient)


def test_parameters_of_living_models_have_names():
    model = tg.nn.MLP(2, [3, 1], seed=0)
    loss = tg.nn.mse(model(np.ones((2, 2))), np.zeros((2, 1)))
    text = tg.explain(loss, model.layers[0].weights)
    assert text.startswith("d output / d layer 1 weights[")
    assert "@ layer 2 weights" in text


def test_the_formula_is_one_that_can_be_typeset():
    mathtext = pytest.importorskip("matplotlib.mathtext")
    rng = np.random.default_rng(0)
    x, w = Value(rng.normal(size=3), name="x"), Value(rng.normal(size=(3, 2)), name="W")
    y = np.tanh(np.tanh(x @ w) * 3.0).sum()
    for formula in (tg.explain(y, w, (1, 0)), tg.explain(y, x, paths=1), tg.explain(y, Value(1.0, name="a_b{}"))):
        mathtext.MathTextParser("path").parse(formula._repr_latex_())
    assert r"v_{1}^{(0)}" in tg.explain(y, w, (1, 0)).latex
