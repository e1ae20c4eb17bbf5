"""`check_gradients`: right gradients pass, wrong ones are found, the report says it."""

import json

import numpy as np
import pytest

import tinygrad_br as tg

half = tg.define_rule(lambda x: x * x, lambda g, ans, x: g * x)


def test_right_gradients_pass():
    report = tg.check_gradients(lambda x, y: np.exp(x) * y, np.arange(3.0), np.ones((2, 3)))
    assert report.ok
    assert report.raise_if_wrong() is report
    assert [row.shape for row in report.rows] == [(3,), (2, 3)]
    assert min(row.digits for row in report.rows) > 10


def test_wrong_gradients_are_found():
    report = tg.check_gradients(half, np.array([0.5, 1.0]))
    assert not report.ok
    with pytest.raises(AssertionError, match="wrong at argument 0"):
        report.raise_if_wrong()


def test_a_wrong_second_derivative_is_found():
    square = tg.define_rule(lambda x: x * x, lambda g, ans, x: g * (x + tg.stop_gradient(x)))
    assert tg.check_gradients(square, 1.5).ok
    assert not tg.check_gradients(square, 1.5, order=2).ok


def test_the_report_is_a_table_and_a_dict():
    report = tg.check_gradients(half, tg.Value([0.5, 1.0], name="w"))
    assert "analytic" in str(report)
    assert "w" in str(report)
    assert json.loads(json.dumps(report.to_dict()))["ok"] is False


@pytest.mark.parametrize("error", [ValueError, KeyError])
def test_a_point_on_the_edge_of_where_a_function_raises(error):
    def f(x):
        if np.any((x.data if isinstance(x, tg.Value) else x) > 1):
            raise error("too large")
        return (x * x).sum()

    [row] = tg.check_gradients(f, np.array([1.0, 0.5])).rows
    assert row.verdict == "right", row.sentence()


def test_functions_that_are_not_finite_are_no_mistakes_and_warn_of_nothing():
    report = tg.check_gradients(np.log, np.array([0.0, 1.0]))
    assert report.ok
    assert "not finite around the point" in str(report)
    assert "nan +- " not in report.notes()[0]


def test_a_function_may_write_into_its_arguments():
    def f(x):
        x *= 2
        return x.sum()

    x = np.ones(3)
    assert tg.check_gradients(f, x).raise_if_wrong()
    assert np.array_equal(x, np.ones(3))


def test_independent_entries_are_judged_by_themselves():
    x = np.array([1e-9, 1.0, 1e6])
    off = tg.define_rule(lambda x: x * x * x, lambda g, ans, x: g * 3 * x * x * np.where(x < 1e-3, 1 + 1e-6, 1))
    assert tg.check_gradients(np.arctan2, np.ones((3, 4)), np.arange(4.0), independent="entries").ok
    report = tg.check_gradients(off, x, independent="entries")
    assert [row.wrong for row in report.rows] == [1], "its gradient of 3e-18 is small, but wrong by itself"
    assert report.rows[0].index == (0,)


def test_independent_rows():
    x = np.random.default_rng(3).normal(size=(200, 3))
    assert tg.check_gradients(lambda x: x / np.sum(x * x, axis=1, keepdims=True), x, independent="rows").ok
    [row] = tg.check_gradients(half, x, independent="rows").rows
    assert row.verdict == "wrong"
    assert "a factor 2 is missing" in row.cause


@pytest.mark.parametrize(
    ("f", "args", "kind", "words"),
    [
        (np.cumsum, [np.ones(9)], "entries", "depend on other rows"),
        (np.sum, [np.ones(9)], "entries", "9 independent rows went in"),
        (np.add, [np.ones(3), np.ones(4)], "rows", "the same first axis"),
        (np.exp, [np.ones(3)], "columns", "'entries' or 'rows'"),
    ],
)
def test_what_is_not_independent_is_refused(f, args, kind, words):
    with pytest.raises(ValueError, match=words):
        tg.check_gradients(f, *args, independent=kind)


def test_outside_a_kink_of_many_slopes_is_no_mistake():
    """Three equal numbers: moving one of them shows two of its three slopes."""
    weights = np.array([1.0, -2.0, 5.0])
    report = tg.check_gradients(lambda x: (weights * np.sort(x)).sum(), np.ones(3))
    assert report.ok, str(report)


def test_kinks_of_many_slopes_in_independent_rows():
    x = np.array([[1.0, 1.0, 1.0], [3.0, 2.0, 1.0], [2.0, 2.0, 2.0]])
    [row] = tg.check_gradients(lambda x: np.sort(x, axis=1), x, independent="rows").rows
    assert row.wrong == 0, row.sentence()
    assert row.unsure == 6


def test_the_picture_shows_an_entry_where_a_direction_is_worst():
    report = tg.check_gradients(half, np.array([0.5, 1.0]), mode="forward")
    axes = report.plot().axes[1]
    assert axes.get_title() == "error of difference quotients at argument 0[0]"
    assert min(min(line.get_ydata()) for line in axes.get_lines() if len(line.get_ydata()) > 9) < 1e-8


@pytest.mark.parametrize("nothing", [None, "no gradient", {"x": 1}])
def test_a_gradient_that_is_no_array_is_refused_in_plain_words(nothing):
    with pytest.raises(TypeError, match=f"gradient returned {type(nothing).__name__}, but an array is expected"):
        tg.check_gradients(np.sum, np.ones(3), gradient=lambda x: nothing)


def test_what_a_function_says_to_arrays_is_reported():
    def picky(x):
        raise TypeError(f"a tensor is expected, but got {type(x).__name__}")

    with pytest.raises(TypeError, match="got ndarray"):
        tg.check_gradients(picky, np.ones(3), gradient=lambda x: x)


def test_the_smallest_and_the_largest_numbers_beside_each_other():
    """The error of one derivative is so much smaller than the other derivative that their quotient underflows."""
    factors = np.array([5e-324, 1e300])
    [row] = tg.check_gradients(
        lambda x: x * factors, np.ones((3, 2)), gradient=lambda x, w: w * factors, independent="rows"
    ).rows
    assert row.verdict == "right"
    assert 15 < row.digits <= 16


@pytest.mark.parametrize(("x", "verdict"), [(-600.0, "cannot tell"), (-300.0, "right"), (-3.0, "right")])
def test_a_chain_that_overflows_on_its_way(x, verdict):
    """The derivative of 1 / e is 1 / e**2, which is infinite for e = exp(-600), though exp(600) is not."""
    [row] = tg.check_gradients(lambda x: 1 / np.exp(x), x).rows
    assert row.verdict == verdict
    [row] = tg.check_gradients(lambda x: 1 / np.exp(x), x, gradient=lambda x: np.inf).rows
    assert row.verdict == ("cannot tell" if x == -600 else "wrong")
