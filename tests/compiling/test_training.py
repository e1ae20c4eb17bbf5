"""Compiled training steps: the same numbers as the eager step, in the live parameters, gradients and optimizers."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value

OPTIMIZERS = {
    "SGD": lambda p: tg.optim.SGD(p, 0.1),
    "momentum": lambda p: tg.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01),
    "Nesterov": lambda p: tg.optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "schedule": lambda p: tg.optim.SGD(p, lambda step: 0.1 / (1 + step)),
    "Adam": lambda p: tg.optim.Adam(p, 0.01, weight_decay=0.01),
    "AdamW": lambda p: tg.optim.AdamW(p, 0.01),
    "RMSprop": lambda p: tg.optim.RMSprop(p, momentum=0.5),
    "Nadam": lambda p: tg.optim.Nadam(p),
}


@pytest.fixture(autouse=True, params=["small", "large"])
def size(request, monkeypatch):
    """Small matrices, and small ones that are treated as large ones are.

    Optimizers keep large ones column after column for programs, whose large products are np.matmul's.
    """
    if request.param == "large":
        monkeypatch.setattr("tinygrad_br.optim.optimizer.SIDE", 2)
        monkeypatch.setattr("tinygrad_br.compiling.calls.MOST_CLEARED", 0)
    return request.param


def network(seed=0, sizes=(3, 8, 4), dtype=np.float32, **options):
    return tg.nn.MLP(sizes[0], list(sizes[1:]), seed=seed, dtype=dtype, **options)


def batches(n=6, rows=5, nin=3, classes=4, dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(rows, nin)).astype(dtype), rng.integers(0, classes, rows)) for _ in range(n)]


def training_step(model, optimizer, loss=tg.nn.cross_entropy):
    def step(x, labels):
        value = loss(model(x), labels)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value.data

    return step


def assert_same(model, other):
    """Sums over a batch are added in another order, which may change the last digits."""
    for p, q in zip(model.parameters(), other.parameters()):
        assert p.data.dtype == q.data.dtype
        np.testing.assert_allclose(p.data, q.data, rtol=2e-5, atol=2e-6)
        np.testing.assert_allclose(p.grad, q.grad, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_steps_of_optimizers(make):
    model, other = network(), network()
    optimizer, reference = make(model.parameters()), make(other.parameters())
    compiled, eager = tg.compile(training_step(model, optimizer)), training_step(other, reference)
    for x, labels in batches(70):
        assert compiled(x, labels) == pytest.approx(eager(x, labels), rel=1e-5)
    assert_same(model, other)
    assert optimizer.steps == reference.steps
    assert optimizer.lr == reference.lr
    for name, memory in optimizer.state_dict().items():
        np.testing.assert_allclose(memory, reference.state_dict()[name], rtol=1e-4, atol=1e-7)


def test_a_neuron_whose_bias_has_no_axes():
    models = [tg.nn.Neuron(3, seed=0) for _ in range(2)]
    steps = [training_step(m, tg.optim.Adam(m.parameters(), 0.1), tg.nn.mse) for m in models]
    compiled = tg.compile(steps[0])
    for x, _ in batches(4, dtype=np.float64):
        assert compiled(x, x[:, 0]) == pytest.approx(steps[1](x, x[:, 0]))
    assert_same(*models)


def test_eager_and_compiled_calls_see_the_same_numbers():
    model, other = network(), network()
    step = training_step(model, tg.optim.Adam(model.parameters()))
    reference = training_step(other, tg.optim.Adam(other.parameters()))
    compiled = tg.compile(step)
    for i, batch in enumerate(batches(9)):
        assert (step if i % 3 == 1 else compiled)(*batch) == pytest.approx(reference(*batch), rel=1e-5)
        if i == 5:
            state = network(seed=9).state_dict()
            model.load_state_dict(state)
            other.load_state_dict(state)
    assert_same(model, other)


def test_gradients_accumulate_unless_they_are_forgotten():
    model, other = network(), network()

    def accumulate(network):
        def run(x, labels):
            loss = tg.nn.cross_entropy(network(x), labels)
            loss.backward()
            return loss

        return run

    compiled, eager = tg.compile(accumulate(model)), accumulate(other)
    for i, batch in enumerate(batches()):
        if i == 3:
            model.zero_grad()
            other.zero_grad()
        assert compiled(*batch).item() == pytest.approx(eager(*batch).item(), rel=1e-5)
        assert_same(model, other)


def test_dropout_draws_anew_and_the_same_numbers_as_eager():
    model, other = (network(dropout=0.5) for _ in range(2))
    compiled = tg.compile(training_step(model, tg.optim.SGD(model.parameters())))
    eager = training_step(other, tg.optim.SGD(other.parameters()))
    x, labels = batches()[0]
    losses = [compiled(x, labels) for _ in range(4)]
    assert losses == pytest.approx([eager(x, labels) for _ in range(4)], rel=1e-5)
    assert len(set(losses)) == 4


def test_an_update_by_hand_and_its_order():
    first, second = ([Value(np.arange(3.0)), Value(2.0), Value(np.ones(3))] for _ in range(2))

    def run(w, b, average):
        def step(x):
            w.zero_grad()
            b.zero_grad()
            loss = ((w * x + b) ** 2).sum()
            loss.backward()
            w.data -= 0.1 * w.grad
            b.data = b.data - 0.1 * b.grad
            average.data = 0.9 * average.data + 0.1 * w.data
            return loss.data, w.data.sum()

        return step

    compiled, eager = tg.compile(run(*first)), run(*second)
    for k in range(3):
        x = np.arange(3.0) + k
        assert compiled(x) == eager(x)
        for p, q in zip(first, second):
            np.testing.assert_array_equal(p.data, q.data)


def test_values_that_change_places():
    a, b = Value(np.zeros(3)), Value(np.ones(3))

    @tg.compile
    def swap(x):
        a.data, b.data = b.data, a.data
        return (a * x).sum()

    for _ in range(2):
        assert swap(np.ones(3)).item() == 3
        np.testing.assert_array_equal(b.data, 0)
        a.data, b.data = np.zeros(3), np.ones(3)


def test_labels_out_of_range_are_an_error_that_changes_nothing():
    model = network()
    optimizer = tg.optim.Adam(model.parameters())
    step = tg.compile(training_step(model, optimizer))
    (x, labels), *_ = batches()
    step(x, labels)
    before = model.state_dict()
    for wrong in (4, -1):
        with pytest.raises(ValueError, match="labels go from 0 to 3 for 4 classes"):
            step(x, np.full_like(labels, wrong))
    assert optimizer.steps == 1
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_training_and_use_have_programs_of_their_own():
    model = network(dropout=0.5)
    compiled = tg.compile(lambda x: model(x).data)
    x, _ = batches()[0]
    model.train()
    compiled(x)
    model.eval()
    np.testing.assert_allclose(compiled(x), model(x).data, rtol=1e-6)
    model.train()
    assert not np.array_equal(compiled(x), compiled(x))


def test_settings_of_an_optimizer_may_change():
    model, other = network(), network()
    optimizers = [tg.optim.SGD(m.parameters(), 0.1, momentum=0.9) for m in (model, other)]
    compiled, eager = tg.compile(training_step(model, optimizers[0])), training_step(other, optimizers[1])
    for i, batch in enumerate(batches()):
        if i == 3:
            for optimizer in optimizers:
                optimizer.momentum, optimizer.lr = 0.5, 0.2
        assert compiled(*batch) == pytest.approx(eager(*batch), rel=1e-5)
    assert_same(model, other)


def copied(args):
    """Copies of arrays; those that are parts of one vector, as an optimizer keeps parameters, are so again."""
    copies = {}
    for a in sorted((a for a in args if isinstance(a, np.ndarray)), key=lambda a: -a.nbytes):
        owner = next((b for b in args if id(b) in copies and np.may_share_memory(a, b)), None)
        if owner is None:
            copies[id(a)] = a.copy()
        else:
            offset = a.ctypes.data - owner.ctypes.data
            copies[id(a)] = np.ndarray(a.shape, a.dtype, copies[id(owner)].data, offset, a.strides)
    return [copies.get(id(a), a) for a in args]


@pytest.mark.parametrize("make", [OPTIMIZERS[name] for name in ("SGD", "Nesterov", "Adam", "AdamW", "RMSprop")])
def test_the_text_of_a_step_runs_alone_and_gives_the_same_bits(make):
    model = network()
    compiled = tg.compile(training_step(model, make(model.parameters())))
    batch, *others = batches(3)
    compiled(*batch)
    program, _ = compiled.program(batch, {})
    space = {"np": np}
    exec(compiled.source(*batch), space)
    given = []

    def watched(*args):
        """The program, which is given the arrays that it changes, beside its text, which is given copies of them."""
        copies = copied(args)
        results = run(*args)
        with np.errstate(all="ignore"):
            alone = space["step"](*copies)
        given.append(len(args))
        for a, b in zip((*results, *args), (*alone, *copies), strict=True):
            np.testing.assert_array_equal(a, b)
        return results

    run, program.pool[0] = program.pool[0], watched
    for other in others:
        compiled(*other)
    assert len(given) == 2


@pytest.mark.parametrize(("rows", "turned"), [(4, True), (6, True), (3, False), (40, False)])
def test_products_of_few_rows_with_large_transposed_tables(rows, turned, size, monkeypatch):
    monkeypatch.setattr("tinygrad_br.optim.optimizer.SIDE", 256)
    model, other = network(sizes=(3, 40, 32, 4)), network(sizes=(3, 40, 32, 4))
    compiled = tg.compile(training_step(model, tg.optim.SGD(model.parameters(), 0.1)))
    eager = training_step(other, tg.optim.SGD(other.parameters(), 0.1))
    for x, labels in batches(4, rows):
        np.testing.assert_allclose(compiled(x, labels), eager(x, labels), rtol=1e-6)
        assert_same(model, other)
    product = "np.matmul" if size == "large" else "np.dot"
    assert (f"{product}(layers_1_weights, " in compiled.source(x, labels)) == turned
    assert ("layers_1_weights.T" in compiled.source(x, labels)) != turned


@pytest.mark.parametrize("rows", [1, 8, 12, 64])
@pytest.mark.parametrize("classes", [2, 10, 200])
def test_the_gradient_of_logits_to_the_last_bit(rows, classes):
    def slopes(x, labels):
        logits = Value(x) * 3
        return tg.gradients(tg.nn.cross_entropy(logits, labels), logits)

    compiled = tg.compile(slopes)
    for x, labels in batches(3, rows, classes, classes):
        np.testing.assert_array_equal(compiled(x, labels), slopes(x, labels))


@pytest.mark.parametrize("share", [0.5, 0.3, 0.0, -1.0, 2.0, 2.0**-140])
def test_the_gradient_of_logits_for_a_part_of_the_loss(share):
    def moving(x, labels, share):
        logits = Value(x) * 3
        return tg.gradients((tg.nn.cross_entropy(logits, labels) * share).sum(), logits)

    def constant(x, labels):
        return moving(x, labels, share)

    x, labels = batches(1, 8, 10, 10)[0]
    for function, args in ((moving, (np.array([share], np.float32),)), (moving, (share,)), (constant, ())):
        compiled = tg.compile(function)
        compiled(x, labels, *args)
        np.testing.assert_allclose(compiled(x, labels, *args), function(x, labels, *args), rtol=1e-6)


def replace_parameter(model):
    model.layers[0].weights = Value(np.full((2, 3), 0.5))


def replace_parameter_by_an_equal_one_of_another_shape(model):
    model.layers[1].biases = Value(np.zeros((1, 1)))


def replace_layer(model):
    model.layers[1] = tg.nn.Layer(3, 1, activation="tanh", seed=9)


def replace_array(model):
    model.scale = np.array([3.0])


@pytest.mark.parametrize(
    "change",
    [replace_parameter, replace_parameter_by_an_equal_one_of_another_shape, replace_layer, replace_array],
)
def test_what_is_replaced_in_a_model_is_noticed(change):
    class Scaled(tg.nn.MLP):
        def forward(self, x):
            return super().forward(x) * self.scale

    model = Scaled(2, [3, 1], seed=1)
    model.scale = np.array([2.0])
    compiled = tg.compile(lambda x: model(x))
    x = np.random.default_rng(0).normal(size=(4, 2))
    before = [compiled(x).data for _ in range(2)]
    change(model)
    for _ in range(2):
        np.testing.assert_allclose(compiled(x).data, model(x).data, rtol=1e-12)
    assert compiled.compilations == 2
    if change is not replace_parameter_by_an_equal_one_of_another_shape:
        assert not np.allclose(before[0], compiled(x).data)


def test_programs_for_settings_that_keep_changing_are_bounded():
    model = tg.nn.MLP(1, [1], seed=0)
    compiled = tg.compile(lambda x: model(x))
    for i in range(70):
        model.note = i
        compiled(np.ones((1, 1)))
    assert compiled.compilations == 70
    assert [len(programs) for programs in compiled.programs.values()] == [64]


def test_numbers_are_drawn_once_where_the_eager_function_is_asked():
    model, other = (tg.nn.Sequential(tg.nn.Dropout(0.5, seed=3)) for _ in range(2))

    def masked_logarithm(model):
        w = Value(np.ones(8))

        def run(x):
            w.zero_grad()
            loss = np.where(x > 0, np.log(model(w * x)), 0.0).sum()
            loss.backward()
            return loss.data, w.grad.copy()

        return run

    compiled, eager = tg.compile(masked_logarithm(model)), masked_logarithm(other)
    with np.errstate(all="ignore"):
        for x in (np.ones(8), np.zeros(8), np.arange(8.0), np.ones(8)):
            for a, b in zip(compiled(x), eager(x)):
                np.testing.assert_array_equal(a, b)


def test_lbfgs_is_refused():
    model = network()
    optimizer = tg.optim.LBFGS(model.parameters())

    @tg.compile
    def step(x, labels):
        def closure():
            optimizer.zero_grad()
            loss = tg.nn.cross_entropy(model(x), labels)
            loss.backward()
            return loss

        return optimizer.step(closure)

    before = model.state_dict()
    with pytest.raises(TypeError, match=r"leave tg\.compile out"):
        step(*batches()[0])
    assert all(p.grad is None for p in model.parameters())
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("shape", [(), (3,)])
def test_data_that_are_changed_after_use_are_refused(shape):
    w = Value(np.full(shape, 2.0))

    @tg.compile
    def step(x):
        loss = (w * w * x).sum()
        w.data = w.data * 2.0
        loss.backward()

    with pytest.raises(RuntimeError, match="was changed after multiply used it"):
        step(3.0)
    np.testing.assert_array_equal(w.data, 2.0)
    assert w.grad is None


def test_results_that_are_computed_after_the_step():
    def step_of(model):
        optimizer = tg.optim.SGD(model.parameters(), 0.1)
        dropout = tg.nn.Dropout(0.5, seed=3)

        def step(x, labels):
            logits = model(dropout(x))
            loss = tg.nn.cross_entropy(logits, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            before = np.max(logits, axis=0)
            after = model(dropout(x))
            return before, after, np.max(after, axis=0), dropout(x), np.max(before)

        return step

    models = [network() for _ in range(2)]
    compiled, eager = tg.compile(step_of(models[0])), step_of(models[1])
    for batch in batches():
        for result, expected in zip(compiled(*batch), eager(*batch)):
            np.testing.assert_allclose(result.data, expected.data, rtol=1e-4, atol=1e-6)
        assert_same(*models)
