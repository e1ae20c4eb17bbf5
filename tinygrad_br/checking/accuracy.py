"""How many ULP elementwise derivatives are off, over the whole range of a float.

One ULP is the distance between neighbouring floats at the true derivative.  The true derivatives are the textbook's,
computed by mpmath with 100 digits or more; the rules use other formulas wherever the textbook's lose digits in floats.
For a denormal derivative one ULP is the least positive float, as for the smallest numbers that are not denormal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine import RULES
from ..messages import op_name
from ..rules import activations, normal

Real = Callable[..., Any]
INFINITE = float("inf")
LIMIT = 4.0  # in ULP: what every elementwise derivative keeps


class Case(NamedTuple):
    """A function, its true derivatives as functions of (mpmath, *args), and the interval of each argument."""

    function: Any
    derivatives: Sequence[Real]
    intervals: Sequence[tuple[float, float]] = ((-INFINITE, INFINITE),)
    edges: Sequence[float] = ()  # points near which the derivative is hard to compute: zeros, and where formulas change
    digits: int = 100  # with which mpmath computes the true derivatives
    of_value: bool = False  # the derivative is made of the function's value, which has few digits where it is denormal


# derivatives that are copied, chosen or built from integers: there is nothing to round
EXACT = {
    np.maximum, np.minimum, np.fmax, np.fmin, np.sign, np.conjugate, np.heaviside, np.nextafter, np.ldexp, np.frexp,
    np.modf, np.divmod,
}  # fmt: skip


class Accuracy(NamedTuple):
    """The worst error of a derivative that was found, in ULP, and where."""

    function: Any
    argument: int
    dtype: Any
    ulp: float
    at: tuple[float, ...]
    points: int

    def __str__(self) -> str:
        at = ", ".join(f"{x!r}" for x in self.at)
        return f"{op_name(self.function):12} {self.argument}  {self.dtype}  {self.ulp:8.2f} ULP at {at}"


POSITIVE, ANY, UNIT = (0.0, INFINITE), (-INFINITE, INFINITE), (-1.0, 1.0)


def power_case(function: Any) -> Case:
    return Case(
        function,
        [lambda m, x, y: y * x ** (y - 1), lambda m, x, y: x**y * m.log(x)],
        [POSITIVE, ANY],
        edges=[1.0],
    )


def sinc_slope(m: Any, x: Any) -> Any:
    """(cos(pi x) - sinc(x)) / x, by its series where that cancels all 100 digits."""
    if abs(x) < 1e-20:
        return -(m.pi**2) * x / 3
    return (m.cospi(x) - m.sinpi(x) / (m.pi * x)) / x


def logistic(m: Any, x: Any) -> Any:
    return 1 / (1 + m.exp(-x))


def mish_slope(m: Any, x: Any) -> Any:
    """tanh(softplus(x)), which is n / (n + 2) for n = exp(2x) + 2 exp(x), and x times the derivative of that."""
    e = m.exp(x)
    n = e * (e + 2)
    return n / (n + 2) + x * 4 * e * (e + 1) / (n + 2) ** 2


CASES = [
    Case(np.positive, [lambda m, x: m.mpf(1)]),
    Case(np.negative, [lambda m, x: -m.mpf(1)]),
    Case(np.add, [lambda m, x, y: m.mpf(1)] * 2, [ANY, ANY]),
    Case(np.subtract, [lambda m, x, y: m.mpf(1), lambda m, x, y: -m.mpf(1)], [ANY, ANY]),
    Case(np.multiply, [lambda m, x, y: y, lambda m, x, y: x], [ANY, ANY]),
    Case(np.divide, [lambda m, x, y: 1 / y, lambda m, x, y: -x / y**2], [ANY, ANY], of_value=True),
    Case(np.reciprocal, [lambda m, x: -1 / x**2]),
    power_case(np.power),
    power_case(np.float_power),
    Case(np.square, [lambda m, x: 2 * x]),
    Case(np.sqrt, [lambda m, x: 1 / (2 * m.sqrt(x))], [POSITIVE]),
    Case(np.cbrt, [lambda m, x: 1 / (3 * m.cbrt(x * x))]),
    Case(np.absolute, [lambda m, x: m.sign(x)]),
    Case(np.fabs, [lambda m, x: m.sign(x)]),
    Case(np.exp, [lambda m, x: m.exp(x)]),
    Case(np.exp2, [lambda m, x: m.mpf(2) ** x * m.log(2)]),
    Case(np.expm1, [lambda m, x: m.exp(x)]),
    Case(np.log, [lambda m, x: 1 / x], [POSITIVE]),
    Case(np.log2, [lambda m, x: 1 / (x * m.log(2))], [POSITIVE]),
    Case(np.log10, [lambda m, x: 1 / (x * m.log(10))], [POSITIVE]),
    Case(np.log1p, [lambda m, x: 1 / (1 + x)], [(-1.0, INFINITE)]),
    Case(np.logaddexp, [lambda m, x, y: logistic(m, x - y), lambda m, x, y: logistic(m, y - x)], [ANY, ANY]),
    Case(
        np.logaddexp2,
        [lambda m, x, y: logistic(m, (x - y) * m.log(2)), lambda m, x, y: logistic(m, (y - x) * m.log(2))],
        [ANY, ANY],
    ),
    Case(np.sin, [lambda m, x: m.cos(x)]),
    Case(np.cos, [lambda m, x: -m.sin(x)]),
    Case(np.tan, [lambda m, x: m.sec(x) ** 2]),
    Case(np.arcsin, [lambda m, x: 1 / m.sqrt(1 - x * x)], [UNIT]),
    Case(np.arccos, [lambda m, x: -1 / m.sqrt(1 - x * x)], [UNIT]),
    Case(np.arctan, [lambda m, x: 1 / (1 + x * x)]),
    Case(np.sinh, [lambda m, x: m.cosh(x)]),
    Case(np.cosh, [lambda m, x: m.sinh(x)]),
    Case(np.tanh, [lambda m, x: m.sech(x) ** 2]),
    Case(np.arcsinh, [lambda m, x: 1 / m.sqrt(1 + x * x)]),
    Case(np.arccosh, [lambda m, x: 1 / m.sqrt(x * x - 1)], [(1.0, INFINITE)]),
    Case(np.arctanh, [lambda m, x: 1 / (1 - x * x)], [UNIT]),
    Case(np.sinc, [sinc_slope], edges=[0.5, 1.4302966531242027, 2.459024033151, 20.494938]),
    Case(np.deg2rad, [lambda m, x: m.pi / 180]),
    Case(np.radians, [lambda m, x: m.pi / 180]),
    Case(np.rad2deg, [lambda m, x: 180 / m.pi]),
    Case(np.degrees, [lambda m, x: 180 / m.pi]),
    Case(np.hypot, [lambda m, x, y: x / m.sqrt(x * x + y * y), lambda m, x, y: y / m.sqrt(x * x + y * y)], [ANY, ANY]),
    Case(np.arctan2, [lambda m, y, x: x / (x * x + y * y), lambda m, y, x: -y / (x * x + y * y)], [ANY, ANY]),
    Case(np.remainder, [lambda m, x, y: m.mpf(1), lambda m, x, y: -m.floor(x / y)], [ANY, ANY], digits=700),
    Case(np.fmod, [lambda m, x, y: m.mpf(1), lambda m, x, y: -int(x / y)], [ANY, ANY], digits=700),
    Case(np.copysign, [lambda m, x, y: m.sign(x) * m.sign(y)], [ANY, ANY]),
    Case(np.i0, [lambda m, x: m.besseli(1, x)], [(-700, 700)], edges=[20.0]),
    Case(activations.sigmoid, [lambda m, x: 1 / (2 + m.exp(x) + m.exp(-x))]),
    Case(activations.softplus, [lambda m, x: logistic(m, x)]),
    Case(activations.silu, [lambda m, x: logistic(m, x) * (1 + x * logistic(m, -x))], edges=[-1.2784645427610738, 0.0]),
    Case(activations.mish, [mish_slope], edges=[-1.1924312145154953, 0.0]),
    Case(activations.gelu, [lambda m, x: m.ncdf(max(x, -1e5)) + x * m.npdf(x)], edges=[-0.7517915246935645, 0.0]),
    Case(activations.relu, [lambda m, x: m.mpf(x > 0)]),
    Case(
        activations.leaky_relu,
        [lambda m, x, slope: 1 if x > 0 else slope, lambda m, x, slope: min(x, 0)],
        [ANY, ANY],
    ),
    Case(
        activations.elu,
        [lambda m, x, alpha: 1 if x > 0 else alpha * m.exp(x), lambda m, x, alpha: m.expm1(min(x, 0))],
        [ANY, ANY],
    ),
    Case(
        activations.selu,
        [lambda m, x: activations.SELU_SCALE * (1 if x > 0 else activations.SELU_ALPHA * m.exp(x))],
    ),
    Case(activations.hard_sigmoid, [lambda m, x: m.mpf(abs(x) <= 3) / 6]),
    Case(activations.hard_tanh, [lambda m, x: m.mpf(abs(x) <= 1)]),
    Case(
        activations.hard_swish,
        [lambda m, x: (2 * x + 3) / 6 if abs(x) <= 3 else m.mpf(x > 3)],
        edges=[-1.5, -3.0, 3.0],
    ),
    Case(normal.normal_cdf, [lambda m, x: m.npdf(x)]),
    Case(normal.normal_pdf, [lambda m, x: -x * m.npdf(x)], edges=[0.0]),
]


def special_cases() -> list[Case]:
    """The functions of scipy.special; none if scipy is not installed."""
    try:
        from scipy import special
    except ImportError:
        return []
    from ..rules import special as loaded  # noqa: F401

    probability, positive, gammas = (0.0, 1.0), (0.0, INFINITE), (-170.0, 1e15)

    def inverse_slope(m: Any, tail: Any) -> Any:
        """exp(y**2) for the y with erfc(y) = tail, at most 1: Newton's method for log(erfc(y)), from scipy's y."""
        y = m.mpf(float(special.erfcinv(float(tail))))
        for _ in range(5):
            y += (m.log(m.erfc(y)) - m.log(tail)) * m.erfc(y) * m.exp(y * y) * m.sqrt(m.pi) / 2
        return m.exp(y * y)

    def gap(m: Any, a: Any, b: Any) -> Any:
        """digamma(a + b) - digamma(a); twice the digits where one of the two is much smaller."""
        with m.workdps(100 + abs(int(m.log10(a / b)))):
            return m.digamma(a + b) - m.digamma(a)

    def scaled(m: Any, x: Any, weights: Sequence[float]) -> Any:
        """exp(-|x|) times a sum of I_0, I_1 and I_2 of |x|."""
        return m.exp(-abs(x)) * sum(w * m.besseli(n, abs(x)) for n, w in enumerate(weights))

    return [
        Case(special.erf, [lambda m, x: 2 / m.sqrt(m.pi) * m.exp(-x * x)]),
        Case(special.erfc, [lambda m, x: -2 / m.sqrt(m.pi) * m.exp(-x * x)]),
        Case(
            special.erfcx,
            [lambda m, x: 2 * x * m.exp(x * x) * m.erfc(x) - 2 / m.sqrt(m.pi)],
            [(-27.0, 1e100)],
            edges=[0.0, 2.0],
            digits=500,
        ),
        Case(special.ndtr, [lambda m, x: m.npdf(x)]),
        Case(special.log_ndtr, [lambda m, x: m.npdf(x) / m.ncdf(x)], [(-1e100, INFINITE)], edges=[-1.0], digits=320),
        Case(special.expit, [lambda m, x: 1 / (2 + m.exp(x) + m.exp(-x))]),
        Case(special.log_expit, [lambda m, x: logistic(m, -x)]),
        Case(special.logit, [lambda m, x: 1 / (x * (1 - x))], [probability]),
        Case(special.xlogy, [lambda m, x, y: m.log(y), lambda m, x, y: x / y], [ANY, positive], edges=[1.0]),
        Case(special.xlog1py, [lambda m, x, y: m.log1p(y), lambda m, x, y: x / (1 + y)], [ANY, (-1.0, INFINITE)]),
        Case(
            special.rel_entr,
            [lambda m, x, y: m.log(x / y) + 1, lambda m, x, y: -x / y],
            [positive] * 2,
            edges=[0.1, 0.1 * np.e],
        ),
        Case(special.kl_div, [lambda m, x, y: m.log(x / y), lambda m, x, y: 1 - x / y], [positive, positive]),
        Case(special.entr, [lambda m, x: -m.log(x) - 1], [positive], edges=[np.exp(-1.0)]),
        Case(special.gammaln, [lambda m, x: m.digamma(x)], [gammas], edges=[1.4616321449683622, -0.5040830082644554]),
        Case(special.digamma, [lambda m, x: m.polygamma(1, x)], [gammas]),
        Case(special.gamma, [lambda m, x: m.gamma(x) * m.digamma(x)], [(-170.0, 171.7)], edges=[1.4616321449683622]),
        Case(
            special.beta,
            [lambda m, a, b: -m.beta(a, b) * gap(m, a, b), lambda m, a, b: -m.beta(a, b) * gap(m, b, a)],
            [(0.0, 1e20)] * 2,
            of_value=True,
        ),
        Case(special.betaln, [lambda m, a, b: -gap(m, a, b), lambda m, a, b: -gap(m, b, a)], [positive] * 2),
        Case(special.j0, [lambda m, x: -m.besselj(1, x)], edges=special.jn_zeros(1, 40), digits=450),
        Case(
            special.j1,
            [lambda m, x: (m.besselj(0, x) - m.besselj(2, x)) / 2],
            edges=special.jnp_zeros(1, 40),
            digits=450,
        ),
        Case(special.i0, [lambda m, x: m.besseli(1, x)], [(-714, 714)], edges=[20.0]),
        Case(special.i1, [lambda m, x: (m.besseli(0, x) + m.besseli(2, x)) / 2], [(-714, 714)], edges=[20.0]),
        Case(special.i0e, [lambda m, x: m.sign(x) * scaled(m, x, [-1, 1])], [(-1e40, 1e40)], edges=[20.0], digits=200),
        Case(
            special.i1e, [lambda m, x: scaled(m, x, [0.5, -1, 0.5])], [(-1e40, 1e40)], edges=[1.5451, 20.0], digits=200
        ),
        Case(special.erfinv, [lambda m, x: m.sqrt(m.pi) / 2 * inverse_slope(m, 1 - abs(x))], [UNIT], edges=[0.5]),
        Case(
            special.erfcinv,
            [lambda m, x: -m.sqrt(m.pi) / 2 * inverse_slope(m, min(x, 2 - x))],
            [(0.0, 2.0)],
            edges=[0.5, 1.5],
        ),
        Case(
            special.ndtri,
            [lambda m, x: m.sqrt(2 * m.pi) * inverse_slope(m, 2 * min(x, 1 - x))],
            [probability],
            edges=[0.25, 0.75],
        ),
        Case(special.cosm1, [lambda m, x: -m.sin(x)]),
        Case(special.exp2, [lambda m, x: m.mpf(2) ** x * m.log(2)]),
        Case(special.exp10, [lambda m, x: m.mpf(10) ** x * m.log(10)]),
        Case(special.expm1, [lambda m, x: m.exp(x)]),
        Case(special.log1p, [lambda m, x: 1 / (1 + x)], [(-1.0, INFINITE)]),
        Case(special.cbrt, [lambda m, x: 1 / (3 * m.cbrt(x * x))]),
    ]


def limits(dtype: Any) -> Any:
    """Numbers near which something overflows or underflows: the least, the largest and their like, and their roots."""
    info = np.finfo(dtype)
    ends = [float(end) for end in (info.smallest_subnormal, info.tiny, info.eps, info.max)]
    return np.array([end ** (1 / n) for end in ends for n in (1, 2, 3)])


def draw(rng: np.random.Generator, n: int, interval: tuple[float, float], edges: Sequence[float], dtype: Any) -> Any:
    """Points of an interval: of all magnitudes, evenly near 0, and close to finite ends, edges and limits."""
    info = np.finfo(dtype)
    least, largest = float(info.smallest_subnormal), float(info.max)
    low, high = (float(np.clip(end, -largest, largest)) for end in interval)
    size = np.exp(rng.uniform(np.log(least), np.log(largest), n))
    sign = rng.choice([-1.0, 1.0], n)
    near = [e * np.ones(n) for e in (*interval, *edges) if np.isfinite(e)] or [np.zeros(n)]
    apart = sign * np.exp(rng.uniform(np.log(float(info.eps)), 0, n))
    close = rng.permuted(np.stack(near), axis=0)[0] + apart
    at_limits = rng.choice([-1.0, 1.0], n) * np.minimum(rng.choice(limits(dtype), n), largest / 2) * (1 + apart / 2)
    moderate = rng.uniform(max(low, -40), min(high, 40), n)
    large = rng.uniform(max(low, -800), min(high, 800), n)
    kinds = [sign * size, sign * size ** rng.uniform(0, 0.1, n), close, at_limits, moderate, large]
    with np.errstate(over="ignore"):
        chosen = np.choose(rng.integers(len(kinds), size=n), kinds).astype(dtype)
    return chosen[(chosen > low) & (chosen < high) & (chosen != 0)]


def partners(rng: np.random.Generator, x: Any, dtype: Any) -> Any:
    """Second arguments that are close to the first, or whose product, quotient or power with it is close to a limit."""
    x, limit = x.astype(np.float64), rng.choice(limits(dtype), len(x)) * rng.choice([-1.0, 1.0], len(x))
    close = x * (1 + rng.normal(size=len(x)) * 10.0 ** -rng.uniform(0, 10, len(x)))
    exponent = np.log(np.abs(limit)) / np.log(np.abs(x))
    return np.choose(rng.integers(5, size=len(x)), [close, close, limit / x, x / limit, exponent]).astype(dtype)


def points_of(case: Case, dtype: Any, n: int, seed: Any) -> list[Any]:
    """Arrays of arguments, not 0, at which the function is finite."""
    rng = np.random.default_rng(seed)
    drawn = [draw(rng, n, interval, case.edges, dtype) for interval in case.intervals]
    size = min(map(len, drawn))
    args = [rng.permutation(x)[:size] for x in drawn]
    with np.errstate(all="ignore"):
        if len(args) == 2:
            other = partners(rng, args[0], dtype)
            low, high = case.intervals[1]
            inside = (other > low) & (other < high) & (other != 0)
            args[1] = np.where((rng.random(size) < 0.5) & inside, other, args[1])
        result = np.abs(case.function(*args))
    usual = np.isfinite(result)
    if case.of_value:
        usual &= (result >= np.finfo(dtype).tiny) | (result == 0)
    return [x[usual] for x in args]


def measure(case: Case, dtype: Any = np.float64, points: int = 1000, seed: Any = 0) -> list[Accuracy]:
    """The worst error of each derivative of a function over random points; needs mpmath.

    Args:
        case: a row of `CASES`.
        dtype: float64 or float32.
        points: how many are drawn; fewer are used where the function is not finite at all of them.
        seed: an int or a np.random.Generator.

    >>> [worst] = measure(CASES[2 - 2], points=20)
    >>> worst.ulp
    0.0
    """
    dtype = np.dtype(dtype)
    return measure_at(case, points_of(case, dtype, points, seed), dtype)


def measure_at(case: Case, args: Sequence[Any], dtype: Any) -> list[Accuracy]:
    """`measure` at given points: an array of the dtype for each argument."""
    from mpmath import mp

    found = []
    with np.errstate(all="ignore"), mp.workdps(case.digits):
        ans = case.function(*args)
        exact_args = [[mp.mpf(float(x)) for x in arg] for arg in args]
        for i, (derivative, rule) in enumerate(zip(case.derivatives, RULES[case.function].rules, strict=True)):
            if rule is None:
                continue
            got = np.broadcast_to(rule(np.ones_like(ans), ans, *args), ans.shape).astype(dtype)
            errors = [error_in_ulp(y, derivative(mp, *xs), mp) for y, xs in zip(got, zip(*exact_args, strict=True))]
            worst = int(np.argmax(errors))
            at = tuple(float(arg[worst]) for arg in args)
            found.append(Accuracy(case.function, i, dtype, float(errors[worst]), at, len(errors)))
    return found


def error_in_ulp(got: Any, true: Any, mp: Any) -> float:
    """The distance of a float from a number of mpmath, in ULP; 0 if both overflow, or are within 4 ULP of that."""
    info = np.finfo(got.dtype)
    if abs(true) > float(info.max) or np.isinf(got):
        almost = float(info.max) * (1 - 4 * float(info.eps))
        return 0.0 if abs(true) > almost and abs(got) > almost else INFINITE
    return float(abs(mp.mpf(float(got)) - true) / mp.mpf(float(np.spacing(got.dtype.type(float(abs(true)))))))


def report(dtypes: Sequence[Any] = (np.float64, np.float32), points: int = 1000, seed: Any = 0) -> list[Accuracy]:
    """`measure` for all of `CASES`; printing the entries gives a table."""
    return [worst for case in CASES for dtype in dtypes for worst in measure(case, dtype, points, seed)]
