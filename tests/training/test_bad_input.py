"""One sentence for each mistake, before training starts."""

import numpy as np
import pytest

import tinygrad_br as tg

X = np.linspace(-1, 1, 12).reshape(6, 2)
LABELS = np.array([0, 1, 2, 0, 1, 2])
COLUMN = np.array([[0], [1], [0], [1], [0], [1]])


def put(array, index, number):
    array = array.astype(float)
    array[index] = number
    return array


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"y": LABELS[:5]}, ValueError, "x has 6 rows, but y has 5; each row of x needs one target"),
        ({"x": np.zeros((0, 2)), "y": LABELS[:0]}, ValueError, r"x is empty \(its shape is \(0, 2\)\)"),
        ({"x": 3.0}, ValueError, "x must have a row for each example, but is a single number"),
        ({"x": put(X, (4, 1), np.nan)}, ValueError, r"x holds NaN, first at x\[4, 1\], in 1 of 6 rows"),
        ({"x": put(X, (2, 0), np.inf)}, ValueError, r"x holds infinity, first at x\[2, 0\]"),
        ({"x": X.astype(str)}, TypeError, "x must hold numbers, but its dtype is <U"),
        ({"x": [[1.0, 2.0], [3.0]]}, TypeError, "x must hold numbers in rows of equal length"),
        ({"x": X.astype(complex)}, TypeError, "x must hold numbers, but its dtype is complex128"),
        ({"y": ["cat"] * 6}, TypeError, r"y must hold numbers, .* np.unique\(y, return_inverse=True\)"),
        ({"x": X[:, :1]}, ValueError, r"expects inputs of shape \(batch, 2\), but got"),
        ({"y": LABELS + 1}, ValueError, "0 to 2"),
        ({"y": LABELS - 1}, ValueError, "0 to 2"),
        ({"y": COLUMN}, ValueError, "shape"),
        ({"batch_size": 0}, ValueError, "batch_size=0, but it must be a whole number of at least 1"),
        ({"batch_size": 2.5}, ValueError, "batch_size=2.5"),
        ({"batch_size": True}, ValueError, "batch_size=True"),
        ({"epochs": 0}, ValueError, "epochs=0"),
        ({"patience": 0}, ValueError, "patience=0"),
        ({"loss": "crossentropy"}, ValueError, "unknown loss 'crossentropy'; known are cross_entropy"),
        ({"loss": 3}, TypeError, "loss must be a name or a function"),
        ({"optimizer": "adamm"}, ValueError, "unknown optimizer 'adamm'; known are .*adam, .*pass tg.optim.Adam"),
        ({"metrics": ["acc"]}, ValueError, "unknown metric 'acc'; known are accuracy"),
        ({"validation_data": X}, TypeError, r"validation_data must be a pair \(x, y\), but got ndarray"),
        ({"validation_data": (X, LABELS[:3])}, ValueError, "validation x has 6 rows, but validation y has 3"),
        ({"validation_data": (put(X, 0, np.nan), LABELS)}, ValueError, r"validation x holds NaN"),
        ({"validation_data": (X, LABELS + 1)}, ValueError, "0 to 2"),
        ({"validation_data": (X, LABELS, X)}, TypeError, r"a pair \(x, y\), but got tuple of 3"),
        ({"target_loss": "a"}, ValueError, "target_loss='a', but .* give a number"),
        ({"target_loss": True}, ValueError, "target_loss=True"),
        ({"patience": 2, "min_delta": "b"}, ValueError, "min_delta='b'"),
        ({"sample_weight": np.zeros(6)}, ValueError, "the weights of all rows are 0"),
        ({"sample_weight": -np.ones(6)}, ValueError, "sample_weight holds -1, but weights are at least 0"),
        ({"sample_weight": np.ones(5)}, ValueError, r"sample_weight must be 6 numbers, .* got shape \(5,\)"),
        ({"class_weight": [1, -2, 1]}, ValueError, "class_weight holds -2, but weights are at least 0"),
        ({"class_weight": "balanced"}, ValueError, "class_weight='balanced', but it is a dict or list"),
        ({"class_weight": [1, 2, 3], "loss": lambda z, y: tg.nn.cross_entropy(z, y)}, TypeError, "sample_weights="),
        ({"batches_per_epoch": 3}, ValueError, "batches_per_epoch is for an iterable of batches"),
        ({"x": [(X, LABELS)], "y": None, "sample_weight": np.ones(6)}, ValueError, "go with arrays"),
        ({"x": [(X, LABELS)], "y": None, "augment": lambda rows, rng: rows}, ValueError, "go with arrays"),
        ({"doctor": "fr"}, ValueError, "language='fr', but there are 'en' and 'pt'"),
        ({"augment": lambda rows, rng: rows[1:]}, ValueError, "augment was given 6 rows and returned shape"),
    ],
)
def test_mistakes(change, error, message):
    model = tg.nn.MLP(2, [4, 3], seed=0)
    before = model.state_dict()
    arguments = {"x": X, "y": LABELS, "loss": "cross_entropy", "epochs": 2, "verbose": 0, **change}
    with pytest.raises(error, match=message):
        tg.fit(model, **arguments)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("bce_with_logits", COLUMN.ravel(), r"\(6, 1\).*\(6,\)|\(6,\).*\(6, 1\)"),
        ("bce_with_logits", COLUMN + 1, "between 0 and 1"),
        ("hinge", COLUMN, "-1 and 1"),
        ("mse", COLUMN.ravel(), "reshape"),
        ("mse", put(COLUMN, (1, 0), np.nan), r"y holds NaN, first at y\[1, 0\]"),
        ("mse", COLUMN * 1e39, r"y\[1, 0\] = 1e\+39 is too large for float32"),
    ],
)
def test_answers_that_do_not_fit_the_loss(loss, y, message):
    model = tg.nn.MLP(2, [4, 1], seed=0, dtype=np.float32)
    with pytest.raises(ValueError, match=message):
        tg.fit(model, X, y, loss=loss, epochs=1, verbose=0)


