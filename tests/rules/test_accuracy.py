"""Every elementwise derivative is within 4 ULP of the true one, over the whole range of float64 and float32."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_br.engine import RULES, Entry
from tinygrad_br.messages import op_name
from tinygrad_br.nn.activations import ACTIVATIONS, linear
from tinygrad_br.rules import activations
from tinygrad_br.rules.elementwise import zero

mpmath = pytest.importorskip("mpmath")

from tinygrad_br.checking.accuracy import CASES, EXACT, error_in_ulp, measure, special_cases  # noqa: E402

ALL = [*CASES, *special_cases()]


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("case", ALL, ids=[op_name(case.function) for case in ALL])
def test_within_4_ulp(case, dtype):
    for worst in measure(case, dtype, points=100):
        assert worst.points >= 20
        assert worst.ulp <= 4, str(worst)


HOT = (
    np.tanh,
    *(getattr(activations, name) for name in ("sigmoid", "softplus", "elu", "selu", "silu", "mish", "gelu")),
)


@pytest.mark.parametrize("function", HOT, ids=op_name)
@pytest.mark.parametrize(("dtype", "wider"), [(np.float64, np.longdouble), (np.float32, np.float64)])
def test_a_hundred_thousand_points(function, dtype, wider):
    """Against the same rule with more digits, which the tests above hold against mpmath: so many show rare errors."""
    if np.finfo(wider).eps == np.finfo(dtype).eps:
        pytest.skip("there is no wider float on this machine")
    x = np.random.default_rng(5).uniform(-20, 20, 100_000).astype(dtype)
    rule = RULES[function].rules[0]
    slope, exact = (rule(np.ones_like(y), function(y), y) for y in (x, x.astype(wider)))
    errors = np.abs(slope - exact) / np.spacing(np.abs(exact).astype(dtype))
    assert errors.max() <= 4, x[errors.argmax()]


def test_every_elementwise_rule_is_measured():
    sloped = {f for f, entry in RULES.items() if any(entry.rules) and zero not in entry.rules}
    ufuncs = {f for f in sloped if isinstance(f, np.ufunc) and f.signature is None}
    missing = ufuncs - {case.function for case in CASES} - EXACT
    assert not [op_name(f) for f in missing if getattr(np, f.__name__, None) is f]


def test_every_activation_is_measured():
    along_an_axis = {activations.softmax, activations.log_softmax, activations.logsumexp}
    assert not set(ACTIVATIONS.values()) - {case.function for case in CASES} - along_an_axis - {linear}


def test_there_is_no_allowance_where_a_sum_cancels(monkeypatch):
    """The textbook's slope of silu, right to 4 ULP of its larger part, is found wrong."""
    monkeypatch.setitem(
        RULES,
        activations.silu,
        Entry([lambda g, ans, x: g * (1 + x * activations.sigmoid(-x)) * activations.sigmoid(x)]),
    )
    [case] = [case for case in CASES if case.function is activations.silu]
    [worst] = measure(case, points=100)
    assert worst.ulp > 100
    assert abs(worst.at[0] + 1.278) < 0.01


@pytest.mark.parametrize(("got", "ulp"), [(1.0, 0), (1 + 2**-52, 1), (1 - 2**-53, 0.5), (np.inf, np.inf), (0.0, 2**52)])
def test_ulp(got, ulp):
    with mpmath.workdps(100):
        assert error_in_ulp(np.float64(got), mpmath.mpf(1), mpmath.mp) == ulp


# derivatives that the textbook's formulas lose, with the value of the derivative to 17 digits
POINTS = [
    (np.tanh, 19.5, "4*exp(-39)/(1+exp(-39))**2"),
    (np.tanh, 350.0, "4*exp(-700)"),
    (np.arcsin, 1 - 1e-12, "1/sqrt(1-mpf(1 - 1e-12)**2)"),
    (np.arcsinh, 1e160, "mpf(1e160)**-1"),
    (np.arccosh, 1e160, "mpf(1e160)**-1"),
    (np.sinc, 1e-8, "-pi**2*mpf(1e-8)/3*(1-(pi*mpf(1e-8))**2/10)"),
    (np.expm1, -40.0, "exp(-40)"),
    (np.log1p, 1e-20, "1/(1+mpf(1e-20))"),
]


@pytest.mark.parametrize(("function", "x", "true"), POINTS, ids=[f"{op_name(f)}({x})" for f, x, _ in POINTS])
def test_famous_points(function, x, true):
    import tinygrad_br as tg

    v = tg.Value(x)
    function(v).backward()
    with mpmath.workdps(60):
        exact = eval(true, vars(mpmath) | {"__builtins__": {}})
        assert abs(float((mpmath.mpf(float(v.grad)) - exact) / exact)) < 4 * 2**-52
