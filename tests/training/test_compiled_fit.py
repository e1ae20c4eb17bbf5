"""`tg.fit` runs its step as a compiled program where the model allows it, and says why where it does not."""

import re

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value
from tinygrad_br.nn import BatchNorm, Dropout, Layer, Module, Sequential

ANYWHERE = np.random.default_rng(5)


def plain():
    return tg.nn.MLP(2, [8, 2], seed=0)


def with_statistics():
    # no biases before BatchNorm, whose gradients are 0 but for rounding: Adam makes large steps of these
    return Sequential(BatchNorm(2), Layer(2, 8, "tanh", seed=0), Dropout(0.2, seed=3), Layer(8, 2, seed=1))


class Around(Module):
    """A user's module around a network of ours."""

    def __init__(self):
        self.inner, self.calls, self.seen = plain(), 0, []
        self.scale, self.rng, self.total = 1.0, np.random.default_rng(4), np.zeros(2)

    def forward(self, x):
        return self.change(x, self.inner(x * self.scale))

    def change(self, x, y):
        return y


class Counting(Around):
    def change(self, x, y):
        self.calls += 1
        return y / (1 + 0.1 * self.calls)


class Keeping(Around):
    def change(self, x, y):
        self.seen.append(y)
        return y


class Summing(Around):
    def change(self, x, y):
        self.total += 1.0
        return y * (1 + 0.01 * self.total)


class Noisy(Around):
    def change(self, x, y):
        return y + 0.1 * self.rng.normal(size=y.shape)


class NoisyFromAnywhere(Around):
    def change(self, x, y):
        return y + 0.1 * ANYWHERE.normal(size=y.shape)


class Reading(Around):
    def change(self, x, y):
        return y if y.data.max() < 100 else y * 0.1


class NeedingArrays(Around):
    def change(self, x, y):
        return y + float(np.asarray(x).sum()) * 1e-3


def trained(make, compiled, callbacks=(), verbose=0, **options):
    x, y = tg.datasets.moons(60, seed=0)
    model = make()
    options = {"optimizer": "adam", "epochs": 3, "batch_size": 25, "verbose": verbose, **options}
    history = tg.fit(model, x, y, loss="cross_entropy", callbacks=callbacks, compile=compiled, **options)
    return model, history


def assert_alike(one, other, rtol=1e-9):
    for (name, a), (_, b) in zip(one.named_parameters(), other.named_parameters(), strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=rtol, atol=1e-12, err_msg=name)


def reason(run_seen):
    return lambda run: run_seen.append(run.learn.eager_because)


@pytest.mark.parametrize("make", [plain, with_statistics, Around])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_compiled_and_eager_training_are_the_same(make, optimizer):
    reasons = []
    one, history = trained(make, True, [reason(reasons)], optimizer=optimizer)
    other, expected = trained(make, False, optimizer=optimizer)
    assert reasons == [None] * 3
    assert_alike(one, other)
    np.testing.assert_allclose(history.loss, expected.loss, rtol=1e-9)
    assert history.accuracy == expected.accuracy


@pytest.mark.parametrize("seed", [0, 1])
def test_gradients_of_what_is_not_optimized_add_up_from_step_to_step(seed):
    def run(compiled):
        x, y = tg.datasets.moons(60, seed=seed)
        model = plain()
        some = tg.optim.SGD([model.layers[0].weights], lr=0.1)
        options = {"epochs": 3, "batch_size": 10, "clip_norm": 0.5, "verbose": 0, "compile": compiled}
        tg.fit(model, x, y, loss="cross_entropy", optimizer=some, **options)
        return model

    one, other = run(True), run(False)
    assert_alike(one, other)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(a.grad, b.grad, rtol=1e-9)


@pytest.mark.parametrize("row", [12, 27, 58])
def test_the_step_that_is_not_finite_is_named_and_left_out_wherever_it_comes(row):
    x, y = tg.datasets.moons(60, seed=0)
    x[row] = 1.7e308, 1.7e308
    found = []
    for compiled in (True, False):
        model = plain()
        with pytest.raises(FloatingPointError, match=f"epoch 1, batch {row // 10 + 1}") as error:
            tg.fit(
                model, x, y, loss="cross_entropy", optimizer="sgd", batch_size=10, shuffle=False, verbose=0,
                compile=compiled,
            )  # fmt: skip
        found.append((model, str(error.value)))
    assert_alike(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]


def test_what_a_callback_changes_between_two_steps_counts_at_once():
    class Switch(tg.training.Callback):
        def on_batch_end(self, run):
            run.model.inner.layers[1].weights.data *= 0.9
            if run.batch == 2:
                run.model.scale = 0.5 * run.epoch

    (one, history), (other, expected) = trained(Around, True, [Switch()]), trained(Around, False, [Switch()])
    assert_alike(one, other)
    np.testing.assert_allclose(history.loss, expected.loss, rtol=1e-9)


