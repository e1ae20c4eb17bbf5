"""No false alarms: right rules are never called wrong, at kinks, near kinks, at any scale, in any precision."""

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br.testing import operations

SINGLE = [(f.__name__, f) for f, _ in operations(1)]
PAIRS = [(f.__name__, f) for f, _ in operations(2)]
KINDS = ("ordinary", "near zero", "huge", "integers", "near integers", "float32")


def numbers(rng, kind, size):
    """Inputs of a kind; integers and what is near them hit the kinks of most functions."""
    x = rng.normal(size=size)
    if kind == "near zero":
        return x * 10 ** rng.uniform(-12, -6, size)
    if kind == "huge":
        return x * 10 ** rng.uniform(6, 12, size)
    if kind == "float32":
        return x.astype(np.float32)
    whole = rng.integers(-3, 4, size).astype(float)
    return whole if kind == "integers" else whole + x * 1e-9 if kind == "near integers" else 3 * x


def defined(function, args):
    """The arguments where the function and its neighbourhood are finite."""
    with np.errstate(all="ignore"):
        keep = np.isfinite(function(*args))
    return [a[keep] for a in args]


def never_wrong(function, draws, seed):
    rng = np.random.default_rng(seed)
    told = 0
    for kind in KINDS:
        args = defined(function, [numbers(rng, kind, draws) for _ in range(function.nin)])
        for k in range(0, len(args[0]), 64):
            with np.errstate(all="ignore"):
                report = tg.check_gradients(function, *(a[k : k + 64] for a in args), seed=rng)
            assert report.ok, f"{kind}: {report}"
            told += all(row.verdict == "right" for row in report.rows)
    return told


@pytest.mark.parametrize("function", [f for _, f in SINGLE + PAIRS], ids=[n for n, _ in SINGLE + PAIRS])
def test_no_false_alarm(function):
    never_wrong(function, 4, seed=5)


@pytest.mark.slow
@pytest.mark.parametrize("function", [f for _, f in SINGLE + PAIRS], ids=[n for n, _ in SINGLE + PAIRS])
def test_no_false_alarm_in_10_000_draws(function):
    never_wrong(function, 10_000 // len(KINDS), seed=6)


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
    assert "outside" in row.cause
