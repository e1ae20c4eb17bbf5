"""The table of a training: columns, printing, files, pictures."""

import csv

import numpy as np
import pytest

import tinygrad_br as tg


def history_of(epochs=3, monitor="loss"):
    history = tg.History(monitor)
    for i in range(epochs):
        history.add({"loss": 1 / (1 + i), "accuracy": i / epochs, "val_loss": 2 / (1 + i), "val_accuracy": i / epochs})
    return history


def test_columns():
    history = history_of()
    assert len(history) == 3
    assert history["loss"] == history.loss == [1, 1 / 2, 1 / 3]
    assert history.to_dict()["epoch"] == [1, 2, 3]
    assert [*history.to_dict()] == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    with pytest.raises(KeyError, match="no 'f1'; it has loss, accuracy"):
        history["f1"]
    with pytest.raises(AttributeError, match="no 'f1'"):
        history.f1


def test_a_copy_is_given_away():
    history = history_of()
    history.to_dict()["loss"].clear()
    assert len(history.loss) == 3


def test_every_epoch_has_the_same_figures():
    with pytest.raises(ValueError, match="columns"):
        history_of().add({"loss": 1.0})


@pytest.mark.parametrize(("monitor", "best"), [("loss", 3), ("val_accuracy", 3), ("accuracy", 3)])
def test_best_epoch(monitor, best):
    assert history_of(monitor=monitor).best_epoch == best


def test_best_epoch_with_nan_and_without_epochs():
    history = tg.History()
    assert history.best_epoch is None
    history.add({"loss": float("nan")})
    assert history.best_epoch is None
    for loss in (2.0, 1.0, 1.0):
        history.add({"loss": loss})
    assert history.best_epoch == 3


def test_csv_keeps_every_bit(tmp_path):
    history = history_of(7)
    history.to_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="", encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    assert [float(row["loss"]) for row in rows] == history.loss
    assert [int(row["epoch"]) for row in rows] == [*range(1, 8)]


def test_printing():
    history = history_of()
    history.stopped = "all 3 epochs are done"
    assert str(history).splitlines() == [
        "epoch      loss  accuracy  val_loss  val_accuracy",
        "    1  1.000000  0.000000  2.000000      0.000000",
        "    2  0.500000  0.333333  1.000000      0.333333",
        "    3  0.333333  0.666667  0.666667      0.666667",
        "all 3 epochs are done",
    ]
    assert str(tg.History()) == "no epoch was finished"


def test_a_notebook_shows_the_table_with_the_best_epoch_in_bold():
    history = history_of(30)
    history.stopped = "stopped < here"
    page = history._repr_html_()
    assert page.count("<tr") == 1 + 5 + 1 + 10
    assert '<tr style="font-weight:bold"><td>30</td><td>0.033333</td>' in page
    assert page.endswith("<p>stopped &lt; here</p>")
    assert tg.History()._repr_html_() == "<p>no epoch was finished</p>"


def test_a_long_table_is_shortened():
    lines = str(history_of(500)).splitlines()
    assert len(lines) == 17
    assert lines[6] == "  ..."
    assert lines[-1].split()[0] == "500"


def test_very_small_and_large_figures_show_digits():
    history = tg.History()
    history.add({"loss": 1.25e-9})
    history.add({"loss": 4e12})
    assert "1.25e-09" in str(history)
    assert "4.00e+12" in str(history)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_plot(tmp_path, ending):
    pytest.importorskip("matplotlib")
    path = tmp_path / f"training.{ending}"
    figure = history_of(20).plot(path)
    assert path.stat().st_size > 3000
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["loss", "accuracy"]
    curves = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    np.testing.assert_array_equal(curves["training"], 1 / np.arange(1, 21))
    np.testing.assert_array_equal(curves["validation"], 2 / np.arange(1, 21))


def test_plot_shows_itself_in_notebooks():
    pytest.importorskip("matplotlib")
    assert history_of(3).plot()._repr_png_().startswith(b"\x89PNG")


def test_plot_of_no_epoch(tmp_path):
    with pytest.raises(ValueError, match="no epoch"):
        tg.History().plot(tmp_path / "nothing.png")
