"""The page of a recorded training, and the page as a browser runs it."""

import base64
import io
import json
import re
import shutil
import subprocess
import time
import urllib.request

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br.drawing.player.computation import Computation

ATTACK = "</script><script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">{{story}}"


def trained(callbacks, epochs=6, **options):
    x, y = tg.datasets.moons(60, seed=0)
    y = y.reshape(-1, 1).astype(float)
    model = tg.nn.MLP(2, [6, 5, 1], activation="tanh", seed=0)
    callbacks = [tg.record(model, x, y, labels=("upper", ATTACK), **options)] if callbacks else []
    history = tg.fit(model, x, y, loss="bce_with_logits", epochs=epochs, batch_size=20, verbose=0, callbacks=callbacks)
    return model, history, callbacks


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    _, _, [recorder] = trained(True, every=3)
    return recorder.save(tmp_path_factory.mktemp("page") / "training.html", title=ATTACK)


def story_in(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'type="application/json">(.*?)</script>', text, re.DOTALL)[1])


def test_the_story_tells_what_happened(page):
    story = story_in(page)
    assert [frame["step"] for frame in story["frames"]] == [0, 3, 6, 9, 12, 15, 18]
    assert len(story["losses"]) == story["steps"] == 18
    assert [layer["count"] for layer in story["layers"]] == [2, 6, 5, 1]
    assert len(story["frames"][0]["plane"]) > 2000
    assert story["frames"][0]["layers"][0]["g"] is None
    assert story["frames"][1]["layers"][0]["g"] is not None


def test_numbers_are_those_of_the_model():
    model, _, [recorder] = trained(True, every=1)
    story = recorder.story("x")
    last = story["frames"][-1]
    np.testing.assert_allclose(last["layers"][0]["w"], model.layers[0].weights.data, rtol=1e-3)
    np.testing.assert_allclose(last["acts"][-1][0], model(recorder.x[:1]).item(), rtol=1e-3)
    names = [(node["where"], node["name"]) for node in story["graph"]["nodes"]]
    weights = last["nodes"][names.index(("layer 3", "weights"))]
    loss = tg.nn.bce_with_logits(model(recorder.x[:1]), recorder.y[:1])
    np.testing.assert_allclose(weights["g"], tg.gradients(loss, [model.layers[2].weights])[0].ravel(), rtol=1e-3)


def numerically(function, x, h=1e-6):
    """All derivatives of the entries of function(x) by the entries of x, by central differences."""
    x = np.asarray(x, float)
    steps = h * np.eye(x.size).reshape(x.size, *x.shape)
    return np.stack([np.ravel(function(x + step) - function(x - step)) / (2 * h) for step in steps], axis=1)


def test_arrows_carry_the_local_derivative_also_of_what_is_used_twice():
    neuron = tg.nn.Neuron(2, seed=0)
    x = np.array([0.3, -1.2])
    y = neuron(x)
    y.name = "y"
    z = y * y + np.sin(y)
    computation = Computation(z * 3.0, neuron)
    nodes, links = computation.structure().values()
    slopes = {}
    for (a, b), slope in zip(links, computation.numbers(1)["slopes"], strict=True):
        slopes.setdefault((nodes[a]["name"], nodes[b]["name"]), []).append(slope)
    v = y.item()
    [[twice]] = numerically(lambda y: y * y, v)
    assert sum(slope for [slope] in slopes["y", "×"]) == pytest.approx(twice, rel=5e-3)
    assert slopes["y", "sin"] == [[pytest.approx(numerically(np.sin, v)[0, 0], rel=5e-3)]]
    assert [slope for [slope] in slopes["+", "×"]] == [3.0]


