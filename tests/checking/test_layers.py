"""`check_layer` on classes as the book "Neural Networks from Scratch" writes them, right and wrong."""

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br.checking import check_layer


class Dense:
    def __init__(self, n_in=4, n_out=3, l1=0.0, l2=0.0):
        rng = np.random.default_rng(1)
        self.weights, self.biases = rng.normal(size=(n_in, n_out)), rng.normal(size=(1, n_out))
        self.weight_regularizer_l1, self.weight_regularizer_l2 = l1, l2
        self.bias_regularizer_l1, self.bias_regularizer_l2 = l1, l2

    def forward(self, inputs, training):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        if self.weight_regularizer_l1:
            self.dweights += self.weight_regularizer_l1 * np.sign(self.weights)
            self.dbiases += self.bias_regularizer_l1 * np.sign(self.biases)
        if self.weight_regularizer_l2:
            self.dweights += 2 * self.weight_regularizer_l2 * self.weights
            self.dbiases += 2 * self.bias_regularizer_l2 * self.biases
        self.dinputs = dvalues @ self.weights.T


class ReLU:
    def forward(self, inputs, training):
        self.inputs, self.output = inputs, np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class Softmax:
    def forward(self, inputs, training=True):
        e = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.output = e / e.sum(axis=1, keepdims=True)

    def backward(self, dvalues):
        self.dinputs = np.empty_like(dvalues)
        for i, (s, d) in enumerate(zip(self.output, dvalues, strict=True)):
            self.dinputs[i] = (np.diagflat(s) - np.outer(s, s)) @ d


class Dropout:
    def __init__(self, rate=0.4):
        self.rate = 1 - rate

    def forward(self, inputs, training):
        if not training:
            self.output = inputs.copy()
            return
        self.mask = np.random.binomial(1, self.rate, inputs.shape) / self.rate  # noqa: NPY002
        self.output = inputs * self.mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.mask


class Loss:
    def calculate(self, output, y):
        return np.mean(self.forward(output, y))


class Loss_MeanSquaredError(Loss):  # noqa: N801
    def forward(self, y_pred, y_true):
        return np.mean((y_true - y_pred) ** 2, axis=-1)

    def backward(self, dvalues, y_true):
        self.dinputs = -2 * (y_true - dvalues) / len(dvalues[0]) / len(dvalues)


class Loss_MeanAbsoluteError(Loss):  # noqa: N801
    def forward(self, y_pred, y_true):
        return np.mean(np.abs(y_true - y_pred), axis=-1)

    def backward(self, dvalues, y_true):
        self.dinputs = np.sign(y_true - dvalues) / len(dvalues[0]) / len(dvalues)


class Loss_CategoricalCrossentropy(Loss):  # noqa: N801
    def forward(self, y_pred, y_true):
        y_pred = np.clip(y_pred, 1e-7, 1 - 1e-7)
        if y_true.ndim == 1:
            return -np.log(y_pred[range(len(y_pred)), y_true])
        return -np.log(np.sum(y_pred * y_true, axis=1))

    def backward(self, dvalues, y_true):
        if y_true.ndim == 1:
            y_true = np.eye(len(dvalues[0]))[y_true]
        self.dinputs = -y_true / dvalues / len(dvalues)


class Loss_BinaryCrossentropy(Loss):  # noqa: N801
    def forward(self, y_pred, y_true):
        y_pred = np.clip(y_pred, 1e-7, 1 - 1e-7)
        return np.mean(-(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred)), axis=-1)

    def backward(self, dvalues, y_true):
        clipped = np.clip(dvalues, 1e-7, 1 - 1e-7)
        self.dinputs = -(y_true / clipped - (1 - y_true) / (1 - clipped)) / len(dvalues[0]) / len(dvalues)


class Activation_Softmax_Loss_CategoricalCrossentropy:  # noqa: N801
    def __init__(self):
        self.activation, self.loss = Softmax(), Loss_CategoricalCrossentropy()

    def forward(self, inputs, y_true):
        self.activation.forward(inputs)
        self.output = self.activation.output
        return self.loss.calculate(self.output, y_true)

    def backward(self, dvalues, y_true):
        if y_true.ndim == 2:
            y_true = np.argmax(y_true, axis=1)
        self.dinputs = dvalues.copy()
        self.dinputs[range(len(dvalues)), y_true] -= 1
        self.dinputs = self.dinputs / len(dvalues)


RIGHT = [
    Dense(), Dense(l1=0.01, l2=0.02), ReLU(), Softmax(), Dropout(), Loss_MeanSquaredError(),
    Loss_CategoricalCrossentropy(), Loss_BinaryCrossentropy(), Activation_Softmax_Loss_CategoricalCrossentropy(),
]  # fmt: skip


@pytest.mark.parametrize("obj", RIGHT, ids=lambda obj: type(obj).__name__)
def test_right_classes_pass(obj):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    report = check_layer(obj)
    assert all(row.verdict == "right" for row in report.rows), str(report)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_rows_have_the_names_of_the_class():
    assert [row.argument for row in check_layer(Dense()).rows] == ["inputs", "weights", "biases", "inference"]


def test_the_sign_of_the_books_mean_absolute_error_is_found():
    [row] = tg.check_layer(Loss_MeanAbsoluteError()).rows
    assert row.verdict == "wrong"
    assert row.mistake == "sign"


def changed(cls, **methods):
    return type(cls.__name__, (cls,), methods)()


def unsummed(self, dvalues):
    Dense.backward(self, dvalues)
    self.dbiases = dvalues[:1]


def not_divided(self, dvalues, y_true):
    Loss_MeanSquaredError.backward(self, dvalues, y_true)
    self.dinputs = self.dinputs * len(dvalues)


def everything_passes(self, dvalues):
    self.dinputs = dvalues.copy()


def always_random(self, inputs, training):
    Dropout.forward(self, inputs, True)


@pytest.mark.parametrize(
    ("obj", "argument", "words"),
    [
        (changed(Dense, backward=unsummed), "biases", "axis 0 of the cotangent is not summed"),
        (changed(Loss_MeanSquaredError, backward=not_divided), "inputs (real numbers)", "batch size"),
        (changed(ReLU, backward=everything_passes), "inputs", "wrong exactly where the argument is negative"),
        (changed(Dropout, forward=always_random), "inference", "differs from call to call"),
    ],
)
def test_mistakes_are_named(obj, argument, words):
    report = check_layer(obj)
    [row] = [row for row in report.rows if row.verdict == "wrong"]
    assert row.argument == argument
    assert words in row.cause


def test_a_gradient_of_the_wrong_shape():
    def transposed(self, dvalues):
        Dense.backward(self, dvalues)
        self.dweights = self.dweights.T

    report = check_layer(changed(Dense, backward=transposed))
    [row] = [row for row in report.rows if row.verdict == "wrong"]
    assert "shape (3, 4)" in row.cause


def test_own_inputs_and_targets():
    assert check_layer(Loss_MeanSquaredError(), inputs=np.ones((2, 2)), targets=np.zeros((2, 2))).ok


def test_messages():
    with pytest.raises(TypeError, match="has no backward"):
        check_layer(type("Half", (), {"forward": lambda self, inputs: inputs})())
    with pytest.raises(TypeError, match="leaves no dinputs"):
        check_layer(type("Lazy", (), {"forward": lambda self, x: x, "backward": lambda self, d: None})())
    with pytest.raises(TypeError, match=r"got the class Dense; write Dense\(\.\.\.\)"):
        check_layer(Dense)
