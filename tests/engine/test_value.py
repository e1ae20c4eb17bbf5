"""What a Value is: its data, how it meets Python and NumPy, and what it refuses."""

from __future__ import annotations

import copy
import math
import operator
import pickle

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128])
def test_float_data_keep_their_dtype(dtype):
    assert Value(np.ones(3, dtype)).dtype == dtype
    assert Value(dtype(1)).dtype == dtype


@pytest.mark.parametrize("data", [3, True, np.int8(3), np.arange(3), np.array([True, False]), [1, 2]])
def test_integers_and_truth_values_become_float64(data):
    assert Value(data).dtype == np.float64


@pytest.mark.parametrize("data", [1.5, np.float64(1.5), np.array(1.5)])
def test_data_without_axes_are_a_numpy_scalar(data):
    x = Value(data)
    assert type(x.data) is np.float64
    assert x.shape == ()
    assert x.ndim == 0
    assert x.size == 1
    assert x.item() == 1.5
    assert type(x.item()) is float


@pytest.mark.parametrize(
    ("data", "what"), [("1.0", "text"), (None, "None"), ([object()], "object"), ({"a": 1}, "dict"), (["a"], "text")]
)
def test_what_is_not_a_number_is_refused(data, what):
    with pytest.raises(TypeError, match=what):
        Value(data)


def test_rows_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="same length"):
        Value([[1.0, 2.0], [3.0]])


def test_construction_copies():
    array = np.ones(3)
    x = Value(array)
    array[0] = 5
    assert x.data[0] == 1


def test_a_list_of_values_is_stacked_and_stays_connected():
    a, b = Value(2.0), Value(3.0)
    x = Value([a, b, 4.0])
    assert x.shape == (3,)
    (x * np.array([5.0, 7.0, 11.0])).sum().backward()
    assert (a.grad, b.grad) == (5.0, 7.0)


def test_a_value_of_a_value_stays_connected():
    a = Value([1.0, 2.0])
    (Value(a, name="alias") * np.array([3.0, 4.0])).sum().backward()
    np.testing.assert_array_equal(a.grad, [3, 4])


OPERATORS = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod, operator.floordiv,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
]  # fmt: skip
OTHERS = [
    2, 2.5, True, np.float64(2.5), np.float32(2.5), np.int64(2), np.array(2.5), np.array([2.5, 1.5]), [2.5, 1.5],
]  # fmt: skip


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
@pytest.mark.parametrize("other", OTHERS, ids=repr)
@pytest.mark.parametrize("data", [np.array([1.5, 3.0]), np.float64(3.0)], ids=["array", "scalar"])
def test_operators_with_everything_on_either_side(op, other, data):
    for left, right in ((Value(data), other), (other, Value(data)), (Value(data), Value(other))):
        result = op(left, right)
        assert type(result) is Value
        plain = [x.data if isinstance(x, Value) else np.asarray(x)[()] for x in (left, right)]
        expected = op(*plain)
        np.testing.assert_array_equal(result.data, expected)
        if not isinstance(left, (bool, int)) and not isinstance(right, (bool, int)):
            assert result.dtype == expected.dtype


@pytest.mark.parametrize("left", [np.ones((2, 3)), np.float64(2), np.float32(2), np.array(2.0)], ids=repr)
def test_numpy_on_the_left_keeps_the_graph(left):
    x = Value([1.0, 2.0, 3.0])
    for op in (operator.add, operator.sub, operator.mul, operator.truediv, np.multiply, np.maximum):
        x.zero_grad()
        result = op(left, x)
        assert type(result) is Value
        result.sum().backward()
        assert x.grad.shape == (3,)
    assert type(np.ones((2, 3)) @ x) is Value


def test_float32_stays_float32_beside_python_numbers():
    x = Value(np.float32([1, 2]))
    for result in (x * 2.0, 2.0 * x, x + 1, x / 3.0, x**2, 1 - x, np.maximum(x, 0.5)):
        assert result.dtype == np.float32
    (x * 2.0).sum().backward()
    assert x.grad.dtype == np.float32
    y = Value(np.float32(2))
    assert (y * 2.0).dtype == np.float32
    (y * np.float64(2)).backward()
    assert y.grad.dtype == np.float32


