"""No false alarms: right rules are never called wrong, at kinks, near kinks, at any scale, in any precision."""

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br.checking.rows import FAMILIES

from .false_alarms import KINDS, check, functions, total


@pytest.mark.parametrize("family", FAMILIES)
def test_no_false_alarm(family):
    """Some functions of each family, called in one of their ways, on a few inputs of one kind."""
    mine = [(name, rows) for (of, name), rows in functions().items() if of == family]
    for k, (name, rows) in [*enumerate(mine)][:: 1 + len(mine) // 8]:
        kind = [*KINDS][k % len(KINDS)]
        counts, alarms = check([rows[k % len(rows)]], 3, seed=5, kinds=[kind])
        assert total(counts, "inputs") == 3
        assert not alarms, f"{name}, {kind}: {alarms[0]}"


@pytest.mark.slow
@pytest.mark.parametrize("key", functions(), ids="-".join)
def test_no_false_alarm_in_10_000_draws(key):
    """The same as `python -m tests.checking.false_alarms`: some seconds for most functions, 100 minutes for all."""
    counts, alarms = check(functions()[key], 10_000, seed=1)
    assert total(counts, "inputs") >= 10_000
    assert not alarms, "\n".join(map(str, alarms))


def test_the_harness_finds_wrong_rules():
    """A rule that is wrong for some of the inputs alone is no false alarm."""
    wrong = tg.define_rule(lambda x: np.sin(x), lambda g, ans, x: g * np.cos(x) * np.where(x > 2.5, 1 + 1e-6, 1))
    [row] = tg.check_gradients(wrong, np.linspace(-3, 3, 500), independent="entries").rows
    assert row.verdict == "wrong"
    assert row.wrong == np.sum(np.linspace(-3, 3, 500) > 2.5)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.maximum(x, 0), lambda x: np.clip(x, -1, 1), lambda x: np.sort(x), lambda x: x.max(),
        lambda x: np.abs(x).sum(), lambda x: np.linalg.norm(x),
    ],
)  # fmt: skip
@pytest.mark.parametrize("x", [np.zeros(3), np.array([1.0, 1.0, -1.0]), np.array([1e-12, -1e-9, 1.0 + 1e-13])])
def test_kinks_are_no_mistakes(f, x):
    assert tg.check_gradients(f, x).ok


def test_at_a_kink_it_says_that_it_cannot_tell():
    [row] = tg.check_gradients(lambda x: np.maximum(x, 0).sum(), np.zeros(1)).rows
    assert row.verdict == "cannot tell"
    assert "left slope 0, right slope 1, the analytic 0" in row.cause


def test_outside_both_slopes_of_a_kink_is_wrong():
    relu = tg.define_rule(lambda x: np.maximum(x, 0), lambda g, ans, x: 2 * g)
    [row] = tg.check_gradients(lambda x: relu(x).sum(), np.zeros(1)).rows
    assert row.verdict == "wrong"
    [row] = tg.check_gradients(relu, 0.0).rows
    assert row.verdict == "wrong"
    assert "outside" in row.cause


def test_rounding_of_large_numbers_is_no_mistake_but_a_mistake_beside_them_is():
    """Moving the smallest entry moves the computed determinant by less than what is rounded."""
    a = np.array([[-7e9, 1.6e8, 3.5e-13], [-1.4e-11, -5.3e4, -7e10], [1.3e6, 635.0, -3.1e7]])
    assert tg.check_gradients(np.linalg.det, a).ok
    for factor in (-1, 1 + 1e-6 * np.eye(3)):
        det = tg.define_rule(
            lambda a: np.linalg.det(a), lambda g, ans, a, factor=factor: g * factor * ans * np.linalg.inv(a).T
        )
        assert not tg.check_gradients(det, a).ok


@pytest.mark.parametrize(
    "x",
    [
        [589312042408.7844, -266229212350.24323, -1935167263.9812858, 60231470.196130544],
        [794292505499.9419, -3.180389737982703e-10, -76.20629875403463, 0.8912681656476479],
    ],
)
def test_next_to_a_jump_the_other_side_decides(x):
    """A sawtooth of which ordinary steps see the mean slope, and small ones a jump on one side."""
    for seed in range(6):
        assert tg.check_gradients(lambda x: np.unwrap(9 * x), x, seed=seed).ok
    wrong = tg.define_rule(lambda x: np.unwrap(9 * x), lambda g, ans, x: -9 * g)
    assert not tg.check_gradients(wrong, np.array([4.9, -3.1, 2.2, 0.3]), seed=0).ok
