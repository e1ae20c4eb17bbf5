"""Activations: all digits over the whole range, hard points, dtypes, numbers, names."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp, mpf

import tinygrad_br as tg
from tinygrad_br import Value, nn

TAILS = 10.0 ** np.linspace(-18, 2.8, 40)
POINTS = np.concatenate([-TAILS[::-1], np.linspace(-12, 12, 97), [-39.0, 39.0, 36.7, -36.7, -708.0, -740.0], TAILS])


def m_sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def m_softplus(x):
    return mp.log1p(mp.exp(x))


def m_cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def m_pdf(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def m_tanhplus(x):
    """tanh(softplus(x))"""
    e = mp.exp(x)
    return e * (e + 2) / (e * (e + 2) + 2)


def m_tanhplus_slope(x):
    e = mp.exp(x)
    return 4 * e * (e + 1) / (e * (e + 2) + 2) ** 2


ALPHA, SCALE = mpf(1.6732632423543772), mpf(1.0507009873554805)

# name: the function and its derivative
REFERENCES = {
    "sigmoid": (m_sigmoid, lambda x: m_sigmoid(x) * m_sigmoid(-x)),
    "softplus": (m_softplus, m_sigmoid),
    "silu": (lambda x: x * m_sigmoid(x), lambda x: m_sigmoid(x) * (1 + x * m_sigmoid(-x))),
    "gelu": (lambda x: x * m_cdf(x), lambda x: m_cdf(x) + x * m_pdf(x)),
    "mish": (lambda x: x * m_tanhplus(x), lambda x: m_tanhplus(x) + x * m_tanhplus_slope(x)),
    "elu": (lambda x: x if x > 0 else mp.expm1(x), lambda x: mpf(1) if x > 0 else mp.exp(x)),
    "selu": (
        lambda x: SCALE * (x if x > 0 else ALPHA * mp.expm1(x)),
        lambda x: SCALE if x > 0 else SCALE * ALPHA * mp.exp(x),
    ),
    "hard_swish": (
        lambda x: x * min(max(x + 3, 0), 6) / 6,
        lambda x: (2 * x + 3) / 6 if abs(x) <= 3 else mpf(x > 3),
    ),
    "normal_cdf": (m_cdf, m_pdf),
    "normal_pdf": (m_pdf, lambda x: -x * m_pdf(x)),
}


def function_of(name):
    return getattr(nn, name, None) or getattr(tg.rules.activations, name)


def ulps(computed, exact, least=0.0):
    """How many units in the last place of the exact number, or of `least`, lie between it and a float."""
    unit = np.spacing(computed.dtype.type(max(abs(float(exact)), least)))
    return float(abs(mpf(float(computed)) - exact) / mpf(float(unit)))


def slope_at(name, points):
    x = Value(points)
    y = function_of(name)(x)
    [slope] = tg.gradients(y, [x], np.ones_like(points))
    assert y.dtype == slope.dtype == points.dtype
    return y.data, slope


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_value_and_derivative_to_4_ulp(name, dtype):
    """The derivative also where it is denormal; the value down to where a factor of it is."""
    function, derivative = REFERENCES[name]
    denormal = [-745.0, -712.0, -709.0, -38.5, -37.7] if dtype is np.float64 else [-103.9, -95.0, -88.0, -13.5, -13.1]
    points = np.concatenate([POINTS, denormal]).astype(dtype)
    least = 1e-300 if dtype is np.float64 else 1e-35
    with mp.workdps(60):
        for point, value, d in zip(points, *slope_at(name, points), strict=True):
            x = mpf(float(point))
            assert ulps(value, function(x), least) <= 4, point
            assert ulps(d, derivative(x)) <= 4, point


@pytest.mark.parametrize("name", ["silu", "mish", "gelu", "hard_swish"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_derivative_to_4_ulp_beside_its_zero(name, dtype):
    """At the floats next to the zero, and at points at all distances from it."""
    derivative = REFERENCES[name][1]
    rng = np.random.default_rng(3)
    with mp.workdps(60):
        zero = float(mp.findroot(derivative, -1.1))
        steps = dtype(zero) + np.arange(-40, 41) * np.spacing(dtype(zero))
        distances = 10.0 ** rng.uniform(-15 if dtype is np.float64 else -7, 0, 400)
        points = np.concatenate([steps, zero + distances, zero - distances]).astype(dtype)
        for point, d in zip(points, slope_at(name, points)[1], strict=True):
            assert ulps(d, derivative(mpf(float(point)))) <= 4, repr(point)


@pytest.mark.parametrize("name", ["silu", "mish", "gelu"])
def test_compiled_derivatives_are_the_same(name):
    def step(x):
        return tg.gradients(function_of(name)(v := Value(x)), [v], np.ones_like(x))[0]

    program = tg.compile(step)
    for dtype in (np.float64, np.float32):
        for x in (np.linspace(-3, 3, 12).reshape(3, 4).astype(dtype), np.linspace(-800, 800, 12).astype(dtype)):
            np.testing.assert_array_equal(program(x), step(x))
    assert "slope" not in program.source(x), "the formulas are written out"


@pytest.mark.parametrize(("name", "at_zero"), [("silu", "1/2"), ("mish", "16/25"), ("gelu", "sqrt(2/pi)")])
def test_second_derivative(name, at_zero):
    """At 0, where formulas for two sides meet, and far out."""
    x = Value(np.array([0.0, -0.0, 1e4, -1e4, np.inf, -np.inf]))
    [slope] = tg.gradients(function_of(name)(x), [x], np.ones(6), create_graph=True)
    [curvature] = tg.gradients(slope, [x], np.ones(6))
    exact = float(eval(at_zero, {"sqrt": np.sqrt, "pi": np.pi}))
    np.testing.assert_allclose(curvature, [exact, exact, 0, 0, 0, 0], rtol=1e-15)


def test_the_derivative_of_sigmoid_survives_where_s_times_1_minus_s_is_zero():
    x = Value(39.0)
    nn.sigmoid(x).backward()
    with mp.workdps(60):
        exact = m_sigmoid(mpf(39)) * m_sigmoid(mpf(-39))
    np.testing.assert_allclose(x.grad, float(exact), rtol=1e-15)


ELEMENTWISE = [
    nn.relu, nn.leaky_relu, nn.elu, nn.selu, nn.gelu, nn.silu, nn.mish, nn.softplus, nn.sigmoid, nn.hard_sigmoid,
    nn.hard_tanh, nn.hard_swish, nn.tanh,
]  # fmt: skip


@pytest.mark.parametrize("function", ELEMENTWISE)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_extremes_give_limits_without_warnings(function, dtype):
    largest = np.finfo(dtype).max / 2
    x = Value(np.array([-np.inf, -largest, 0.0, largest, np.inf], dtype))
    y = function(x)
    [slope] = tg.gradients(y, [x], np.ones(x.shape))
    assert y.dtype == dtype
    assert not np.isnan(y.data).any()
    assert np.isfinite(slope).all()
    assert np.isclose(float(slope[1]), [0.0, 0.01], rtol=1e-3).any()
    assert np.isclose(float(slope[3]), [0.0, 1.0, 1.0507009873554805], rtol=1e-3).any()


@pytest.mark.parametrize("function", ELEMENTWISE)
@pytest.mark.parametrize("number", [-2.0, 0.0, 3.0, np.nan])
def test_numbers_arrays_and_values_agree(function, number):
    """A number, an array of one and a Value give the same bits; a NaN stays one."""
    for dtype in (np.float64, np.float32):
        scalar = dtype(number)
        expected = function(np.array([scalar]))[0]
        for got in (function(scalar), function(np.array(scalar)), function(Value(scalar)).data):
            assert got.dtype == dtype
            assert isinstance(got, np.generic)
            np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(function(number), function(np.float64(number)))


@pytest.mark.parametrize(
    ("function", "point", "slope"),
    [
        (nn.relu, 0.0, 0.0),
        (nn.leaky_relu, 0.0, 0.01),
        (nn.elu, 0.0, 1.0),
        (nn.hard_tanh, 1.0, 1.0),
        (nn.hard_tanh, -1.0, 1.0),
        (nn.hard_sigmoid, 3.0, 1 / 6),
        (nn.hard_swish, -3.0, -0.5),
        (nn.hard_swish, 3.0, 1.5),
    ],
)
def test_kinks(function, point, slope):
    x = Value(point)
    function(x).backward()
    np.testing.assert_allclose(x.grad, slope)


@pytest.mark.parametrize("function", [nn.softmax, nn.log_softmax, nn.logsumexp])
def test_rows_with_minus_infinity_are_masked(function):
    """A class that is ruled out by -inf has probability 0 and gets no gradient."""
    x = Value([[1.0, -np.inf, 2.0], [-np.inf, 0.0, -1e308]])
    y = function(x, axis=1)
    probabilities = np.exp(y.data) if function is nn.log_softmax else y.data
    if function is not nn.logsumexp:
        np.testing.assert_array_equal(probabilities[:, :2] == 0, np.isinf(x.data[:, :2]))
        np.testing.assert_allclose(probabilities.sum(1), 1)
        y = y[:, [2]] * [[1.0], [0.0]]
    [slope] = tg.gradients(y.sum(), [x])
    assert np.isfinite(slope).all()
    np.testing.assert_array_equal(slope[np.isinf(x.data)], 0)


def test_logsumexp_of_nothing_but_minus_infinity():
    assert nn.logsumexp(np.array([-np.inf, -np.inf])) == -np.inf
    np.testing.assert_array_equal(nn.logsumexp(np.full((2, 3), -np.inf), axis=1), [-np.inf, -np.inf])


def test_shifting_changes_nothing():
    """softmax does not depend on a number added to a row, however large."""
    x = np.array([[0.0, 1.0, 3.0]])
    for shift in (1e3, -1e3, 2.0**40):
        np.testing.assert_allclose(nn.softmax(x + shift), nn.softmax(x), rtol=1e-15)
        np.testing.assert_allclose(nn.logsumexp(x + shift) - shift, nn.logsumexp(x), rtol=1e-3)


def test_unknown_activation_lists_the_known_ones():
    with pytest.raises(
        ValueError, match=r"unknown activation 'Relu'; did you mean 'relu'\? known are linear, tanh, relu"
    ):
        nn.Layer(2, 3, activation="Relu")
    with pytest.raises(TypeError, match="an activation is a name or a function, but got int"):
        nn.Neuron(2, activation=3)
