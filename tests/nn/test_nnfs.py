"""Beside the framework of the book "Neural Networks from Scratch" (H. Kinsley and D. Kukieła, 2020).

Its update rules and losses are written down here from their formulas, by hand in NumPy, and train the same network on
the same data from the same weights: the loss curves must be the same.  Where the book is wrong, that is shown too.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value, nn
from tinygrad_br.optim import SGD, Adagrad, Adam, RMSprop, schedules

# The book's network, by hand ------------------------------------------------------------------------------------------


def update_rule(kind, rate, decay=0.0, momentum=0.0, epsilon=1e-7, rho=0.9, betas=(0.9, 0.999)):
    """A function (key, w, gradient, steps done so far) -> the new w, which remembers what it needs for each key."""
    first, second = {}, {}

    def update(key, w, g, t):
        lr = rate / (1 + decay * t)
        if kind == "sgd":
            first[key] = momentum * first.get(key, 0) - lr * g
            return w + first[key]
        if kind == "adagrad":
            second[key] = second.get(key, 0) + g**2
            return w - lr * g / (np.sqrt(second[key]) + epsilon)
        if kind == "rmsprop":
            second[key] = rho * second.get(key, 0) + (1 - rho) * g**2
            return w - lr * g / (np.sqrt(second[key]) + epsilon)
        first[key] = betas[0] * first.get(key, 0) + (1 - betas[0]) * g
        second[key] = betas[1] * second.get(key, 0) + (1 - betas[1]) * g**2
        mean, square = first[key] / (1 - betas[0] ** (t + 1)), second[key] / (1 - betas[1] ** (t + 1))
        return w - lr * mean / (np.sqrt(square) + epsilon)

    return update


def clipped(p):
    return np.clip(p, 1e-7, 1 - 1e-7)


def categorical(z, y):
    """Softmax and categorical cross-entropy; labels are class numbers or one-hot rows."""
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    wanted = np.eye(z.shape[1])[y] if y.ndim == 1 else y
    return -np.log(np.sum(clipped(p) * wanted, axis=1)), (p - wanted) / len(z)


def binary(z, y):
    """Sigmoid, clipped, and binary cross-entropy, each with its own derivative."""
    p = 1 / (1 + np.exp(-z))
    c = clipped(p)
    losses = -(y * np.log(c) + (1 - y) * np.log(1 - c))
    return losses.mean(axis=1), -(y / c - (1 - y) / (1 - c)) / z.size * (p * (1 - p))


def squared(a, y):
    return np.mean((y - a) ** 2, axis=1), -2 * (y - a) / a.size


def absolute(a, y):
    """With the sign of the book, which is the wrong one."""
    return np.mean(np.abs(y - a), axis=1), np.sign(y - a) / a.size


class HandWired:
    """Layers x @ w + b with relu in between, and everything backwards by hand.

    penalties: for each layer the factors of sum|w|, sum w**2, sum|b| and sum b**2.
    draws: uniform numbers for the dropout after the first layer, whose share `rate` is dropped.
    """

    def __init__(self, arrays, loss, update, penalties=None, rate=0.0, draws=None):
        self.arrays, self.loss, self.update = [array.copy() for array in arrays], loss, update
        self.penalties = penalties or [(0, 0, 0, 0)] * (len(arrays) // 2)
        self.rate, self.draws, self.steps = rate, draws, 0

    def penalty(self):
        total = 0
        for (l1, l2, bias_l1, bias_l2), w, b in zip(self.penalties, self.arrays[::2], self.arrays[1::2], strict=True):
            total += l1 * np.abs(w).sum() + l2 * (w**2).sum() + bias_l1 * np.abs(b).sum() + bias_l2 * (b**2).sum()
        return total

    def forward(self, x, training=False):
        self.inputs, self.masks = [x], []
        for i in range(0, len(self.arrays), 2):
            x = x @ self.arrays[i] + self.arrays[i + 1]
            if i + 2 < len(self.arrays):
                mask = (x > 0) * 1.0
                if training and self.rate and i == 0:
                    mask *= (self.draws(x.shape) >= self.rate) / (1 - self.rate)
                self.masks.append(mask)
                x = x * mask
                self.inputs.append(x)
        return x

    def learn(self, x, y):
        """One step; gives the losses of the rows, and the penalty, from before it."""
        z = self.forward(x, training=True)
        losses, g = self.loss(z, y)
        penalty, new = self.penalty(), list(self.arrays)
        for i in reversed(range(len(self.inputs))):
            w, b = self.arrays[2 * i : 2 * i + 2]
            l1, l2, bias_l1, bias_l2 = self.penalties[i]
            # the book's slope of |w| is 1 at w = 0
            dw = self.inputs[i].T @ g + l1 * np.where(w < 0, -1, 1) + 2 * l2 * w
            db = g.sum(axis=0) + bias_l1 * np.where(b < 0, -1, 1) + 2 * bias_l2 * b
            if i:
                g = (g @ w.T) * self.masks[i - 1]
            new[2 * i] = self.update(2 * i, w, dw, self.steps)
            new[2 * i + 1] = self.update(2 * i + 1, b, db, self.steps)
        self.arrays, self.steps = new, self.steps + 1
        return losses, penalty, z

    def train(self, x, y, epochs, batch_size=None, right=None):
        """The loss of each epoch, of the data and the penalty; and the accuracy, if `right` says which rows are."""
        size, curve, accuracy = batch_size or len(x), [], []
        for _ in range(epochs):
            total = hits = 0.0
            for start in range(0, len(x), size):
                part = slice(start, start + size)
                losses, penalty, z = self.learn(x[part], y[part])
                total += losses.sum() + len(losses) * penalty
                hits += 0 if right is None else right(z, y[part]).mean(axis=tuple(range(1, y.ndim))).sum()
            curve.append(total / len(x))
            accuracy.append(hits / len(x))
        return curve, accuracy


def arrays_for(*sizes, seed=0):
    """Weights and biases, none of them 0, of layers."""
    rng = np.random.default_rng(seed)
    shapes = [shape for a, b in pairwise(sizes) for shape in ((a, b), (b,))]
    return [rng.normal(size=shape) * np.sqrt(2 / shape[0] if len(shape) == 2 else 0.01) for shape in shapes]


def network(arrays, dropout=0.0, seed=None):
    """The same network here: its hidden layers with relu, its last layer as it is."""
    model = nn.MLP(len(arrays[0]), [len(b) for b in arrays[1::2]], activation="relu", seed=seed, dropout=dropout)
    for parameter, array in zip(model.parameters(), arrays, strict=True):
        parameter.data = array
    return model


def trained(model, x, y, loss, optimizer, epochs=100, batch_size=None, **options):
    return tg.fit(
        model, x, y, loss=loss, optimizer=optimizer, epochs=epochs, batch_size=batch_size, shuffle=False, verbose=0,
        **options,
    )  # fmt: skip


SPIRAL = tg.datasets.spiral(samples=60, classes=3, seed=0)
HALVES = tg.datasets.spiral(samples=60, classes=2, seed=1)
SINE = tg.datasets.sine(200)


# Where the book is right ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "settings", "optimizer"),
    [
        ("sgd", {"rate": 1.0}, lambda p: SGD(p, lr=1.0)),
        ("sgd", {"rate": 1.0, "decay": 1e-2}, lambda p: SGD(p, lr=schedules.inverse_time(1.0, 1e-2))),
        ("sgd", {"rate": 0.3, "momentum": 0.9}, lambda p: SGD(p, lr=0.3, momentum=0.9)),
        (
            "sgd",
            {"rate": 0.3, "decay": 1e-2, "momentum": 0.9},
            lambda p: SGD(p, lr=schedules.inverse_time(0.3, 1e-2), momentum=0.9, rate_inside=True),
        ),
        (
            "adagrad",
            {"rate": 0.1, "decay": 1e-3},
            lambda p: Adagrad(p, lr=schedules.inverse_time(0.1, 1e-3), eps=1e-7),
        ),
        (
            "rmsprop",
            {"rate": 0.01, "decay": 1e-3, "rho": 0.95},
            lambda p: RMSprop(p, lr=schedules.inverse_time(0.01, 1e-3), rho=0.95),
        ),
        (
            "adam",
            {"rate": 0.02, "decay": 1e-3},
            lambda p: Adam(p, lr=schedules.inverse_time(0.02, 1e-3), eps=1e-7),
        ),
        (
            "adam",
            {"rate": 0.02, "epsilon": 1e-2, "betas": (0.8, 0.95)},
            lambda p: Adam(p, lr=0.02, eps=1e-2, betas=(0.8, 0.95)),
        ),
    ],
)
def test_the_optimizers_give_the_same_curve(kind, settings, optimizer):
    x, y = SPIRAL
    arrays = arrays_for(2, 32, 3)
    by_hand, _ = HandWired(arrays, categorical, update_rule(kind, **settings)).train(x, y, 100)
    history = trained(network(arrays), x, y, "cross_entropy", optimizer)
    assert by_hand[-1] < 0.95 * by_hand[0]
    np.testing.assert_allclose(history.loss, by_hand, rtol=0, atol=1e-6)


def test_a_velocity_without_the_rate_is_another_curve_when_the_rate_changes():
    x, y = SPIRAL
    arrays = arrays_for(2, 32, 3)
    by_hand, _ = HandWired(arrays, categorical, update_rule("sgd", 0.3, 1e-2, 0.9)).train(x, y, 20)
    rate = schedules.inverse_time(0.3, 1e-2)
    history = trained(network(arrays), x, y, "cross_entropy", lambda p: SGD(p, lr=rate, momentum=0.9), 20)
    np.testing.assert_allclose(history.loss[:2], by_hand[:2], rtol=1e-12)
    assert abs(history.loss[-1] - by_hand[-1]) > 1e-6


def one_hot(labels):
    return np.eye(labels.max() + 1)[labels]


@pytest.mark.parametrize(
    ("by_hand", "ours", "data", "right"),
    [
        (categorical, "cross_entropy", SPIRAL, lambda z, y: z.argmax(axis=1) == y),
        (
            categorical,
            "cross_entropy",
            (SPIRAL.x, one_hot(SPIRAL.y)),
            lambda z, y: np.tile((z.argmax(axis=1) == y.argmax(axis=1))[:, None], 3),
        ),
        (binary, "bce_with_logits", (HALVES.x, HALVES.y[:, None]), lambda z, y: (1 / (1 + np.exp(-z)) > 0.5) == y),
        (
            binary,
            "bce_with_logits",
            (SPIRAL.x, one_hot(SPIRAL.y)),
            lambda z, y: (1 / (1 + np.exp(-z)) > 0.5) == y,
        ),
        (squared, "mse", SINE, lambda a, y: np.abs(a - y) < np.std(SINE.y) / 250),
    ],
    ids=["categorical sparse", "categorical one-hot", "binary", "binary of several", "squared"],
)
def test_the_losses_and_accuracies_give_the_same_curves_in_batches(by_hand, ours, data, right):
    x, y = data
    arrays = arrays_for(x.shape[1], 24, y.shape[1] if y.ndim == 2 else 3)
    expected, accuracy = HandWired(arrays, by_hand, update_rule("adam", 0.01, 1e-3)).train(x, y, 40, 32, right)
    metric = "regression_accuracy" if ours == "mse" else "accuracy"
    history = trained(
        network(arrays), x, y, ours, lambda p: Adam(p, lr=schedules.inverse_time(0.01, 1e-3), eps=1e-7), 40, 32,
        metrics=[metric],
    )  # fmt: skip
    assert len(x) % 32
    assert expected[-1] < 0.95 * expected[0]
    np.testing.assert_allclose(history.loss, expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(getattr(history, metric), accuracy, rtol=1e-12)


def test_penalties_on_weights_and_biases():
    x, y = SPIRAL
    arrays = arrays_for(2, 16, 3)
    factors = [(1e-3, 2e-3, 3e-3, 4e-3), (0, 5e-4, 0, 0)]
    by_hand = HandWired(arrays, categorical, update_rule("adam", 0.01), factors)
    expected, _ = by_hand.train(x, y, 100, 50)
    model = network(arrays)
    first, last = model.layers

    def loss(z, labels):
        penalty = nn.penalty(first, l1=1e-3, l2=2e-3, bias_l1=3e-3, bias_l2=4e-3) + nn.penalty(last, l2=5e-4)
        return nn.cross_entropy(z, labels) + penalty

    history = trained(model, x, y, loss, lambda p: Adam(p, lr=0.01, eps=1e-7), batch_size=50)
    np.testing.assert_allclose(history.loss, expected, rtol=0, atol=1e-6)
    assert np.min(np.abs(by_hand.arrays[1])) > 0


def test_dropout_with_the_same_draws():
    x, y = SPIRAL
    arrays = arrays_for(2, 16, 3)
    model = network(arrays, dropout=0.25, seed=0)
    draws = np.random.default_rng()
    draws.bit_generator.state = model.drop.generator.bit_generator.state
    expected, _ = HandWired(arrays, categorical, update_rule("adam", 0.01), rate=0.25, draws=draws.random).train(
        x, y, 50
    )
    history = trained(model, x, y, "cross_entropy", lambda p: Adam(p, lr=0.01, eps=1e-7), 50)
    np.testing.assert_allclose(history.loss, expected, rtol=0, atol=1e-6)


def test_validation_evaluation_and_prediction_in_batches(tmp_path):
    training, held_out = tg.datasets.spiral(samples=80, classes=3, seed=2).split(0.25, seed=0)
    arrays = arrays_for(2, 16, 3)
    by_hand = HandWired(arrays, categorical, update_rule("adam", 0.01))
    by_hand.train(*training, 30, 16)
    model = network(arrays)
    history = trained(
        model, *training, "cross_entropy", lambda p: Adam(p, lr=0.01, eps=1e-7), 30, 16, validation_data=held_out
    )
    z = by_hand.forward(held_out.x)
    loss, accuracy = categorical(z, held_out.y)[0].mean(), np.mean(z.argmax(axis=1) == held_out.y)
    assert (history.val_loss[-1], history.val_accuracy[-1]) == pytest.approx((loss, accuracy), abs=1e-6)
    figures = tg.evaluate(model, *held_out, loss="cross_entropy", batch_size=7)
    assert (figures["loss"], figures["accuracy"]) == pytest.approx((loss, accuracy), abs=1e-6)
    np.testing.assert_allclose(tg.predict(model, held_out.x, batch_size=7), z, atol=1e-6)
    probabilities = tg.predict_proba(model, held_out.x, batch_size=7)
    np.testing.assert_allclose(probabilities, np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), atol=1e-6)
    other = network(arrays)
    other.load_state_dict(model.state_dict())
    tg.save(model, tmp_path / "model")
    for again in (other, tg.load(tmp_path / "model")):
        np.testing.assert_array_equal(tg.predict(again, held_out.x), tg.predict(model, held_out.x))


def test_at_zero_the_slope_of_l1_is_the_only_difference():
    """The book takes 1 where |b| has no slope; here it is 0, so that a bias of 0 is left at 0."""
    x, y = SPIRAL
    arrays = arrays_for(2, 4, 3)
    arrays[1][:] = 0
    by_hand = HandWired(arrays, categorical, update_rule("sgd", 0.0), [(0, 0, 0.5, 0), (0, 0, 0, 0)])
    slopes = {}
    by_hand.update = lambda key, w, g, t: slopes.setdefault(key, g) * 0 + w
    by_hand.learn(x, y)
    model = network(arrays)
    (nn.cross_entropy(model(x), y) + nn.penalty(model.layers[0], bias_l1=0.5)).backward()
    np.testing.assert_allclose(slopes[1] - model.layers[0].biases.grad, np.full(4, 0.5), atol=1e-12)
    np.testing.assert_allclose(slopes[0], model.layers[0].weights.grad, atol=1e-12)


# Where the book is wrong ----------------------------------------------------------------------------------------------


class MeanAbsoluteError:
    """In the form that `tg.check_layer` takes, with the sign of the book."""

    sign = 1

    def forward(self, y_pred, y_true):
        return np.mean(np.abs(y_true - y_pred), axis=-1)

    def backward(self, dvalues, y_true):
        self.dinputs = self.sign * np.sign(y_true - dvalues) / dvalues.size


class SigmoidAndClippedLoss:
    """Sigmoid, clip, binary cross-entropy, and the derivatives of the three as the book multiplies them."""

    def forward(self, z, y_true):
        losses, self.slope = binary(z, y_true)
        return losses

    def backward(self, z, y_true):
        self.dinputs = self.slope


def test_the_sign_of_the_mean_absolute_error():
    wrong = tg.check_layer(MeanAbsoluteError())
    assert not wrong.ok
    assert "the sign is wrong" in str(wrong)
    right = MeanAbsoluteError()
    right.sign = -1
    tg.check_layer(right).raise_if_wrong()

    x, y = SINE
    arrays = arrays_for(1, 16, 1)
    uphill, _ = HandWired(arrays, absolute, update_rule("adam", 0.005)).train(x, y, 60)
    assert uphill[-1] > 1.3 * uphill[0]
    downhill, _ = HandWired(
        arrays, lambda a, y: (absolute(a, y)[0], -absolute(a, y)[1]), update_rule("adam", 0.005)
    ).train(x, y, 60)
    history = trained(network(arrays), x, y, "mae", lambda p: Adam(p, lr=0.005, eps=1e-7), 60)
    assert history.loss[-1] < 0.8 * history.loss[0]
    np.testing.assert_allclose(history.loss, downhill, rtol=0, atol=1e-6)


def test_a_clipped_loss_cannot_recover_from_a_confident_mistake():
    z, target = np.array([[-40.0]]), np.array([[1.0]])
    report = tg.check_layer(SigmoidAndClippedLoss(), inputs=z, targets=target)
    assert not report.ok
    assert report.rows[0].numeric == 0
    tg.check_layer(SigmoidAndClippedLoss(), inputs=z / 20, targets=target).raise_if_wrong()

    for _ in range(200):
        z = z - binary(z, target)[1]
    assert abs(z.item() + 40) < 1e-6
    logit = Value([[-40.0]])
    optimizer = SGD([logit], lr=1.0)
    for _ in range(200):
        optimizer.zero_grad()
        nn.bce_with_logits(logit, target).backward()
        optimizer.step()
    assert logit.item() > 4


# The page -------------------------------------------------------------------------------------------------------------

DOCS = Path(__file__).parents[2] / "docs"
OPTIMIZER = "pre_update_params update_params post_update_params"
CLASSES = {
    "Layer_Dense": "forward backward get_parameters set_parameters",
    "Layer_Dropout": "forward backward",
    "Layer_Input": "forward",
    **dict.fromkeys(
        ("Activation_ReLU", "Activation_Softmax", "Activation_Sigmoid", "Activation_Linear"),
        "forward backward predictions",
    ),
    **dict.fromkeys(("Optimizer_SGD", "Optimizer_Adagrad", "Optimizer_RMSprop", "Optimizer_Adam"), OPTIMIZER),
    "Loss": "regularization_loss remember_trainable_layers calculate calculate_accumulated new_pass",
    **dict.fromkeys(
        ("Loss_CategoricalCrossentropy", "Loss_BinaryCrossentropy", "Loss_MeanSquaredError", "Loss_MeanAbsoluteError"),
        "forward backward",
    ),
    "Activation_Softmax_Loss_CategoricalCrossentropy": "backward",
    "Accuracy": "calculate calculate_accumulated new_pass",
    "Accuracy_Categorical": "init compare",
    "Accuracy_Regression": "init compare",
    "Model": "add set finalize train evaluate predict forward backward get_parameters set_parameters "
    "save_parameters load_parameters save load",
}


@pytest.mark.parametrize("page", ["nnfs.md", "nnfs.pt-BR.md"])
def test_the_page_has_every_class_and_method(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    assert len(CLASSES) == 21
    rows = {row.split("`")[1]: row for row in text.splitlines() if row.startswith("| `")}
    for name, methods in CLASSES.items():
        for method in methods.split():
            assert f"{name}.{method}" in rows, f"{name}.{method}"
            assert all(cell.strip() for cell in rows[f"{name}.{method}"].split("|")[1:4])


def test_both_languages_show_the_same_code():
    english, portuguese = ((DOCS / page).read_text(encoding="utf-8") for page in ("nnfs.md", "nnfs.pt-BR.md"))
    code = re.compile(r"```\w*\n(.*?)```", re.DOTALL)

    def bare(text):
        return [re.sub(r" *#.*", "", block) for block in code.findall(text)]

    assert bare(english) == bare(portuguese)
    assert re.findall(r"^\| `([^`]+)`", english, re.MULTILINE) == re.findall(r"^\| `([^`]+)`", portuguese, re.MULTILINE)


def test_the_reports_on_the_page_say_what_is_found():
    """The verdicts; digits at the limit of what numbers hold may change."""
    text = (DOCS / "nnfs.md").read_text(encoding="utf-8")
    mistake, confident = np.array([[-40.0]]), np.array([[1.0]])
    for report, finding in (
        (tg.check_layer(MeanAbsoluteError()), "ratio -1: the sign is wrong"),
        (
            tg.check_layer(SigmoidAndClippedLoss(), inputs=mistake, targets=confident),
            "analytic -4.24835e-11, numeric 0",
        ),
    ):
        for line in (str(report).splitlines()[0], finding):
            assert line in str(report)
            assert line in text
