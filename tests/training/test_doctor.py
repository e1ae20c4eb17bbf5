"""The doctor: each network that suffers from one thing gets one finding, healthy ones get none, and nothing changes."""

import json

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import nn
from tinygrad_br.training.doctor.steps import largest_curvature
from tinygrad_br.training.doctor.texts import TEXTS

CE, BCE = "cross_entropy", "bce_with_logits"


def moons(seed=0, n=160):
    return tg.datasets.moons(n, seed=seed)


def digits(rows=400):
    x, y = tg.datasets.digits()
    return x[:rows].reshape(rows, 64) / 16, y[:rows]


def linear(seed=0, noise=0.1):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((160, 4))
    return x, x @ rng.uniform(1, 2, (4, 1)) + noise * rng.standard_normal((160, 1))


def mlp(seed=0, **options):
    return nn.MLP(2, [16, 16, 2], seed=seed, **options)


def weighted(model, change, layers=slice(None)):
    """The model, with the weights of some layers changed by a function."""
    for layer in model.layers[layers]:
        layer.weights.data = change(layer.weights.data)
    return model


def biased(model, layer, biases):
    model.layers[layer].biases.data = np.broadcast_to(np.asarray(biases, float), model.layers[layer].biases.shape)
    return model


class Unused(nn.Module):
    def __init__(self):
        self.first, self.last = nn.Layer(2, 8, "relu", seed=0), nn.Layer(8, 2, seed=1)
        self.idle = nn.Layer(3, 3, seed=2)

    def forward(self, x):
        return self.last(self.first(x))


class Cut(Unused):
    def forward(self, x):
        return self.last(tg.stop_gradient(self.first(x))) + self.idle(np.ones((1, 3)))[:, :2]


class Plain(Unused):
    def forward(self, x):
        return np.maximum(x @ self.first.weights.data, 0) @ self.last.weights.data


class Unrecorded(Unused):
    @tg.no_grad
    def forward(self, x):
        return super().forward(x)


class Normalizes(nn.Module):
    """What a user writes who knows no activation by name."""

    def __init__(self, outputs):
        self.inner, self.outputs = nn.MLP(2, [16, outputs], seed=0), outputs

    def forward(self, x):
        z = self.inner(x)
        if self.outputs == 1:
            return 1 / (1 + np.exp(-z))
        powers = np.exp(z)
        return powers / powers.sum(axis=1, keepdims=True)


def after_backward(times):
    x, y = moons()
    model = mlp()
    for _ in range(times):
        nn.cross_entropy(model(x), y).backward()
    return model


def loop_without_zero_grad(steps=20):
    x, y = moons()
    model = mlp()
    optimizer = tg.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(steps):
        nn.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


class Hoarder(tg.optim.SGD):
    """An optimizer whose zero_grad forgets to forget."""

    def zero_grad(self):
        pass


def beside(x, *columns):
    return np.column_stack([x, *columns])


def with_gap(x):
    x = x.copy()
    x[3, 1] = np.nan
    return x


def conv(seed=0):
    return nn.Sequential(nn.Conv2d(1, 4, 3, activation="relu", seed=seed), nn.Flatten(), nn.Layer(144, 10, seed=seed))


X, Y = moons()
DX, DY = digits()
LX, LY = linear()
RNG = np.random.default_rng(1)
TABLE = RNG.standard_normal((100, 16)) * (np.arange(16) != 5), RNG.integers(0, 2, 100)
ORDER, DORDER = np.argsort(Y, kind="stable"), np.argsort(DY, kind="stable")
YES = Y[:, np.newaxis]

