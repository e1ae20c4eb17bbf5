"""Drawings of networks."""

import re
import time
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value
from tinygrad_br.drawing.scene import png_bytes


def lines(svg):
    return [line for line in ElementTree.fromstring(svg).iter() if line.tag.endswith("line") and len(line)]


def test_every_neuron_and_every_weight_is_drawn():
    model = tg.nn.MLP(10, [8, 8, 8, 2], seed=0)
    drawing = tg.draw(model)
    assert len(lines(drawing.svg)) == 224
    assert len(re.findall(r"<circle", drawing.svg)) == 36
    assert len(re.findall(r"bias ", drawing.svg)) >= 26
    for word in ("input", "hidden 1", "hidden 3", "output", "8 neurons, relu"):
        assert word in drawing.svg
    assert "224 weights, 26 biases" in drawing.text()


def test_width_and_colour_show_the_weights():
    model = tg.nn.Layer(3, 1)
    model.weights.data = [[3.0], [-1.5], [0.0]]
    drawn = {line[0].text: line for line in lines(tg.draw(model).svg)}
    wide, middle, thin = (float(drawn[f"weight {w}"].get("stroke-width")) for w in ("3", "-1.5", "0"))
    assert wide > middle > thin > 0
    assert drawn["weight 3"].get("stroke") != drawn["weight -1.5"].get("stroke")


def test_biases_stand_in_the_neurons():
    model = tg.nn.Layer(2, 2)
    model.biases.data = [0.25, -1234.5]
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", tg.draw(model).svg)
    assert "0.25" in texts
    assert "-1234" in texts


def test_wide_layers_are_elided_with_their_true_count_and_quickly():
    model = tg.nn.MLP(784, [64, 1], seed=0)
    tg.draw(model)
    began = time.process_time()
    svg = tg.draw(model).svg
    assert time.process_time() - began < 0.5
    assert len(svg) < 60_000
    assert ">784<" in svg
    assert ">64<" in svg
    assert len(lines(svg)) == 10 * 10 + 10
    assert len(lines(tg.draw(model, neurons=4).svg)) == 4 * 4 + 4


def test_a_single_neuron_and_one_of_a_layer_are_drawn():
    neuron = tg.nn.Neuron(3, seed=0)
    assert len(lines(tg.draw(neuron).svg)) == 3
    assert len(lines(tg.draw(tg.nn.Layer(4, 2, seed=0).neurons[1]).svg)) == 4


def test_activations_of_one_input_are_those_of_the_model():
    model = tg.nn.Sequential(tg.nn.Layer(3, 4, seed=0), np.tanh, tg.nn.Layer(4, 2, activation="sigmoid", seed=1))
    x = np.array([0.5, -1.0, 2.0])
    svg = tg.draw(model, inputs=x).svg
    hidden = np.tanh(x @ model[0].weights.data)
    shown = [float(a) for a in re.findall(r"activation ([-0-9.e]+)", svg)]
    np.testing.assert_allclose(shown, [*x, *hidden, *model(x[None]).data[0]], rtol=1e-3)


def test_the_strongest_output_is_marked_with_its_label():
    model = tg.nn.Layer(2, 3)
    model.weights.data = [[1.0, 2.0, 3.0], [0.0, 5.0, 1.0]]
    svg = tg.draw(model, inputs=[0.0, 1.0], labels=["cat", "dog", "bird"]).svg
    bold = re.findall(r'font-weight="bold">([^<]*)<', svg)
    assert any(text.startswith("dog") for text in bold)
    assert not any(text.startswith(("cat", "bird")) for text in bold)


def test_a_single_output_says_which_of_two():
    model = tg.nn.Layer(1, 1)
    model.weights.data = [[2.0]]
    assert "cat" in tg.draw(model, inputs=[1.0], labels=("dog", "cat")).svg
    assert "cat" not in tg.draw(model, inputs=[-1.0], labels=("dog", "cat")).svg
    assert "dog or cat" in tg.draw(model, labels=("dog", "cat")).svg


def test_pictures_are_shown_as_pictures():
    model = tg.nn.MLP(64, [3, 1], seed=0)
    picture = np.random.default_rng(0).random((8, 8))
    assert tg.draw(model, inputs=picture).svg.count("<image") == 1 + 3
    assert tg.draw(model, image_shape=(8, 8)).svg.count("<image") == 3
    assert tg.draw(tg.nn.MLP(48, [3, 1]), inputs=np.ones((4, 4, 3))).svg.count("<image") == 1 + 3
    with pytest.raises(ValueError, match="63 pixels"):
        tg.draw(model, image_shape=(9, 7))


