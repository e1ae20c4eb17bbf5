"""How the gradients of a module are checked: with respect to its input and all its parameters."""

from __future__ import annotations

import numpy as np

import tinygrad_br as tg
from tinygrad_br import Value


def check(module, *shape, seed=0, order=2):
    """Gradients with respect to the input and all parameters, of the outputs weighted by random numbers."""
    rng = np.random.default_rng(seed)
    parameters = module.parameters()
    weights = rng.normal(size=module(rng.normal(size=shape)).shape)

    def output(x, *numbers):
        swapped = dict(zip(map(id, parameters), numbers, strict=True))
        return (with_parameters(module, swapped, x) * weights).sum()

    report = tg.check_gradients(
        output, rng.normal(size=shape), *[p.data + 0.1 * rng.normal(size=p.shape) for p in parameters], order=order
    )
    report.raise_if_wrong()


def with_parameters(module, swapped, x):
    """A call of the module with other Values in the places of its parameters."""
    places = [
        (owner, name, item)
        for owner in module.modules()
        for name, item in list(vars(owner).items())
        if isinstance(item, Value)
    ]
    for owner, name, item in places:
        setattr(owner, name, swapped[id(item)])
    try:
        return module(x)
    finally:
        for owner, name, item in places:
            setattr(owner, name, item)