# what is found, a part of what is said of it, model, x, y, loss, further arguments
SICK = [
    ("unscaled_inputs", "x[:, 1] (-", lambda: mlp(), X * [1, 1000], Y, CE, {}),
    ("unscaled_inputs", "x[:, 0]", lambda: mlp(activation="tanh"), X * 300, Y, CE, {}),
    ("unscaled_inputs", "x[:, 0]", lambda: mlp(), X + 50, Y, CE, {}),
    ("unscaled_inputs", "x[:, 0]", lambda: mlp(), X * 1e-4, Y, CE, {}),
    ("unscaled_inputs", "255", lambda: nn.MLP(64, [32, 10], seed=0), DX * 255, DY, CE, {}),
    ("unscaled_inputs", "x[:, 2]", lambda: nn.MLP(3, [16, 2], seed=0), beside(X, 1e-4 * X[:, 0] ** 2), Y, CE, {}),
    ("constant_columns", "x[:, 2] = 1", lambda: nn.MLP(3, [16, 2], seed=0), beside(X, np.ones(160)), Y, CE, {}),
    ("constant_columns", "x[:, 2] = 0", lambda: nn.MLP(3, [16, 2], seed=0), beside(X, np.zeros(160)), Y, CE, {}),
    ("constant_columns", "x[:, 64] = 0.5", lambda: nn.MLP(65, [9, 10], seed=0), beside(DX, 0.5 + 0 * DY), DY, CE, {}),
    ("constant_columns", "x[:, 5] = 0", lambda: nn.MLP(16, [9, 2], seed=0), *TABLE, CE, {}),
    ("not_finite", "x[:, 1] (1)", lambda: mlp(), with_gap(X), Y, CE, {}),
    ("not_finite", "x[:, 2] (160)", lambda: nn.MLP(3, [16, 2], seed=0), beside(X, np.full(160, np.nan)), Y, CE, {}),
    ("not_finite", "y (1)", lambda: nn.MLP(4, [1], seed=0), LX, np.where(np.arange(160)[:, None] == 7, np.inf, LY),
     "mse", {}),
    ("labels_out_of_range", "from 1 to 2", lambda: mlp(), X, Y + 1, CE, {}),
    ("labels_out_of_range", "from -1 to 1", lambda: mlp(), X, 2 * Y - 1, CE, {}),
    ("labels_out_of_range", "from -1 to 1", lambda: nn.MLP(2, [8, 1], seed=0), X, 2 * YES - 1, BCE, {}),
    ("labels_out_of_range", "-1, 1", lambda: nn.MLP(2, [8, 1], seed=0), X, YES, "hinge", {}),
    ("label_leak", "x[:, 2]", lambda: nn.MLP(3, [16, 2], seed=0), beside(X, Y), Y, CE, {}),
    ("label_leak", "x[:, 2]", lambda: nn.MLP(3, [16, 1], seed=0),
     beside(X, 2 * Y - 1 + 0.02 * RNG.standard_normal(160)), YES, BCE, {}),
    ("label_leak", "x[:, 64]", lambda: nn.MLP(65, [16, 10], seed=0), beside(DX, DY / 9), DY, CE, {}),
    ("label_leak", "x[:, 64], x[:, 65]", lambda: nn.MLP(74, [16, 10], seed=0), beside(DX, np.eye(10)[DY]), DY, CE, {}),
    ("label_leak", "x[:, 64]", lambda: nn.MLP(65, [16, 10], seed=0), beside(DX, DY / 9), np.eye(10)[DY], CE, {}),
    ("label_leak", "x[:, 4]", lambda: nn.MLP(5, [16, 1], seed=0), beside(LX, LY / 3 + 0.5), LY, "mse", {}),
    ("validation_in_training", "30 of 30", lambda: mlp(), X, Y, CE, {"validation_data": (X[:30], Y[:30])}),
    ("validation_in_training", "3 of 30", lambda: mlp(), X[27:], Y[27:], CE, {"validation_data": (X[:30], Y[:30])}),
    ("sorted_labels", "between batches", lambda: mlp(), X[ORDER], Y[ORDER], CE, {"shuffle": False}),
    ("sorted_labels", "between batches", lambda: nn.MLP(64, [16, 10], seed=0), DX[DORDER], DY[DORDER], CE,
     {"shuffle": False}),
    ("activation_before_loss", "ends in softmax", lambda: mlp(output="softmax"), X, Y, CE, {}),
    ("activation_before_loss", "ends in sigmoid", lambda: nn.MLP(2, [9, 1], output="sigmoid", seed=0), X, YES, BCE, {}),
    ("activation_before_loss", "ends in relu", lambda: nn.MLP(2, [9, 1], output="relu", seed=0), X, YES, BCE, {}),
    ("activation_before_loss", "ends in softmax", lambda: Normalizes(2), X, Y, CE, {}),
    ("activation_before_loss", "ends in sigmoid", lambda: Normalizes(1), X, YES, BCE, {}),
    ("unreachable_targets", "sigmoid", lambda: nn.MLP(4, [16, 1], output="sigmoid", seed=0), LX, LY, "mse", {}),
    ("unreachable_targets", "relu", lambda: nn.MLP(4, [16, 1], output="relu", seed=0), LX, LY, "mse", {}),
    ("unscaled_targets", "y", lambda: nn.MLP(4, [16, 1], seed=0), LX, 1000 * LY, "mse", {}),
    ("symmetric_init", "weights = 0 (1 / 16)", lambda: weighted(mlp(), np.zeros_like), X, Y, CE, {}),
    ("symmetric_init", "layers.1.weights = 0", lambda: weighted(mlp(activation="tanh"), np.zeros_like), X, Y, CE, {}),
    ("symmetric_init", "layers.0.weights (1 / 16)",
     lambda: weighted(mlp(activation="tanh"), lambda w: np.full(w.shape, 0.3)), X, Y, CE, {}),
    ("symmetric_init", "(1 / 4)", lambda: weighted(conv(), np.zeros_like, slice(0, 1)), DX.reshape(-1, 1, 8, 8), DY,
     CE, {}),
    ("dead_units", "layers.0 100 %", lambda: biased(mlp(), 0, -10), X, Y, CE, {}),
    ("dead_units", "layers.1 100 %", lambda: biased(mlp(), 1, -10), X, Y, CE, {}),
    ("dead_units", "layers.0 75 %", lambda: biased(mlp(), 0, [-20] * 12 + [1] * 4), X, Y, CE, {}),
    ("saturated_units", "layers.0", lambda: weighted(mlp(activation="tanh"), lambda w: 100 * w, slice(0, 1)), X, Y, CE,
     {}),
    ("saturated_units", "layers.0 100 %", lambda: biased(mlp(activation="sigmoid"), 0, 20), X, Y, CE, {}),
    ("vanishing_gradients", "layers.0", lambda: nn.MLP(2, [8] * 10 + [2], "sigmoid", seed=0), X, Y, CE, {}),
    ("vanishing_gradients", "layers.0",
     lambda: weighted(nn.MLP(2, [16] * 8 + [2], "tanh", seed=0), lambda w: 0.1 * w), X, Y, CE, {}),
    ("exploding_gradients", "layers.0", lambda: weighted(nn.MLP(64, [32] * 6 + [10], seed=0), lambda w: 5 * w), DX, DY,
     CE, {}),
    ("exploding_gradients", "layers.0", lambda: weighted(mlp(), lambda w: 20 * w), X, Y, CE, {}),
    ("learning_rate_too_high", "lr=3", lambda: mlp(), X, Y, CE, {"lr": 3.0}),
    ("learning_rate_too_high", "/ λ", lambda: mlp(), X, Y, CE, {"optimizer": "sgd", "lr": 50.0}),
    ("learning_rate_too_high", "/ λ", lambda: nn.MLP(4, [1], seed=0), LX, LY, "mse", {"optimizer": "sgd", "lr": 2.0}),
    ("learning_rate_too_low", "lr=1e-07", lambda: mlp(), X, Y, CE, {"lr": 1e-7}),
    ("learning_rate_too_low", "lr=1e-05", lambda: mlp(), X, Y, CE, {"lr": 1e-5}),
    ("learning_rate_too_low", "lr=1e-06", lambda: nn.MLP(4, [16, 1], seed=0), LX, LY, "mse",
     {"optimizer": "sgd", "lr": 1e-6}),
    ("forgotten_zero_grad", "layers.0.weights", lambda: after_backward(1), X, Y, CE, {}),
    ("forgotten_zero_grad", "layers.0.weights", lambda: after_backward(5), X, Y, CE, {}),
    ("forgotten_zero_grad", "layers.0.weights", loop_without_zero_grad, X, Y, CE, {}),
    ("forgotten_zero_grad", "2 times", lambda: mlp(), X, Y, CE, {"optimizer": Hoarder}),
    ("no_gradient", "idle.weights, idle.biases", Unused, X, Y, CE, {}),
    ("no_gradient", "first.weights, first.biases", Cut, X, Y, CE, {}),
    ("no_gradient", "last.biases", Plain, X, Y, CE, {}),
    ("no_gradient", "last.biases", Unrecorded, X, Y, CE, {}),
    ("batch_too_small", "of size 1", lambda: mlp(), X, Y, CE, {"batch_size": 1}),
    ("batch_too_small", "of size 1", lambda: nn.MLP(64, [16, 10], seed=0), DX, DY, CE, {"batch_size": 1}),
    ("batch_too_small", "of size 2", lambda: nn.MLP(2, [64, 3], seed=0), *tg.datasets.spiral(seed=0), CE,
     {"batch_size": 2}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "part", "model", "x", "y", "loss", "more"), SICK, ids=[f"{i}-{case[0]}" for i, case in enumerate(SICK)]
)
def test_what_a_network_suffers_from_is_found_and_nothing_else(name, part, model, x, y, loss, more):
    diagnosis = tg.diagnose(model(), x, y, loss, **more)
    assert diagnosis.names == [name], diagnosis
    assert not diagnosis.ok
    assert part in diagnosis[0].what


