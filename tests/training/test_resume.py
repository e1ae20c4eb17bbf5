"""Going on from a checkpoint is as if training had never stopped, bit for bit."""

import numpy as np
import pytest

import tinygrad_br as tg


class SaveAt:
    """Saves a checkpoint at a step, or at the end of an epoch, and stops."""

    def __init__(self, path, step=None, epoch=None):
        self.path, self.step, self.epoch = path, step, epoch

    def on_batch_end(self, run):
        if run.steps == self.step:
            tg.save_checkpoint(run, self.path)
            run.stop("enough for today")

    def on_epoch_end(self, run):
        if run.epoch == self.epoch:
            tg.save_checkpoint(run, self.path)
            run.stop("enough for today")


def moons_fit(seed=0, optimizer="adam", **options):
    x, y = tg.datasets.moons(70, seed=0)
    model = tg.nn.MLP(2, [8, 8, 2], dropout=0.2, seed=seed)
    history = tg.fit(
        model, x, y, loss="cross_entropy", optimizer=optimizer, batch_size=16, epochs=8, verbose=0,
        augment=lambda rows, rng: rows + 0.05 * rng.standard_normal(rows.shape), validation_data=(x, y), **options,
    )  # fmt: skip
    return model, history


@pytest.mark.parametrize("where", [{"epoch": 3}, {"step": 1}, {"step": 13}, {"step": 15}, {"epoch": 8}])
@pytest.mark.parametrize(
    "optimizer",
    [
        "adam",
        lambda p: tg.optim.SGD(p, lr=lambda step: 0.5 / (1 + step), momentum=0.9),
        lambda p: tg.optim.SGD(p, lr=tg.optim.schedules.plateau(0.5, patience=1, factor=0.5)),
    ],
)
def test_bit_for_bit(tmp_path, where, optimizer):
    path = tmp_path / "checkpoint"
    whole, history = moons_fit(optimizer=optimizer, patience=100)
    moons_fit(optimizer=optimizer, patience=100, callbacks=[SaveAt(path, **where)])
    again, second = moons_fit(seed=9, optimizer=optimizer, patience=100, resume=path)
    assert second.to_dict() == history.to_dict()
    assert second.stopped == history.stopped
    found = again.state_dict()
    for name, array in whole.state_dict().items():
        np.testing.assert_array_equal(found[name], array)


def test_patience_counts_on(tmp_path):
    x, y = tg.datasets.moons(40, seed=0)

    def trained(**options):
        model = tg.nn.MLP(2, [4, 2], seed=0)  # with the answers turned round the loss soon grows
        history = tg.fit(
            model,
            x,
            y,
            loss="cross_entropy",
            lr=0.1,
            patience=6,
            epochs=50,
            verbose=0,
            validation_data=(x, 1 - y),
            **options,
        )
        return model.state_dict(), history

    trained(callbacks=[SaveAt(tmp_path / "checkpoint", epoch=4)])
    (state, history), (want, whole) = trained(resume=tmp_path / "checkpoint"), trained()
    assert len(history) == len(whole) < 50
    assert history.converged
    for name, array in want.items():
        np.testing.assert_array_equal(state[name], array)


def test_a_save_that_breaks_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint"
    moons_fit(callbacks=[SaveAt(path, epoch=1)])
    before = path.read_bytes()

    def broken(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr("os.replace", broken)
    with pytest.raises(OSError, match="the disk is full"):
        moons_fit(callbacks=[SaveAt(path, epoch=2)])
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


def test_files_that_do_not_fit(tmp_path):
    path = tmp_path / "checkpoint"
    moons_fit(callbacks=[SaveAt(path, epoch=1)])
    with pytest.raises(ValueError, match="remembers"):
        moons_fit(optimizer="sgd", resume=path)
    x, y = tg.datasets.moons(40, seed=0)
    with pytest.raises(ValueError, match="has shape"):
        tg.fit(tg.nn.MLP(2, [5, 2], seed=0), x, y, loss="cross_entropy", resume=path, verbose=0)
    with pytest.raises(ValueError, match="PCG64 generator"):
        tg.fit(
            tg.nn.MLP(2, [8, 8, 2], dropout=0.2, seed=0), x, y, loss="cross_entropy", resume=path, verbose=0,
            seed=np.random.Generator(np.random.MT19937(0)),
        )  # fmt: skip
    tg.save(tg.nn.MLP(2, [2], seed=0), tmp_path / "model")
    with pytest.raises(ValueError, match="holds a model, but no checkpoint"):
        moons_fit(resume=tmp_path / "model")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="damaged"):
        moons_fit(resume=path)
