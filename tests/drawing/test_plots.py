"""Plots: what they show, not how pretty they are."""

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import drawing


def test_the_boundary_is_where_the_model_changes_its_mind(tmp_path):
    model = tg.nn.Layer(2, 1)
    model.weights.data = [[20.0], [0.0]]
    x = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    y = np.array([0, 0, 1, 1])
    figure = drawing.decision_boundary(model, x, y, tmp_path / "x.png", resolution=50, labels=("dog", "cat"))
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    axes = figure.axes[0]
    picture = axes.images[0].get_array()
    assert np.all(picture[:, :20, 2] > picture[:, :20, 0])  # blue on the left
    assert np.all(picture[:, -20:, 0] > picture[:, -20:, 2])  # orange on the right
    line = np.concatenate([p.vertices for p in axes.collections[0].get_paths()])
    np.testing.assert_allclose(line[:, 0], 0, atol=0.05)
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["dog", "cat"]


def test_boundaries_of_several_classes_and_of_hinge_labels():
    x, y = tg.datasets.spiral(20, 3, seed=0)
    drawing.decision_boundary(tg.nn.MLP(2, [4, 3], seed=0), x, y, resolution=20)
    x, y = tg.datasets.moons(20, seed=0)
    drawing.decision_boundary(tg.nn.MLP(2, [4, 1], seed=0, dtype=np.float32), x, 2 * y - 1, resolution=20)
    drawing.decision_boundary(lambda points: points[:, 0], x, y[:, None], resolution=20)


def test_boundary_refuses_what_is_not_in_the_plane():
    model = tg.nn.Layer(2, 1)
    with pytest.raises(ValueError, match=r"\(rows, 2\)"):
        drawing.decision_boundary(model, np.ones((4, 3)), np.ones(4))
    with pytest.raises(ValueError, match="tells 2 classes apart"):
        drawing.decision_boundary(model, np.ones((3, 2)), np.array([0, 1, 2]), resolution=5)


def test_confusion_counts_every_pair():
    answers = np.array([0, 0, 1, 1, 1, 2])
    predictions = np.array([[0], [1], [1], [1], [2], [2]])
    axes = drawing.confusion_matrix(answers, predictions).axes[0]
    assert [t.get_text() for t in axes.texts] == ["1", "1", "0", "0", "2", "1", "0", "0", "1"]
    assert axes.get_title() == "66.7 % right"
    with pytest.raises(ValueError, match="label"):
        drawing.confusion_matrix(answers, answers, labels=["a", "b"])
    with pytest.raises(ValueError, match="3 for 6"):
        drawing.confusion_matrix(answers, [0, 1, 2])


def test_histograms_hold_every_weight_and_every_gradient():
    model = tg.nn.MLP(3, [5, 2], seed=0)
    (model(np.ones((4, 3))) ** 2).sum().backward()
    figure = drawing.histograms(model)
    counts = [sum(bar.get_height() for bar in axes.patches) for axes in figure.axes]
    assert counts == [15, 15, 5, 5, 10, 10, 2, 2]
    model.zero_grad()
    model.layers[0].weights.data[0, 0] = np.nan
    assert len(drawing.histograms(model).axes) == 4


def test_activations_count_the_dead():
    model = tg.nn.MLP(2, [4, 1], dropout=0.5, seed=0)
    model.layers[0].biases.data = [-1e3, -1e3, 1e3, 1e3]
    x = np.random.default_rng(0).normal(size=(16, 2))
    axes = drawing.activation_statistics(model, x).axes[0]
    assert [t.get_text() for t in axes.texts] == ["50 % dead", "0 % dead"]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["1 relu", "2 output"]
    assert all(module.training for module in model.modules())


def test_names_with_dollar_signs_are_no_formulas(tmp_path):
    x, y = tg.datasets.moons(20, seed=0)
    names = ("$\\frac$", "a$b$c")
    drawing.decision_boundary(tg.nn.MLP(2, [4, 1], seed=0), x, y, tmp_path / "x.png", resolution=20, labels=names)
    drawing.confusion_matrix(y, y, names, tmp_path / "y.png")
