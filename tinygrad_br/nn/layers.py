"""Neurons, layers of them, and networks of layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..modes import drawn
from ..rules.activations import leaky_relu
from ..value import Value
from .activations import activation as activation_function
from .init import Initialiser, weights
from .module import Module, readable

Activation = str | Callable[..., Any] | None
Seed = int | np.random.Generator | None


class Neuron(Module):
    """One neuron: activation(x @ weights + bias).

    Args:
        nin: number of inputs.
        activation: a name ("tanh", "relu", "sigmoid", "linear", ...) or a function.
        seed: an int or a Generator for the initial weights.
        dtype: of the parameters, float64 by default.

    `weights` has shape (nin,), `bias` is a number.  A call takes x of shape (nin,) or (batch, nin) and gives a Value of
    shape () or (batch,).

    >>> neuron = Neuron(2, activation="linear")
    >>> neuron.weights.data, neuron.bias.data = [1.0, 2.0], 0.5
    >>> print(neuron([3.0, 4.0]).item())
    11.5
    """

    weights: Any
    bias: Any

    def __init__(self, nin: int, activation: Activation = "tanh", seed: Seed = None, dtype: Any = np.float64) -> None:
        self.nin, self.activation, self.dtype = positive("nin", nin), activation, float_dtype(dtype)
        function = activation_function(activation)
        numbers = weights(None, function, np.random.default_rng(seed), (nin,), (nin, 1))
        self.weights = Value(numbers.astype(self.dtype))
        self.bias = Value(np.zeros((), self.dtype))

    def forward(self, x: Any) -> Any:
        x = x if isinstance(x, (Value, np.ndarray)) else Value(x) if has_values(x) else np.asarray(x)
        check_inputs(self, x, self.nin)
        return activation_function(self.activation)(x @ self.weights + self.bias)


class LayerNeuron(Neuron):
    """Neuron j of a layer: its weights are column j of the layer's, in the same memory, and gradients go there.

    >>> layer = Layer(2, 3, seed=0)
    >>> (layer([1.0, 2.0]) * [1.0, 10.0, 100.0]).sum().backward()
    >>> layer.neurons[1].weights.grad
    array([10., 20.])
    """

    def __init__(self, layer: Layer, j: int) -> None:
        self.layer, self.j, self.nin, self.dtype = layer, j, layer.nin, layer.dtype
        self.activation = layer.activation

    @property
    def weights(self) -> Any:
        """Column j of the layer's weights, shape (nin,), as part of the graph."""
        return part_of(self.layer.weights, (slice(None), self.j))

    @property
    def bias(self) -> Any:
        """Entry j of the layer's biases."""
        return part_of(self.layer.biases, self.j)

    def __repr__(self) -> str:
        return f"neuron {self.j} of {self.layer!r}"


def part_of(parameter: Value, index: Any) -> Value:
    """An entry or a column of a parameter, with its share of the gradient that stands there."""
    part: Value = parameter[index]
    if parameter.grad is not None:
        part.grad = parameter.grad[index]
    return part


