"""Losses: known values, sure networks, weights, errors.  Their derivatives are in the table of tests/rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

import tinygrad_br as tg
from tinygrad_br import Value, nn

LOGITS = np.array([[2.0, 0.5, -1.0], [0.1, 0.2, 0.3], [-3.0, 4.0, 0.0], [1.0, 1.0, 1.0]])
LABELS = np.array([0, 2, 1, 1])


def probabilities(logits):
    e = np.exp(logits)
    return e / e.sum(axis=-1, keepdims=True)


def test_cross_entropy_is_the_mean_of_minus_log_p():
    p = probabilities(LOGITS)
    expected = np.mean([-np.log(p[i, label]) for i, label in enumerate(LABELS)])
    for labels in (
        LABELS,
        LABELS.tolist(),
        LABELS.astype(np.uint8),
        nn.one_hot(LABELS, 3),
        np.eye(3, dtype=int)[LABELS],
    ):
        np.testing.assert_allclose(nn.cross_entropy(LOGITS, labels), expected, rtol=1e-15)
        np.testing.assert_allclose(nn.cross_entropy(Value(LOGITS), labels).data, expected, rtol=1e-15)


def test_cross_entropy_of_a_sequence_is_that_of_its_rows():
    logits, labels = LOGITS.reshape(2, 2, 3), LABELS.reshape(2, 2)
    x = Value(logits)
    loss = nn.cross_entropy(x, labels)
    loss.backward()
    flat = Value(LOGITS)
    expected = nn.cross_entropy(flat, LABELS)
    expected.backward()
    np.testing.assert_allclose(loss.data, expected.data, rtol=1e-15)
    np.testing.assert_allclose(x.grad.reshape(4, 3), flat.grad, rtol=1e-15)


def test_label_smoothing_is_a_mixture_of_labels():
    expected = nn.cross_entropy(LOGITS, 0.7 * np.eye(3)[LABELS] + 0.1)
    np.testing.assert_allclose(nn.cross_entropy(LOGITS, LABELS, label_smoothing=0.3), expected, rtol=1e-14)


def test_a_weight_of_two_is_the_example_twice():
    twice = [0, 1, 1, 2, 3]
    for loss, x, y in (
        (nn.cross_entropy, LOGITS, LABELS),
        (nn.mse, LOGITS, -LOGITS),
        (nn.mae, LOGITS, -LOGITS),
        (nn.huber, LOGITS, -LOGITS),
        (nn.hinge, LOGITS, np.where(LOGITS > 0, 1, -1)),
        (nn.bce_with_logits, LOGITS, LOGITS > 0),
    ):
        weighted = loss(x, y, sample_weights=[1, 2, 1, 1])
        np.testing.assert_allclose(weighted, loss(x[twice], y[twice]), rtol=1e-14)


def test_class_weights_are_sample_weights_by_class():
    by_class = nn.cross_entropy(LOGITS, LABELS, class_weights=[1.0, 2.0, 5.0])
    by_sample = nn.cross_entropy(LOGITS, LABELS, sample_weights=[1.0, 5.0, 2.0, 2.0])
    np.testing.assert_allclose(by_class, by_sample, rtol=1e-14)


@given(z=st.floats(-800, 800), y=st.sampled_from([0.0, 1.0, 0.25]))
def test_bce_is_exact_however_sure_the_network_is(z, y):
    """Loss and derivative against 60 digits; a clipped form is stuck from z = -40 on."""
    with mp.workdps(400):
        p = 1 / (1 + mp.exp(-mpf(z)))
        loss = -y * mp.log(p) - (1 - y) * mp.log(1 - p)
        slope = float(p - y)
        loss = float(loss)
    x = Value(z)
    output = nn.bce_with_logits(x, np.float64(y))
    output.backward()
    np.testing.assert_allclose(output.data, loss, rtol=1e-14, atol=1e-300)
    np.testing.assert_allclose(x.grad, slope, rtol=1e-14, atol=1e-16 if y == 0.25 else 1e-300)


def test_cross_entropy_neither_overflows_nor_gets_stuck():
    x = Value([[-1e4, 0.0, 1e4]])
    loss = nn.cross_entropy(x, [0])
    loss.backward()
    assert loss.item() == 2e4
    np.testing.assert_array_equal(x.grad, [[-1, 0, 1]])


def test_a_class_ruled_out_by_minus_infinity():
    x = Value([[1.0, -np.inf, 2.0]])
    for labels in ([2], np.array([[0.0, 0.0, 1.0]])):
        loss = nn.cross_entropy(x, labels)
        np.testing.assert_allclose(loss.item(), np.log1p(np.exp(-1)), rtol=1e-15)
        assert tg.gradients(loss, [x])[0][0, 1] == 0


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        (nn.mse, np.zeros((4, 3))),
        (nn.mae, np.zeros((4, 3))),
        (nn.huber, np.zeros((4, 3))),
        (nn.hinge, np.ones((4, 3), int)),
        (nn.bce_with_logits, np.ones((4, 3), int)),
        (nn.cross_entropy, LABELS),
        (nn.cross_entropy, np.eye(3)[LABELS]),
    ],
)
def test_float32_stays_float32_beside_other_targets(loss, targets):
    x = Value(LOGITS.astype(np.float32))
    for options in ({}, {"sample_weights": np.ones(4)}):
        output = loss(x, targets, **options)
        assert output.dtype == np.float32
        assert tg.gradients(output, [x])[0].dtype == np.float32


def test_inputs_are_left_as_they_are():
    logits, labels, rows = LOGITS.copy(), LABELS.copy(), np.eye(3)[LABELS]
    for target in (labels, rows):
        nn.cross_entropy(Value(logits), target, label_smoothing=0.1).backward()
    np.testing.assert_array_equal(logits, LOGITS)
    np.testing.assert_array_equal(rows, np.eye(3)[LABELS])


def test_targets_may_be_values_too():
    """Distillation: the targets depend on another network."""
    x, y = Value(LOGITS), Value(probabilities(LOGITS[::-1]))
    tg.check_gradients(lambda x, y: nn.mse(x, y), x, y).raise_if_wrong()
    rng = np.random.default_rng(0)
    tg.check_gradients(
        lambda x, t: nn.cross_entropy(x, nn.softmax(t), 0.1, [1, 2, 3], [1, 2, 1, 1]), LOGITS, rng.normal(size=(4, 3))
    ).raise_if_wrong()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.mse(np.ones((5, 1)), np.ones(5)), ValueError,
         r"mse: the predictions have shape \(5, 1\), the targets \(5,\); write targets.reshape\(5, 1\)"),
        (lambda: nn.mse(Value(np.ones(5)), np.ones((5, 1))), ValueError,
         r"write predictions.reshape\(5, 1\)"),
        (lambda: nn.mae(np.ones(5), np.ones(4)), ValueError,
         "one target for each prediction"),
        (lambda: nn.mse(np.ones((0, 2)), np.ones((0, 2))), ValueError,
         r"there are no data, shape \(0, 2\)"),
        (lambda: nn.mse([1.0], ["a"]), TypeError,
         "mse: targets are numbers, but got <U1"),
        (lambda: nn.hinge([1.0, 2.0], [0, 1]), ValueError,
         r"write 2 \* labels - 1"),
        (lambda: nn.bce_with_logits([1.0], [2]), ValueError,
         "between 0 and 1, but got 2.0 to 2.0"),
        (lambda: nn.bce_with_logits(Value([1.0]), [-1]), ValueError,
         "between 0 and 1, but got -1.0 to -1.0"),
        (lambda: nn.bce_with_logits([1.0], [np.nan]), ValueError,
         "between 0 and 1, but got nan"),
        (lambda: nn.cross_entropy(LOGITS, [0, 1, 2, 3]), ValueError,
         "labels go from 0 to 2 for 3 classes, but got 0 to 3"),
        (lambda: nn.cross_entropy(Value(LOGITS), [0, 1, -1, 0]), ValueError,
         "for 3 classes, but got -1 to 1"),
        (lambda: nn.cross_entropy(LOGITS, LABELS * 1.0), TypeError,
         r"integers, but got float64; write labels.astype\(int\)"),
        (lambda: nn.cross_entropy(LOGITS, LABELS[:, None]), ValueError,
         r"but got \(4, 1\); write labels.reshape\(4,\)"),
        (lambda: nn.cross_entropy(LOGITS, LABELS[:2]), ValueError,
         r"indices of shape \(4,\) or probabilities"),
        (lambda: nn.cross_entropy(LOGITS, LOGITS), ValueError,
         "at least 0 and with sum 1"),
        (lambda: nn.cross_entropy(np.ones((0, 3)), np.ones(0, int)), ValueError,
         r"\(batch, classes\), but got \(0, 3\)"),
        (lambda: nn.cross_entropy(LOGITS, LABELS, 1.5), ValueError,
         "label_smoothing is a share between 0 and 1"),
        (lambda: nn.mse([1.0], [1.0], [1.0, 2.0]), ValueError,
         r"sample_weights have shape \(2,\)"),
        (lambda: nn.mse([1.0, 2.0], [1.0, 1.0], [0, 0]), ValueError,
         "sample_weights are not negative"),
        (lambda: nn.mse([1.0, 2.0], [1.0, 1.0], [2, -1]), ValueError,
         "sample_weights are not negative"),
        (lambda: nn.cross_entropy(LOGITS, LABELS, class_weights=[1, 2]), ValueError,
         r"class_weights have shape \(2,\)"),
        (lambda: nn.one_hot([0.5], 2), TypeError,
         "integers, but got float64"),
    ],
)  # fmt: skip
def test_errors_say_what_to_write(call, error, message):
    with pytest.raises(error, match=message):
        call()


SIGNED = np.array([[0.3, -1.2, 0.8], [2.0, 0.1, -0.4], [-0.9, 0.5, 1.1], [0.2, -2.0, 0.7]])


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        (nn.nll, LABELS),
        (nn.kl_divergence, np.array([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [0.6, 0.2, 0.2], [1 / 3] * 3])),
        (nn.focal, LABELS),
        (nn.focal, (LOGITS > 0.2).astype(int)),
    ],
)
@pytest.mark.parametrize("options", [{}, {"sample_weights": [1.0, 2.0, 0.0, 0.5]}])
def test_composed_losses_have_right_derivatives(loss, targets, options):
    tg.check_gradients(lambda x: loss(x, targets, **options), SIGNED, order=2).raise_if_wrong()


def test_focal_of_gamma_0_is_cross_entropy():
    np.testing.assert_allclose(nn.focal(LOGITS, LABELS, gamma=0.0), nn.cross_entropy(LOGITS, LABELS), rtol=1e-14)
    labels = (LOGITS > 0).astype(float)
    np.testing.assert_allclose(nn.focal(LOGITS, labels, 0.0), nn.bce_with_logits(LOGITS, labels), rtol=1e-14)


def test_divergence_from_itself_is_zero():
    assert abs(nn.kl_divergence(LOGITS, probabilities(LOGITS))) < 1e-15
    assert nn.kl_divergence(LOGITS, np.eye(3)[LABELS]) == nn.cross_entropy(LOGITS, LABELS)


def test_composed_losses_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match=r"nll: labels are class indices of shape \(4,\), but got \(4, 3\)"):
        nn.nll(LOGITS, np.eye(3)[LABELS])
    with pytest.raises(ValueError, match="focal expects labels 0 and 1, or class indices"):
        nn.focal(LOGITS, LOGITS)
    with pytest.raises(ValueError, match="labels go from 0 to 2 for 3 classes, but got 0 to 7"):
        nn.focal(LOGITS, [0, 1, 2, 7])
    with pytest.raises(ValueError, match="kl_divergence: the predictions have shape"):
        nn.kl_divergence(LOGITS, LABELS)


def test_penalty_counts_weights_and_biases_apart():
    model = nn.MLP(2, [3, 1], seed=0)
    for p in model.parameters():
        p.data = np.random.default_rng(p.size).normal(size=p.shape)
    w = np.concatenate([layer.weights.data.ravel() for layer in model.layers])
    b = np.concatenate([layer.biases.data for layer in model.layers])
    cost = nn.penalty(model, l1=0.1, l2=0.2, bias_l1=0.3, bias_l2=0.4)
    expected = 0.1 * np.abs(w).sum() + 0.2 * (w**2).sum() + 0.3 * np.abs(b).sum() + 0.4 * (b**2).sum()
    np.testing.assert_allclose(cost.data, expected, rtol=1e-14)
    nn.penalty(model, l2=0.5).backward()
    np.testing.assert_allclose(model.layers[0].weights.grad, model.layers[0].weights.data, rtol=1e-15)
    assert model.layers[0].biases.grad is None
    assert nn.penalty(model) == 0


@pytest.mark.parametrize("shape", [(40, 7), (3, 5), (2, 9, 4), (1, 70)])
def test_cross_entropy_keeps_what_its_derivative_needs_for_each_loss(shape):
    """Two losses with the same labels, each differentiated twice, first and second order."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, shape[-1], shape[:-1])
    first, second = (Value(rng.normal(size=shape) * scale) for scale in (1, 3))
    losses = [tg.nn.cross_entropy(z, labels) for z in (first, second)]
    for z, loss in zip((first, second), losses):
        p = np.exp(z.data) / np.exp(z.data).sum(axis=-1, keepdims=True)
        expected = (p - np.eye(shape[-1])[labels]) / labels.size
        for _ in range(2):
            [gradient] = tg.gradients(loss, [z])
            np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-16)
        [slope] = tg.gradients(loss, [z], create_graph=True)
        np.testing.assert_allclose(slope.data, expected, rtol=1e-12, atol=1e-16)
        weights = rng.normal(size=shape)
        [second_order] = tg.gradients((slope * weights).sum(), [z])
        exact = p * (weights - (p * weights).sum(axis=-1, keepdims=True)) / labels.size
        np.testing.assert_allclose(second_order, exact, rtol=1e-9, atol=1e-16)