def test_every_finding_has_its_network():
    assert {case[0] for case in SICK} | {"loss_oscillates"} == set(TEXTS)


def healthy(seed):
    x, y = moons(seed)
    yield "moons", mlp(seed), x, y, CE
    yield "moons, yes or no", nn.MLP(2, [8, 1], "tanh", seed=seed), x, y[:, np.newaxis], BCE
    yield "moons, sigmoids", nn.MLP(2, [8, 8, 2], "sigmoid", seed=seed), x, y, CE
    yield "moons, hinge", nn.MLP(2, [16, 16, 1], seed=seed), x, 2 * y[:, np.newaxis] - 1, "hinge"
    yield "moons, deep", nn.MLP(2, [32] * 10 + [2], seed=seed), x, y, CE
    yield "spiral", nn.MLP(2, [64, 64, 3], seed=seed), *tg.datasets.spiral(60, 3, seed=seed), CE
    x, y = digits()
    yield "digits", nn.MLP(64, [32, 10], seed=seed), x, y, CE
    yield "digits, logistic", nn.MLP(64, [10], seed=seed), x, y, CE
    spread = x.std(axis=0)
    standardized = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    yield "digits, standardized", nn.MLP(64, [32, 10], seed=seed), standardized, y, CE
    yield "digits, dropout", nn.MLP(64, [32, 32, 10], seed=seed, dropout=0.3, dtype=np.float32), x, y, CE
    batch_norm = nn.Sequential(nn.BatchNorm(64), nn.Layer(64, 32, "relu", seed=seed), nn.Layer(32, 10, seed=seed))
    yield "digits, scaled by the network", batch_norm, 16 * x, y, CE
    yield "digits, convolution", conv(seed), x.reshape(-1, 1, 8, 8), y, CE
    x, y = linear(seed)
    yield "regression", nn.MLP(4, [16, 1], seed=seed), x, y, "mse"
    yield "linear regression", nn.MLP(4, [1], seed=seed), x, y, "mse"
    inner = nn.Residual(nn.Sequential(nn.LayerNorm(16), nn.Layer(16, 16, "gelu", seed=seed)))
    yield (
        "residual",
        nn.Sequential(nn.Layer(4, 16, "relu", seed=seed), inner, nn.Layer(16, 1, seed=seed)),
        x,
        y,
        "huber",
    )
    yield "sine", nn.MLP(1, [32, 32, 1], "tanh", seed=seed), *tg.datasets.sine(200), "mse"
    corners = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    yield "xor", nn.MLP(2, [8, 1], "tanh", seed=seed), corners, np.array([[0.0], [1], [1], [0]]), BCE
    words = nn.Sequential(nn.Embedding(20, 8, seed=seed), nn.Flatten(), nn.Layer(24, 2, seed=seed))
    tokens = np.random.default_rng(seed).integers(0, 20, (100, 3))
    yield "words", words, tokens, (tokens[:, 0] > tokens[:, 1]).astype(int), CE