class Layer(Module):
    """A layer of neurons that all look at the same inputs: activation(x @ weights + biases).

    Args:
        nin: number of inputs.
        nout: number of neurons.
        activation: a name or a function; None and "linear" leave the sum as it is.
        init: the name of an initialiser ("he_normal", "glorot_uniform", ...) or a function; see `nn.init`.
        seed: an int or a Generator for the initial weights.
        dtype: of the parameters, float64 by default.

    `weights` has shape (nin, nout), `biases` (nout,).  A call takes x of shape (..., nin), most often (batch, nin), and
    gives a Value of shape (..., nout).  `layer.neurons[j]` is neuron j, a view on column j.

    >>> layer = Layer(3, 2, activation="relu", seed=0)
    >>> layer(np.ones((5, 3))).shape, len(layer.neurons)
    ((5, 2), 2)
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        activation: Activation = None,
        init: str | Initialiser | None = None,
        seed: Seed = None,
        dtype: Any = np.float64,
    ) -> None:
        self.nin, self.nout = positive("nin", nin), positive("nout", nout)
        self.activation, self.init, self.dtype = activation, init, float_dtype(dtype)
        function = activation_function(activation)
        numbers = weights(init, function, np.random.default_rng(seed), (nin, nout), (nin, nout))
        self.weights = Value(numbers.astype(self.dtype))
        self.biases = Value(np.zeros(nout, self.dtype))

    @property
    def neurons(self) -> list[LayerNeuron]:
        """The neurons one by one, as views on this layer."""
        return [LayerNeuron(self, j) for j in range(self.nout)]

    def forward(self, x: Any) -> Any:
        x = x if isinstance(x, (Value, np.ndarray)) else Value(x) if has_values(x) else np.asarray(x)
        check_inputs(self, x, self.nin)
        # for an array, `x @ weights` would go the long way through NumPy, which asks the Value in the end
        product = x @ self.weights if isinstance(x, Value) else self.weights.__rmatmul__(x)
        return activation_function(self.activation)(product + self.biases)


class Dropout(Module):
    """In training, sets each number to 0 with probability `rate` and divides the rest by 1 - rate.

    So the mean stays what it was, and in use (`model.eval()`) nothing is to be done: Srivastava et al., JMLR 2014.
    The draws come from a generator of its own, which is part of the state: a resumed training draws the same numbers.

    >>> Dropout(0.5, seed=0)(np.ones(6))
    array([2., 0., 0., 0., 2., 2.])
    """

    def __init__(self, rate: float, seed: Seed = None) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"the dropout rate is the share that is dropped, 0 <= rate < 1, but got {rate}")
        self.rate = float(rate)
        self.generator = np.random.default_rng(seed)

    def forward(self, x: Any) -> Any:
        if not self.training or not self.rate:
            return x
        kept = drawn(np.random.Generator.random, self.generator, x.shape) >= self.rate
        return x * (kept / (1 - self.rate)).astype(x.dtype)


class Flatten(Module):
    """Each example as one row: (batch, a, b, ...) becomes (batch, a * b * ...).

    >>> Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    def forward(self, x: Any) -> Any:
        return x.reshape(x.shape[0], -1)


class Sequential(Module):
    """Modules and functions one after the other; `model[i]` is step i, `model[i:j]` a Sequential of some steps.

    >>> model = Sequential(Layer(4, 8, seed=0), np.tanh, Layer(8, 1, seed=1))
    >>> model(np.ones((5, 4))).shape
    (5, 1)
    """

    def __init__(self, *layers: Callable[..., Any]) -> None:
        for i, layer in enumerate(layers):
            if not callable(layer):
                raise TypeError(f"step {i} of Sequential is a {type(layer).__name__}; expected a module or a function")
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __getitem__(self, i: int | slice) -> Any:
        return Sequential(*self.layers[i]) if isinstance(i, slice) else self.layers[i]

    def __len__(self) -> int:
        return len(self.layers)


class Residual(Module):
    """x + inner(x), so that a deep network starts near the identity: He et al., 2015, arXiv:1512.03385.

    >>> Residual(np.tanh)(np.zeros(3))
    array([0., 0., 0.])
    """

    def __init__(self, inner: Callable[..., Any]) -> None:
        self.inner = inner

    def forward(self, x: Any) -> Any:
        y = self.inner(x)
        if np.shape(y) != np.shape(x):
            raise ValueError(
                f"Residual adds its input, shape {np.shape(x)}, to what {readable(self.inner)} makes of it, shape "
                f"{np.shape(y)}; give it a module that keeps the shape"
            )
        return x + y


class Embedding(Module):
    """A vector for each of a number of things, such as words: row i of `weights` for index i.

    Args:
        count: how many things there are.
        size: the length of a vector.
        seed: an int or a Generator for the initial weights, which are standard normal.
        dtype: of the parameters, float64 by default.

    A call takes integers of any shape and gives a Value of that shape with one more axis, of length `size`.

    >>> Embedding(10, 4, seed=0)(np.array([[1, 2, 3]])).shape
    (1, 3, 4)
    """

    def __init__(self, count: int, size: int, seed: Seed = None, dtype: Any = np.float64) -> None:
        self.count, self.size, self.dtype = positive("count", count), positive("size", size), float_dtype(dtype)
        self.weights = Value(np.random.default_rng(seed).normal(size=(count, size)).astype(self.dtype))

    def forward(self, indices: Any) -> Any:
        indices = indices if isinstance(indices, Value) else np.asarray(indices)
        if indices.dtype.kind not in "iu":
            raise TypeError(f"{self!r} takes integers, but got {indices.dtype}; write .astype(int)")
        if isinstance(indices, np.ndarray) and indices.size and not 0 <= indices.min() <= indices.max() < self.count:
            raise ValueError(
                f"{self!r} has indices from 0 to {self.count - 1}, but got {indices.min()} to {indices.max()}"
            )
        return self.weights[indices]


