"""The strategies and the assertion for the test suites of users."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given

import tinygrad_br as tg
from tinygrad_br.testing import Expression, arrays_for, assert_gradients, broadcastable_shapes, expressions, operations


@given(expressions())
def test_random_graphs_have_right_gradients(expression):
    assert isinstance(expression, Expression)
    assert_gradients(expression, *expression.args)


@given(arrays_for("positive", shape=(3,)))
def test_arrays_lie_in_their_domain(x):
    assert x.shape == (3,)
    assert ((x >= 0.1) & (x <= 10)).all()


@given(arrays_for((-1, 1), dtype=np.float32))
def test_arrays_have_their_dtype(x):
    assert x.dtype == np.float32
    assert (abs(x) <= 1).all()


@given(broadcastable_shapes(3))
def test_shapes_broadcast(shapes):
    assert len(shapes) == 3
    np.broadcast_shapes(*shapes)


def test_expressions_use_the_whole_table_of_rules():
    assert {f for f, _ in operations(1)} >= {np.exp, np.log, np.sqrt, np.tanh, np.arcsin}
    assert {f for f, _ in operations(2)} >= {np.add, np.multiply, np.divide, np.power}


def test_an_expression_reads_as_a_program():
    e = Expression([np.array(1.0)], [])
    assert "v0 = array(1.)" in repr(e)


def test_the_assertion_shows_the_report():
    half = tg.define_rule(lambda x: x * x, lambda g, ans, x: g * x)
    with pytest.raises(AssertionError, match="a factor 2 is missing"):
        assert_gradients(half, np.array([0.5, 1.0]))


def test_unknown_domain():
    with pytest.raises(ValueError, match="domain is one of"):
        arrays_for("imaginary")


def test_gradients_of_other_libraries_are_callables():
    assert_gradients(lambda x: np.sin(x).sum(), np.ones(3), gradient=np.cos)
    assert_gradients(lambda x, y: x * y, np.ones(3), np.full(3, 2.0), gradient=lambda x, y, g: (g * y, g * x))
    with pytest.raises(AssertionError, match="sign"):
        assert_gradients(lambda x: np.cos(x).sum(), np.ones(3), gradient=np.sin)


@pytest.mark.peers
def test_pytorch_functions():
    torch = pytest.importorskip("torch")

    def gradient(x):
        t = torch.tensor(x, requires_grad=True)
        t.sin().sum().backward()
        return t.grad.numpy()

    assert_gradients(lambda x: torch.tensor(x).sin().sum().item(), np.ones(3), gradient=gradient)


def test_the_assertion_needs_no_hypothesis():
    """It compares functions of other libraries, where these are, with or without hypothesis."""
    program = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from tinygrad_br.testing import assert_gradients\n"
        "print(assert_gradients(lambda x: (x * x).sum(), [1.0, 2.0], gradient=lambda x: 2 * x).ok)\n"
        "from tinygrad_br.testing import arrays_for\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "True\n"
    assert done.stderr.splitlines()[-1].startswith("ImportError: arrays_for needs hypothesis; write python -m pip")