def cats(seed):
    x, y = tg.datasets.cats_and_dogs()
    x, y = x[200:1400:3].astype(np.float32) / 255, y[200:1400:3]
    float32 = {"seed": seed, "dtype": np.float32}
    yield "cats", nn.MLP(784, [32, 1], **float32), x.reshape(-1, 784), y[:, np.newaxis], BCE
    filters = nn.Conv2d(1, 4, 5, stride=2, activation="relu", **float32)
    small = nn.Sequential(filters, nn.MaxPool2d(2), nn.Flatten(), nn.Layer(144, 2, **float32))
    yield "cats, convolution", small, x[:, np.newaxis], y, CE


@pytest.mark.parametrize("seed", range(2))
def test_healthy_networks_get_no_finding(seed):
    for name, model, x, y, loss in (*healthy(seed), *cats(seed)):
        diagnosis = tg.diagnose(model, x, y, loss)
        assert diagnosis.ok, (name, diagnosis)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
@pytest.mark.parametrize("settings", [{"lr": 0.003}, {"optimizer": "sgd"}, {"optimizer": "sgd", "lr": 0.02}], ids=str)
def test_healthy_networks_get_no_finding_with_other_seeds_and_steps(seed, settings):
    for name, model, x, y, loss in (*healthy(seed), *cats(seed)):
        diagnosis = tg.diagnose(model, x, y, loss, **settings)
        assert diagnosis.ok, (name, diagnosis)