class PReLU(Module):
    """leaky_relu with a slope that is learned: He et al., 2015, arXiv:1502.01852.

    Args:
        start: the slope to begin with.
        features: None for one slope, or a number of slopes, one for each entry of the last axis.

    >>> PReLU()(np.array([-2.0, 2.0])).data
    array([-0.5,  2. ])
    """

    def __init__(self, start: float = 0.25, features: int | None = None, dtype: Any = np.float64) -> None:
        self.start, self.features, self.dtype = start, features, float_dtype(dtype)
        self.slope = Value(np.full(() if features is None else (features,), start, self.dtype))

    def forward(self, x: Any) -> Any:
        return leaky_relu(x, self.slope)


class MLP(Module):
    """A multi-layer perceptron: layers one after the other, each seeing all outputs of the one before.

    Args:
        nin: number of inputs.
        nouts: numbers of neurons, layer by layer; the last is the number of outputs.
        activation: of the hidden layers.
        output: activation of the last layer; None, the default, gives logits or plain numbers.
        seed: an int or a Generator for the initial weights and the dropout.
        dtype: of the parameters, float64 by default.
        dropout: share of the hidden outputs that training drops.

    A call takes x of shape (batch, nin) and gives a Value of shape (batch, nouts[-1]).

    >>> model = MLP(10, [8, 8, 8, 2], seed=0)
    >>> model(np.ones((5, 10))).shape, sum(p.size for p in model.parameters())
    ((5, 2), 250)
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Activation = "relu",
        output: Activation = None,
        seed: Seed = None,
        dtype: Any = np.float64,
        dropout: float = 0.0,
    ) -> None:
        if isinstance(nouts, (int, np.integer)) or not len(nouts):
            raise ValueError(f"MLP needs the sizes of its layers as a list, such as [16, 1], but got {nouts!r}")
        activation_function(activation)  # an unknown name is an error even if there is no hidden layer
        self.nin, self.nouts, self.activation, self.output = nin, list(nouts), activation, output
        self.dtype, self.dropout = float_dtype(dtype), float(dropout)
        rng = np.random.default_rng(seed)
        sizes = [nin, *nouts]
        functions = [activation] * (len(nouts) - 1) + [output]
        self.layers = [
            Layer(a, b, activation=f, seed=rng, dtype=dtype) for a, b, f in zip(sizes, nouts, functions, strict=False)
        ]
        self.drop = Dropout(dropout, rng.spawn(1)[0]) if dropout else None

    def forward(self, x: Any) -> Any:
        for layer in self.layers[:-1]:
            x = layer(x)
            if self.drop is not None:
                x = self.drop(x)
        return self.layers[-1](x)


def positive(name: str, number: Any) -> int:
    """A number of inputs or neurons: a whole number from 1 on."""
    if not isinstance(number, (int, np.integer)) or number < 1:
        raise ValueError(f"{name} must be a whole number from 1 on, but got {number!r}")
    return int(number)


def float_dtype(dtype: Any) -> np.dtype[Any]:
    """The dtype of parameters, which must be a float."""
    chosen: np.dtype[Any] = np.dtype(dtype)
    if chosen.kind != "f":
        raise TypeError(f"parameters are floats, but got dtype {chosen}; write dtype=np.float32 or np.float64")
    return chosen


def has_values(x: Any) -> bool:
    """Whether Values are among the entries of a list."""
    return isinstance(x, (list, tuple)) and any(isinstance(v, Value) or has_values(v) for v in x)


def check_inputs(module: Any, x: Any, nin: int) -> None:
    """Raise ValueError unless the last axis of x has the length that a module expects."""
    if x.shape[-1:] != (nin,):
        raise ValueError(
            f"{module!r} expects inputs of shape (batch, {nin}), but got {x.shape}"
            + (f"; flatten each example: x.reshape(len(x), {nin})" if x.ndim > 2 and size_of_row(x) == nin else "")
        )


def size_of_row(x: Any) -> int:
    return int(np.prod(x.shape[1:]))
