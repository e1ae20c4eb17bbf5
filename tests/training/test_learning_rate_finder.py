"""The learning-rate finder: on bowls whose best rate is known, and on data where training shows what it is worth."""

import copy

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import nn

X, Y = tg.datasets.moons(200, seed=0)


class Bowl(nn.Module):
    """A loss of sum(c * w**2) / 2, whose curvatures are c."""

    def __init__(self, curvatures):
        self.w = tg.Value(np.ones(len(curvatures)))
        self.scale = np.sqrt(np.array(curvatures, float) * len(curvatures) / 2)

    def forward(self, x):
        return x * (self.w * self.scale)


def found_in_bowl(curvatures, **options):
    n = len(curvatures)
    data = np.ones((1, n)), np.zeros((1, n))
    return tg.find_learning_rate(Bowl(curvatures), *data, loss="mse", optimizer="sgd", batch_size=None, **options)


@pytest.mark.parametrize("curvatures", [[1.0], [300.0], [0.02], [1, 10], [1, 1000], [0.5, 1, 2, 4, 50]], ids=str)
def test_bowls(curvatures):
    """Gradient descent is fastest at 2 / (least + largest curvature) and climbs above 2 / largest."""
    best, limit = 2 / (min(curvatures) + max(curvatures)), 2 / max(curvatures)
    found = found_in_bowl(curvatures)
    assert best / 6 < found.suggestion < limit
    assert limit / 1.01 < found.turn < 8 * limit


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("data", ["moons", "digits"])
def test_the_suggestion_trains_well(data, optimizer):
    """A rate that is 64 times lower or higher ends with a larger loss."""
    x, y = tg.datasets.digits() if data == "digits" else (X, Y)
    x, y = (x[:500].reshape(500, 64) / 16, y[:500]) if data == "digits" else (x, y)
    model = nn.MLP(x.shape[1], [16, len(np.unique(y))], seed=0)
    rate = tg.find_learning_rate(model, x, y, loss="cross_entropy", optimizer=optimizer).suggestion
    ends = []
    for lr in (rate / 64, rate, 64 * rate):
        history = tg.fit(
            copy.deepcopy(model), x, y, loss="cross_entropy", optimizer=optimizer, lr=lr, epochs=8, verbose=0
        )
        ends.append(history.loss[-1])
    assert ends[1] < 0.75 * min(ends[0], ends[2])


def test_what_is_found():
    found = tg.find_learning_rate(nn.MLP(2, [16, 2], seed=0), X, Y, loss="cross_entropy", lowest=1e-5, highest=10)
    assert len(found.rates) == len(found.losses) == len(found.smoothed) <= 100
    np.testing.assert_allclose(np.diff(np.log(found.rates)), np.log(1e6) / 99, rtol=1e-9)
    assert found.rates[0] == 1e-5
    assert float(found) == found.suggestion <= found.turn / 10
    assert found.lowest == found.smoothed.min() < found.start
    assert f"learning rate {found.suggestion:.2g}: the loss falls from" in str(found)


def test_the_same_seed_finds_the_same():
    model = nn.MLP(2, [16, 2], seed=0, dropout=0.2)
    first, again, other = (tg.find_learning_rate(model, X, Y, loss="cross_entropy", seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.losses, again.losses)
    assert not np.array_equal(first.losses[:20], other.losses[:20])


def test_plot(tmp_path):
    pytest.importorskip("matplotlib")
    found = found_in_bowl([1, 10])
    figure = found.plot(tmp_path / "rates.png")
    assert (tmp_path / "rates.png").stat().st_size > 5000
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    np.testing.assert_array_equal(lines["smoothed"].get_xdata(), found.rates)
    assert lines[f"suggestion: {found.suggestion:.2g}"].get_xdata()[0] == found.suggestion


def test_an_optimizer_with_a_schedule_is_swept_all_the_same():
    model = nn.MLP(2, [16, 2], seed=0)
    optimizer = tg.optim.Adam(model.parameters(), lr=tg.optim.schedules.cosine(0.1, 10))
    plain = tg.find_learning_rate(model, X, Y, loss="cross_entropy")
    assert tg.find_learning_rate(model, X, Y, loss="cross_entropy", optimizer=optimizer).suggestion == plain.suggestion


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lowest": 1.0, "highest": 0.1}, "rates go up from a number above 0"),
        ({"lowest": 0.0}, "rates go up from a number above 0"),
        ({"steps": 0}, "steps=0"),
        ({"y": Y[:5]}, "x has 200 rows, but y has 5"),
        ({"lowest": 1e4, "highest": 1e6}, "falls at no learning rate"),
    ],
)
def test_arguments_that_make_no_sense(change, message):
    arguments = {"x": X, "y": Y, "loss": "cross_entropy", **change}
    with pytest.raises(ValueError, match=message):
        tg.find_learning_rate(nn.MLP(2, [16, 2], seed=0), **arguments)


def test_an_optimizer_without_a_rate():
    class Fixed:
        def zero_grad(self):
            pass

        def step(self):
            pass

    with pytest.raises(ValueError, match="Fixed has no learning rate"):
        tg.find_learning_rate(nn.MLP(2, [16, 2], seed=0), X, Y, loss="cross_entropy", optimizer=Fixed())