@pytest.mark.parametrize("seed", range(2))
def test_healthy_training_gets_no_finding_and_a_trained_network_none_either(seed):
    for name, model, x, y, loss in healthy(seed):
        if name in ("moons", "moons, yes or no", "digits", "digits, scaled by the network", "regression", "sine"):
            history = tg.fit(model, x, y, loss=loss, lr=0.005, epochs=15, verbose=0, doctor=True)
            assert history.diagnosis.ok, (name, history.diagnosis)
            assert tg.diagnose(model, x, y, loss, lr=0.005).ok, name


def test_a_right_loop_leaves_gradients_that_are_no_finding():
    model = mlp()
    optimizer, rng = tg.optim.Adam(model.parameters(), lr=0.01), np.random.default_rng(0)
    for _ in range(20):
        for rows in np.split(rng.permutation(160), 32):
            optimizer.zero_grad()
            nn.cross_entropy(model(X[rows]), Y[rows]).backward()
            optimizer.step()
    assert tg.diagnose(model, X, Y, CE).ok


@pytest.mark.parametrize("seed", range(6))
def test_tiny_outputs_of_one_sign_are_no_sigmoids(seed):
    """The initial weights of Neural Networks from Scratch, 0.01 times standard normal numbers."""
    rng = np.random.default_rng(seed)
    model = weighted(nn.MLP(2, [64, 1]), lambda w: 0.01 * rng.standard_normal(w.shape))
    x, y = tg.datasets.spiral(100, 2, seed=seed)
    assert tg.diagnose(model, x, y[:, np.newaxis], BCE).ok


