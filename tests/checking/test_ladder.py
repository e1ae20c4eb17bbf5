"""The ladder where a function looks different at each scale, loses digits by itself, or stands still in part."""

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br.checking.ladder import climb
from tinygrad_br.checking.noise import noise_level

JUST_BELOW_A_WHOLE = np.nextafter(644145372001.0, 0) - 6 * np.spacing(644145372000.0)


def complex_function(function, *parts):
    """A function of two real numbers: the weighted real and imaginary part of one of a complex number."""
    return lambda x, y: sum(w * part(function(x + 1j * y)) for w, part in zip(parts, (np.real, np.imag), strict=True))


ODD = {
    "a step function, a few units of rounding from a jump": (np.floor, [JUST_BELOW_A_WHOLE]),
    "a line and a step function": (lambda x: sum(w * y for w, y in zip((1.4, -1.2), np.modf(x))), [JUST_BELOW_A_WHOLE]),
    "a logarithm so small that it is seen next to its singularity alone": (
        complex_function(lambda z: z**1.27321313e-12, -0.7, 1.4), [9.39588675e-13, 1.8712629e-12]
    ),
    "a branch point": (complex_function(np.arcsin, 1.12, -1.09), [1.0, 0.0]),
    "a part whose changes are rounded away": (
        complex_function(np.log1p, -1.25950523, 0.85409327), [2.09610731e-12, 7.66194238e-13]
    ),
    "an oscillation below the rounding of the other part": (
        complex_function(np.tanh, 0.7044803, -1.31692635), [17.99281383, 46.86658497]
    ),
}  # fmt: skip


@pytest.mark.parametrize(("f", "point"), ODD.values(), ids=ODD)
def test_right_gradients_are_not_called_wrong(f, point):
    for independent in (None, "entries"):
        report = tg.check_gradients(f, *np.reshape(point, (-1, 1)), independent=independent)
        assert report.ok, str(report)


# functions that lose digits inside themselves, so that they stand still or jump at small steps
LOSING = {
    "1 - cos": lambda x: (1 - np.cos(x)) * 1e3 + x,
    "beside 1e4": lambda x: (x + 1e4) - 1e4 + x * x,
    "sqrt - 1": lambda x: np.sqrt(1 + x * x) - 1 + x,
    "log(1 + x)": lambda x: np.log(np.abs(1 + x)),
    "centred sigmoid": lambda x: 1 / (1 + np.exp(-x)) - 0.5,
}


@pytest.mark.parametrize("small", [False, True], ids=["ordinary", "small"])
@pytest.mark.parametrize("f", LOSING.values(), ids=LOSING)
def test_functions_that_lose_digits_get_a_verdict(f, small):
    rng = np.random.default_rng(7)
    x = rng.normal(size=9) * 10.0 ** (rng.uniform(-12, 0, 9) if small else 0)
    off = tg.define_rule(lambda x: f(x), lambda g, ans, x: g * 1.001 * tg.elementwise_grad(f)(x))
    right, wrong = (tg.check_gradients(each, x, independent="entries").rows[0] for each in (f, off))
    assert (right.wrong, right.unsure) == (0, 0), right.sentence()
    assert wrong.verdict == "wrong", wrong.sentence()
    assert small or wrong.wrong >= 7, wrong.sentence()


@pytest.mark.parametrize("seed", range(3))
def test_a_float32_function_that_returns_a_number(seed):
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)).astype(np.float32)

    def f(x):
        return float(np.tanh(np.asarray(x, np.float32) @ w).sum())

    def gradient(x):
        return (1 - np.tanh(np.asarray(x, np.float32) @ w) ** 2) @ w.T

    [row] = tg.check_gradients(f, x, gradient=gradient).rows
    assert row.verdict == "right", row.sentence()
    assert row.digits > 4
    [row] = tg.check_gradients(f, x, gradient=lambda x: -gradient(x)).rows
    assert row.verdict == "wrong", row.sentence()


def line(f, x):
    return lambda lanes, t: f(x[lanes] + t)[:, None]


def test_the_noise_of_a_function():
    x = np.array([-2.0, -0.3, 1e-9, 0.8])
    lost = noise_level(line(lambda x: (x + 1e4) - 1e4, x), x, np.ones((1, 1)))
    assert np.all((lost > np.spacing(1e4) / 4) & (lost < 4 * np.spacing(1e4)))


@pytest.mark.parametrize("f", [np.exp, np.tanh, np.abs, np.cbrt, lambda x: np.log(x * x), lambda x: np.sin(3 * x)])
def test_smooth_functions_and_kinks_are_no_noise(f):
    x = np.array([-3.0, -0.3, 1e-9, 1e-3, 0.8, 4.0])
    rounding = np.finfo(float).eps * (1 + abs(x)) * (1 + abs(f(x)))
    assert np.all(noise_level(line(f, x), x, np.ones((1, 1))) < 64 * rounding)


def test_what_smaller_steps_refute_is_no_answer():
    """A jump that is smoothed over 1e-8: coarse quotients grow like 1 / step and settle nowhere."""
    x = np.array([3e-9, -1e-9, 2e-8])
    found = climb(line(lambda x: 1 + 1e-10 * np.arctan(x / 1e-8), x), x, np.ones((1, 1)))
    true = 1e-2 / (1 + (x / 1e-8) ** 2)
    assert all(abs(s.value - t) <= s.error < 0.1 for s, t in zip(found, true, strict=True)), found
