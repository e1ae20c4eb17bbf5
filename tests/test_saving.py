"""Saving and loading: the same model comes back, nothing is half written, nothing foreign is run."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value, files, nn

MODELS = {
    "mlp": lambda: nn.MLP(4, [3, 2], activation="tanh", output="sigmoid", seed=0, dropout=0.3),
    "float32": lambda: nn.MLP(4, [3, 2], dtype=np.float32, seed=0),
    "neuron": lambda: nn.Neuron(4, activation="relu", seed=0),
    "layer": lambda: nn.Layer(4, 3, activation=np.tanh, init=nn.init.orthogonal, seed=0),
    "nested": lambda: nn.Sequential(
        nn.Flatten(), nn.Residual(nn.Sequential(nn.Layer(4, 4, seed=0), nn.relu)), np.tanh, nn.Dropout(0.5, seed=1)
    ),
}


class Own(nn.Module):
    def __init__(self):
        self.scale, self.mean = Value(2.0), np.zeros(3)
        self.rng = np.random.default_rng(0)

    def forward(self, x):
        return (x - self.mean) * self.scale


@pytest.mark.parametrize("name", MODELS)
def test_the_same_model_comes_back(name, tmp_path):
    model = MODELS[name]()
    for p in model.parameters():
        p.data = p.data + np.asarray(0.125, p.dtype)
    x = np.random.default_rng(0).normal(size=(5, 4))
    model(x)  # a dropout draws, and goes on from there after loading
    tg.save(model, tmp_path / "model")
    again = tg.load(str(tmp_path / "model"))
    assert repr(again) == repr(model)
    assert again.summary() == model.summary()
    expected, got = model(x), again(x)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(getattr(got, "data", got), getattr(expected, "data", expected))


def test_the_path_is_used_as_it_is(tmp_path):
    for name in ("model", "model.npz", "modelo em português.bin"):
        tg.save(nn.Neuron(2), tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["model", "model.npz", "modelo em português.bin"]
    assert tg.load(tmp_path / "modelo em português.bin").nin == 2


def test_the_mode_is_kept(tmp_path):
    tg.save(nn.MLP(2, [2], dropout=0.5).eval(), tmp_path / "m")
    assert not any(module.training for module in tg.load(tmp_path / "m").modules())


def test_a_class_of_ones_own_is_given(tmp_path):
    model = Own()
    model.scale.data, model.mean[:] = 5.0, [1, 2, 3]
    model.rng.random(3)
    tg.save(model, tmp_path / "m")
    with pytest.raises(ValueError, match=r"holds a Own, .* class of your own\); .* tg.load\(path, model=it\)"):
        tg.load(tmp_path / "m")
    again = tg.load(tmp_path / "m", model=Own())
    np.testing.assert_array_equal(again(np.ones(3)).data, model(np.ones(3)).data)
    assert again.rng.random() == model.rng.random()
    with pytest.raises(ValueError, match=r"missing \['weights', 'bias'\]"):
        tg.load(tmp_path / "m", model=nn.Neuron(2))


def test_a_function_of_ones_own_needs_the_model_too(tmp_path):
    def double(x):
        return 2 * x

    model = nn.Sequential(nn.Layer(2, 2, seed=0), double)
    tg.save(model, tmp_path / "m")
    with pytest.raises(ValueError, match="double is a function of your own"):
        tg.load(tmp_path / "m")
    again = tg.load(tmp_path / "m", model=nn.Sequential(nn.Layer(2, 2, seed=1), double))
    np.testing.assert_array_equal(again(np.ones((1, 2))).data, model(np.ones((1, 2))).data)


def test_equal_models_give_equal_files_which_numpy_opens(tmp_path):
    for name in "ab":
        tg.save(nn.MLP(3, [2], seed=0), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with np.load(tmp_path / "a", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["layers.0.weights"], nn.MLP(3, [2], seed=0).layers[0].weights.data)


def test_every_truncation_and_every_kind_of_damage_is_noticed(tmp_path):
    """Either the model that was saved comes back, or there is one clear error."""
    path = tmp_path / "m"
    model = nn.MLP(2, [2, 1], seed=0, dropout=0.5)
    tg.save(model, path)
    whole, expected = path.read_bytes(), model.state_dict()
    rng = np.random.default_rng(0)
    damaged = [whole[:n] for n in range(0, len(whole), 37)]
    for place in rng.integers(0, len(whole), 200):
        changed = bytearray(whole)
        changed[place] ^= 1 << rng.integers(8)
        damaged.append(bytes(changed))
    intact = refused = 0
    for content in damaged:
        path.write_bytes(content)
        try:
            state = tg.load(path).state_dict()
        except ValueError as error:
            refused += str(path) in str(error)
            continue
        for name, array in expected.items():
            np.testing.assert_array_equal(state[name], array)
        intact += 1
    assert refused > 200
    assert refused + intact == len(damaged)


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "m"
    contents = {"empty": b"", "text": b"hello", "pickle": pickle.dumps([1, 2])}
    for content in contents.values():
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"m is damaged or no file of tg\.save"):
            tg.load(path)
    np.savez(tmp_path / "arrays.npz", a=np.ones(3))
    with pytest.raises(ValueError, match=r"no file of tg\.save"):
        tg.load(tmp_path / "arrays.npz")
    with pytest.raises(FileNotFoundError):
        tg.load(tmp_path / "nothing")
    with pytest.raises(TypeError, match=r"tg\.save writes a Module, but got dict"):
        tg.save({}, tmp_path / "m")


@pytest.mark.parametrize(
    "described",
    [
        {"class": "System", "arguments": {}},
        {"class": "init", "arguments": {}},
        {"class": "Value", "arguments": {"data": 1}},
        {"class": "MLP", "arguments": {"nin": 2}},
        {"class": "MLP", "arguments": {"nin": 2, "nouts": [-1]}},
        {"class": "MLP", "arguments": {"nin": 2, "nouts": [1], "command": "ls"}},
        {"class": "Sequential", "arguments": {"layers": [{"function": "os.system"}]}},
        {"dtype": "O"},
        [1, 2],
        "MLP",
        None,
    ],
)
def test_only_modules_of_the_library_are_built(described, tmp_path):
    path = tmp_path / "m"
    with zipfile.ZipFile(path, "w") as archive:
        header = {"format": 1, "class": "MLP", "model": described, "arrays": []}
        archive.writestr("tinygrad_br.json", json.dumps(header))
    with pytest.raises(ValueError, match="does not describe a model"):
        tg.load(path)


def test_object_arrays_are_not_unpickled(tmp_path):
    path = tmp_path / "m"
    tg.save(nn.Neuron(2), path)
    with zipfile.ZipFile(path) as archive:
        header = archive.read("tinygrad_br.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tinygrad_br.json", header)
        for name in ("weights", "bias"):
            with archive.open(f"{name}.npy", "w") as entry:
                np.lib.format.write_array(entry, np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        tg.load(path)


def test_a_newer_format_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "m", "w") as archive:
        archive.writestr("tinygrad_br.json", json.dumps({"format": 99, "arrays": []}))
    with pytest.raises(ValueError, match="format 99 is not 1"):
        tg.load(tmp_path / "m")


def test_a_failing_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "m"
    tg.save(nn.Neuron(2, seed=0), path)
    before = path.read_bytes()

    def fail(*args, **kwargs):
        raise OSError("no space left on device")

    for target, name in ((np.lib.format, "write_array"), (os, "fsync"), (os, "replace")):
        with monkeypatch.context() as patch:
            patch.setattr(target, name, fail)
            with pytest.raises(OSError, match="no space left"):
                tg.save(nn.Neuron(3), path)
        assert path.read_bytes() == before
        assert os.listdir(tmp_path) == ["m"]


def test_a_killed_save_leaves_the_old_file(tmp_path):
    """The process dies in the middle of writing."""
    path = tmp_path / "m"
    tg.save(nn.Neuron(2, seed=0), path)
    before = path.read_bytes()
    code = (
        "import os, sys, numpy as np, tinygrad_br as tg\n"
        "np.lib.format.write_array = lambda *a, **k: os._exit(9)\n"
        "tg.save(tg.nn.Neuron(3), sys.argv[1])"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 9
    assert path.read_bytes() == before
    assert tg.load(path).nin == 2
    nameless = files.open_nameless(str(tmp_path))
    if nameless is not None:  # a file without a name vanishes with the process
        nameless.close()
        assert os.listdir(tmp_path) == ["m"]


@pytest.mark.parametrize("missing", ["open_nameless", "link"])
def test_systems_without_nameless_files(missing, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("not supported")

    if missing == "link":
        monkeypatch.setattr(os, "link", refuse)
    else:
        monkeypatch.setattr(files, "open_nameless", lambda folder: None)
    path = tmp_path / "m"
    for nin in (2, 3):
        tg.save(nn.Neuron(nin), path)
        assert tg.load(path).nin == nin
        assert os.listdir(tmp_path) == ["m"]
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        with pytest.raises(OSError, match="not supported"):
            tg.save(nn.Neuron(4), path)
    assert tg.load(path).nin == 3
    assert os.listdir(tmp_path) == ["m"]


@pytest.mark.skipif(os.name != "posix", reason="Windows needs a privilege to make symbolic links")
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    tg.save(nn.Neuron(2), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert tg.load(tmp_path / "target").nin == 2


# safetensors ----------------------------------------------------------------------------------------------------------


def test_safetensors_need_their_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad_br\[safetensors\]"'):
        tg.save(nn.Neuron(2), tmp_path / "m.safetensors")
    assert os.listdir(tmp_path) == []


def test_dtypes_that_safetensors_do_not_have(tmp_path):
    with pytest.raises(TypeError, match=f"weights is {np.dtype(np.longdouble)}, which .safetensors does not have"):
        tg.save(nn.Neuron(2, dtype=np.longdouble), tmp_path / "m.safetensors")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", MODELS)
def test_the_same_model_comes_back_from_safetensors(name, tmp_path):
    pytest.importorskip("safetensors")
    model, path, x = MODELS[name](), tmp_path / "M.SafeTensors", np.random.default_rng(0).normal(size=(5, 4))
    model(x)
    tg.save(model, path)
    again = tg.load(path)
    assert repr(again) == repr(model)
    expected, got = model(x), again(x)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(getattr(got, "data", got), getattr(expected, "data", expected))


def test_safetensors_of_a_class_of_ones_own(tmp_path):
    pytest.importorskip("safetensors")
    model, path = Own(), tmp_path / "m.safetensors"
    model.scale.data, model.mean[:] = 5.0, [1, 2, 3]
    model.rng.random(3)
    tg.save(model, path)
    with pytest.raises(ValueError, match=r"holds a Own, .* tg.load\(path, model=it\)"):
        tg.load(path)
    again = tg.load(path, model=Own())
    np.testing.assert_array_equal(again(np.ones(3)).data, model(np.ones(3)).data)
    assert again.rng.random() == model.rng.random()


def test_safetensors_hold_the_state_by_its_names(tmp_path):
    peer = pytest.importorskip("safetensors.numpy")
    model = nn.Sequential(nn.Conv2d(1, 2, 3, seed=0, dtype=np.float32), nn.BatchNorm(2), nn.Dropout(0.5, seed=0))
    model[0].weights.data = np.asfortranarray(model[0].weights.data)
    tg.save(model, tmp_path / "m.safetensors")
    arrays = peer.load_file(tmp_path / "m.safetensors")
    state = model.state_dict()
    assert {*arrays} == {*state} - {"layers.2.generator"}
    for name, array in arrays.items():
        assert array.dtype == state[name].dtype
        np.testing.assert_array_equal(array, state[name])


def test_safetensors_of_another_program(tmp_path):
    peer = pytest.importorskip("safetensors.numpy")
    layer, path = nn.Layer(3, 2, seed=0), tmp_path / "m.safetensors"
    peer.save_file({"weight": np.arange(6.0).reshape(2, 3), "bias": np.ones(2)}, path)
    with pytest.raises(ValueError, match="holds numbers only"):
        tg.load(path)
    assert tg.load(path, model=layer) is layer
    np.testing.assert_array_equal(layer.weights.data, np.arange(6.0).reshape(2, 3).T)


def test_damaged_safetensors(tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / "m.safetensors"
    tg.save(nn.MLP(2, [2, 1], seed=0, dropout=0.5), path)
    whole = path.read_bytes()
    for content in (b"", b"hello", whole[:50], whole[:-1], whole.replace(b"format", b"farmot", 1)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"m\.safetensors is damaged or no \.safetensors file"):
            tg.load(path)
    path.write_bytes(whole.replace(b'format\\": 1', b'format\\": 9', 1))
    with pytest.raises(ValueError, match="format 9 is not 1"):
        tg.load(path)
    with pytest.raises(FileNotFoundError):
        tg.load(tmp_path / "nothing.safetensors")


def test_a_checkpoint_may_be_safetensors(tmp_path):
    pytest.importorskip("safetensors")
    x, y = tg.datasets.moons(40, seed=0)
    path = tmp_path / "c.safetensors"
    options = {"loss": "cross_entropy", "batch_size": 16, "verbose": 0}
    straight = tg.fit(nn.MLP(2, [4, 2], seed=0, dropout=0.1), x, y, epochs=4, **options)
    tg.fit(
        nn.MLP(2, [4, 2], seed=0, dropout=0.1), x, y, epochs=2,
        callbacks=[lambda run: tg.save_checkpoint(run, path)], **options,
    )  # fmt: skip
    resumed = tg.fit(nn.MLP(2, [4, 2], dropout=0.1), x, y, epochs=4, resume=path, **options)
    assert resumed.loss == straight.loss
