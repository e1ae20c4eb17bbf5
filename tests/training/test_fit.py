"""What `fit` does to a model, and what it tells about it."""

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br.training import Callback


def moons_model(seed=0, **options):
    return tg.nn.MLP(2, [8, 2], seed=seed, **options)


def weights(model):
    return [p.data.copy() for p in model.parameters()]


@pytest.fixture(scope="module")
def moons():
    return tg.datasets.moons(60, seed=0)


def test_a_fit_is_the_loop_written_by_hand(moons):
    x, y = moons
    model, by_hand = moons_model(), moons_model()
    history = tg.fit(
        model, x, y, loss="cross_entropy", optimizer="sgd", lr=0.5, epochs=3, batch_size=25, shuffle=False,
        compile=False, verbose=0,
    )  # fmt: skip
    optimizer = tg.optim.SGD(by_hand.parameters(), lr=0.5)
    for epoch in range(3):
        total = right = 0
        for rows in (slice(0, 25), slice(25, 50), slice(50, 60)):
            logits = by_hand(x[rows])
            loss = tg.nn.cross_entropy(logits, y[rows])
            total += loss.item() * len(x[rows])
            right += np.sum(logits.data.argmax(axis=1) == y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        assert history.loss[epoch] == pytest.approx(total / 60, rel=1e-14)
        assert history.accuracy[epoch] == right / 60
    for ours, theirs in zip(weights(model), weights(by_hand), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_same_seed_same_bits(moons, dropout):
    x, y = moons

    def trained(seed):
        model = moons_model(dropout=dropout)
        history = tg.fit(
            model, x, y, loss="cross_entropy", epochs=4, batch_size=16, seed=seed, verbose=0,
            augment=lambda rows, rng: rows + 0.01 * rng.standard_normal(rows.shape), validation_data=(x, y),
        )  # fmt: skip
        return history.to_dict(), weights(model)

    first, again, other = trained(7), trained(7), trained(8)
    assert first[0] == again[0]
    for a, b in zip(first[1], again[1], strict=True):
        np.testing.assert_array_equal(a, b)
    assert first[0] != other[0]


def test_a_generator_as_seed_and_numpys_own_state(moons):
    x, y = moons
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    curves = [
        tg.fit(moons_model(), x, y, loss="cross_entropy", epochs=2, seed=seed, verbose=0).loss
        for seed in (3, np.random.default_rng(3))
    ]
    assert curves[0] == curves[1]
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_every_epoch_sees_every_row_once_in_another_order():
    class Watch(tg.nn.Module):
        def __init__(self):
            self.w, self.seen = tg.Value(1.0), []

        def forward(self, x):
            if self.training:
                self.seen.append(x[:, 0])
            return x * self.w

    model, x = Watch(), np.arange(10.0)[:, np.newaxis]
    tg.fit(model, x, x, loss="mse", epochs=3, batch_size=4, lr=0.0, verbose=0)
    assert [len(batch) for batch in model.seen] == [4, 4, 2] * 3
    epochs = [np.concatenate(model.seen[i : i + 3]) for i in (0, 3, 6)]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(10))
    assert len({tuple(epoch) for epoch in epochs}) == 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_are_cast_to_the_models_dtype(dtype):
    seen = set()

    def loss(output, y):
        seen.add((output.dtype, y.dtype))
        return tg.nn.mse(output, y)

    model = tg.nn.MLP(3, [4, 1], seed=0, dtype=dtype)
    x = np.arange(30).reshape(10, 3)
    y = np.arange(10.0)[:, np.newaxis]
    tg.fit(model, x, y, loss=loss, epochs=2, verbose=0)
    assert seen == {(np.dtype(dtype), np.dtype(dtype))}
    assert {p.dtype for p in model.parameters()} == {np.dtype(dtype)}


def test_integer_and_bool_answers_of_a_yes_or_no_loss_become_floats(moons):
    x, y = moons
    for answers in (y[:, np.newaxis], y[:, np.newaxis].astype(bool), y[:, np.newaxis].astype(np.float32)):
        model = tg.nn.MLP(2, [8, 1], seed=0, dtype=np.float32)
        history = tg.fit(model, x, answers, loss="bce_with_logits", epochs=2, verbose=0)
        assert history.loss == pytest.approx([history.loss[0], history.loss[1]])
        assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_data_come_as_lists_frames_and_values(moons):
    class Frame:
        """What pandas' frames have in common with arrays."""

        def __init__(self, array):
            self.array = array

        def __array__(self, dtype=None, copy=None):
            return np.asarray(self.array, dtype=dtype)

    x, y = moons
    curves = [
        tg.fit(moons_model(), *pair, loss="cross_entropy", epochs=2, verbose=0).loss
        for pair in ((x, y), (x.tolist(), y.tolist()), (Frame(x), Frame(y.astype(object))), (tg.Value(x), y))
    ]
    assert curves[0] == curves[1] == curves[2] == curves[3]


def test_given_arrays_are_not_changed(moons):
    x, y = moons.x.copy(), moons.y.copy()
    tg.fit(moons_model(), x, y, loss="cross_entropy", epochs=2, verbose=0, augment=lambda rows, rng: rows * 0)
    np.testing.assert_array_equal(x, moons.x)
    np.testing.assert_array_equal(y, moons.y)


def test_validation_figures_are_those_of_the_model_in_use(moons):
    x, y = moons
    model, found = moons_model(dropout=0.5), []

    def look(run):
        found.append(tg.evaluate(model, x[:7], y[:7], loss="cross_entropy"))

    history = tg.fit(
        model, x, y, loss="cross_entropy", epochs=3, validation_data=(x[:7], y[:7]), callbacks=[look], verbose=0
    )
    assert [f["loss"] for f in found] == history.val_loss
    assert [f["accuracy"] for f in found] == history.val_accuracy


def test_afterwards_the_model_is_in_use(moons):
    model = moons_model(dropout=0.5)
    tg.fit(model, *moons, loss="cross_entropy", epochs=1, verbose=0)
    assert not any(module.training for module in model.modules())
    np.testing.assert_array_equal(model(moons.x).data, model(moons.x).data)


def test_training_figures_are_over_the_whole_epoch_not_means_of_batches():
    x = np.array([[1.0], [1.0], [1.0], [1.0], [-1.0]])
    model = tg.nn.MLP(1, [1], seed=0)
    model.layers[0].weights.data = [[1.0]]
    history = tg.fit(
        model, x, [[1], [1], [1], [0], [1]], loss="bce_with_logits", lr=0.0, epochs=1, batch_size=4, verbose=0,
        metrics=["accuracy", "precision", "recall", tg.nn.bce_with_logits],
    )  # fmt: skip
    assert history.accuracy == [3 / 5]
    assert history.precision == [3 / 4]
    assert history.recall == [3 / 4]
    assert history.loss[0] == pytest.approx(history.bce_with_logits[0], rel=1e-14)


def test_augment_gets_rows_of_the_models_dtype_and_changes_only_training():
    seen = []

    def augment(rows, rng):
        seen.append((rows.dtype, rng.random()))
        return rows.astype(np.float64) + 100

    model = tg.nn.MLP(2, [1], seed=0, dtype=np.float32)
    model.layers[0].weights.data = [[1.0], [1.0]]
    x, y = np.zeros((8, 2)), np.zeros((8, 1))
    history = tg.fit(model, x, y, loss="mae", lr=0.0, epochs=2, augment=augment, validation_data=(x, y), verbose=0)
    assert history.loss == [200.0, 200.0]
    assert history.val_loss == [0.0, 0.0]
    assert [dtype for dtype, _ in seen] == [np.float32] * 2
    assert seen[0][1] != seen[1][1]


@pytest.mark.parametrize(
    ("optimizer", "kind"),
    [
        ("adam", tg.optim.Adam),
        ("SGD", tg.optim.SGD),
        (tg.optim.AdamW, tg.optim.AdamW),
        (lambda parameters: tg.optim.SGD(parameters, lr=0.3, momentum=0.9), tg.optim.SGD),
    ],
)
def test_ways_to_name_an_optimizer(moons, optimizer, kind):
    used = []
    tg.fit(
        moons_model(), *moons, loss="cross_entropy", optimizer=optimizer, epochs=1, verbose=0,
        callbacks=[lambda run: used.append(run.optimizer)],
    )  # fmt: skip
    assert type(used[0]) is kind


def test_an_optimizer_object_and_a_schedule(moons):
    model = moons_model()
    optimizer = tg.optim.SGD(model.parameters(), lr=0.25)
    tg.fit(model, *moons, loss="cross_entropy", optimizer=optimizer, epochs=2, batch_size=None, verbose=0)
    assert optimizer.steps == 2
    rates = []
    tg.fit(
        moons_model(), *moons, loss="cross_entropy", optimizer="sgd", lr=lambda step: 1 / (1 + step), epochs=3,
        batch_size=None, verbose=0, callbacks=[lambda run: rates.append(run.optimizer.lr)],
    )  # fmt: skip
    assert rates == [1, 1 / 2, 1 / 3]


def test_an_optimizer_of_ones_own(moons):
    class Signs:
        """Steps of the same size for every parameter, along the signs of its gradient."""

        def __init__(self, model):
            self.model = model

        def zero_grad(self):
            self.model.zero_grad()

        def step(self):
            for p in self.model.parameters():
                p.data -= 0.01 * np.sign(p.grad)

    model = moons_model()
    history = tg.fit(model, *moons, loss="cross_entropy", optimizer=Signs(model), epochs=20, verbose=0)
    assert history.accuracy[-1] > 0.8


def test_losses_by_name_function_and_partial(moons):
    from functools import partial

    x, y = moons
    losses = ("cross_entropy", tg.nn.cross_entropy, partial(tg.nn.cross_entropy, label_smoothing=0.0))
    histories = [tg.fit(moons_model(), x, y, loss=loss, epochs=2, verbose=0) for loss in losses]
    assert histories[0].to_dict() == histories[1].to_dict() == histories[2].to_dict()
    own = tg.fit(moons_model(), x, y, loss=lambda z, y: tg.nn.cross_entropy(z, y), epochs=2, verbose=0)
    assert own.loss == histories[0].loss
    assert [*own.columns] == ["loss"]


def test_hinge_counts_signs(moons):
    x, y = moons
    history = tg.fit(
        tg.nn.MLP(2, [16, 16, 1], seed=1), x, 2 * y[:, np.newaxis] - 1, loss="hinge", lr=0.01, epochs=120, verbose=0
    )
    assert history.accuracy[-1] > 0.95


def test_a_module_of_ones_own():
    class Line(tg.nn.Module):
        def __init__(self):
            self.slope, self.bias = tg.Value(0.0), tg.Value(0.0)

        def forward(self, x):
            return x * self.slope + self.bias

    model, x = Line(), np.linspace(-1, 1, 20)
    history = tg.fit(
        model, x, 3 * x + 2, loss="mse", optimizer="sgd", lr=0.3, epochs=500, batch_size=None, target_loss=1e-16,
        metrics="r2", verbose=0,
    )  # fmt: skip
    assert history.converged
    assert (model.slope.item(), model.bias.item()) == pytest.approx((3, 2), abs=1e-6)
    assert history.r2[-1] == pytest.approx(1)


def test_spiral_is_learned():
    x, y = tg.datasets.spiral(100, 3, seed=0)
    history = tg.fit(
        tg.nn.MLP(2, [64, 64, 3], seed=0), x, y, loss="cross_entropy", lr=0.01, epochs=100, target_loss=0.35, verbose=0
    )
    assert history.converged
    assert history.accuracy[-1] > 0.8


class TestWeights:
    @pytest.mark.parametrize("loss", ["cross_entropy", "bce_with_logits", "mse"])
    def test_a_weight_of_two_is_a_row_twice(self, loss):
        x, y = tg.datasets.moons(30, seed=0)
        wide = loss == "cross_entropy"
        y = y if wide else y[:, np.newaxis]
        weight = np.where(np.arange(30) % 3 == 0, 2.0, 1.0)
        twice = np.repeat(np.arange(30), weight.astype(int))
        options = {"loss": loss, "lr": 0.01, "epochs": 5, "batch_size": None, "shuffle": False, "verbose": 0}
        model, other = (tg.nn.MLP(2, [6, 2 if wide else 1], seed=0) for _ in range(2))
        history = tg.fit(model, x, y, sample_weight=weight, **options)
        assert history.loss == pytest.approx(tg.fit(other, x[twice], y[twice], **options).loss, rel=1e-10)
        for ours, theirs in zip(weights(model), weights(other), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-8)

    def test_the_loss_of_an_epoch_counts_weights(self):
        x, y = np.arange(6.0)[:, np.newaxis], np.zeros((6, 1))
        model = tg.nn.MLP(1, [1], seed=0)
        model.layers[0].weights.data = [[1.0]]
        weight = [0.0, 1.0, 2.0, 3.0, 0.5, 0.5]
        history = tg.fit(model, x, y, loss="mae", lr=0.0, epochs=1, batch_size=4, sample_weight=weight, verbose=0)
        assert history.loss == [pytest.approx(np.average(np.arange(6), weights=weight))]

    @pytest.mark.parametrize("by_class", [{1: 3.0}, [1.0, 3.0], {0: 1, 1: 3, 7: 9}])
    def test_classes(self, moons, by_class):
        x, y = moons
        curves = [
            tg.fit(moons_model(), x, y, loss="cross_entropy", epochs=3, verbose=0, **weighting).loss
            for weighting in ({"class_weight": by_class}, {"sample_weight": np.where(y == 1, 3.0, 1.0)})
        ]
        assert curves[0] == curves[1]

    def test_batches_bring_theirs(self, moons):
        x, y = moons
        weight = np.linspace(0.5, 2, 60)
        batches = [(x[i : i + 20], y[i : i + 20], weight[i : i + 20]) for i in (0, 20, 40)]
        options = {"loss": "cross_entropy", "epochs": 2, "verbose": 0}
        want = tg.fit(moons_model(), x, y, sample_weight=weight, batch_size=20, shuffle=False, **options)
        assert tg.fit(moons_model(), batches, **options).to_dict() == want.to_dict()

    @pytest.mark.parametrize("wrong", [np.ones(59), -np.ones(60), np.ones((60, 1))])
    def test_senseless_weights(self, moons, wrong):
        with pytest.raises(ValueError, match=r"sample_weight must be 60 numbers|sample_weight holds -1"):
            tg.fit(moons_model(), *moons, loss="cross_entropy", sample_weight=wrong, verbose=0)

    def test_classes_of_what_has_none(self):
        x = np.linspace(0, 1, 10)[:, np.newaxis]
        with pytest.raises(ValueError, match="class_weight needs class numbers"):
            tg.fit(tg.nn.MLP(1, [1], seed=0), x, x, loss="mse", class_weight={0: 2.0}, verbose=0)


def test_lbfgs_computes_the_loss_as_often_as_it_likes(moons):
    model = moons_model()
    history = tg.fit(
        model, *moons, loss="cross_entropy", optimizer=tg.optim.LBFGS, batch_size=None, epochs=30, verbose=0
    )
    assert history.loss[-1] < 0.1 < history.loss[0]


def test_integers_stay_integers_for_an_embedding():
    rng = np.random.default_rng(0)
    words = rng.integers(0, 12, (64, 3))
    model = tg.nn.Sequential(tg.nn.Embedding(12, 8, seed=0), tg.nn.Flatten(), tg.nn.Layer(24, 2, seed=1))
    history = tg.fit(model, words, (words[:, 0] > 5).astype(int), loss="cross_entropy", lr=0.05, epochs=20, verbose=0)
    assert history.accuracy[-1] == 1.0
    assert tg.predict(model, words).shape == (64, 2)


def test_a_rate_that_falls_when_nothing_improves(moons):
    rates = []
    x, y = moons
    tg.fit(
        moons_model(), x, y, loss="cross_entropy", optimizer="adam", epochs=12, verbose=0,
        lr=tg.optim.schedules.plateau(0.01, patience=3, factor=0.5), validation_data=(x, 1 - y),
        callbacks=[lambda run: rates.append(run.optimizer.lr)],
    )  # fmt: skip
    assert rates[0] == 0.01
    assert rates[-1] in (0.005, 0.0025, 0.00125)
    assert rates == sorted(rates, reverse=True)


class TestWhatIsSeen:
    def test_nothing(self, moons, capsys):
        tg.fit(moons_model(), *moons, loss="cross_entropy", epochs=2, verbose=0, validation_data=moons)
        assert capsys.readouterr() == ("", "")

    def test_a_bar(self, moons, capsys):
        tg.fit(moons_model(), *moons, loss="cross_entropy", epochs=2, verbose=1, validation_data=moons)
        out, err = capsys.readouterr()
        assert out == "all 2 epochs are done\n"
        last = err.rstrip().rpartition("\r")[2]
        for part in ("epoch 2/2", "loss 0.", "accuracy 0.", "val_loss 0.", "val_accuracy 0."):
            assert part in last

    def test_a_line_per_epoch(self, moons, capsys):
        history = tg.fit(moons_model(), *moons, loss="cross_entropy", epochs=2, verbose=2)
        out, err = capsys.readouterr()
        assert err == ""
        assert out.splitlines() == [
            *(f"epoch {i + 1}/2  loss {history.loss[i]:.4f}, accuracy {history.accuracy[i]:.4f}" for i in (0, 1)),
            "all 2 epochs are done",
        ]


class TestStreams:
    def batches(self, moons):
        x, y = moons
        return [(x[i : i + 20], y[i : i + 20]) for i in (0, 20, 40)]

    def test_any_iterable_of_batches(self, moons):
        x, y = moons
        batches = self.batches(moons)
        want = tg.fit(moons_model(), x, y, loss="cross_entropy", batch_size=20, shuffle=False, epochs=3, verbose=0)
        for source in (batches, tuple(batches), lambda: iter(batches), lambda: (b for b in batches)):
            found = tg.fit(moons_model(), source, loss="cross_entropy", epochs=3, verbose=0)
            assert found.to_dict() == want.to_dict()

    def test_a_stream_without_end(self, moons):
        def forever():
            while True:
                yield from self.batches(moons)

        counts = []
        tg.fit(
            moons_model(), forever(), loss="cross_entropy", epochs=2, batches_per_epoch=4, verbose=0,
            callbacks=[lambda run: counts.append(run.steps)],
        )  # fmt: skip
        assert counts == [4, 8]

    def test_an_iterator_gives_its_batches_once(self, moons):
        history = tg.fit(moons_model(), iter(self.batches(moons)), loss="cross_entropy", epochs=5, verbose=0)
        assert len(history) == 1
        assert "ran out after epoch 1" in history.stopped
        assert "pass a function" in history.stopped

    @pytest.mark.parametrize("source", [[], iter([]), list])
    def test_no_batch_at_all(self, source):
        with pytest.raises(ValueError, match="iterable of batches is empty"):
            tg.fit(moons_model(), source, loss="cross_entropy", verbose=0)

    def test_batches_are_checked(self, moons):
        x, y = moons
        with pytest.raises(TypeError, match=r"pair \(x, y\), but the iterable gave ndarray"):
            tg.fit(moons_model(), [x, y], loss="cross_entropy", verbose=0)
        with pytest.raises(ValueError, match=r"x holds NaN, first at x\[0, 1\]"):
            tg.fit(moons_model(), [([[0.0, np.nan]], [0])], loss="cross_entropy", verbose=0)

    def test_an_array_without_targets_is_not_taken_for_batches(self, moons):
        with pytest.raises(TypeError, match="targets"):
            tg.fit(moons_model(), moons.x, loss="cross_entropy", verbose=0)


class TestCallbacks:
    def test_occasions(self, moons):
        told = []

        class Teller(Callback):
            def on_train_begin(self, run):
                told.append("begin")

            def on_batch_end(self, run):
                told.append(run.steps)

            def on_epoch_end(self, run):
                told.append({**run.figures})

            def on_train_end(self, run):
                told.append(run.history.stopped)

        history = tg.fit(
            moons_model(), *moons, loss="cross_entropy", epochs=2, batch_size=30, callbacks=[Teller()], verbose=0
        )
        figures = [{"loss": loss, "accuracy": a} for loss, a in zip(history.loss, history.accuracy, strict=True)]
        assert told == ["begin", 1, 2, figures[0], 3, 4, figures[1], "all 2 epochs are done"]

    def test_an_object_with_one_method_and_stopping(self, moons):
        class Stop:
            def on_batch_end(self, run):
                if run.steps == 3:
                    run.stop("three steps are enough")

        history = tg.fit(
            moons_model(), *moons, loss="cross_entropy", epochs=9, batch_size=30, callbacks=[Stop()], verbose=0
        )
        assert len(history) == 1
        assert history.stopped == "three steps are enough"
        assert not history.converged

    @pytest.mark.parametrize("wrong", [3, "early_stopping", Callback])
    def test_what_is_no_callback(self, moons, wrong):
        with pytest.raises(TypeError, match="a callback is"):
            tg.fit(moons_model(), *moons, loss="cross_entropy", callbacks=[wrong], verbose=0)

    def test_csv_log_is_the_history(self, moons, tmp_path):
        log = tg.training.CSVLog(tmp_path / "log.csv")
        history = tg.fit(moons_model(), *moons, loss="cross_entropy", epochs=3, callbacks=[log], verbose=0)
        history.to_csv(tmp_path / "history.csv")
        assert (tmp_path / "log.csv").read_bytes() == (tmp_path / "history.csv").read_bytes()

    def test_checkpoints(self, moons, tmp_path):
        x, y = moons
        model = moons_model()
        keepers = [tg.training.Checkpoint(tmp_path / keep, keep=keep) for keep in ("best", "last")]
        history = tg.fit(
            model, x, y, loss="cross_entropy", lr=0.2, epochs=12, callbacks=keepers, verbose=0, validation_data=(x, y)
        )
        assert history.best_epoch < 12
        for name, epoch in (("best", history.best_epoch), ("last", 12)):
            again = tg.load(tmp_path / name)
            found = tg.evaluate(again, x, y, loss="cross_entropy")["loss"]
            assert found == pytest.approx(history.val_loss[epoch - 1], rel=1e-12)

    def test_checkpoint_keeps_best_or_last(self, tmp_path):
        with pytest.raises(ValueError, match="'best' or 'last'"):
            tg.training.Checkpoint(tmp_path / "model", keep="all")


def test_rows_of_weight_0_say_nothing_even_where_a_batch_has_no_others(moons):
    x, y = moons
    counts = (np.arange(60) >= 32).astype(float)
    weighed, short = moons_model(), moons_model()
    tg.fit(
        weighed, x, y, loss="cross_entropy", optimizer="sgd", sample_weight=counts, batch_size=32, shuffle=False,
        epochs=3, verbose=0,
    )  # fmt: skip
    tg.fit(
        short, x[32:], y[32:], loss="cross_entropy", optimizer="sgd", batch_size=32, shuffle=False, epochs=3, verbose=0
    )
    for ours, theirs in zip(weights(weighed), weights(short), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


@pytest.mark.peers
def test_pandas_tables_are_data():
    pandas = pytest.importorskip("pandas")
    x, y = tg.datasets.moons(60, seed=0)
    frame, series = pandas.DataFrame(x, columns=["a", "b"]), pandas.Series(y, index=np.arange(60)[::-1])
    arguments = {"loss": "cross_entropy", "epochs": 2, "verbose": 0}
    want = tg.fit(moons_model(), x, y, sample_weight=1 + x[:, 0] ** 2, validation_data=(x, y), **arguments).to_dict()
    for given, answers in (
        (frame, series), (frame.astype("Float64"), series.astype("Int64")), (frame, series.astype("category")),
        (frame, series == 1),
    ):  # fmt: skip
        found = tg.fit(
            moons_model(), given, answers, sample_weight=1 + frame.a**2, validation_data=(given, answers), **arguments
        )
        assert found.to_dict() == want
    assert pandas.DataFrame(want).shape == (2, 5)
    assert tg.diagnose(moons_model(), frame * [1, 1000], series, "cross_entropy")[0].what.count("x['b']") == 1
    with pytest.raises(TypeError, match=r"np\.unique\(y, return_inverse=True\)"):
        tg.fit(moons_model(), frame, series.map({0: "dog", 1: "cat"}), **arguments)
