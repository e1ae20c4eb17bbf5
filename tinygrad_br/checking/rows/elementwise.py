"""Rows of tinygrad_br/rules/elementwise.py, and of the functions of our own in auxiliary.py and powers.py there."""

from __future__ import annotations

import numpy as np

from ...rules.auxiliary import hypot_slope, pull, sech2, sinc_derivative
from ...rules.powers import general_slope, power_growth
from .row import NONZERO, POSITIVE, REAL, UNIT, Domain, Row

SMOOTH = (np.exp, np.exp2, np.expm1, np.sin, np.cos, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh, np.sinc, sech2)
LINEAR = (np.positive, np.negative, np.deg2rad, np.radians, np.rad2deg, np.degrees, np.real, np.conjugate)
ON_POSITIVE = (np.sqrt, np.cbrt, np.log, np.log2, np.log10, np.log1p, np.reciprocal)
ON_UNIT = (np.arcsin, np.arccos, np.arctanh, np.tan)
BINARY = (np.add, np.subtract, np.multiply, np.logaddexp, np.logaddexp2, pull)
HOLOMORPHIC = (
    np.positive, np.negative, np.square, np.reciprocal, np.sqrt, np.exp, np.expm1, np.exp2, np.log, np.log1p, np.log2,
    np.log10, np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh, np.arcsin, np.arctan, np.arcsinh, np.arctanh, sech2,
)  # fmt: skip
NOT_HOLOMORPHIC = (np.absolute, np.angle, np.sign, np.real, np.imag, np.conjugate)
STEPS = (np.sign, np.floor, np.ceil, np.trunc, np.rint, np.round, np.around, np.fix, np.spacing)
TRUTHS = (
    np.isfinite, np.isnan, np.isinf, np.isposinf, np.isneginf, np.isreal, np.iscomplex, np.signbit, np.logical_not,
)  # fmt: skip
COMPARISONS = (np.isclose, np.isin, np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)
LOGIC = (np.logical_and, np.logical_or, np.logical_xor)
BITWISE = (np.bitwise_and, np.bitwise_or, np.bitwise_xor)

PLANE = Domain(0.2, 0.8)  # real and imaginary parts away from the poles and branch cuts
FRACTIONS = Domain(avoid=(-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0))
FIRST, SECOND = Domain(3.1, 4.0), Domain(2.1, 2.9)  # quotients between 1 and 2

