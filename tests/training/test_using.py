"""A network in use: outputs, probabilities, figures."""

import numpy as np
import pytest

import tinygrad_br as tg


def test_predict_is_the_model_called():
    model = tg.nn.MLP(3, [5, 2], seed=0, dropout=0.5, dtype=np.float32)
    x = np.random.default_rng(0).standard_normal((7, 3))
    want = model.eval()(x.astype(np.float32)).data
    model.train()
    for batch_size in (1, 3, 7, 100):
        found = tg.predict(model, x, batch_size=batch_size)
        assert type(found) is np.ndarray
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, want, rtol=1e-6)
    np.testing.assert_array_equal(tg.predict(model, x), tg.predict(model, x.tolist()))


def test_modes_stay_as_they_were():
    model = tg.nn.Sequential(tg.nn.Layer(2, 2, seed=0), tg.nn.Dropout(0.5, seed=0), tg.nn.Dropout(0.5, seed=1))
    model[1].eval()
    modes = [module.training for module in model.modules()]
    tg.predict(model, np.ones((3, 2)))
    assert [module.training for module in model.modules()] == modes
    with pytest.raises(ValueError, match="expects inputs"):
        tg.predict(model, np.ones((3, 4)))
    assert [module.training for module in model.modules()] == modes


def test_probabilities():
    x = np.random.default_rng(1).standard_normal((9, 3)) * 10
    one, several = tg.nn.MLP(3, [4, 1], seed=0), tg.nn.MLP(3, [4, 5], seed=0)
    p = tg.predict_proba(one, x)
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-tg.predict(one, x))), rtol=1e-12)
    z = tg.predict(several, x)
    np.testing.assert_allclose(
        tg.predict_proba(several, x), np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), rtol=1e-10
    )


def test_probabilities_of_extreme_logits():
    model = tg.nn.MLP(1, [1], seed=0)
    model.layers[0].weights.data = [[1.0]]
    with np.errstate(all="raise"):
        assert tg.predict_proba(model, [[-700.0], [0.0], [700.0]]).ravel() == pytest.approx([np.exp(-700), 0.5, 1])


def test_evaluate():
    x, y = tg.datasets.moons(50, seed=0)
    model = tg.nn.MLP(2, [6, 2], seed=1)
    z = model(x)
    found = tg.evaluate(model, x, y, loss="cross_entropy", metrics=["accuracy", "f1"], batch_size=8)
    assert found["loss"] == pytest.approx(tg.nn.cross_entropy(z, y).item(), rel=1e-12)
    assert found["accuracy"] == np.mean(z.data.argmax(axis=1) == y)
    assert [*found] == ["loss", "accuracy", "f1"]
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: tg.predict(m, [[0.0, np.nan]]), r"x holds NaN, first at x\[0, 1\]"),
        (lambda m: tg.predict(m, np.zeros((0, 2))), "x is empty"),
        (lambda m: tg.predict(m, [[0.0, 1.0]], batch_size=0), "batch_size=0"),
        (lambda m: tg.evaluate(m, np.zeros((3, 2)), [0, 1], loss="cross_entropy"), "x has 3 rows, but y has 2"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(tg.nn.MLP(2, [2], seed=0))
