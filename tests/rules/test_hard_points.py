"""What derivatives are where they jump, are infinite, or do not exist: the decisions, one test each."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value
from tinygrad_br.checking.kinks import KINKS, ZEROS, plain

INF = np.inf


def slopes(f, *xs):
    """The gradient of the sum of f at floats or arrays, one for each."""
    values = [Value(x) for x in xs]
    return [np.asarray(g).tolist() for g in tg.gradients(np.sum(f(*values)), values)]


def derivatives(f, x, orders):
    """The derivatives of f at a float, of order 1, 2, ..."""
    v = Value(x)
    found, y = [], f(v)
    for _ in range(orders):
        [y] = tg.gradients(y, [v], create_graph=True)
        found.append(y.item())
    return found


@pytest.mark.parametrize("kink", [*KINKS, *ZEROS], ids=str)
def test_kink(kink):
    assert kink.measured() == kink.slope


def test_the_documentation_shows_what_is_decided():
    page = (pathlib.Path(__file__).parents[2] / "docs" / "hard-points.md").read_text(encoding="utf-8")
    rows = [
        tuple(cell.strip() for cell in line.split("|")[1:4]) for line in page.splitlines() if line.startswith("| `")
    ]
    decided = [(f"`{k.text}`", k.place(), " and ".join(map(plain, k.slope))) for k in (*KINKS, *ZEROS)]
    assert rows[: len(decided)] == decided, "write it anew: python benchmarks/hard_points.py docs/hard-points.md"
    assert {ours for _, _, ours in rows[len(decided) :]} == {"right"}


@pytest.mark.parametrize("kink", KINKS, ids=str)
def test_zero_stays_zero_at_the_kinks(kink):
    point = [np.array(x) for x in kink.point]

    def hidden(*args):
        return np.where(False, np.sum(kink.evaluate(args)), np.sum(args[0] * args[0]))

    with np.errstate(all="ignore"):
        assert not np.any(slopes(lambda *args: 0.0 * kink.evaluate(args), *point)), "a zero cotangent stays zero"
        assert slopes(hidden, *point) == slopes(lambda *args: np.sum(args[0] * args[0]), *point), "a masked branch too"
        if np.all(np.isfinite(point[0])):
            size = point[0].size
            second = tg.hessian(lambda x: hidden(x, *point[1:]))(point[0])
            np.testing.assert_array_equal(np.reshape(second, (size, size)), 2 * np.eye(size), "also at second order")


@pytest.mark.parametrize(
    ("f", "point", "expected"),
    [
        (np.logaddexp, (1e300, 1e300), [0.5, 0.5]),
        (lambda x, low: np.clip(x, low, 1), (0.0, 0.0), [1.0, 0.0]),
        (lambda x, y: np.divmod(x, y)[1], (4.0, 2.0), [1.0, -2.0]),
    ],
)
def test_kinks_of_two_arguments(f, point, expected):
    assert slopes(f, *point) == expected


@pytest.mark.parametrize("f", [np.std, np.ptp])
def test_spread_of_one_number(f):
    assert slopes(lambda x: f(np.stack([x])), 3.0) == [0.0]


def test_power_at_exponent_zero_by_both():
    """d/dx x**y = y x**(y-1) is 0 at y = 0, but it grows with y: its derivative by y is 1/x."""
    hessian = tg.hessian(lambda v: np.power(v[0], v[1]))(np.array([0.25, 0.0]))
    np.testing.assert_allclose(hessian, [[0, 4], [4, np.log(0.25) ** 2]], rtol=1e-15)
    assert slopes(np.power, 1e-310, 0.0) == [0.0, np.log(1e-310)]


def test_equal_maxima_share():
    for f, share in ((np.max, 0.5), (np.maximum.reduce, 0.5), (np.nanmax, 0.5)):
        assert slopes(f, [1.0, 3.0, 3.0]) == [[0.0, share, share]]
    assert slopes(lambda x: np.min(x, axis=1), [[1.0, 1.0], [1.0, 2.0]]) == [[[0.5, 0.5], [1.0, 0.0]]]
    assert slopes(lambda x: np.max(x, initial=3.0), [3.0, 0.0]) == [[0.5, 0.0]]
    assert slopes(lambda x: np.max(x, initial=4.0), [3.0, 0.0]) == [[0.0, 0.0]]


def test_equal_running_maxima_share():
    weights = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    x = [1.0, 3.0, 3.0, 2.0, 3.0]
    expected = [1.0, 2 + 4 / 2 + 8 / 2 + 16 / 3, 4 / 2 + 8 / 2 + 16 / 3, 0.0, 16 / 3]
    np.testing.assert_allclose(slopes(lambda v: np.maximum.accumulate(v) * weights, x), [expected], rtol=1e-15)
    np.testing.assert_allclose(
        slopes(lambda v: np.minimum.accumulate(-v) * weights, x), [np.negative(expected)], rtol=1e-15
    )


@pytest.mark.parametrize("c", [0.0, 0.1, 1e300, -7.3])
@pytest.mark.parametrize("f", [np.std, np.nanstd, np.ptp])
def test_spread_of_equal_numbers(f, c):
    """0.1 + 0.1 + 0.1 is not 3 * 0.1: the mean is rounded, and the std is not exactly 0."""
    if c == 1e300 and f is not np.ptp:
        c = 1e100
    assert slopes(f, [c] * 3) == [[0.0] * 3]


def test_products_with_zeros():
    for zeros in ([0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]):
        a, b, c = zeros
        assert slopes(np.prod, zeros) == [[b * c, a * c, a * b]]
        hessian = tg.hessian(np.prod)(np.array(zeros))
        np.testing.assert_array_equal(hessian, [[0, c, b], [c, 0, a], [b, a, 0]])
        np.testing.assert_array_equal(tg.jacobian(np.cumprod)(np.array(zeros))[2], [b * c, a * c, a * b])


def test_zero_stays_zero_at_both_orders():
    """x log(x), masked where it is not defined, as entropies are written."""

    def entropy(x):
        with np.errstate(all="ignore"):
            return np.sum(np.where(x > 0, x * np.log(x), 0.0))

    x = np.array([0.0, 1.0, -2.0, 0.5])
    np.testing.assert_allclose(tg.grad(entropy)(x), [0, 1, 0, np.log(0.5) + 1])
    np.testing.assert_allclose(tg.hessian(entropy)(x), np.diag([0, 1, 0, 2.0]))


def test_an_infinite_cotangent_goes_to_the_chosen_branch_only():
    """sqrt'(0) is infinite, but the maximum there is the constant."""
    assert slopes(lambda x: np.sqrt(np.maximum(x, 0)), [-1.0, 4.0]) == [[0.0, 0.25]]
    assert slopes(lambda x: np.sqrt(np.where(x > 0, x, 0.0)), [-1.0, 4.0]) == [[0.0, 0.25]]
    assert slopes(lambda x: np.sqrt(np.clip(x, 0, 9)), [-1.0, 4.0]) == [[0.0, 0.25]]


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (np.tanh, [1, 0, -2, 0, 16]),
        (np.sinc, [0, -(np.pi**2) / 3, 0, np.pi**4 / 5, 0, -(np.pi**6) / 7]),
        (np.arcsinh, [1, 0, -1, 0, 9]),
        (lambda x: np.logaddexp(x, 0), [1 / 2, 1 / 4, 0, -1 / 8]),
        (np.expm1, [1, 1, 1, 1]),
    ],
    ids=["tanh", "sinc", "arcsinh", "softplus", "expm1"],
)
def test_smooth_functions_are_smooth_at_zero_to_any_order(f, expected):
    """The exact formulas hold no |x|, whose own kink would show at the third derivative."""
    np.testing.assert_allclose(derivatives(f, 0.0, len(expected)), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("x", [-800.0, -40.0, 40.0, 800.0])
def test_far_tails_at_the_second_order(x):
    first, second = derivatives(np.tanh, x, 2)
    assert first == pytest.approx(4 * np.exp(-2 * abs(x)), rel=1e-14)
    assert second == pytest.approx(-8 * np.sign(x) * np.exp(-2 * abs(x)), rel=1e-14)


def test_the_gradient_of_a_complex_number_points_uphill():
    """dL/dRe(z) + i dL/dIm(z): for L = |z - a|**2 it is 2 (z - a), and the step against it descends."""
    z, a = Value(np.array([1 + 2j, -1j])), np.array([2.0, 1 + 1j])
    loss = np.sum(np.abs(z - a) ** 2)
    loss.backward()
    np.testing.assert_allclose(z.grad, 2 * (z.data - a))
    w = Value(1 - 1j)
    np.real(w * (3 + 4j)).backward()
    assert w.grad == 3 - 4j
    assert slopes(lambda x: np.imag(x * 2j), 1.0) == [2.0]
    assert slopes(lambda x: np.angle(x + 0j), 2.0) == [0.0]


REFUSED = [
    (lambda v: np.add(v, v, out=np.zeros(3)), "out="),
    (lambda v: np.sum(v, out=np.zeros(())), "out="),
    (lambda v: np.clip(v, 0, 1, np.zeros(3)), "use its result"),
    (lambda v: np.median(v, out=np.zeros(())), "use its result"),
    (lambda v: np.exp(v, where=np.array([True, False, True])), "np.where"),
    (lambda v: np.exp(v, dtype=np.float32), "astype"),
    (lambda v: np.add.at(v, [0], 1.0), "tg.add_at"),
    (lambda v: np.gcd.reduce(v), "no derivative"),
    (lambda v: np.quantile(v, Value(0.5)), "q.data"),
    (lambda v: np.var(v, mean=np.sum(v)), "mean=value.data"),
    (lambda v: np.select([v > 0], [v, v]), "as many"),
    (lambda v: np.piecewise(v, [v > 0], [1, 2, 3]), "function for each"),
    (lambda v: np.average(v, weights=np.ones(2)), "weights"),
    (lambda v: np.diff(v, -1), "order"),
    (lambda v: np.gradient(v, 1, 2), "spacings"),
    (lambda v: np.gradient(v, edge_order=3), "edge_order"),
    (lambda v: np.choose([3, 0, 0], [v, v]), "positions"),
    (lambda v: np.cumulative_sum(v.reshape(1, 3)), "axis"),
    (lambda v: np.histogram(v), "jumps"),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED, ids=[str(i) for i in range(len(REFUSED))])
def test_refused_with_a_sentence(call, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        call(Value([1.0, 2.0, 3.0]))


def test_dtype_of_a_reduction():
    x = Value(np.array([1.0, 2.0], np.float32))
    total = np.sum(x * x, dtype=np.float64)
    total.backward()
    assert total.dtype == np.float64
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad, [2, 4])
