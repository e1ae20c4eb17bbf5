"""What `why` answers; each case is the fault that it should name."""

import gc

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value


def test_on_no_path():
    x, y = Value(1.0, name="x"), Value(2.0, name="y")
    answer = tg.why(x, y * 3)
    assert answer.kind == "none"
    assert "'x' is on no path" in answer
    assert "'y'" in answer


def test_never_used():
    x = Value(1.0)
    gc.collect()
    assert "no Value of size 1" in tg.why(x)


def test_cut_by_stop_gradient_with_its_line():
    x = Value(1.0, name="x")
    with tg.debug():
        y = tg.stop_gradient(x) * 2.0
    answer = tg.why(x, y)
    assert answer.kind == "none"
    assert "stop_gradient" in answer
    assert "test_why.py:" in answer


def test_cut_by_no_grad_with_its_line():
    x = Value(1.0, name="x")
    with tg.debug():
        with tg.no_grad():
            inner = x * 2.0
        y = inner * Value(3.0)
    answer = tg.why(x, y)
    assert "tg.no_grad()" in answer
    assert "test_why.py:" in answer


def test_a_comparison_has_no_derivative():
    x = Value([1.0, 2.0], name="x")
    answer = tg.why(x, ((x > 1.5) * Value(2.0)).sum())
    assert "greater" in answer
    assert "comparison" in answer
    assert "a step" in tg.why(x, (np.floor(x) * Value(2.0)).sum())


@pytest.mark.parametrize("off", [lambda x: np.maximum(x, 0), lambda x: tg.nn.relu(x)])
def test_a_relu_that_is_off(off):
    x = Value([[-3.0, -1.0]], name="x")
    answer = tg.why(x, (off(x * 2.0) * 5.0).sum())
    assert answer.kind == "zero"
    assert "off for 100 % of its 2 inputs" in answer
    assert "from -6 to -2" in answer


def test_a_saturated_sigmoid():
    x = Value(900.0, name="x")
    answer = tg.why(x, tg.nn.sigmoid(x) * 2.0)
    assert answer.kind == "zero"
    assert "sigmoid" in answer
    assert "saturated" in answer


def test_multiplied_by_zero():
    x = Value(2.0, name="x")
    assert "multiplies 'x' by zero" in tg.why(x, x * 0.0 + 1.0)


def test_the_first_result_that_is_not_finite():
    p = Value([0.0, 1.0], name="p")
    with np.errstate(all="ignore"):
        answer = tg.why(p, (np.log(p) * 2.0).sum())
    assert answer.kind == "nan"
    assert "that of log" in answer
    assert "'p'" in answer


def test_a_derivative_that_is_not_finite():
    p = Value([0.0, 1.0], name="p")
    answer = tg.why(p, np.sqrt(p).sum())
    assert answer.kind == "nan"
    assert "derivative of sqrt" in answer


def test_huge_and_tiny_name_the_operations():
    x = Value(10.0, name="x")
    answer = tg.why(x, np.exp(x * 1.5) * 3.0)
    assert answer.kind == "huge"
    assert "exp" in answer.split("\n")[1]
    y = x * 1.0
    for _ in range(15):
        y = tg.nn.sigmoid(y)
    answer = tg.why(x, y)
    assert answer.kind == "tiny"
    assert "sigmoid" in answer


def test_the_output_is_found_without_being_named():
    x = Value([-1.0, -2.0], name="x")
    loss = np.maximum(x, 0).sum()
    assert tg.why(x) == tg.why(x, loss)


def test_an_ordinary_gradient():
    x = Value(1.0, name="x")
    y = x * 3.0
    answer = tg.why(x, y)
    assert answer.kind == "ordinary"
    assert "nothing has called backward()" in answer
    y.backward()
    assert "backward" not in tg.why(x, y)
    assert repr(answer) == str(answer)


def test_mostly_dead_relus_are_mentioned():
    model = tg.nn.MLP(2, [16, 1], seed=0)
    model.layers[0].biases.data = np.full(16, -3.0)
    x = np.random.default_rng(0).normal(size=(64, 2))
    answer = tg.why(model.layers[0].weights, tg.nn.bce_with_logits(model(x), np.ones((64, 1))))
    assert "relu" in answer
    assert "% of its 1,024 inputs" in answer


def test_bad_questions():
    x = Value([1.0, 2.0])
    with pytest.raises(TypeError, match="Value"):
        tg.why(3.0)
    with pytest.raises(ValueError, match=r"output\.sum"):
        tg.why(x, x * 2)


@pytest.mark.parametrize(
    ("function", "low", "high", "said"),
    [
        (tg.nn.relu, -3, 1, "relu (shape (20,)) is off for 75 % of its 20 inputs"),
        (lambda x: np.maximum(0, x), -3, 1, "maximum (shape (20,)) is off for 75 %"),
        (
            tg.nn.leaky_relu,
            -3,
            1,
            "leaky_relu (shape (20,)) is on its flat side for 75 % of its 20 inputs; it passes at",
        ),
        (tg.nn.elu, -60, -50, "elu (shape (20,)) is saturated for 100 % of its 20 inputs: they lie from -60 to -50"),
        (tg.nn.sigmoid, 7, 30, "sigmoid (shape (20,)) is saturated for 100 %"),
        (np.tanh, -30, 5, "tanh (shape (20,)) is saturated for"),
        (np.arctan, 1e3, 1e4, "arctan (shape (20,)) is saturated for 100 %"),
        (tg.nn.gelu, -60, -50, "gelu (shape (20,)) is saturated for 100 %"),
        (tg.nn.hard_tanh, -5, 2, "hard_tanh (shape (20,)) is at a bound for"),
        (
            lambda x: np.clip(x, 0, 1),
            5,
            9,
            "clip (shape (20,)) is at a bound for 100 % of its 20 inputs: they lie from 5",
        ),
        (lambda x: tg.nn.softmax(x * 100.0) * np.arange(20.0), 0, 19, "one of its results is above 0.99 in 100 %"),
    ],
)
def test_activations_that_pass_little(function, low, high, said):
    x = Value(np.linspace(low, high, 20), name="x")
    assert said in tg.why(x, function(x).sum())


def test_nothing_is_said_of_activations_that_work():
    x = Value(np.linspace(-1, 1, 20), name="x")
    for function in (tg.nn.leaky_relu, tg.nn.sigmoid, np.tanh, tg.nn.softmax):
        output = (function(x) ** 2).sum()
        output.backward()
        assert tg.why(x, output).count("\n") == 0


def test_uses_that_cancel_each_other():
    x = Value(2.0, name="x")
    assert "several uses of 'x' cancel" in tg.why(x, x - x)
    assert "picks no entry of 'x'" in tg.why(x, np.where(np.array(False), x, Value(1.0)))