# Nothing is changed ---------------------------------------------------------------------------------------------------


def everything(model, optimizer):
    state = {name: np.array(array) for name, array in model.state_dict().items()}
    state |= {f"optimizer {name}": np.array(array) for name, array in optimizer.state_dict().items()}
    state |= {f"grad {name}": np.array(p.grad) for name, p in model.named_parameters()}
    modes = [module.training for module in model.modules()]
    return state, modes, [(id(p), p.number, id(p.data)) for p in model.parameters()]


@pytest.mark.parametrize("look", [tg.diagnose, tg.find_learning_rate], ids=["diagnose", "find_learning_rate"])
def test_nothing_is_changed(look):
    model = nn.Sequential(nn.Layer(2, 8, seed=0), nn.BatchNorm(8), nn.relu, nn.Dropout(0.5, seed=1), nn.Layer(8, 2))
    optimizer = tg.optim.Adam(model.parameters(), lr=0.01)
    tg.fit(model, X, Y, loss=CE, optimizer=optimizer, epochs=2, verbose=0)
    nn.cross_entropy(model(X), Y).backward()
    model[3].train()
    x, y = X.copy(), Y.copy()
    before, own = everything(model, optimizer), np.random.get_state()[1].copy()  # noqa: NPY002
    look(model, x, y, loss=CE, optimizer=optimizer)
    after = everything(model, optimizer)
    assert before[0].keys() == after[0].keys()
    for name, array in before[0].items():
        np.testing.assert_array_equal(array, after[0][name], err_msg=name)
    assert before[1:] == after[1:]
    np.testing.assert_array_equal(own, np.random.get_state()[1])  # noqa: NPY002
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


def test_training_with_the_doctor_is_training_without_him():
    models = [mlp(dropout=0.3), mlp(dropout=0.3)]
    histories = [
        tg.fit(model, X, Y, loss=CE, lr=0.01, epochs=5, validation_data=moons(9), verbose=0, doctor=doctor)
        for model, doctor in zip(models, (False, True), strict=True)
    ]
    assert histories[0].to_dict() == histories[1].to_dict()
    for ours, theirs in zip(models[0].parameters(), models[1].parameters(), strict=True):
        np.testing.assert_array_equal(ours.data, theirs.data)
    assert histories[0].diagnosis is None
    assert histories[1].diagnosis.ok


# While training goes on -----------------------------------------------------------------------------------------------


def test_fit_tells_what_it_found_before(capsys):
    history = tg.fit(mlp(output="softmax"), X, Y, loss=CE, epochs=2, doctor=True)
    assert history.diagnosis.names == ["activation_before_loss"]
    assert "softmax before cross_entropy" in capsys.readouterr().out
    history = tg.fit(mlp(output="softmax"), X, Y, loss=CE, epochs=2, doctor="pt", verbose=0)
    assert "softmax antes de cross_entropy" in str(history.diagnosis)


def test_fit_knows_whether_it_shuffles():
    arguments = {"loss": CE, "epochs": 1, "verbose": 0, "doctor": True}
    assert tg.fit(mlp(), X[ORDER], Y[ORDER], **arguments).diagnosis.ok
    assert tg.fit(mlp(), X[ORDER], Y[ORDER], shuffle=False, **arguments).diagnosis.names == ["sorted_labels"]


def test_a_loss_that_oscillates():
    """The rate is fine where training begins; a schedule makes it far too high later."""
    model = nn.MLP(4, [1], seed=0)
    curvature = 2 * np.linalg.eigvalsh(beside(LX, np.ones(160)).T @ beside(LX, np.ones(160)) / 160).max()
    rates = lambda step: 0.2 / curvature if step < 40 or step % 5 else 12 / curvature
    history = tg.fit(
        model, LX, LY, loss="mse", optimizer="sgd", lr=rates, epochs=80, batch_size=None, verbose=0, doctor=True
    )
    assert history.diagnosis.names == ["loss_oscillates"]
    assert "epochs the loss rose" in history.diagnosis[0].what