ROWS = [
    *[Row(function) for function in (*SMOOTH, *LINEAR, np.square)],
    *[Row(function, domains=(POSITIVE,)) for function in ON_POSITIVE],
    *[Row(function, domains=(UNIT,)) for function in ON_UNIT],
    *[Row(function, domains=(NONZERO,)) for function in (np.absolute, np.fabs, np.cbrt, np.reciprocal)],
    Row(np.arccosh, domains=(Domain(1.2, 4.0),)),
    *[Row(function, domains=(REAL, REAL)) for function in BINARY],
    Row(np.divide, domains=(REAL, NONZERO)),
    Row(np.copysign, domains=(NONZERO, NONZERO)),
    *[Row(function, domains=(NONZERO, NONZERO)) for function in (np.hypot, np.arctan2)],
    Row(hypot_slope, lambda x, y: hypot_slope(x, y, np.hypot(x, y)), domains=(NONZERO, NONZERO)),
    Row(sinc_derivative, lambda x: sinc_derivative(x, 2)),
    # powers
    *[Row(function, domains=(POSITIVE, REAL)) for function in (np.power, np.float_power)],
    Row(np.power, lambda x: x**3, note="cube"),
    Row(np.power, lambda x: x**-0.3, domains=(POSITIVE,), note="rounded exponent"),
    Row(np.power, lambda x: x ** np.array([2.0, 0.0, -3.0]), ((3,),), (NONZERO,), note="integers"),
    Row(np.power, lambda x: x**9.1, domains=(POSITIVE,), note="large exponent"),
    Row(np.power, lambda y: 2.5**y, note="constant base"),
    *[Row(slope, lambda x, y, f=slope: f(x, y, x**y), domains=(POSITIVE, REAL))
      for slope in (general_slope, power_growth)],
    # remainders
    *[Row(function, domains=(FIRST, SECOND)) for function in (np.remainder, np.fmod, np.divmod)],
    *[Row(function, lambda x, y, f=function: f(-x, y), domains=(FIRST, SECOND), note="negative")
      for function in (np.remainder, np.fmod, np.divmod)],
    Row(np.modf, domains=(FRACTIONS,)),
    Row(np.frexp, domains=(Domain(2.3, 3.7),)),
    Row(np.ldexp, lambda x: np.ldexp(x, 3)),
    Row(np.nextafter, lambda x: np.nextafter(x, x.dtype.type(9))),
    Row(pull, lambda x, y: pull(x, y, 2), domains=(REAL, REAL), note="base 2"),
    # choosing
    *[Row(function, lambda x, f=function: f(x[:3], x[3:]), ((6, 2),), distinct=True)
      for function in (np.maximum, np.minimum, np.fmax, np.fmin)],
    Row(np.where, lambda x, y: np.where([True, False, True], x, y), ((3,), (2, 3))),
    Row(np.clip, lambda x: np.clip(x, -1, 2.05), domains=(Domain(avoid=(-1.0, 2.05)),)),
    Row(np.clip, domains=(FIRST, SECOND, Domain(2.95, 3.05)), note="bounds"),
    Row(np.clip, lambda x: np.clip(x, None, 1), domains=(Domain(avoid=(1.0,)),), note="one bound"),
    Row(np.nan_to_num, lambda x: np.nan_to_num(np.where(np.array([True, False, True, True]), x, [1, np.nan, 1, 1])),
        ((4,),)),
    Row(np.heaviside, lambda x, y: np.heaviside(x * np.array([0, 1, 0]), y), ((3,), (2, 3)), (NONZERO, REAL)),
    Row(np.select, lambda x, y: np.select([np.arange(4) < 1, np.arange(4) < 3], [x, y], x * y), ((4,), (2, 4))),
    Row(np.piecewise, lambda x: np.piecewise(x, [x < 0, x > 1], [np.sin, np.exp, 2.0]), ((5,),),
        (Domain(avoid=(0.0, 1.0), gap=0.4),)),
    Row(np.interp, lambda x, y: np.interp(x, np.array([-4.0, 0.5, 2.01]), y), ((2, 3), (3,)),
        (Domain(avoid=(0.5, 2.01), gap=0.4), REAL)),
    Row(np.interp, lambda x, p, y: np.interp(x, np.cumsum(p) - 2, y, left=1.0).astype(x.dtype), ((2,), (3,), (3,)),
        (Domain(-0.91, -0.87), Domain(0.43, 0.47), REAL), note="nodes"),
    Row(np.interp, lambda x, y: np.interp(x, np.array([0.1, 4.05, 2.05]), y, period=3), ((2, 2), (3,)),
        (Domain(0.3, 0.9), REAL), note="period"),
    Row(np.i0),
    *[Row(f, domains=(POSITIVE,)) for f in (np.emath.sqrt, np.emath.log, np.emath.log2, np.emath.log10)],
    *[Row(f, domains=(UNIT,)) for f in (np.emath.arcsin, np.emath.arccos, np.emath.arctanh)],
    *[Row(f, domains=(Domain(-3.0, -0.5),), note="negative") for f in (np.emath.sqrt, np.emath.log)],
    Row(np.emath.power, lambda x: np.emath.power(x, 1.5), domains=(Domain(-3.0, -0.5),)),
    Row(np.emath.logn, lambda x: np.emath.logn(3.0, x), domains=(POSITIVE,)),
    # complex numbers
    Row(np.angle, lambda z: np.angle(z, deg=True), domains=(PLANE,), complex=(0,), note="degrees"),
    Row(np.real_if_close, domains=(PLANE,), complex=(0,)),
    *[Row(function, domains=(PLANE,), complex=(0,), note="complex") for function in (*HOLOMORPHIC, *NOT_HOLOMORPHIC)],
    *[Row(function, domains=(PLANE, PLANE), complex=which, note=f"complex {which}")
      for function in (np.add, np.subtract, np.multiply, np.divide, np.power) for which in ((0, 1), (0,), (1,))],
    Row(np.imag, order=0),
    # no derivative
    *[Row(function, domains=(FRACTIONS,), order=0) for function in (*STEPS, *TRUTHS)],
    *[Row(function, domains=(REAL, REAL), order=0) for function in (*COMPARISONS, *LOGIC)],
    *[Row(function, lambda x, y, f=function: f(x > 1, y > 1), domains=(REAL, REAL), order=0) for function in BITWISE],
    *[Row(f, lambda x, y, f=f: f(np.argsort(x), np.argsort(y)), ((3,), (3,)), order=0)
      for f in (np.left_shift, np.right_shift, np.gcd, np.lcm)],
    Row(np.bitwise_count, lambda x: np.bitwise_count(np.argsort(x)), ((3,),), order=0),
    Row(np.invert, lambda x: np.invert(x > 1), order=0),
    Row(np.floor_divide, domains=(FIRST, SECOND), order=0),
]  # fmt: skip