def test_batch_norm_keeps_its_running_figures_in_a_program():
    (one, _), (other, _) = trained(with_statistics, True), trained(with_statistics, False)
    np.testing.assert_allclose(one.layers[0].mean, other.layers[0].mean, rtol=1e-9)
    np.testing.assert_allclose(one.layers[0].variance, other.layers[0].variance, rtol=1e-9)
    assert not np.array_equal(one.layers[0].mean, np.zeros(2))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Counting, r"changes Counting\.calls"),
        (Keeping, r"changes Keeping\.seen"),
        (Summing, r"changes Summing\.total"),
        (Noisy, r"changes Noisy\.rng"),
        (NoisyFromAnywhere, "recording it twice gave two programs"),
        (Reading, r"would read a number"),
        (NeedingArrays, "Value"),
    ],
)
def test_what_a_program_cannot_repeat_runs_eagerly_and_one_line_says_why(make, why, capsys):
    ANYWHERE.bit_generator.state = np.random.default_rng(5).bit_generator.state
    one, _ = trained(make, True, verbose=2)
    lines = [line for line in capsys.readouterr().err.splitlines() if "not compiled" in line]
    assert len(lines) == 1
    assert re.search(why, lines[0]), lines[0]
    if make is not NoisyFromAnywhere:  # the two recordings have drawn from a generator that nobody knows of
        other, _ = trained(make, False)
        assert_alike(one, other, rtol=0)
        assert (one.calls, one.total.tolist(), len(one.seen)) == (other.calls, other.total.tolist(), len(other.seen))
        assert one.rng.bit_generator.state == other.rng.bit_generator.state


def test_nothing_is_said_where_nobody_asked_for_a_program(capsys):
    trained(plain, False, verbose=2)
    assert "compiled" not in capsys.readouterr().err


def test_a_setting_that_changes_on_the_way_counts():
    def change(run):
        run.model.scale = 1.0 + run.epoch

    (one, history), (other, expected) = trained(Around, True, [change]), trained(Around, False, [change])
    assert_alike(one, other)
    np.testing.assert_allclose(history.loss, expected.loss, rtol=1e-9)


def test_a_setting_that_changes_at_each_step_makes_it_eager(capsys):
    class Changing(tg.training.Callback):
        def on_batch_end(self, run):
            run.model.scale = 1.0 + run.steps / 10

    reasons = []
    one, _ = trained(Around, True, [Changing(), reason(reasons)], epochs=6, verbose=2)
    assert capsys.readouterr().err.count("the step is not compiled") == 1
    other, _ = trained(Around, False, [Changing()], epochs=6)
    assert "keep changing" in reasons[-1]
    assert_alike(one, other)


def test_a_training_that_goes_on_says_it_too(tmp_path, capsys):
    def keep(run):
        tg.save_checkpoint(run, tmp_path / "here")

    trained(Reading, True, [keep], epochs=1, verbose=0)
    assert "compiled" not in capsys.readouterr().err
    trained(Reading, True, epochs=2, resume=tmp_path / "here", verbose=2)
    assert capsys.readouterr().err.count("the step is not compiled") == 1


@pytest.mark.parametrize("number", [np.inf, np.nan])
def test_what_is_not_finite_stops_the_training_before_the_step(number):
    class Exploding(Around):
        def change(self, x, y):
            return y * self.factor

    def make():
        model = Exploding()
        model.factor = Value(1.0)
        return model

    messages, weights = [], []
    for compiled in (True, False):

        def poison(run):
            run.model.factor.data = number

        model = make()
        x, y = tg.datasets.moons(60, seed=0)
        with pytest.raises(FloatingPointError) as caught:
            tg.fit(model, x, y, loss="cross_entropy", callbacks=[poison], compile=compiled, verbose=0, epochs=3)
        messages.append(str(caught.value))
        weights.append(model.inner.layers[0].weights.data)
    assert messages[0] == messages[1]
    assert "epoch 2, batch 1" in messages[0]
    np.testing.assert_allclose(*weights, rtol=1e-9)


@pytest.mark.parametrize("compiled", [True, False])
def test_gradients_are_clipped(compiled):
    class Watching(tg.training.Callback):
        def on_batch_end(self, run):
            norms.append(np.sqrt(sum(np.sum(p.grad**2) for p in run.model.parameters())))

    norms = []
    trained(plain, compiled, [Watching()], optimizer="sgd", lr=0.1)
    free = np.array(norms)
    limit = float(np.median(free))
    norms = []
    trained(plain, compiled, [Watching()], optimizer="sgd", lr=0.1, clip_norm=limit)
    assert np.max(free) > 1.05 * limit
    assert np.max(norms) <= limit * (1 + 1e-12)
    assert norms[0] == pytest.approx(min(free[0], limit))
    with pytest.raises(ValueError, match="clip_norm"):
        trained(plain, compiled, clip_norm=0.0)


def test_lbfgs_runs_eagerly():
    reasons = []
    trained(plain, True, [reason(reasons)], optimizer=tg.optim.LBFGS, batch_size=None)
    assert "LBFGS" in reasons[0]
