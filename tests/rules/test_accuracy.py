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

from tinygrad_br.checking.accuracy import CASES, EXACT, error_in_ulp, measure, measure_at, special_cases  # noqa: E402

ALL = [*CASES, *special_cases()]


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("case", ALL, ids=[op_name(case.function) for case in ALL])
def test_within_4_ulp(case, dtype):
    for worst in measure(case, dtype, points=100):
        assert worst.points >= 20
        assert worst.ulp <= 4, str(worst)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("case", ALL, ids=[op_name(case.function) for case in ALL])
def test_within_4_ulp_at_many_points(case, dtype):
    for worst in measure(case, dtype, points=5000, seed=1):
        assert worst.ulp <= 4, str(worst)


# where a formula overflows, underflows or loses the digits of a denormal number, and the derivative does not
LONG_EDGES = [
    ("power", 5e-324, 5e-324), ("power", 9.17e-321, -1.35684487e-316), ("power", 1.586e-321, 1.051380920950711e-13),
    ("power", 5e-324, 1.9515776502232016), ("power", 1e-310, 2.0), ("power", 0.6683515629842107, 1847.516536191719),
    ("power", 1.1537905314947339, -5192.708449775492), ("power", 0.9999999999996338, 2033147380536194.0),
    ("power", 1.04556660472187e-310, 1.000000000346892), ("power", 620.6292952643556, -110.36832454475231),
    ("power", 1e-200, -0.5), ("power", 1e150, -1.3), ("float_power", 5e-324, 5e-324),
    ("log10", 5.56267470765659e-309), ("log10", 1e308), ("log2", 5e-324), ("log2", 1.7e308),
    ("arctan", 1.34078633053178e154), ("arctan", -1e160), ("arctan", 1e-200),
    ("arctan2", 1.28629565753629e308, 1.28629565753629e308), ("arctan2", -9.235929673222499e-09, -5e-324),
    ("arctan2", 5e-324, 9.053133239489132e-09), ("arctan2", 1e-320, 1e-320), ("arctan2", 1e200, -1e-200),
    ("hypot", 5e-324, 5e-324), ("hypot", 1.5e-323, -1e-323), ("hypot", 1e308, 1e308), ("hypot", 1e-310, 1e300),
    ("elu", -789.2688045286185, 4.09207221188875e287), ("elu", -739.3308045287064, -742.2268236443938),
    ("elu", -708.5, 9.99), ("log_expit", 709.97), ("log_expit", 744.9), ("exp2", -1030.25), ("exp10", -309.5),
    ("expit", -744.0), ("reciprocal", 5.6e-309), ("cbrt", 5e-324), ("sqrt", 5e-324), ("arctanh", 5e-324),
]  # fmt: skip
SHORT_EDGES = [
    ("power", 9.5e-34, -0.179), ("power", 2.8e-45, 0.135), ("power", 8.41e-45, 8.41e-45), ("power", 8.2e-41, -8.2e-41),
    ("power", 5.6e-45, 1.8667014), ("power", 0.99997896, 4899639.5), ("power", 1.4991343e-39, 1.0002363),
    ("log10", 2.273483e-39), ("arctan", 1.8446819e19), ("arctan2", 2.4348e38, 2.4348e38), ("arctan2", 6e-41, -2.1e-43),
    ("hypot", 1.4e-45, 1.4e-45), ("elu", -160.0485, 1.2962413e34), ("elu", -133.906, -1.236e21),
    ("log_expit", 88.72284), ("log_expit", 103.0), ("exp10", -44.1), ("exp2", -148.5), ("power", 4.03e-39, 0.99999976),
    ("power", 2.4809e-40, 0.99999976),
]  # fmt: skip


@pytest.mark.parametrize(
    ("dtype", "name", "args"),
    [(dtype, name, args) for dtype, edges in ((np.float64, LONG_EDGES), (np.float32, SHORT_EDGES))
     for name, *args in edges],
)  # fmt: skip
def test_at_the_edges(dtype, name, args):
    cases = [case for case in ALL if op_name(case.function) == name]
    if not cases:
        pytest.skip(f"{name} is scipy's")
    for case in cases:  # NumPy's and scipy's
        for worst in measure_at(case, [np.array([x], dtype) for x in args], dtype):
            assert worst.ulp <= 4, str(worst)


@pytest.mark.parametrize("exponent", [0.001, -1e-3, 0.3, -0.5, -1.3, 1.3, 2, 8, 10, -10, 100, 2.0**-40])
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_plain_exponents(exponent, dtype):
    """x**exponent for bases of all magnitudes, in an array and one by one; the exponent is rounded to their dtype."""
    import tinygrad_br as tg

    info = np.finfo(dtype)
    size = np.linspace(np.log(float(info.smallest_subnormal)), np.log(float(info.max)), 60)
    with np.errstate(all="ignore"):
        x = np.exp(size, dtype=np.float64).astype(dtype)
        x = x[(x > 0) & np.isfinite(x) & np.isfinite(x ** dtype(exponent))]
        base = tg.Value(x)
        [slopes] = tg.gradients(base**exponent, [base], np.ones_like(x))
        singles = [tg.grad(lambda v: v**exponent)(v) for v in x]
    with mpmath.workdps(60):
        power = mpmath.mpf(float(dtype(exponent)))
        for found in (slopes, singles):
            errors = [
                error_in_ulp(dtype(y), power * mpmath.mpf(float(v)) ** (power - 1), mpmath.mp)
                for y, v in zip(found, x, strict=True)
            ]
            assert max(errors) <= 4, x[int(np.argmax(errors))]


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
