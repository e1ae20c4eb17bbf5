"""Activations by name: what may stand for `activation=` in a layer."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import numpy as np

from ..rules import activations as functions


def linear(x: Any) -> Any:
    """No activation: x itself."""
    return x


ACTIVATIONS: dict[str, Callable[..., Any]] = {"linear": linear, "tanh": np.tanh}
for name in (
    "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "sigmoid", "softmax", "log_softmax",
    "hard_sigmoid", "hard_tanh", "hard_swish",
):  # fmt: skip
    ACTIVATIONS[name] = getattr(functions, name)


def activation(name: str | Callable[..., Any] | None) -> Callable[..., Any]:
    """The function of a name; None stands for "linear", and a function for itself.

    Raises ValueError for an unknown name, TypeError for what is neither a name nor a function.
    """
    if name is None:
        return linear
    if isinstance(name, str):
        if name in ACTIVATIONS:
            return ACTIVATIONS[name]
        close = get_close_matches(name.lower(), ACTIVATIONS, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ValueError(f"unknown activation {name!r}; {hint}known are {', '.join(ACTIVATIONS)}, or pass a function")
    if not callable(name):
        raise TypeError(f"an activation is a name or a function, but got {type(name).__name__}")
    return name


def name_of(function: Callable[..., Any]) -> str:
    """How a function is called, for people to read."""
    return str(getattr(function, "__name__", None) or type(function).__name__)