def test_arrows_between_arrays_carry_the_range_of_the_local_derivatives():
    rng = np.random.default_rng(3)
    layer = tg.nn.Layer(4, 3, activation="tanh", seed=1)
    x = rng.normal(size=(1, 4))
    computation = Computation((layer(tg.Value(x, name="x")) ** 2).sum(), layer)
    nodes, links = computation.structure().values()
    found = {
        (nodes[a]["name"], nodes[b]["name"]): slope
        for (a, b), slope in zip(links, computation.numbers(1)["slopes"], strict=True)
    }
    w, b = layer.weights.data, layer.biases.data
    cases = {
        ("x", "@"): numerically(lambda x: x @ w, x),
        ("weights", "@"): numerically(lambda w: x @ w, w),
        ("+", "tanh"): numerically(np.tanh, x @ w + b),
    }
    for names, jacobian in cases.items():
        entries = jacobian[np.abs(jacobian) > 1e-9]
        np.testing.assert_allclose(found[names], [entries.min(), entries.max()], rtol=5e-3)
    assert found["biases", "+"] == found["@", "+"] == [1.0]


def test_a_neuron_that_is_off_counts_as_a_derivative_of_zero():
    layer = tg.nn.Layer(1, 2, activation="relu")
    layer.weights.data = [[1.0, -1.0]]
    computation = Computation(layer(np.ones((1, 1))).sum(), layer)
    nodes, links = computation.structure().values()
    names = [(nodes[a]["name"], nodes[b]["name"]) for a, b in links]
    assert computation.numbers(1)["slopes"][names.index(("+", "relu"))] == [0.0, 1.0]


def test_running_statistics_are_those_of_each_frame():
    x, y = tg.datasets.moons(60, seed=0)
    model = tg.nn.Sequential(tg.nn.Layer(2, 4, seed=0), tg.nn.BatchNorm(4), np.tanh, tg.nn.Layer(4, 1, seed=1))
    recorder = tg.record(model, x, y.reshape(-1, 1) * 1.0, every=1)
    tg.fit(model, x, y.reshape(-1, 1) * 1.0, loss="bce_with_logits", epochs=2, verbose=0, callbacks=[recorder])
    first = tg.nn.Sequential(tg.nn.Layer(2, 4, seed=0), tg.nn.BatchNorm(4), np.tanh, tg.nn.Layer(4, 1, seed=1)).eval()
    frames = recorder.story("x")["frames"]
    np.testing.assert_allclose(frames[0]["acts"][-1][0], first(x[:1]).item(), rtol=1e-3)
    np.testing.assert_allclose(frames[-1]["acts"][-1][0], model.eval()(x[:1]).item(), rtol=1e-3)


def test_recording_changes_nothing():
    with_it, history, _ = trained(True)
    without, other, _ = trained(False)
    assert history.loss == other.loss
    for a, b in zip(with_it.parameters(), without.parameters(), strict=True):
        np.testing.assert_array_equal(a.data, b.data)


def test_a_long_training_is_thinned(monkeypatch):
    monkeypatch.setattr("tinygrad_br.drawing.player.MOST_FRAMES", 10)
    _, _, [recorder] = trained(True, epochs=40, every=1)
    steps = [frame["step"] for frame in recorder.frames]
    assert len(steps) <= 11
    assert steps == sorted(steps)
    assert len(set(np.diff(steps))) <= 2


def test_a_recording_of_pictures_is_small_and_cheap(tmp_path):
    images, answers = tg.datasets.cats_and_dogs()
    x, y = images.reshape(len(images), 784) / np.float32(255), answers.reshape(-1, 1).astype(np.float32)
    model = tg.nn.MLP(784, [256, 64, 1], dropout=0.1, seed=0, dtype=np.float32)
    recorder = tg.record(model, x, y, every=10, image_shape=(28, 28))
    spent = []

    def timed(function):
        def call(run):
            began = time.process_time()
            function(run)
            spent.append(time.process_time() - began)

        return call

    for occasion in ("on_train_begin", "on_batch_end"):
        setattr(recorder, occasion, timed(getattr(recorder, occasion)))
    began = time.process_time()
    tg.fit(model, x, y, loss="bce_with_logits", epochs=4, verbose=0, callbacks=[recorder])
    total = time.process_time() - began
    assert len(recorder.frames) > 15
    assert sum(spent) < 0.1 * (total - sum(spent))
    assert recorder.save(tmp_path / "x.html").stat().st_size < 3_000_000
    assert story_in(tmp_path / "x.html")["frames"][0]["layers"][0]["pictures"]