def test_a_label_out_of_range_is_found_wherever_it_is():
    x, y = np.zeros((1000, 2)), np.zeros(1000, int)
    y[900] = 3
    with pytest.raises(ValueError, match="0 to 2"):
        tg.fit(tg.nn.MLP(2, [4, 3], seed=0), x, y, loss="cross_entropy", verbose=0, callbacks=[pytest.fail])


def test_models_that_are_none():
    class Empty(tg.nn.Module):
        def forward(self, x):
            return x

    for model in (Empty(), np.tanh, None):
        with pytest.raises(ValueError, match="has no parameters"):
            tg.fit(model, X, LABELS, loss="cross_entropy", verbose=0)


def test_a_model_that_computes_with_plain_numbers():
    class Plain(tg.nn.Module):
        def __init__(self):
            self.w = tg.Value(np.ones((2, 3)))

        def forward(self, x):
            return x @ self.w.data

    with pytest.raises(TypeError, match="output is of type ndarray, which no gradient reaches"):
        tg.fit(Plain(), X, LABELS, loss="cross_entropy", verbose=0)


def test_a_model_that_loses_rows():
    class Mean(tg.nn.Module):
        def __init__(self):
            self.w = tg.Value([1.0, 1.0])

        def forward(self, x):
            return (x * self.w).sum(axis=0)

    with pytest.raises(ValueError, match="one row of outputs for each row of x"):
        tg.fit(Mean(), np.ones((5, 2)), np.ones((5, 2)), loss="mse", verbose=0)


def test_optimizers_that_do_not_fit():
    model, other = tg.nn.MLP(2, [4, 3], seed=0), tg.nn.MLP(2, [4, 3], seed=0)
    with pytest.raises(ValueError, match="none of the model's parameters"):
        tg.fit(model, X, LABELS, loss="cross_entropy", optimizer=tg.optim.Adam(other.parameters()), verbose=0)
    with pytest.raises(ValueError, match="lr= goes with an optimizer given by name"):
        tg.fit(model, X, LABELS, loss="cross_entropy", optimizer=tg.optim.Adam, lr=0.1, verbose=0)


def test_loss_must_be_given():
    with pytest.raises(TypeError, match="loss"):
        tg.fit(tg.nn.MLP(2, [4, 3], seed=0), X, LABELS)
