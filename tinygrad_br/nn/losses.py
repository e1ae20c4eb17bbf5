"""Losses: how wrong a network is, as one number.

Predictions and targets have the same shape, class indices apart, and the loss is the mean over all entries.  Nothing is
broadcast: predictions of shape (n, 1) beside targets of shape (n,) are an error, not an (n, n) table.

`sample_weights`, one for each example (the first axis), makes it a weighted mean: sum(weight * loss) / sum(weight).
The losses that end in a sigmoid or softmax take logits, the numbers before it: exact however sure the network is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

import numpy as np

from ..engine import Function, Node, data_of, define_rule, record
from ..rules.activations import centred, log_softmax, sigmoid, softmax, softplus
from .module import Module, is_bias


def loss(*rules: Function) -> Callable[[Function], Function]:
    """Make a function of (predictions, targets, options) one recorded operation with these rules.

    The shapes are compared and the targets brought to the dtype of the predictions before it runs.
    """

    def decorate(function: Function) -> Function:
        order = signature(function)

        @wraps(function)
        def call(predictions: Any, targets: Any, *args: Any, **kwargs: Any) -> Any:
            predictions, targets = array(predictions), array(targets)
            same_shape(function.__name__, predictions, targets)
            if targets.dtype != predictions.dtype:
                targets = targets.astype(predictions.dtype if predictions.dtype.kind == "f" else np.float64)
            if not isinstance(predictions, Node) and not isinstance(targets, Node):
                return function(predictions, targets, *args, **kwargs)
            if any(isinstance(option, Node) for option in kwargs.values()):
                args, kwargs = order.bind(predictions, targets, *args, **kwargs).args[2:], {}
            return record(call, (predictions, targets, *args), kwargs, function)

        call.recorded = True  # type: ignore[attr-defined]
        define_rule(call, *rules)
        return call

    return decorate


@loss(
    lambda g, ans, x, y, sample_weights=None: g * 2 * share(x, sample_weights) * (x - y),
    lambda g, ans, x, y, sample_weights=None: g * 2 * share(x, sample_weights) * (y - x),
)
def mse(predictions: Any, targets: Any, sample_weights: Any = None) -> Any:
    """The mean squared error, mean((predictions - targets) ** 2).

    >>> print(mse([1.0, 2.0], [0.0, 2.0]))
    0.5
    """
    return np.sum((predictions - targets) ** 2 * share(predictions, sample_weights))


@loss(
    lambda g, ans, x, y, sample_weights=None: g * share(x, sample_weights) * np.sign(x - y),
    lambda g, ans, x, y, sample_weights=None: g * share(x, sample_weights) * np.sign(y - x),
)
def mae(predictions: Any, targets: Any, sample_weights: Any = None) -> Any:
    """The mean absolute error, mean(|predictions - targets|); its derivative is 0 where they are equal.

    >>> print(mae([1.0, 2.0], [0.0, 2.0]))
    0.5
    """
    return np.sum(np.abs(predictions - targets) * share(predictions, sample_weights))


@loss(
    lambda g, ans, x, y, delta=1.0, sample_weights=None: g * share(x, sample_weights) * np.clip(x - y, -delta, delta),
    lambda g, ans, x, y, delta=1.0, sample_weights=None: g * share(x, sample_weights) * np.clip(y - x, -delta, delta),
)
def huber(predictions: Any, targets: Any, delta: float = 1.0, sample_weights: Any = None) -> Any:
    """Half the squared error where it is at most `delta`, a straight line beyond, so that outliers pull less.

    Huber, Annals of Mathematical Statistics 35 (1964): d**2 / 2 for |d| <= delta, else delta * (|d| - delta / 2).

    >>> print(huber([1.0, 5.0], [0.0, 0.0]))
    2.5
    """
    distance = np.abs(predictions - targets)
    near = np.minimum(distance, delta)
    return np.sum(near * (distance - near / 2) * share(predictions, sample_weights))


@loss(
    lambda g, ans, z, y, margin=1.0, sample_weights=None: -g * share(z, sample_weights) * y * (y * z < margin),
    lambda g, ans, z, y, margin=1.0, sample_weights=None: -g * share(z, sample_weights) * z * (y * z < margin),
)
def hinge(scores: Any, labels: Any, margin: float = 1.0, sample_weights: Any = None) -> Any:
    """The loss of support vector machines, mean(max(0, margin - labels * scores)); labels are -1 and 1.

    >>> print(hinge([0.5, 2.0], [1, 1]))
    0.25
    """
    if not np.all(np.abs(labels) == 1):
        raise ValueError("hinge expects labels -1 and 1; for labels 0 and 1 write 2 * labels - 1")
    return np.sum(np.maximum(margin - labels * scores, 0) * share(scores, sample_weights))


@loss(
    # sigmoid(z) - y without the cancellation where both are near 1
    lambda g, ans, z, y, sample_weights=None: g * share(z, sample_weights) * (sigmoid(z) * (1 - y) - sigmoid(-z) * y),
    lambda g, ans, z, y, sample_weights=None: -g * share(z, sample_weights) * z,
)
def bce_with_logits(logits: Any, labels: Any, sample_weights: Any = None) -> Any:
    """The binary cross-entropy of p = sigmoid(logits), mean(-y log(p) - (1 - y) log(1 - p)).

    Labels are between 0 and 1, where 1 is yes.

    >>> print(bce_with_logits([0.0, 100.0, -40.0], [1, 1, 1]).round(4))
    13.5644
    """
    low, high = np.min(labels), np.max(labels)
    if not 0 <= low <= high <= 1:
        raise ValueError(f"bce_with_logits expects labels between 0 and 1, but got {low} to {high}")
    losses = np.maximum(logits, 0) - logits * labels + np.log1p(np.exp(-np.abs(logits)))
    return np.sum(losses * share(logits, sample_weights))


def cross_entropy(
    logits: Any, labels: Any, label_smoothing: float = 0.0, class_weights: Any = None, sample_weights: Any = None
) -> Any:
    """The cross-entropy of p = softmax(logits), mean(-log(p[label])).

    Args:
        logits: shape (..., classes), most often (batch, classes).
        labels: class indices of shape (...), or probabilities of shape (..., classes), such as one-hot rows.
        label_smoothing: the share of each label that is spread evenly over all classes.
        class_weights: shape (classes,): examples count by the weight of their class.
        sample_weights: shape (batch,): examples count by their weight.

    >>> print(cross_entropy([[0.0, 0.0], [0.0, 100.0]], [0, 1]).round(4))
    0.3466
    """
    logits, labels = array(logits), array(labels)
    check_classes("cross_entropy", logits, labels)
    plain = class_weights is None and sample_weights is None and not label_smoothing
    if plain and labels.ndim < logits.ndim:
        return cross_entropy_of_classes(logits, labels.view(Labels) if labels.__class__ is np.ndarray else labels)
    rows = labels
    if labels.ndim < logits.ndim:
        rows = one_hot(labels, logits.shape[-1], logits.dtype)
    elif labels.dtype != logits.dtype:
        rows = labels.astype(logits.dtype)
    weights = share(logits[..., :1], sample_weights)
    if class_weights is not None:
        by_class = np.asarray(class_weights, logits.dtype)
        if by_class.shape != logits.shape[-1:]:
            raise ValueError(
                f"class_weights have shape {by_class.shape}; for these logits {logits.shape[-1:]} is right"
            )
        check_weights("class_weights", by_class)
        weights = weights * (rows @ by_class)[..., None]
        weights = weights / np.sum(weights)
    if label_smoothing:
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing is a share between 0 and 1, but got {label_smoothing}")
        rows = (1 - label_smoothing) * rows + label_smoothing / logits.shape[-1]
    return cross_entropy_of_rows(logits, rows * weights)


def nll(log_probabilities: Any, labels: Any, sample_weights: Any = None) -> Any:
    """The mean of -log_probabilities[label]: what `cross_entropy` is after `log_softmax`.

    `log_probabilities` has shape (..., classes), `labels` are class indices of shape (...).

    >>> print(nll(np.log([[0.5, 0.5], [0.25, 0.75]]), [0, 1]).round(4))
    0.4904
    """
    x, labels = array(log_probabilities), array(labels)
    check_classes("nll", x, labels)
    if labels.ndim == x.ndim:
        raise ValueError(f"nll: labels are class indices of shape {x.shape[:-1]}, but got {labels.shape}")
    picked = pick(x, labels)
    return -np.sum(picked * share(picked, sample_weights))


def kl_divergence(logits: Any, probabilities: Any, sample_weights: Any = None) -> Any:
    """How far p = softmax(logits) is from given probabilities q: the mean over rows of sum(q * log(q / p)).

    Both have shape (..., classes).  It is the cross-entropy without what q by itself adds to it.

    >>> print(kl_divergence([[0.0, 0.0]], [[1.0, 0.0]]).round(4))
    0.6931
    """
    logits, q = array(logits), array(probabilities)
    same_shape("kl_divergence", logits, q)
    logarithms = np.log(np.where(q > 0, q, 1))
    negative_entropy = np.sum(np.sum(q * logarithms, axis=-1, keepdims=True) * share(logits[..., :1], sample_weights))
    return cross_entropy(logits, q, sample_weights=sample_weights) + negative_entropy


def focal(logits: Any, labels: Any, gamma: float = 2.0, sample_weights: Any = None) -> Any:
    """The mean of -(1 - p)**gamma * log(p), where p is the probability of what is true: Lin et al., arXiv:1708.02002.

    Examples that the network is sure of count less.  With class indices of shape (...) for logits of shape
    (..., classes) p comes from a softmax; with labels 0 and 1 of the shape of the logits from a sigmoid.

    >>> print(focal([0.0, 5.0], [1, 1]).round(4))
    0.0866
    """
    logits, labels = array(logits), array(labels)
    if labels.ndim < logits.ndim:
        check_classes("focal", logits, labels)
        log_p = pick(log_softmax(logits), labels)
        wrong = -np.expm1(log_p)
    else:
        same_shape("focal", logits, labels)
        if not np.all((data_of(labels) == 0) | (data_of(labels) == 1)):
            raise ValueError("focal expects labels 0 and 1, or class indices with one axis less than the logits")
        z = (1 - 2 * labels.astype(logits.dtype)) * logits
        log_p, wrong = -softplus(z), sigmoid(z)
    return -np.sum(wrong**gamma * log_p * share(log_p, sample_weights))


def penalty(model: Module, l1: float = 0.0, l2: float = 0.0, bias_l1: float = 0.0, bias_l2: float = 0.0) -> Any:
    """What large parameters cost: l1 * sum(|w|) + l2 * sum(w**2) over all weights, the same with bias_... over biases.

    Add it to the loss: `loss + penalty(model, l2=1e-4)`, or of one layer, `penalty(model.layers[0], l1=1e-3)`.

    >>> from tinygrad_br.nn import Neuron
    >>> neuron = Neuron(2)
    >>> neuron.weights.data = [1.0, -2.0]
    >>> print(penalty(neuron, l1=0.1, l2=0.01).item())
    0.35000000000000003
    """
    terms = []
    for name, p in model.named_parameters():
        first, second = (bias_l1, bias_l2) if is_bias(name) else (l1, l2)
        terms += [first * np.abs(p).sum()] * bool(first) + [second * (p**2).sum()] * bool(second)
    return sum(terms[1:], terms[0]) if terms else 0.0


class Labels(np.ndarray[Any, Any]):
    """Class indices that remember the softmax which the loss found on its way: its derivative needs that too.

    `softmax` are the exponentials, a column for each example, their sums, and where in `exponentials.ravel("K")` stands
    what the labels name.
    """

    softmax: Any = None


def cross_entropy_of_classes(logits: Any, labels: Any) -> Any:
    """The mean of -log(softmax(logits)[label])."""
    rows = logits if logits.ndim == 2 else logits.reshape(-1, logits.shape[-1])
    n, classes = rows.shape
    columns = np.ascontiguousarray(rows.T) if (tall := is_tall(rows.shape)) else rows.T
    columns = columns - np.maximum.reduce(columns)
    exps = np.exp(columns)
    sums = np.add.reduce(exps)
    places = label_positions(np.asarray(labels, np.intp).ravel(), np.arange(n), classes, tall)
    if labels.__class__ is Labels:
        labels.softmax = exps, sums, places
    return np.add.reduce(np.log(sums) - columns.ravel("K")[places]) / labels.size


def cross_entropy_of_rows(logits: Any, rows: Any) -> Any:
    """The sum of -rows * log(softmax(logits)), where 0 * infinity is 0."""
    losses = -log_softmax(logits)
    return np.sum(np.multiply(rows, losses, where=rows != 0, out=np.zeros_like(losses)))


def one_hot(labels: Any, classes: int, dtype: Any = np.float64) -> Any:
    """A row for each label, with 1 in the place of its class: shape (..., classes).

    >>> one_hot(np.array([0, 2]), 3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iub":
        raise TypeError(f"one_hot takes class indices, which are integers, but got {labels.dtype}; write .astype(int)")
    check_range(labels, classes)
    labels = labels.astype(np.intp, copy=False)
    rows = np.zeros((labels.size, classes), dtype)
    rows[np.arange(labels.size), labels.ravel()] = 1
    return rows.reshape(*labels.shape, classes)


def softmax_minus_one_hot(logits: Any, labels: Any) -> Any:
    """How much too large each probability is; in one array, which is faster than softmax and one_hot by themselves."""
    rows = logits.reshape(-1, logits.shape[-1])
    rows = np.exp(rows - np.maximum.reduce(rows, axis=-1, keepdims=True))
    rows /= np.add.reduce(rows, axis=-1, keepdims=True)
    rows[np.arange(labels.size), labels.ravel()] -= 1
    return rows.reshape(logits.shape)


def cross_entropy_rule(g: Any, ans: Any, z: Any, labels: Any) -> Any:
    if isinstance(z, Node) or labels.__class__ is not Labels:
        return softmax_minus_one_hot(z, labels) * (g / labels.size)
    exps, sums, places = labels.softmax
    columns = exps / sums
    columns.ravel("K")[places] -= 1
    columns *= g / labels.size
    return columns.T if z.ndim == 2 else columns.T.reshape(z.shape)


one_hot = define_rule(one_hot)
softmax_minus_one_hot = define_rule(
    softmax_minus_one_hot,
    lambda g, ans, z, labels: (p := softmax(z)) * centred(g, p),
)
cross_entropy_of_classes = define_rule(cross_entropy_of_classes, cross_entropy_rule)
cross_entropy_of_rows = define_rule(
    cross_entropy_of_rows,
    lambda g, ans, z, rows: (softmax(z) * np.sum(rows, axis=-1, keepdims=True) - rows) * g,
    lambda g, ans, z, rows: -g * log_softmax(z),
)


# Checks and helpers ---------------------------------------------------------------------------------------------------


def array(x: Any) -> Any:
    """Values and arrays as they are, lists, tables and numbers as arrays."""
    return x if isinstance(x, (Node, np.ndarray, np.generic)) else np.asarray(x)


def share(x: Any, sample_weights: Any) -> Any:
    """What each entry of x counts in the mean: 1 / size, or weights that add up to 1 over all entries."""
    if sample_weights is None:
        return 1 / x.size if x.size else np.nan
    weights = array(sample_weights)
    if weights.shape != x.shape[:1]:
        raise ValueError(f"sample_weights have shape {weights.shape}; one for each example has shape {x.shape[:1]}")
    check_weights("sample_weights", data_of(weights))
    weights = weights.astype(x.dtype).reshape(-1, *[1] * (x.ndim - 1))
    return weights / (np.sum(weights) * (x.size / len(weights)))


def check_weights(name: str, weights: Any) -> None:
    """Raise ValueError unless weights are numbers from 0 on, and not all 0."""
    if not (np.all(weights >= 0) and np.any(weights > 0) and np.all(np.isfinite(weights))):
        raise ValueError(f"{name} are not negative and not all zero, but got {weights.min()} to {weights.max()}")


def same_shape(name: str, predictions: Any, targets: Any) -> None:
    """Raise unless predictions and targets have one shape, hold numbers, and there are some."""
    numeric(name, targets)
    if predictions.shape != targets.shape:
        a, b = predictions.shape, targets.shape
        hint = "give one target for each prediction"
        if predictions.size == targets.size:
            hint = f"write targets.reshape{a}" if len(a) > len(b) else f"write predictions.reshape{b}"
        raise ValueError(f"{name}: the predictions have shape {a}, the targets {b}; {hint}")
    if not predictions.size:
        raise ValueError(f"{name}: there are no data, shape {predictions.shape}; a mean needs at least one entry")


def numeric(name: str, targets: Any) -> None:
    """Raise TypeError for targets that are text or objects."""
    if targets.dtype.kind not in "fiub":
        raise TypeError(f"{name}: targets are numbers, but got {targets.dtype}; convert them first, as with np.unique")


def check_classes(name: str, logits: Any, labels: Any) -> None:
    """Raise unless labels are class indices of the shape of logits but the last axis, or rows of probabilities."""
    numeric(name, labels)
    if not logits.ndim or not logits.size:
        raise ValueError(f"{name}: logits have shape (batch, classes), but got {logits.shape}")
    if labels.shape == logits.shape[:-1]:
        if labels.dtype.kind not in "iu":
            raise TypeError(f"{name}: class indices are integers, but got {labels.dtype}; write labels.astype(int)")
    elif labels.shape != logits.shape:
        hint = ""
        if labels.size == logits[..., 0].size:
            hint = f"; write labels.reshape{logits.shape[:-1]}"
        raise ValueError(
            f"{name}: for logits of shape {logits.shape} the labels are class indices of shape {logits.shape[:-1]} or "
            f"probabilities of shape {logits.shape}, but got {labels.shape}{hint}"
        )
    else:
        rows = data_of(labels)
        if not (np.min(rows) >= 0 and np.allclose(np.sum(rows, axis=-1, dtype=np.float64), 1, atol=1e-3)):
            raise ValueError(f"{name}: rows of labels are probabilities, at least 0 and with sum 1")


def check_range(labels: Any, classes: int) -> None:
    """Raise ValueError unless all labels are between 0 and classes - 1."""
    if labels.size and not 0 <= np.minimum.reduce(labels, axis=None) <= np.maximum.reduce(labels, axis=None) < classes:
        raise ValueError(
            f"labels go from 0 to {classes - 1} for {classes} classes, but got {labels.min()} to {labels.max()}"
        )


def is_tall(shape: tuple[int, ...]) -> bool:
    """Whether a table has short rows, and enough of them: they are reduced faster if columns lie together."""
    return len(shape) == 2 and shape[1] <= 64 and shape[0] >= 8


def label_positions(labels: Any, rows: Any, classes: int, by_columns: bool) -> Any:
    """Where the entries that labels name stand in a flat array of shape (rows, classes), read by rows or by columns.

    Raises ValueError for a label that is no class.
    """
    try:
        if by_columns:
            return np.ravel_multi_index((labels, rows), (classes, len(rows)))
        return np.ravel_multi_index((rows, labels), (len(rows), classes))
    except ValueError:
        check_range(labels, classes)
        raise


def pick(x: Any, labels: Any) -> Any:
    """The entry of each row of x, its last axis, that a label names."""
    check_range(labels, x.shape[-1])
    return x.reshape(-1, x.shape[-1])[np.arange(labels.size), labels.ravel()].reshape(labels.shape)