def test_relus_that_die_while_training_goes_on():
    def kill(run):
        if run.epoch == 3:
            biased(run.model, 0, -100)

    history = tg.fit(mlp(), X, Y, loss=CE, epochs=5, callbacks=[kill], verbose=0, doctor=True)
    assert history.diagnosis.names == ["dead_units"]
    assert "layers.0 100 %" in history.diagnosis[0].what


def test_gradients_that_explode_while_training_goes_on():
    def blow_up(run):
        if run.epoch == 2:
            weighted(run.model, lambda w: 30 * w)

    history = tg.fit(mlp(), X, Y, loss=CE, epochs=2, callbacks=[blow_up], verbose=0, doctor=True)
    assert history.diagnosis.names == ["exploding_gradients"]


def test_an_error_that_ends_training_tells_the_diagnosis():
    with pytest.raises(
        FloatingPointError, match=r"(?s)training went wrong in epoch .*learning rate is too high.*2 / λ"
    ):
        tg.fit(nn.MLP(4, [1], seed=0), LX, LY, loss="mse", optimizer="sgd", lr=1e3, epochs=100, verbose=0, doctor=True)


def test_batches_from_an_iterable_are_watched():
    batches = [(LX[i : i + 40], LY[i : i + 40]) for i in range(0, 160, 40)]
    history = tg.fit(nn.MLP(4, [1], seed=0), batches, loss="mse", lr=0.01, epochs=3, verbose=0, doctor=True)
    assert history.diagnosis.ok
    large = [(100 * x, y) for x, y in batches]
    for source, names in ((large, ["unscaled_inputs"]), (iter(batches), []), (lambda: batches, [])):
        history = tg.fit(nn.MLP(4, [8, 1], seed=0), source, loss="mse", epochs=1, verbose=0, doctor=True)
        assert history.diagnosis.names == names
    by_class = [(X[ORDER][i : i + 40], Y[ORDER][i : i + 40]) for i in range(0, 160, 40)]
    history = tg.fit(mlp(), by_class, loss=CE, epochs=1, verbose=0, doctor=True)
    assert history.diagnosis.names == ["sorted_labels"]


# The report -----------------------------------------------------------------------------------------------------------


def test_a_symptom_is_told_with_its_cause():
    diagnosis = tg.diagnose(weighted(mlp(), np.zeros_like), X, Y, CE)
    assert "dead_units" in diagnosis[0].also
    assert "What follows from it was seen too: dead relus" in str(diagnosis)


def test_several_findings_the_worst_first():
    diagnosis = tg.diagnose(nn.MLP(3, [8, 2], output="softmax", seed=0), beside(X, np.ones(160)), Y, CE)
    assert diagnosis.names == ["activation_before_loss", "constant_columns"]
    assert [finding.severity for finding in diagnosis] == ["error", "warning"]
    assert str(diagnosis).startswith("the doctor has 2 findings\n\n1. softmax before cross_entropy")
    assert len(diagnosis) == 2


def test_a_healthy_report():
    diagnosis = tg.diagnose(mlp(), X, Y, CE)
    assert diagnosis
    assert str(diagnosis) == "the doctor found nothing wrong"
    assert str(diagnosis.in_language("pt")) == "o doutor não encontrou nenhum problema"
    assert diagnosis.to_dict() == {"ok": True, "language": "en", "findings": []}


