"""Why training ends: the convergence rule, numbers that are not finite, Ctrl-C."""

import signal
from threading import Thread

import numpy as np
import pytest

import tinygrad_br as tg


@pytest.fixture(scope="module")
def moons():
    return tg.datasets.moons(60, seed=0)


def model_of(seed=0):
    return tg.nn.MLP(2, [16, 2], seed=seed)


class TestConvergence:
    def test_target(self, moons):
        history = tg.fit(model_of(), *moons, loss="cross_entropy", lr=0.05, epochs=300, target_loss=0.1, verbose=0)
        assert history.converged
        assert history.loss[-1] <= 0.1 < min(history.loss[:-1])
        assert f"converged in epoch {len(history)}: loss" in history.stopped
        assert "has reached 0.1" in history.stopped

    def test_patience_and_the_best_weights(self, moons):
        x, y = moons
        model = model_of()
        history = tg.fit(
            model, x, y, loss="cross_entropy", lr=0.3, epochs=300, patience=4, verbose=0, validation_data=(x, y)
        )
        best = history.best_epoch
        assert history.converged
        assert len(history) == best + 4
        assert "val_loss has not improved for 4 epochs" in history.stopped
        assert f"weights of epoch {best}" in history.stopped
        assert tg.evaluate(model, x, y, loss="cross_entropy")["loss"] == history.val_loss[best - 1]

    def test_best_weights_also_when_the_epochs_are_used_up(self, moons):
        x, y = moons
        model = model_of()  # with the answers turned round the validation loss is best at the beginning
        history = tg.fit(
            model, x, y, loss="cross_entropy", epochs=15, patience=20, verbose=0, validation_data=(x, 1 - y)
        )
        assert not history.converged
        assert history.best_epoch == 1
        assert history.stopped.startswith("all 15 epochs are done; the weights of epoch 1, with val_loss")
        assert tg.evaluate(model, x, 1 - y, loss="cross_entropy")["loss"] == history.val_loss[0]

    def test_without_a_rule_the_last_weights_stay(self, moons):
        x, y = moons
        model = model_of()
        history = tg.fit(model, x, y, loss="cross_entropy", epochs=15, verbose=0, validation_data=(x, 1 - y))
        assert history.stopped == "all 15 epochs are done"
        assert history.best_epoch == 1
        assert tg.evaluate(model, x, 1 - y, loss="cross_entropy")["loss"] == history.val_loss[14]

    def test_steps_too_small_to_count(self, moons):
        kwargs = {"loss": "cross_entropy", "lr": 1e-5, "epochs": 40, "patience": 3, "verbose": 0}
        assert len(tg.fit(model_of(), *moons, **kwargs, min_delta=1.0)) == 4
        assert len(tg.fit(model_of(), *moons, **kwargs)) > 4

    def test_accuracy_is_better_when_larger(self, moons):
        x, y = moons
        model = model_of()
        history = tg.fit(
            model, x, y, loss="cross_entropy", lr=0.3, epochs=100, patience=5, monitor="val_accuracy", verbose=0,
            validation_data=(x, y),
        )  # fmt: skip
        assert history.val_accuracy[history.best_epoch - 1] == max(history.val_accuracy)
        assert tg.evaluate(model, x, y, loss="cross_entropy")["accuracy"] == max(history.val_accuracy)

    def test_what_cannot_be_monitored(self, moons):
        with pytest.raises(ValueError, match="monitor='val_loss', but the history will have loss, accuracy"):
            tg.fit(model_of(), *moons, loss="cross_entropy", monitor="val_loss", verbose=0)


class Logarithm(tg.nn.Module):
    """log(w x): NaN as soon as w x is negative."""

    def __init__(self, w):
        self.w = tg.Value([w])

    def forward(self, x):
        return np.log(self.w * x)


class TestNotFinite:
    def test_the_first_wrong_operation_is_named(self):
        model = Logarithm(1.0)
        x = np.array([[1.0], [1.0], [-1.0]])
        with pytest.raises(FloatingPointError, match=r"epoch 1, batch 3: the loss is nan: log gives NaN"):
            tg.fit(model, x, x, loss="mse", batch_size=1, shuffle=False, lr=0.0, verbose=0)

    def test_a_gradient_that_is_not_finite_changes_nothing(self):
        class Root(tg.nn.Module):
            def __init__(self):
                self.w = tg.Value([0.0])

            def forward(self, x):
                return np.sqrt(self.w * x)

        model = Root()
        with pytest.raises(FloatingPointError, match=r"batch 1: a gradient is not finite: sqrt has a gradient with"):
            tg.fit(model, [[1.0]], [[1.0]], loss="mse", verbose=0)
        assert model.w.data.tolist() == [0.0]

    def test_a_rate_that_is_far_too_high(self):
        x = np.linspace(1, 2, 8)[:, np.newaxis]
        model = tg.nn.MLP(1, [4, 1], seed=0)
        with pytest.raises(FloatingPointError, match="training went wrong in epoch") as caught:
            tg.fit(model, x, x, loss="mse", optimizer="sgd", lr=1e6, epochs=100, verbose=0)
        assert "made at" in str(caught.value)
        assert "an array of shape (8, 1)" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert all(np.all(np.isfinite(p.data)) for p in model.parameters())

    def test_no_numpy_warning_hides_the_error(self):
        with pytest.raises(FloatingPointError):
            tg.fit(Logarithm(-1.0), [[1.0]], [[1.0]], loss="mse", verbose=0)


@pytest.fixture
def ctrl_c_interrupts():
    """Python's own answer to Ctrl-C, which a process that was started in the background does not have."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


class TestCtrlC:
    def trained(self, interrupt, epochs=50, **options):
        model = model_of()
        x, y = tg.datasets.moons(60, seed=0)

        class Interrupt:
            def on_batch_end(self, run):
                if run.epoch == 4:
                    interrupt()

        history = tg.fit(
            model, x, y, loss="cross_entropy", epochs=epochs, batch_size=20, callbacks=[Interrupt()], verbose=0,
            **options,
        )  # fmt: skip
        return model, history, (x, y)

    @pytest.mark.usefixtures("ctrl_c_interrupts")
    def test_a_signal_ends_training_after_the_step(self):
        handler = signal.getsignal(signal.SIGINT)
        model, history, (x, _) = self.trained(lambda: signal.raise_signal(signal.SIGINT))
        assert len(history) == 3
        assert history.stopped == "interrupted in epoch 4"
        assert not history.converged
        assert np.all(np.isfinite(tg.predict(model, x)))
        assert signal.getsignal(signal.SIGINT) is handler

    def test_an_interrupt_from_within(self):
        def interrupt():
            raise KeyboardInterrupt

        model, history, (x, y) = self.trained(interrupt, patience=50, validation_data=tg.datasets.moons(60, seed=0))
        assert len(history) == 3
        assert history.stopped.startswith("interrupted in epoch 4; the weights of epoch 3")
        assert tg.evaluate(model, x, y, loss="cross_entropy")["loss"] == history.val_loss[2]

    def test_a_handler_of_the_users_own_is_left_alone(self):
        calls = []
        previous = signal.signal(signal.SIGINT, lambda *_: calls.append(1))
        try:
            history = self.trained(lambda: signal.raise_signal(signal.SIGINT), epochs=5)[1]
        finally:
            signal.signal(signal.SIGINT, previous)
        assert len(history) == 5
        assert len(calls) == 3

    def test_training_in_another_thread(self):
        histories = []
        thread = Thread(target=lambda: histories.append(self.trained(lambda: None, epochs=5)[1]))
        thread.start()
        thread.join()
        assert len(histories[0]) == 5
