"""Random functions of arrays and parameters, and what it means that two runs agree."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import tinygrad_br as tg
from tinygrad_br import Value

UNARY = [
    np.tanh, np.sin, np.exp, np.log, np.sqrt, np.square, np.absolute, np.negative, np.expm1, np.arctan,
    tg.nn.relu, tg.nn.sigmoid, tg.nn.softplus, tg.nn.gelu, tg.nn.softmax, tg.nn.log_softmax,
    lambda x: x**2, lambda x: x**3, lambda x: x * 1.0, lambda x: 2 - x, lambda x: np.negative(-x), lambda x: x.T,
    lambda x: x.T.T, lambda x: x.reshape(-1), lambda x: x[..., :1], lambda x: x[::-1] if x.ndim else x,
    lambda x: x.sum(), lambda x: x.sum(axis=-1, keepdims=True) if x.ndim else x, lambda x: np.where(x > 0, x, 0.5 * x),
]  # fmt: skip
BINARY = [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.matmul, np.hypot]
SHAPES = [(), (3,), (1,), (2, 3), (2, 1), (3, 3)]


@st.composite
def functions(draw, dtype=np.float64):
    """A function of arguments and parameters, the shapes of the ones, and of the others."""
    argument_shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=2))
    parameter_shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=2))
    count = len(argument_shapes) + len(parameter_shapes)
    steps = []
    for _ in range(draw(st.integers(1, 8))):
        pick = st.integers(0, count + len(steps) - 1)
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(UNARY)), (draw(pick),)))
        else:
            steps.append((draw(st.sampled_from(BINARY)), (draw(pick), draw(pick))))

    def function(arguments, parameters):
        known = [*arguments, *parameters]
        for op, places in steps:
            try:
                known.append(op(*(known[i] for i in places)))
            except (ValueError, IndexError, np.exceptions.AxisError):  # shapes that do not fit
                known.append(known[places[0]])
        total = sum(np.sum(v * np.asarray(0.7, dtype)) for v in known)
        return total if isinstance(total, Value) else Value(total)

    return function, argument_shapes, parameter_shapes


def arrays(rng, shapes, dtype=np.float64):
    return [rng.uniform(0.2, 1.5, shape).astype(dtype) for shape in shapes]


def close(a, b, ulps=0):
    """Whether two arrays or Values have one shape and dtype, and numbers at most some ULP of the largest apart."""
    a, b = (np.asarray(x.data if isinstance(x, Value) else x) for x in (a, b))
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if not ulps or not a.size:
        return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    finite = np.isfinite(a) & np.isfinite(b)
    scale = np.max(np.abs(a[finite]), initial=0)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(all="ignore"):
        return bool(np.all(same | (np.abs(a - b) <= ulps * np.finfo(a.dtype).eps * scale)))