def test_a_number_that_is_no_number_is_refused_by_operators():
    with pytest.raises(TypeError, match="'3'"):
        Value(1.0) + "3"
    with pytest.raises(TypeError, match="None"):
        Value(1.0) * None
    with pytest.raises(TypeError):
        Value(1.0) + object()


def test_comparison_with_none_and_text_is_plain():
    x = Value(1.0)
    assert (x == None) is False  # noqa: E711
    assert (x != "a") is True
    assert x in [None, "a", x]


@pytest.mark.parametrize("leave", [float, int, complex, np.asarray, np.array, operator.index, lambda v: math.exp(v)])
def test_leaving_the_graph_says_what_to_write(leave):
    with pytest.raises(TypeError, match=r"v\.(item|data)"):
        leave(Value(1.0))


def test_assigning_a_value_into_an_array_is_refused():
    array = np.zeros(3)
    with pytest.raises((TypeError, ValueError)):
        array[0] = Value(1.0)
    with pytest.raises(TypeError, match="out="):
        array += Value(1.0)
    assert not array.any()


def test_setitem_names_the_functional_form():
    with pytest.raises(TypeError, match=r"tg\.put"):
        Value([1.0, 2.0])[0] = 3.0


def test_inplace_operators_make_new_nodes():
    x = y = Value([1.0, 2.0])
    x += 1
    assert x is not y
    np.testing.assert_array_equal(y.data, [1, 2])


def test_size_one_is_a_truth_value_and_formats():
    assert bool(Value(2.0) > 1)
    assert not Value([0.0])
    assert f"{Value(3.14159):.3f}" == "3.142"
    assert f"{Value([2.0]):.1f}" == "2.0"
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Value([1.0, 2.0]))


def test_repr():
    assert repr(Value(2.0, name="w")) == "Value(2., name='w')"
    assert repr(Value(2.0) * 3) == "Value(6., op=multiply)"
    assert "float32" in repr(Value(np.float32([1.0, 2.0])))
    assert len(repr(Value(np.zeros((1000, 1000))))) < 400


def test_iteration_length_and_unpacking():
    x = Value([1.0, 2.0, 3.0])
    a, b, c = x
    assert len(x) == 3
    (a * b * c).backward()
    np.testing.assert_array_equal(x.grad, [6, 3, 2])


def test_hash_is_identity():
    x, y = Value(1.0), Value(1.0)
    assert len({x, y, x}) == 2


def test_copies_hold_the_data_and_no_history():
    x = Value([1.0, 2.0], name="w")
    y = x * 2
    y.sum().backward()
    for clone in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        np.testing.assert_array_equal(clone.data, y.data)
        assert clone.op is None
        assert not np.shares_memory(clone.data, y.data)
    assert copy.deepcopy(x).name == "w"
    np.testing.assert_array_equal(copy.deepcopy(x).grad, x.grad)
    connected = x.copy()
    assert connected.op is np.copy


def test_deep_graphs_copy_and_pickle():
    x = Value(1.0)
    for _ in range(10_000):
        x = x + 1.0
    assert copy.deepcopy(x).item() == pickle.loads(pickle.dumps(x)).item() == 10_001


def test_shapes_that_do_not_fit_name_the_operation_and_both_shapes():
    a, b = Value(np.ones((2, 3))), Value(np.ones((4, 5)))
    for op, name in ((operator.matmul, "matmul"), (operator.add, "add"), (np.multiply, "multiply")):
        with pytest.raises(ValueError, match=rf"{name}.*\(2, 3\).*\(4, 5\)"):
            op(a, b)


