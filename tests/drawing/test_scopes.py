"""Modules as frames in the drawing of a graph."""

import re

import numpy as np
import pytest

import tinygrad_br as tg


def classified(depth=None, **options):
    model = tg.nn.MLP(2, [8, 1], activation="tanh", seed=1)
    x, y = np.random.default_rng(0).normal(size=(5, 2)), np.ones((5, 1))
    return tg.draw(tg.nn.bce_with_logits(model(x), y), model=model, depth=depth, **options)


def frames(dot):
    lines = [line for line in dot.split("\n") if "labeljust" in line]
    return [re.search(r"tooltip=\"?([^\"\]]+)", line)[1].strip() for line in lines]


def test_modules_are_frames_and_parameters_have_names():
    drawing = classified()
    assert frames(drawing.dot) == ["MLP", "MLP / layers.0", "MLP / layers.1"]
    assert drawing.dot.count(">weights<") == drawing.dot.count(">biases<") == 2
    assert drawing.svg


def test_modules_fold():
    text = classified(depth=1).text()
    assert "MLP / layers.0  @, +, tanh  24 parameters" in text
    assert "MLP / layers.1  @, +  9 parameters" in text
    assert "bce_with_logits" in text
    assert "MLP  @, +, tanh, @, +  33 parameters" in classified(depth=0).text()
    assert len(frames(classified(depth=1).dot)) == 1


def test_what_lies_between_modules_belongs_to_the_one_around_them():
    class Net(tg.nn.Module):
        def __init__(self):
            self.hidden = [tg.nn.Neuron(2, seed=i) for i in range(3)]
            self.out = tg.nn.Neuron(3, seed=9)

        def forward(self, x):
            return self.out(np.stack([neuron(x) for neuron in self.hidden]) * 0.5)

    net = Net()
    loss = (net(np.array([1.0, 2.0])) - 1.0) ** 2
    text = tg.draw(loss, model=net, depth=0).text()
    assert "Net" in text
    assert not [line for line in text.split("\n") if "stack" in line and "parameters" not in line]
    assert text.startswith("data")
    assert "**" in text.split("\n")[0]
    folded = tg.draw(loss, model=net, depth=1).text()
    assert folded.count("Net / hidden.") >= 3
    assert "stack" in folded


def test_depth_needs_a_model():
    with pytest.raises(ValueError, match="model=model"):
        tg.draw(tg.Value(1.0) * 2, depth=1)
