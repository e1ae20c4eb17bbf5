"""Training steps of multi-layer perceptrons: forward, softmax cross-entropy, backward, SGD or Adam, in float32.

Every competitor does the same mathematics on the same numbers, written as its documentation teaches it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from work import Bar, Work

SGD_RATE, ADAM_RATE, BETA1, BETA2, EPSILON = 0.01, 0.001, 0.9, 0.999, 1e-8
Start = tuple[Callable[[], Callable[..., Any]], Callable[[Any], Any]]


@dataclass
class MLP(Work):
    """`sizes` of the layers, relu between them; a batch is `rows` random inputs and random labels."""

    sizes: tuple[int, ...] = ()
    rows: int = 0
    adam: bool = False
    module: str = "mlp"

    def batches(self) -> list[tuple[Any, ...]]:
        rng = np.random.default_rng(1)
        return [
            (
                rng.standard_normal((self.rows, self.sizes[0]), np.float32),
                rng.integers(0, self.sizes[-1], self.rows),
            )
            for _ in range(16)
        ]

    def weights(self) -> list[Any]:
        """The initial weights (nin, nout) and biases (nout,) of each layer in turn, by He's rule."""
        rng = np.random.default_rng(2)
        arrays: list[Any] = []
        for nin, nout in zip(self.sizes, self.sizes[1:]):
            arrays.append(rng.standard_normal((nin, nout), np.float32) * np.float32(np.sqrt(2 / nin)))
            arrays.append(np.zeros(nout, np.float32))
        return arrays