def test_setting_data_writes_in_place_and_keeps_dtype_and_shape():
    x = Value(np.float32([1, 2]))
    array = x.data
    x.data = [3, 4]
    assert x.data is array
    assert x.dtype == np.float32
    x.data -= 1
    np.testing.assert_array_equal(array, [2, 3])
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
        x.data = [1, 2, 3]
    s = Value(1.0)
    s.data = 5
    assert type(s.data) is np.float64
    assert s.item() == 5.0


def test_a_value_whose_data_were_set_is_a_leaf():
    x = Value(2.0)
    y = x * 3
    y.data = 7.0
    (y * 2).backward()
    assert y.grad == 2
    assert x.grad is None


def test_unknown_functions_are_named_and_never_constant():
    with pytest.raises(TypeError, match=r"np\.busday_offset.*tg\.define_rule\(np\.busday_offset"):
        np.busday_offset(Value([1.0, 2.0]), 1)


def test_questions_about_shape_are_answered_plainly():
    x = Value(np.float32([[1, 2]]))
    assert np.shape(x) == (1, 2)
    assert np.ndim(x) == 2
    assert np.size(x) == 2
    assert np.result_type(x, np.float64) == np.float64
    np.testing.assert_array_equal(np.zeros_like(x), np.zeros((1, 2)))


def test_define_rule_for_a_function_of_the_users_own():
    calls = []

    def double(x):
        calls.append(type(x))
        return 2 * x

    double = tg.define_rule(double, lambda g, ans, x: 2 * g)
    x = Value([1.0, 2.0])
    y = double(x)
    assert calls == [np.ndarray]
    y.backward(np.array([3.0, 4.0]))
    np.testing.assert_array_equal(x.grad, [6, 8])
    np.testing.assert_array_equal(double(np.ones(2)), [2, 2])


def test_primitive_is_the_decorator_form_of_define_rule():
    @tg.primitive(lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * x)
    def product(x, y):
        return x * y

    x, y = Value(2.0), Value(3.0)
    for result in (product(x, y), product(y=y, x=x)):
        x.zero_grad(), y.zero_grad()
        result.backward()
        assert result.op is product
        assert (x.grad, y.grad) == (3.0, 2.0)
    assert product(2.0, 3.0) == 6.0
    assert tg.check_gradients(product, 2.0, 3.0).ok


def test_shapes_that_do_not_fit_say_which_axes_must_agree():
    with pytest.raises(ValueError, match=r"the last axis of the first, 3, .* last but one axis of the second, 4"):
        Value(np.ones((2, 3))) @ Value(np.ones((4, 5)))
    with pytest.raises(ValueError, match=r"only axis of the second, 4"):
        Value(np.ones((2, 3))) @ Value(np.ones(4))
    with pytest.raises(ValueError, match=r"counted from the right"):
        Value(np.ones((2, 3))) + Value(np.ones(4))
    with pytest.raises(ValueError, match=r"stack of shapes \(3,\) and \(2,\): all input arrays must"):
        np.stack([Value(np.ones(3)), np.ones(2)])
    with pytest.raises(ValueError, match=r"einsum of shapes \(2, 3\) and \(4, 2\): operands could not be"):
        np.einsum("ij,jk", Value(np.ones((2, 3))), np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"broadcast_to of shapes \(3,\): .* requested shape \(4,\)"):
        np.broadcast_to(Value(np.ones(3)), (4,))


def test_divmod_and_round():
    x = Value([5.5, -7.25], name="x")
    quotient, remainder = divmod(x, 2.0)
    np.testing.assert_array_equal(quotient.data, [2, -4])
    np.testing.assert_array_equal(remainder.data, [1.5, 0.75])
    (remainder * np.array([3.0, 5.0])).sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 5])
    np.testing.assert_array_equal(round(x, 1).data, [5.5, -7.2])
    assert type(np.full_like(x, 2.0)) is np.ndarray


def test_an_empty_list_is_an_index():
    x = Value(np.ones((4, 5)))
    assert x[[]].shape == (0, 5)
    x[[]].sum().backward()
    assert not x.grad.any()
