"""What can be wrong with the steps: their length, the batches that they come from, gradients left over from before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ... import optim
from ...engine import cotangents
from ...value import Value, gradients
from ..trial import Trial
from .diagnosis import Finding
from .network import length

Array = np.ndarray[Any, Any]

STEPS = 30  # that are tried
CLIMBS = 8.0  # how many times as high as at first the loss may come
SLOW, STANDS = 0.01, 0.001  # the shares of the loss of which so many steps must take away one at least
FASTER = [1e2, 1e3, 1e4, 1e5, 1e6]  # times the learning rate that are tried where it seems to be too low
MUCH_FASTER = 900.0  # times; if that would be best, slow steps are too slow, else only those that stand still
BATCHES = 32  # whose gradients are compared
SMALL_BATCH = 8  # what is larger is not looked at: there noise does little harm
NOISE = {1: 1.0, 2: 2.0}  # how large the noise of such a batch's gradient may be, squared, with the gradient as unit
NOISE_OF_MORE = 16.0  # and that of batches of more rows
PAIRS = 128  # of rows, whose gradients are compared with what stands in .grad


def gradient_vector(model: Any, loss: Callable[..., Any], x: Array, y: Array) -> Array:
    """The gradient of the loss by all parameters, as one vector."""
    value = loss(model(x), y)
    found = cotangents(value, np.ones(value.shape, value.dtype)[()])
    pieces = [np.ravel(found[p]) if p in found else np.zeros(p.size) for p in model.parameters()]
    return np.concatenate(pieces).astype(np.float64)


def forgotten_zero_grad(trial: Trial, standing: Sequence[tuple[str, Any]], x: Array, y: Array) -> Iterator[Finding]:
    """Gradients in .grad that are a sum of several, or that no step has followed yet; an optimizer that keeps them.

    After a step in a loop that is right, .grad holds the gradient of the batch before it.  As a mean over rows this is
    no longer than the longest gradient of a pair, and it has the direction of no gradient at the present weights.
    """
    times = standing_still(trial, x, y)
    if times > 1.5:
        places = tuple(name for name, _ in standing)
        yield Finding("forgotten_zero_grad", "error", places, {"times": times})
        return
    model, loss = trial.model, trial.loss
    graded = [(name, grad) for name, grad in standing if grad is not None and np.any(grad)]
    if not graded:
        return
    shapes = zip(model.parameters(), standing, strict=True)
    whole = np.concatenate([np.zeros(p.size) if grad is None else np.ravel(grad) for p, (_, grad) in shapes])
    together = gradient_vector(model, loss, x, y)
    pairs = range(0, len(x) - 1, 2)[:PAIRS]  # and not single rows, from which BatchNorm cannot learn
    longest = max((length(gradient_vector(model, loss, x[i : i + 2], y[i : i + 2])) for i in pairs), default=np.inf)
    untouched = whole @ together > (1 - 1e-9) * length(whole) * length(together) > 0
    if length(whole) > longest or untouched:
        times = length(whole) / max(length(together), 1e-300)
        yield Finding("forgotten_zero_grad", "warning", tuple(name for name, _ in graded), {"times": times})


def standing_still(trial: Trial, x: Array, y: Array) -> float:
    """How many times as long as after one backward pass the gradients are after a second one at the same place."""
    parameters, lengths = getattr(trial.optimizer, "parameters", trial.model.parameters()), []
    trial.model.zero_grad()
    for _ in range(2):
        trial.optimizer.zero_grad()
        trial.loss(trial.model(x), y).backward()
        lengths.append(
            length(np.concatenate([np.ravel(p.grad) for p in parameters if p.grad is not None] or [np.zeros(1)]))
        )
    return lengths[1] / lengths[0] if lengths[0] else 1.0


def largest_curvature(loss: Any, parameters: Sequence[Value], iterations: int = 20, seed: int = 0) -> float:
    """The largest eigenvalue, by size, of the Hessian of a loss, by power iteration on Hessian-vector products.

    The gradient is differentiated once more along a direction, which gives the Hessian times it, and that is the next
    direction (R. von Mises and H. Pollaczek-Geiringer, ZAMM 9, 1929; B. Pearlmutter, Neural Computation 6, 1994).

    >>> w = Value([1.0, 1.0])
    >>> round(largest_curvature((w**2 * [1.0, 3.0]).sum(), [w]), 6)
    6.0
    """
    slopes = gradients(loss, parameters, create_graph=True)
    rng = np.random.default_rng(seed)
    direction = [rng.standard_normal(p.shape).astype(p.dtype) for p in parameters]
    curvature = 0.0
    for _ in range(iterations):
        size = float(np.sqrt(sum(np.sum(d.astype(np.float64) ** 2) for d in direction)))
        if not 0 < size < np.inf:
            return size
        direction = [np.asarray(d / size, p.dtype) for d, p in zip(direction, parameters, strict=True)]
        terms = [(slope * d).sum() for slope, d in zip(slopes, direction, strict=True)]
        product = gradients(sum(terms[1:], terms[0]), parameters)
        curvature = float(sum(np.sum(p.astype(np.float64) * d) for p, d in zip(product, direction, strict=True)))
        direction = [np.asarray(p) for p in product]
    return abs(curvature)


def stable_rate(trial: Trial, x: Array, y: Array) -> float | None:
    """The learning rate 2 / curvature, or 2 (1 + momentum) / curvature, from which on plain SGD grows; else None.

    None too where an operation of the user's own cannot be differentiated twice.
    """
    if not isinstance(trial.optimizer, optim.SGD):
        return None
    with np.errstate(all="ignore"):
        try:
            curvature = largest_curvature(trial.loss(trial.model(x), y), trial.model.parameters())
        except (TypeError, ValueError, NotImplementedError):
            return None
    return 2 * (1 + trial.optimizer.momentum) / curvature if 0 < curvature < np.inf else None


def learning_rate(make: Callable[[], Trial], x: Array, y: Array, guess: float) -> Iterator[Finding]:
    """Whether steps on all rows at once climb, or stay where they are.

    Args:
        make: a function that makes a new trial of the model and its optimizer.
        x, y: the rows.
        guess: the loss of the best constant output, below which climbing is no harm.
    """
    trial = make()
    limit = stable_rate(trial, x, y)
    losses = trial.descend([(x, y)], STEPS)
    start, highest, end = losses[0], max(losses), float(np.mean(losses[-5:]))
    lr, known = float(getattr(trial.optimizer, "lr", 0.0)), hasattr(trial.optimizer, "lr")
    level = max(start, guess)
    too_long = limit is not None and lr > limit and highest > 1.2 * level
    if highest > CLIMBS * level or too_long:
        rates = [lr / 3.0**k for k in range(1, 12)]
        better = limit / 2 if limit is not None and limit < lr else None
        if better is None:
            better = next((rate for rate in rates if max(tried(make, rate, x, y)) <= 1.2 * level), rates[-1])
        inertia = " (1 + momentum)" if getattr(trial.optimizer, "momentum", 0) else ""
        text = "" if limit is None else f"; 2{inertia} / λ = {limit:.3g}" + (" < lr" if limit < lr else "")
        measured = {
            "lr": lr if known else "?", "start": start, "highest": float(highest), "steps": STEPS, "curvature": text,
            "better": float(f"{better:.1g}") if known else "lr / 10",
        }  # fmt: skip
        yield Finding("learning_rate_too_high", "error", (), measured)
        return
    fall = 1 - end / start if start > 0 else 0.0
    if fall < SLOW and getattr(trial.optimizer, "schedule", None) is None and known:
        ends = {rate: float(np.mean(tried(make, rate, x, y)[-5:])) for rate in faster(lr)}
        better = min(ends, key=lambda rate: ends[rate])
        more = 1 - ends[better] / start if start > 0 else 0.0
        if more > (0.1 if fall < STANDS else 0.3) and (fall < STANDS or better > MUCH_FASTER * lr):
            measured = {
                "lr": lr, "fall": round(100 * fall, 4), "steps": STEPS, "better": float(f"{better:.1g}"),
                "more": round(100 * more, 1),
            }  # fmt: skip
            yield Finding("learning_rate_too_low", "warning", (), measured)


def faster(lr: float) -> list[float]:
    """Larger learning rates to try."""
    return [lr * times for times in FASTER] if lr else [1e-3, 1e-2, 1e-1]


def tried(make: Callable[[], Trial], lr: float, x: Array, y: Array) -> list[float]:
    """The losses with another learning rate."""
    trial = make()
    trial.optimizer.lr, trial.optimizer.schedule = lr, None
    return trial.descend([(x, y)], STEPS)


def batch_too_small(
    model: Any, loss: Callable[..., Any], x: Array, y: Array, batch_size: int, seed: int = 0
) -> Iterator[Finding]:
    """Whether the gradients of small batches contradict one another more than they agree.

    With g the gradient that they have in common and S the covariance of a batch's gradient, the noise is
    trace(S) / |g|^2: McCandlish et al., 2018, arXiv:1812.06162.
    """
    if batch_size > SMALL_BATCH or len(x) < 8 * batch_size:
        return
    count = min(BATCHES, len(x) // batch_size)
    batches = np.random.default_rng(seed).permutation(len(x))[: count * batch_size].reshape(count, batch_size)
    with np.errstate(all="ignore"):
        found = np.array([gradient_vector(model, loss, x[rows], y[rows]) for rows in batches])
    mean = found.mean(axis=0)
    spread = float(np.sum((found - mean) ** 2)) / (count - 1)
    common = max(float(mean @ mean) - spread / count, 1e-3 * float(mean @ mean))
    if common > 0 and spread > NOISE.get(batch_size, NOISE_OF_MORE) * common:
        better = min(len(x), int(2 ** np.ceil(np.log2(max(16, batch_size * spread / common)))))
        measured = {
            "batch": batch_size, "noise": float(np.sqrt(spread / common)), "better": min(better, 256),
            "against": round(100 * float(np.mean(found @ mean < 0))),
        }  # fmt: skip
        yield Finding("batch_too_small", "warning", (), measured)
