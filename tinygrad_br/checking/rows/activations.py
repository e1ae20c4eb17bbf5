"""Rows of tinygrad_br/rules/activations.py."""

from __future__ import annotations

from ...nn import (
    elu,
    gelu,
    hard_sigmoid,
    hard_swish,
    hard_tanh,
    leaky_relu,
    log_softmax,
    logsumexp,
    mish,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
)
from ...rules.activations import gelu_slope, general_scaled_exp, mish_slope, sigmoid_slope, silu_slope
from ...rules.normal import normal_cdf, normal_moment, normal_pdf
from .row import NONZERO, POSITIVE, REAL, Domain, Row

TABLES = ((3,), (2, 3), (2, 1, 3), (1, 4))

ROWS = [
    *[Row(function) for function in (sigmoid, softplus, silu, mish, gelu, silu_slope, mish_slope, gelu_slope)],
    *[Row(function) for function in (sigmoid_slope, normal_cdf, normal_pdf, normal_moment)],
    *[Row(function, domains=(NONZERO,)) for function in (relu, leaky_relu, elu, selu)],
    Row(leaky_relu, domains=(NONZERO, REAL), note="learned slope"),
    Row(elu, domains=(NONZERO, POSITIVE), note="learned alpha"),
    Row(elu, lambda x: elu(x, 7.5), domains=(NONZERO,), note="large alpha"),
    Row(general_scaled_exp, domains=(REAL, REAL)),
    Row(hard_sigmoid, domains=(Domain(-5, 5, avoid=(-3.0, 3.0)),)),
    Row(hard_tanh, domains=(Domain(avoid=(-1.0, 1.0)),)),
    Row(hard_swish, domains=(Domain(-5, 5, avoid=(-3.0, 3.0)),)),
    *[Row(function, shapes=(shape,), note=str(shape)) for function in (softmax, log_softmax) for shape in TABLES],
    *[Row(function, lambda x, f=function: f(x, axis=0), shapes=((3, 2),), note="axis") for function in
      (softmax, log_softmax, logsumexp)],
    *[Row(function, lambda x, f=function: f(x, (0, 2)), shapes=((3, 1, 2),), note="axes") for function in
      (softmax, log_softmax, logsumexp)],
    Row(logsumexp),
    Row(logsumexp, lambda x: logsumexp(x, -1, keepdims=True), shapes=((2, 3),), note="keepdims"),
]  # fmt: skip