def test_png_of_pixels_is_read_back_by_another_reader(tmp_path):
    from matplotlib import image

    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    (tmp_path / "x.png").write_bytes(png_bytes(pixels))
    np.testing.assert_array_equal(np.round(image.imread(tmp_path / "x.png") * 255), pixels)


def test_drawing_a_model_changes_nothing():
    model = tg.nn.MLP(4, [6, 2], dropout=0.5, seed=0)
    state = model.state_dict()
    flags = [module.training for module in model.modules()]
    tg.draw(model, inputs=np.ones(4)).svg
    assert all(np.array_equal(state[k], v) for k, v in model.state_dict().items())
    assert [module.training for module in model.modules()] == flags
    assert all(p.grad is None for p in model.parameters())


def test_all_kinds_of_files(tmp_path):
    drawing = tg.draw(tg.nn.MLP(4, [6, 2], seed=0), inputs=[1.0, 2.0, 3.0, 4.0], theme="dark")
    for kind in ("svg", "png", "pdf", "html", "dot", "mmd", "txt"):
        assert drawing.save(tmp_path / f"x.{kind}").stat().st_size > 40
    assert drawing.dot.count(" -- ") == 4 * 6 + 6 * 2
    assert "neurons" in drawing.mermaid


def test_what_is_no_chain_of_layers_says_what_to_draw_instead():
    class Fork(tg.nn.Module):
        def __init__(self):
            self.a, self.b = tg.nn.Layer(3, 4), tg.nn.Layer(3, 2)

    with pytest.raises(ValueError, match=r"tg\.draw\(model\(x\)\)"):
        tg.draw(Fork())
    with pytest.raises(TypeError, match="no such layer"):
        tg.draw(tg.nn.Dropout(0.5))
    with pytest.raises(ValueError, match="one example with 3 numbers"):
        tg.draw(tg.nn.Layer(3, 2), inputs=[1.0, 2.0])
    with pytest.raises(ValueError, match="at least 2"):
        tg.draw(tg.nn.Layer(3, 2), neurons=1)


def test_weights_that_are_not_finite_are_drawn():
    model = tg.nn.Layer(2, 2)
    model.weights.data = [[np.nan, np.inf], [1.0, 0.0]]
    model.biases.data = [np.nan, 1e300]
    ElementTree.fromstring(tg.draw(model).svg)
    assert tg.draw(model, inputs=[1.0, 1.0]).svg


def test_names_are_escaped():
    svg = tg.draw(tg.nn.Layer(2, 1), labels=["<script>&"], input_names=['"a"', "ação"]).svg
    assert "<script>" not in svg
    ElementTree.fromstring(svg)
    assert isinstance(tg.nn.Layer(2, 1).weights, Value)


def test_the_legend_of_a_narrow_network_is_not_cut_off():
    svg = ElementTree.fromstring(tg.draw(tg.nn.Layer(4, 3), inputs=[[1.0, 1.0], [0.0, 0.0]]).svg)
    low, _, width, _ = map(float, svg.get("viewBox").split())
    texts = svg.iter("{http://www.w3.org/2000/svg}text")
    legend = [text for text in texts if text.text in ("positive weight", "active")]
    assert len(legend) == 2
    for text in legend:
        assert low <= float(text.get("x")) <= low + width - 5 * len(text.text)


def test_normalisations_are_no_layers():
    model = tg.nn.Sequential(
        tg.nn.Layer(2, 4, seed=0), tg.nn.BatchNorm(4), np.tanh, tg.nn.LayerNorm(4), tg.nn.Layer(4, 1, seed=1)
    )
    assert tg.draw(model).title == "Sequential with 2, 4, 1 neurons from input to output"


def test_names_must_be_as_many_as_there_are_neurons():
    model = tg.nn.MLP(2, [3, 2], seed=0)
    with pytest.raises(ValueError, match="here 2, but got 3"):
        tg.draw(model, labels=("a", "b", "c"))
    with pytest.raises(ValueError, match="names of the 2 inputs, but got 1"):
        tg.draw(model, input_names=("a",))
    with pytest.raises(ValueError, match="one example with 2 numbers, but this one has 8"):
        tg.draw(model, inputs=np.ones((4, 2)))


def test_drawings_in_one_notebook_do_not_clip_each_other():
    clips = {}
    for model in (tg.nn.MLP(16, [3, 1], seed=0), tg.nn.MLP(16, [5, 4, 1], seed=0)):
        svg = tg.draw(model, image_shape=(4, 4)).svg
        for name, inside in re.findall(r'<clipPath id="(\w+)">(.*?)</clipPath>', svg):
            assert f"url(#{name})" in svg
            assert clips.setdefault(name, inside) == inside
    assert len(clips) >= 5