@pytest.mark.parametrize("language", ["en", "pt"])
@pytest.mark.parametrize("case", SICK[::7], ids=lambda case: case[0])
def test_every_form_of_the_report(case, language):
    _, _, model, x, y, loss, more = case
    diagnosis = tg.diagnose(model(), x, y, loss, language=language, **more)
    assert json.loads(json.dumps(diagnosis.to_dict()))["findings"][0]["name"] == case[0]
    page, text = diagnosis._repr_html_(), diagnosis.text()
    assert "{" not in diagnosis[0].what + diagnosis[0].title + diagnosis[0].why
    assert diagnosis[0].title in text
    assert page.count("<li>") == page.count("</li>") == 1
    assert "<script" not in page
    assert "\x1b[" in diagnosis.text(colour=True)
    assert max(len(line) for line in text.splitlines()) <= 120


@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_whole_in_both_languages(name):
    parts = {"title", "what", "why", "fix"}
    assert parts == TEXTS[name]["en"].keys() == TEXTS[name]["pt"].keys()
    for part in parts:
        fields = [{piece.partition("}")[0] for piece in TEXTS[name][to][part].split("{")[1:]} for to in ("en", "pt")]
        assert fields[0] == fields[1], part


def test_columns_of_a_frame_have_their_names():
    class Frame:
        columns = ("age", "income")

        def __array__(self, dtype=None, copy=None):
            return np.asarray(X * [1, 1000], dtype=dtype)

    assert "x['income']" in tg.diagnose(mlp(), Frame(), Y, CE)[0].what


class Leaper:
    """An optimizer of the user's own, without a learning rate that could be read."""

    def __init__(self, parameters):
        self.parameters = parameters

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.zero_grad()

    def step(self):
        for parameter in self.parameters:
            parameter.data = parameter.data - 1e3 * parameter.grad


def test_steps_of_an_optimizer_of_ones_own():
    diagnosis = tg.diagnose(nn.MLP(4, [1], seed=0), LX, LY, "mse", optimizer=Leaper)
    assert diagnosis.names == ["learning_rate_too_high"]
    assert "lr=lr / 10" in diagnosis[0].fix
    assert "Infinity" not in json.dumps(diagnosis.to_dict())


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match="language='fr', but there are 'en' and 'pt'"):
        tg.diagnose(mlp(), X, Y, CE, language="fr")
    with pytest.raises(ValueError, match="x has 160 rows, but y has 159"):
        tg.diagnose(mlp(), X, Y[1:], CE)
    with pytest.raises(ValueError, match=r"write labels\.reshape"):
        tg.diagnose(mlp(), X, Y[:, np.newaxis], CE)


# The mathematics ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_largest_curvature_is_the_hessians(seed):
    """Against the eigenvalues of the full Hessian, of a loss with a gap between the largest and the rest."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((30, 3)) * [3, 1, 1], rng.integers(0, 3, 30)

    def loss(w):
        return nn.cross_entropy(np.tanh(x @ w[:9].reshape(3, 3)) @ w[9:].reshape(3, 3), y)

    w = rng.standard_normal(18)
    value = tg.Value(w)
    found = largest_curvature(loss(value), [value], iterations=300)
    assert found == pytest.approx(np.abs(np.linalg.eigvalsh(tg.hessian(loss)(w))).max(), rel=1e-3)


@pytest.mark.parametrize(("times", "momentum", "ok"), [
    (0.9, 0.0, True), (1.2, 0.0, False), (1.2, 0.9, True), (0.8, 0.9, True), (1.2 * 1.9, 0.9, False),
])  # fmt: skip
def test_the_limit_of_gradient_descent_is_two_over_the_curvature(times, momentum, ok):
    """A linear regression has one Hessian, 2 / n * sum x x^T, whose largest eigenvalue numpy knows."""
    table = beside(LX, np.ones(160))
    limit = 2 / np.linalg.eigvalsh(2 * table.T @ table / 160).max()
    model = nn.MLP(4, [1], seed=0)
    optimizer = tg.optim.SGD(model.parameters(), lr=times * limit, momentum=momentum)
    assert (tg.diagnose(model, LX, LY, "mse", optimizer=optimizer, batch_size=None).names == []) == ok
