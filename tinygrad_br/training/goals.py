"""What `fit` has to know of a loss: which targets it takes, and which figures go with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any, NamedTuple

from .. import nn


class Goal(NamedTuple):
    """A loss with what goes with it.

    `keeps_integers`: integer targets are class numbers and stay integers.  `metrics`: those shown if none are asked
    for.  `threshold`: above which a single output says yes, None where the largest of several outputs decides.
    """

    function: Callable[..., Any]
    keeps_integers: bool = True
    metrics: tuple[str, ...] = ()
    threshold: float | None = None
    known: bool = False


ACCURACY = ("accuracy",)
KNOWN: dict[str, tuple[bool, tuple[str, ...], float | None]] = {
    "cross_entropy": (True, ACCURACY, None),
    "nll": (True, ACCURACY, None),
    "focal": (True, ACCURACY, None),
    "kl_divergence": (False, ACCURACY, None),
    "bce_with_logits": (False, ACCURACY, 0.0),
    "hinge": (False, ACCURACY, 0.0),
    "mse": (False, (), None),
    "mae": (False, (), None),
    "huber": (False, (), None),
}


def takes_weights(function: Callable[..., Any]) -> bool:
    """Whether a loss can be called with `sample_weights=`."""
    try:
        signature(function).bind(None, None, sample_weights=None)
    except TypeError:
        return False
    except ValueError:  # what has no signature is given the chance
        return True
    return True


def goal_of(loss: Any) -> Goal:
    """What goes with a loss, given by name, as a function of `tg.nn`, or as any function of outputs and targets.

    Raises ValueError for an unknown name, TypeError for what is neither a name nor a function.
    """
    if isinstance(loss, str):
        if loss not in KNOWN:
            raise ValueError(f"unknown loss {loss!r}; known are {', '.join(KNOWN)}, or pass a function(output, target)")
        return Goal(getattr(nn, loss), *KNOWN[loss], known=True)
    if not callable(loss):
        raise TypeError(f"loss must be a name or a function of outputs and targets, but got {type(loss).__name__}")
    inner = loss.func if isinstance(loss, partial) else loss
    name = getattr(inner, "__name__", "")
    if name in KNOWN and getattr(nn, name) is inner:
        return Goal(loss, *KNOWN[name], known=True)
    return Goal(loss)
