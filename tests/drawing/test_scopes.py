"""Modules as frames in the drawing of a graph."""

import re

import numpy as np
import pytest

import tinygrad_br as tg


def classified(**options):
    model = tg.nn.MLP(2, [8, 1], activation="tanh", seed=1)
    x, y = np.random.default_rng(0).normal(size=(5, 2)), np.ones((5, 1))
    return tg.draw(tg.nn.bce_with_logits(model(x), y), **options)


def frames(dot):
    lines = [line for line in dot.split("\n") if "labeljust" in line]
    return [re.search(r"tooltip=\"?([^\"\]]+)", line)[1].strip() for line in lines]


def test_modules_are_frames_and_parameters_have_names():
    drawing = classified()
    assert frames(drawing.dot) == ["MLP", "MLP / layer 1", "MLP / layer 2"]
    assert drawing.dot.count(">weights<") == drawing.dot.count(">biases<") == 2
    assert drawing.svg
    assert not frames(classified(model=False).dot)


def test_frames_lie_one_after_the_other():
    for direction, place in (("LR", 0), ("TB", 1)):
        svg = classified(direction=direction).svg
        boxes = []
        for title in ("MLP / layer 1", "MLP / layer 2"):
            frame = svg[: svg.index(f">{title}<")].rindex('class="cluster"')
            points = [float(n) for n in re.findall(r"-?[0-9.]+", re.search(r' d="([^"]+)"', svg[frame:])[1])]
            boxes.append((min(points[place::2]), max(points[place::2])))
        assert boxes[0][1] <= boxes[1][0]


def test_a_neuron_of_a_layer_has_its_own_frame():
    model = tg.nn.MLP(2, [4, 4, 1], activation="tanh", seed=1)
    y = model.layers[1].neurons[2](model.layers[0](np.ones(2)))
    assert frames(tg.draw(y).dot) == ["MLP", "MLP / layer 1", "MLP / layer 2", "MLP / layer 2 / neuron 3"]
    assert "MLP / layer 2 / neuron 3" in tg.draw(y, depth=2).text()


def test_what_is_added_to_a_result_from_outside_is_outside():
    neuron = tg.nn.Neuron(2, seed=0)
    y = tg.Value(0.5, name="outside") + neuron(np.ones(2))
    tree = tg.draw(y, depth=0).text().split("\n")
    assert "= +" in tree[0]
    assert "Neuron" in "".join(tree[1:])


def test_models_are_found_while_they_live_and_told_apart():
    first, second = tg.nn.MLP(2, [3], seed=0), tg.nn.MLP(3, [1], seed=0)
    y = second(first(np.ones((1, 2))))
    assert set(frames(tg.draw(y).dot)) == {"MLP", "MLP / layer 1", "MLP 2", "MLP 2 / layer 1"}
    assert set(frames(tg.draw(y, model=first).dot)) == {"MLP", "MLP / layer 1"}
    around = tg.nn.Sequential(first, second)
    assert "Sequential / layer 2 / layer 1" in frames(tg.draw(y).dot)
    z = tg.nn.MLP(2, [3], seed=0)(np.ones((1, 2)))
    del around
    assert not frames(tg.draw(z).dot)


@pytest.mark.parametrize(
    ("attribute", "title"),
    [("layers", "layer 1"), ("camadas", "camada 1"), ("pass", "pass 1"), ("s2s", "s2s 1"), ("s", "s 1")],
)
def test_lists_are_named_in_the_singular_and_counted_from_one(attribute, title):
    class Net(tg.nn.Module):
        def __init__(self):
            setattr(self, attribute, [tg.nn.Neuron(2, seed=0)])
            self.parts = {"head": tg.nn.Neuron(2, seed=1)}

        def forward(self, x):
            return getattr(self, attribute)[0](x) * self.parts["head"](x)

    net = Net()
    assert frames(tg.draw(net(np.ones(2))).dot) == ["Net", f"Net / {title}", "Net / parts.head"]


def test_mermaid_has_frames_too():
    text = classified().mermaid
    assert [line.strip().partition("[")[2] for line in text.split("\n") if "subgraph" in line] == [
        '"MLP"]', '"MLP / layer 1"]', '"MLP / layer 2"]',
    ]  # fmt: skip
    assert text.count("  end\n") == 3
    inside = text[text.index("layer 2") : text.index("end", text.index("layer 2"))]
    assert inside.count(":::leaf") == 2


def test_modules_fold():
    text = classified(depth=1).text()
    assert "MLP / layer 1  @, +, tanh  24 parameters" in text
    assert "MLP / layer 2  @, +  9 parameters" in text
    assert "bce_with_logits" in text
    assert "MLP  @, +, tanh, @, +  33 parameters" in classified(depth=0).text()
    assert len(frames(classified(depth=1).dot)) == 1


def test_what_goes_into_a_folded_module_stays_outside():
    model = tg.nn.MLP(2, [3, 1], seed=0)
    dot = tg.draw(model(tg.Value(np.ones((4, 2)), name="x")), depth=1).dot
    assert ">x<" in dot
    first, second = dot.index("MLP / layer 1"), dot.index("MLP / layer 2")
    assert dot.index("subgraph") < min(first, second) < max(first, second) < dot.index("}", dot.index("subgraph"))


def test_what_lies_between_modules_belongs_to_the_one_around_them():
    class Net(tg.nn.Module):
        def __init__(self):
            self.hidden = [tg.nn.Neuron(2, seed=i) for i in range(3)]
            self.out = tg.nn.Neuron(3, seed=9)

        def forward(self, x):
            return self.out(np.stack([neuron(x) for neuron in self.hidden]) * 0.5)

    net = Net()
    loss = (net(np.array([1.0, 2.0])) - 1.0) ** 2
    text = tg.draw(loss, depth=0).text()
    assert "Net" in text
    assert not [line for line in text.split("\n") if "stack" in line and "parameters" not in line]
    assert text.startswith("data")
    assert "**" in text.split("\n")[0]
    folded = tg.draw(loss, depth=1).text()
    assert folded.count("Net / hidden ") >= 3
    assert "stack" in folded


def test_depth_needs_a_model():
    with pytest.raises(ValueError, match="no living model has parameters"):
        tg.draw(tg.Value(1.0) * 2, depth=1)
