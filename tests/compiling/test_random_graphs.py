"""Compiled functions give the numbers of the functions themselves, over several calls with changing data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_br as tg
from tinygrad_br import Value

from .graphs import SHAPES, arrays, close, functions


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(data=st.data(), seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_value_and_gradients(dtype, data, seed):
    function, argument_shapes, parameter_shapes = data.draw(functions(dtype))
    rng = np.random.default_rng(seed)
    ours, theirs = ([Value(a) for a in arrays(rng, parameter_shapes, dtype)] for _ in range(2))

    def step(parameters, arguments):
        loss = function(arguments, parameters)
        loss.backward()
        return loss

    compiled = tg.compile(lambda *arguments: step(ours, arguments))
    for call in range(4):
        if call == 2:
            for p in (*ours, *theirs):
                p.zero_grad()
        for p, q, new in zip(ours, theirs, arrays(rng, parameter_shapes, dtype)):
            p.data = q.data = new
        arguments = arrays(rng, argument_shapes, dtype)
        kept = [a.copy() for a in arguments]
        with np.errstate(all="ignore"):
            expected = step(theirs, arguments)
        with np.errstate(all="ignore"):
            result = compiled(*arguments)
        assert isinstance(result, Value)
        assert close(result, expected, ulps=4)
        for p, q in zip(ours, theirs):
            assert (p.grad is None) == (q.grad is None)
            assert p.grad is None or close(p.grad, q.grad, ulps=4)
        assert all(map(close, arguments, kept))


@given(functions(), st.integers(0, 2**32))
@settings(max_examples=40)
def test_gradients_and_transforms(case, seed):
    function, argument_shapes, parameter_shapes = case
    rng = np.random.default_rng(seed)
    parameters = [Value(a) for a in arrays(rng, parameter_shapes)]

    def outputs(*arguments):
        loss = function([Value(a) for a in arguments], parameters)
        slope = tg.grad(lambda x: function([x, *arguments[1:]], [p.data for p in parameters]))
        return {"loss": loss.data, "gradients": tg.gradients(loss, parameters), "slope": slope(arguments[0])}

    compiled = tg.compile(outputs)
    for _ in range(3):
        arguments = arrays(rng, argument_shapes)
        with np.errstate(all="ignore"):
            expected = outputs(*arguments)
        with np.errstate(all="ignore"):
            result = compiled(*arguments)
        assert all(isinstance(r, (np.ndarray, np.generic)) for r in (result["loss"], result["slope"]))
        assert close(result["loss"], expected["loss"], ulps=4)
        assert close(result["slope"], expected["slope"], ulps=4)
        assert all(close(a, b, ulps=4) for a, b in zip(result["gradients"], expected["gradients"]))


@given(functions(), st.integers(0, 2**32), st.data())
@settings(max_examples=40)
def test_shapes_that_change_special_numbers_and_arrays_in_the_same_memory(case, seed, data):
    function, argument_shapes, parameter_shapes = case
    rng = np.random.default_rng(seed)
    parameters = [Value(a) for a in arrays(rng, parameter_shapes)]

    def outputs(first, second):
        loss = function([first, second][: len(argument_shapes)], parameters)
        return loss.data, tg.gradients(loss, parameters)

    compiled = tg.compile(outputs)
    for _ in range(4):
        first, second = arrays(rng, [data.draw(st.sampled_from([*SHAPES, (0,), (0, 3), (2, 0)])) for _ in range(2)])
        for special in data.draw(st.lists(st.sampled_from([0.0, -0.0, np.nan, np.inf, -np.inf, 1e300]), max_size=2)):
            first[(Ellipsis, slice(1)) if first.ndim else ()] = special
        same_memory = data.draw(st.sampled_from([lambda x: x, lambda x: x[..., ::-1], lambda x: x.T, None]))
        if same_memory is not None and first.ndim:
            second = same_memory(first)
        with np.errstate(all="ignore"):
            (expected, slopes), (result, found) = outputs(first, second), compiled(first, second)
        assert close(result, expected, ulps=16)
        assert all(close(a, b, ulps=16) for a, b in zip(found, slopes))