def tinygrad_br(work: MLP) -> Start:
    import tinygrad_br as tg

    def start() -> Any:
        model = tg.nn.MLP(work.sizes[0], list(work.sizes[1:]), activation="relu", dtype=np.float32)
        for parameter, array in zip(model.parameters(), work.weights()):
            parameter.data = array
        parameters = model.parameters()
        optimizer = tg.optim.Adam(parameters, ADAM_RATE) if work.adam else tg.optim.SGD(parameters, SGD_RATE)

        def step(x: Any, labels: Any) -> Any:
            loss = tg.nn.cross_entropy(model(x), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.data

        return step

    return start, np.asarray


def compiled_step(model: Any, optimizer: Any) -> Callable[[Any, Any], Any]:
    """One step of a network that tells classes apart, as a program that gives the loss."""
    import tinygrad_br as tg

    @tg.compile
    def step(x: Any, labels: Any) -> Any:
        loss = tg.nn.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.data

    return step


def tinygrad_br_compiled(work: MLP) -> Start:
    import tinygrad_br as tg

    model = tg.nn.MLP(work.sizes[0], list(work.sizes[1:]), activation="relu", dtype=np.float32)
    parameters = model.parameters()
    optimizer = tg.optim.Adam(parameters, ADAM_RATE) if work.adam else tg.optim.SGD(parameters, SGD_RATE)
    fresh, step = optimizer.state_dict(), compiled_step(model, optimizer)

    def start() -> Any:
        for parameter, array in zip(parameters, work.weights()):
            parameter.data[...] = array  # now, not at the next step
        optimizer.load_state_dict(fresh)
        return step

    return start, np.asarray


def hand_written_numpy(work: MLP) -> Start:
    """As textbooks write it."""

    def start() -> Any:
        weights = work.weights()
        means = [np.zeros_like(w) for w in weights]
        squares = [np.zeros_like(w) for w in weights]
        count = 0

        def step(x: Any, labels: Any) -> Any:
            nonlocal count
            activations = [x]
            for i in range(0, len(weights) - 2, 2):
                activations.append(np.maximum(activations[-1] @ weights[i] + weights[i + 1], 0))
            z = activations[-1] @ weights[-2] + weights[-1]
            exps = np.exp(z - z.max(axis=1, keepdims=True))
            probabilities = exps / exps.sum(axis=1, keepdims=True)
            row = np.arange(len(labels))
            loss = -np.log(probabilities[row, labels]).mean()

            delta = probabilities
            delta[row, labels] -= 1
            delta /= len(labels)
            gradients = [None] * len(weights)
            for i in range(len(weights) - 2, -1, -2):
                gradients[i] = activations[i // 2].T @ delta
                gradients[i + 1] = delta.sum(axis=0)
                if i:
                    delta = (delta @ weights[i].T) * (activations[i // 2] > 0)

            count += 1
            for i, g in enumerate(gradients):
                if work.adam:
                    means[i] = BETA1 * means[i] + (1 - BETA1) * g
                    squares[i] = BETA2 * squares[i] + (1 - BETA2) * g * g
                    mean, square = means[i] / (1 - BETA1**count), squares[i] / (1 - BETA2**count)
                    weights[i] -= ADAM_RATE * mean / (np.sqrt(square) + EPSILON)
                else:
                    weights[i] -= SGD_RATE * g
            return loss

        return step

    return start, np.asarray


def bare_products(work: MLP) -> Start:
    """Only the step's matrix products, into memory at hand: the limit of any NumPy program.  It has no loss."""

    def start() -> Any:
        weights = work.weights()[::2]
        outputs = [np.ones((work.rows, n), np.float32) for n in work.sizes[1:]]
        deltas = [np.ones((work.rows, n), np.float32) for n in work.sizes[1:]]
        gradients = [np.empty_like(w) for w in weights]

        def step(x: Any, labels: Any) -> float:
            a = x
            for w, out in zip(weights, outputs):
                a = np.matmul(a, w, out=out)
            for i in range(len(weights) - 1, 0, -1):
                np.matmul(outputs[i - 1].T, deltas[i], out=gradients[i])
                np.matmul(deltas[i], weights[i].T, out=deltas[i - 1])
            np.matmul(x.T, deltas[0], out=gradients[0])
            return float("nan")

        return step

    return start, np.asarray


def pytorch(work: MLP, compiled: bool = False) -> Start:
    import torch

    layers: list[Any] = []
    for nin, nout in zip(work.sizes, work.sizes[1:]):
        layers += [torch.nn.Linear(nin, nout), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer: Any = None

    def step(x: Any, labels: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    def start() -> Any:
        nonlocal optimizer
        with torch.no_grad():
            for parameter, array in zip(model.parameters(), work.weights()):
                parameter.copy_(torch.from_numpy(array.T))
        if work.adam:
            optimizer = torch.optim.Adam(model.parameters(), ADAM_RATE)
        else:
            optimizer = torch.optim.SGD(model.parameters(), SGD_RATE)
        return step

    loss_of = torch.nn.functional.cross_entropy
    if compiled:
        model, loss_of = torch.compile(model), torch.compile(loss_of)
    return start, torch.from_numpy


def pytorch_compiled(work: MLP) -> Start:
    return pytorch(work, compiled=True)


def jax_jit(work: MLP) -> Start:
    import jax
    import jax.numpy as jnp

    def loss_of(weights: Any, x: Any, labels: Any) -> Any:
        for i in range(0, len(weights) - 2, 2):
            x = jax.nn.relu(x @ weights[i] + weights[i + 1])
        z = jax.nn.log_softmax(x @ weights[-2] + weights[-1])
        return -jnp.take_along_axis(z, labels[:, None], axis=1).mean()

    def update(state: Any, x: Any, labels: Any) -> Any:
        weights, means, squares, count = state
        loss, gradients = jax.value_and_grad(loss_of)(weights, x, labels)
        if work.adam:
            count = count + 1
            means = [BETA1 * m + (1 - BETA1) * g for m, g in zip(means, gradients)]
            squares = [BETA2 * s + (1 - BETA2) * g * g for s, g in zip(squares, gradients)]
            a, b = 1 - BETA1**count, 1 - BETA2**count
            weights = [
                w - ADAM_RATE * (m / a) / (jnp.sqrt(s / b) + EPSILON) for w, m, s in zip(weights, means, squares)
            ]
        else:
            weights = [w - SGD_RATE * g for w, g in zip(weights, gradients)]
        return (weights, means, squares, count), loss

    fast_update = jax.jit(update, donate_argnums=0)

    def start() -> Any:
        weights = [jnp.array(w) for w in work.weights()]
        moments = [[jnp.zeros_like(w) for w in weights] if work.adam else [] for _ in range(2)]
        state = (weights, *moments, jnp.float32(0))

        def step(x: Any, labels: Any) -> Any:
            nonlocal state
            state, loss = fast_update(state, x, labels)
            return loss

        return step

    return start, jnp.asarray


def mygrad(work: MLP) -> Start:
    """With its memory guard switched off, which its documentation advises for speed."""
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    mg.turn_memory_guarding_off()

    def start() -> Any:
        weights = [mg.tensor(w) for w in work.weights()]

        def step(x: Any, labels: Any) -> Any:
            for i in range(0, len(weights) - 2, 2):
                x = relu(x @ weights[i] + weights[i + 1])
            loss = softmax_crossentropy(x @ weights[-2] + weights[-1], labels)
            loss.backward()
            for w in weights:
                w.data -= SGD_RATE * w.grad
            return loss.data

        return step

    return start, np.asarray


def autograd(work: MLP) -> Start:
    import autograd.numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    def loss_of(weights: Any, x: Any, labels: Any) -> Any:
        for i in range(0, len(weights) - 2, 2):
            x = anp.maximum(anp.dot(x, weights[i]) + weights[i + 1], 0)
        z = anp.dot(x, weights[-2]) + weights[-1]
        return anp.mean(logsumexp(z, axis=1) - z[np.arange(len(labels)), labels])

    loss_and_gradients = value_and_grad(loss_of)

    def start() -> Any:
        weights = work.weights()

        def step(x: Any, labels: Any) -> Any:
            loss, gradients = loss_and_gradients(weights, x, labels)
            for w, g in zip(weights, gradients):
                w -= SGD_RATE * g
            return loss

        return step

    return start, np.asarray


def scikit_learn(work: MLP) -> Start:
    from sklearn.neural_network import MLPClassifier

    def start() -> Any:
        classes = np.arange(work.sizes[-1])
        model = MLPClassifier(
            work.sizes[1:-1],
            solver="adam" if work.adam else "sgd",
            learning_rate_init=ADAM_RATE if work.adam else SGD_RATE,
            alpha=0,
            momentum=0,
            batch_size=work.rows,
            shuffle=False,
            n_iter_no_change=10**9,
        )
        model.partial_fit(*work.batches()[0], classes=classes)
        for own, array in zip(model.coefs_, work.weights()[::2]):
            own[...] = array
        for own, array in zip(model.intercepts_, work.weights()[1::2]):
            own[...] = array
        del model._optimizer
        model.t_ = 0

        def step(x: Any, labels: Any) -> Any:
            return model.partial_fit(x, labels).loss_

        return step

    return start, np.asarray


ALL: dict[str, Callable[[Any], Start]] = {
    "tinygrad_br": tinygrad_br,
    "tinygrad_br compiled": tinygrad_br_compiled,
    "NumPy by hand": hand_written_numpy,
    "bare products": bare_products,
    "PyTorch": pytorch,
    "torch.compile": pytorch_compiled,
    "jax.jit": jax_jit,
    "MyGrad": mygrad,
    "autograd": autograd,
    "scikit-learn": scikit_learn,
}

WITHOUT_ADAM = ("MyGrad", "autograd")  # neither library has optimizers


def mlp(
    sizes: tuple[int, ...], rows: int, adam: bool = False, bars: tuple[Bar, ...] = (), leave: tuple[str, ...] = ()
) -> MLP:
    """The row for a network, named by its hidden layers' width; `leave` names who cannot do the same work."""
    shape = "-".join(map(str, sizes))
    leave += WITHOUT_ADAM if adam else ()
    return MLP(
        name=f"mlp-{sizes[1]}{'-adam' if adam else ''}",
        title=f"MLP {shape} on {rows} rows, {'Adam' if adam else 'SGD'}",
        competitors={name: function for name, function in ALL.items() if name not in leave},
        bars=list(bars),
        sizes=sizes,
        rows=rows,
        adam=adam,
    )


OWN, COMPILED = "tinygrad_br", "tinygrad_br compiled"
NUMPY, JAX, TORCH, PRODUCTS = "NumPy by hand", "jax.jit", "PyTorch", "bare products"
FASTER = (Bar(OWN, TORCH, 1.0), Bar(OWN, "MyGrad", 1.0), Bar(OWN, "autograd", 1.0))
TWO_CLASSES = ("scikit-learn",)  # which has one output neuron for two classes, not two
OTHER_ADAM = ("scikit-learn",)  # whose epsilon stands elsewhere: in large networks the losses differ by more than 1e-4


def compiled(**bars: float) -> tuple[Bar, ...]:
    """What the compiled step may take at most, as a share of what others take."""
    others = {"numpy": NUMPY, "jax": JAX, "torch": TORCH, "products": PRODUCTS}
    return tuple(Bar(COMPILED, others[name], factor) for name, factor in bars.items())


ROWS = [
    mlp((2, 16, 16, 2), 32, bars=compiled(numpy=0.75, jax=0.9, torch=1 / 7), leave=TWO_CLASSES),
    mlp((64, 64, 10), 32, bars=(*FASTER, Bar(OWN, NUMPY, 2.2), *compiled(numpy=0.8, jax=1.0, torch=1 / 5))),
    mlp((64, 64, 10), 32, adam=True, bars=compiled(numpy=0.6, jax=0.8, torch=1 / 6)),
    mlp((784, 128, 10), 64, bars=(*FASTER, *compiled(products=1.35))),
    mlp((784, 128, 10), 64, adam=True, bars=compiled(products=1.9)),
    mlp((784, 512, 512, 10), 128, bars=(Bar(OWN, NUMPY, 1.3), *compiled(products=1.12))),
    mlp((784, 512, 512, 10), 128, adam=True, bars=compiled(products=1.4)),
    mlp((784, 1024, 1024, 10), 512, adam=True, bars=compiled(products=1.15), leave=OTHER_ADAM),
]
WORKS = {work.name: work for work in ROWS}