def test_the_page_asks_for_nothing_and_no_text_becomes_a_tag(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("<script") == 2
    assert "<img" not in text
    assert not re.findall(r"(?:src|href)=[\"'](?!data:)", text.split("<script")[0])
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_bad_use():
    model = tg.nn.MLP(2, [3, 1])
    with pytest.raises(ValueError, match="callbacks=\\[recorder\\]"):
        tg.record(model, np.ones((4, 2)), np.ones((4, 1))).save("x.html")
    with pytest.raises(ValueError, match="every="):
        tg.record(model, np.ones((4, 2)), np.ones((4, 1)), every=0)
    for wrong, said in (
        ({"x": np.ones((4, 3))}, "rows of 2 numbers"),
        ({"y": np.ones(3)}, "as many targets"),
        ({"example": 4}, "one of the 4 rows"),
        ({"labels": ("a", "b", "c")}, "here 1 or, for z <= 0 and z > 0, 2, but got 3"),
        ({"image_shape": (3, 3)}, "9 pixels"),
    ):
        with pytest.raises(ValueError, match=said):
            tg.record(model, **{"x": np.ones((4, 2)), "y": np.ones((4, 1)), **wrong})
    with pytest.raises(TypeError, match="no such layer"):
        tg.record(tg.nn.Dropout(0.5), np.ones((4, 2)), np.ones((4, 1)))


# -- the real page in a real browser ---------------------------------------------------------------------------------


class Browser:
    """As much of the WebDriver protocol (W3C) as these tests need."""

    def __init__(self, url):
        self.url = url
        args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND", "--lang=en"]
        wanted = {"goog:chromeOptions": {"args": args}, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        self.session = ""
        self.session = "/session/" + self("", {"capabilities": {"alwaysMatch": wanted}}, "/session")["sessionId"]

    def __call__(self, command, data=None, root=None):
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(self.url + (root or self.session) + command, body)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def run(self, script):
        return self("/execute/sync", {"script": script, "args": []})

    def click(self, name):
        self.run(f"document.getElementById('{name}').click()")

    def key(self, key):
        self.run(f"document.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}', bubbles: true}}))")

    @property
    def status(self):
        return self.run("return document.getElementById('status').textContent")

    def wait(self, script):
        for _ in range(100):
            if self.run(script):
                return
            time.sleep(0.05)
        raise AssertionError(f"it never became true: {script}")


@pytest.fixture(scope="module")
def browser(page):
    driver = shutil.which("chromedriver")
    if driver is None or not (shutil.which("chromium") or shutil.which("google-chrome")):
        pytest.skip("needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver)")
    process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port = next(m[1] for m in (re.search(r"successfully on port (\d+)", line) for line in process.stdout) if m)
        browser = Browser(f"http://127.0.0.1:{port}")
        browser("/url", {"url": page.as_uri()})
        yield browser
        urllib.request.urlopen(urllib.request.Request(browser.url + browser.session, method="DELETE"), timeout=30)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def test_an_address_can_name_a_frame(browser, page):
    browser("/url", {"url": page.as_uri() + "#3"})
    browser.run("location.reload()")
    browser.wait("return document.getElementById('status').textContent.startsWith('step 9,')")


def test_slider_steps_and_keys(browser):
    browser.key("Home")
    assert browser.status.startswith("step 0,")
    browser.click("forward")
    assert browser.status.startswith("step 3,")
    browser.key("ArrowRight")
    assert browser.status.startswith("step 6,")
    browser.key("ArrowLeft")
    browser.click("back")
    assert browser.status.startswith("step 0,")
    browser.run("const s = document.getElementById('slider'); s.value = 4; s.dispatchEvent(new Event('input'))")
    assert browser.status.startswith("step 12,")
    browser.key("End")
    assert browser.status.startswith("step 18,")


def test_it_plays_to_the_end(browser):
    browser.key("Home")
    browser.click("play")
    browser.wait("return document.getElementById('status').textContent.startsWith('step 18')")
    browser.wait("return document.getElementById('play').textContent.endsWith('Play')")


def test_the_graph_plays_forward_and_back(browser):
    browser.key("End")
    everything = browser.run("return document.getElementById('graph').textContent")
    assert "∂" in everything
    assert "×" in everything
    browser.key("g")
    browser.wait("return document.getElementById('graph-status').textContent.startsWith('Forward')")
    assert "∂" not in browser.run("return document.getElementById('graph').textContent")
    browser.click("flow")
    paused = browser.run("return document.getElementById('moment').value")
    time.sleep(0.7)
    assert browser.run("return document.getElementById('moment').value") == paused
    move = "const m = document.getElementById('moment'); m.value = {}; m.dispatchEvent(new Event('input'))"
    browser.run(move.format("m.max - 1"))
    assert browser.run("return document.getElementById('graph-status').textContent").startswith("Back: x")
    browser.click("flow")
    browser.wait("return document.getElementById('graph-status').textContent.startsWith('All')")
    assert browser.run("return document.getElementById('graph').textContent") == everything
    assert browser.run("return document.getElementById('flow').textContent").endswith("Play")


def test_a_touch_tells_the_numbers(browser):
    browser.run("document.querySelector('#network g').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    assert re.match(r"input, 1: value -?[0-9.]+$", browser.run("return document.getElementById('detail').textContent"))
    browser.run("document.querySelector('#graph g').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    assert "gradient" in browser.run("return document.getElementById('detail').textContent")


def test_language_and_theme(browser):
    browser.click("language")
    assert browser.run("return document.documentElement.lang") == "pt-BR"
    assert browser.status.startswith("passo ")
    browser.click("language")
    assert browser.status.startswith("step ")
    before = browser.run("return getComputedStyle(document.body).backgroundColor")
    browser.click("theme")
    assert browser.run("return getComputedStyle(document.body).backgroundColor") != before


def test_everything_has_a_name_for_screen_readers(browser):
    nameless = browser.run(
        "return [...document.querySelectorAll('button, input, svg[role], canvas[role], [role=group]')]"
        ".filter(e => !(e.getAttribute('aria-label') || e.textContent.trim())).length"
    )
    assert nameless == 0


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (700, 900), (360, 740)])
def test_it_fits_and_nothing_overlaps_at_every_size(browser, width, height):
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser("/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics})
    browser.wait(f"return innerWidth === {width}")
    browser.run("dispatchEvent(new Event('resize'))")
    shot = pytest.importorskip("matplotlib.image").imread(io.BytesIO(base64.b64decode(browser("/screenshot"))))
    assert shot.shape[1] > 0.9 * width
    assert len(np.unique(np.round(shot[::4, ::4, :3] * 31), axis=0)) > 20
    assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.run("return [...document.querySelectorAll('.scrolls')].every(e => e.scrollWidth <= e.clientWidth)")
    covered = browser.run("""
        const box = (e) => e.getBoundingClientRect();
        const before = (a, b) => a <= b + 0.5;
        const apart = (a, b) => before(a.right, b.left) || before(b.right, a.left)
            || before(a.bottom, b.top) || before(b.bottom, a.top);
        const boxes = [...document.querySelectorAll('#graph g > rect:first-child')].map(box);
        const labels = [...document.querySelectorAll('#graph > text')];
        const all = [...boxes, ...labels.map(box)];
        const sizes = [...document.querySelectorAll('main text')].map((e) => parseFloat(e.getAttribute('font-size')));
        const overlaps = all.flatMap((a, i) => all.slice(i + 1).filter((b) => !apart(a, b)));
        return [labels.length, overlaps.length, sizes.filter((s) => s < 9).length];
    """)
    assert covered[0] > 10
    assert covered[1:] == [0, 0]


def test_no_error_no_request_and_no_injected_script(browser, page):
    assert browser.run("return document.title") == ATTACK
    assert browser.run("return document.querySelectorAll('main img').length") == 0
    assert browser("/se/log", {"type": "browser"}) == []
    messages = [json.loads(e["message"])["message"] for e in browser("/se/log", {"type": "performance"})]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert {url.partition("#")[0] for url in asked if not url.startswith("data:")} <= {page.as_uri()}
