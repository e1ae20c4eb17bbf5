"""`Module`: what layers and networks have in common.

An attribute that is a `Value` is a trainable parameter.  An attribute that is a plain array, or a random generator, is
state: saved with the model, not trained.  An attribute that is a `Module` is a child, also inside lists, tuples and
dicts.  Nothing is registered and nothing is intercepted: all that is asked for is looked up when it is asked for.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..modes import MODE
from ..value import Value
from .activations import name_of

Array = Any


class Module:
    """The base of layers and networks: give it Values as attributes and a method `forward`.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.bias = Value(2.0), Value(1.0)
    ...     def forward(self, x):
    ...         return x * self.slope + self.bias
    >>> model = Line()
    >>> print(model(3.0).item(), [name for name, _ in model.named_parameters()])
    7.0 ['slope', 'bias']
    """

    training = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass writes its own."""
        raise NotImplementedError(f"{type(self).__name__} has no forward: write `def forward(self, x)` in its class")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if (trace := MODE.get().trace) is not None:
            trace.call(self)
        return self.forward(*args, **kwargs)

    # -- what is inside ------------------------------------------------------------------------------------------

    def contents(self) -> Iterator[tuple[str, Any]]:
        """All modules, parameters and state below, this module first, each once, with names like "layers.0.weights"."""
        waiting: list[tuple[str, Any]] = [("", self)]
        seen = set()
        while waiting:
            name, item = waiting.pop()
            if id(item) in seen:
                continue
            seen.add(id(item))
            if isinstance(item, Module):
                inner: Iterable[tuple[Any, Any]] = vars(item).items()
            elif isinstance(item, dict):
                inner = item.items()
            else:
                inner = enumerate(item) if isinstance(item, (list, tuple)) else ()
            if not isinstance(item, (dict, list, tuple)):
                yield name, item
            found = [(key, child) for key, child in inner if isinstance(child, CONTENTS)]
            waiting += [(f"{name}.{key}" if name else str(key), child) for key, child in reversed(found)]

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """The trainable Values with their names, each once, in the order of the attributes."""
        return ((name, item) for name, item in self.contents() if isinstance(item, Value))

    def parameters(self) -> list[Value]:
        """The trainable Values, each once."""
        return [item for _, item in self.named_parameters()]

    def modules(self) -> list[Module]:
        """This module and all below it."""
        return [item for _, item in self.contents() if isinstance(item, Module)]

    # -- training ------------------------------------------------------------------------------------------------

    def train(self, training: bool = True) -> Any:
        """Behave as in training (dropout drops, batch statistics are used) here and below; returns the module."""
        for module in self.modules():
            module.training = training
        return self

    def eval(self) -> Any:
        """Behave as in use: the opposite of `train`; returns the module."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.zero_grad()

    # -- saving --------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and state by name; a random generator is kept as a JSON text in a 0-d array."""
        return {name: state_of(item) for name, item in self.contents() if not isinstance(item, Module)}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Take over what `state_dict` gave; nothing is changed if anything does not fit.

        Raises TypeError for anything but a dict, and ValueError that names missing and unexpected keys, or a key whose
        shape or type differs.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"a state is a dict of arrays by name, but got {type(state).__name__}; see state_dict()")
        own = {name: item for name, item in self.contents() if not isinstance(item, Module)}
        missing, unexpected = [k for k in own if k not in state], [k for k in state if k not in own]
        if missing or unexpected:
            raise ValueError(
                f"the state does not fit this {type(self).__name__}: missing {missing or 'nothing'}, "
                f"unexpected {unexpected or 'nothing'}; build the model as it was when the state was taken"
            )
        for set_state in [state_setter(name, item, state[name]) for name, item in own.items()]:
            set_state()

    def to_torch_state_dict(self, like: Iterable[str] | None = None) -> dict[str, Any]:
        """Copies of all parameters and state as PyTorch tensors, by its names: `net.load_state_dict(...)` takes them.

        `nn.torch_state` says what has which name: MLP(2, [8, 3]) has those of torch.nn.Sequential(Linear(2, 8), ReLU(),
        Linear(8, 3)).

        Args:
            like: other names, such as `net.state_dict()`, which are given to the tensors one after the other.

        Raises ImportError without PyTorch, and ValueError if `like` has not as many names as there are tensors.
        """
        from .torch_state import tensors, to_torch

        return tensors(to_torch(self, like))

    def from_torch_state_dict(self, state: Mapping[str, Any], in_order: bool = False) -> None:
        """Take over what `state_dict()` of a PyTorch network of the same build gave, or arrays by the same names.

        Args:
            state: tensors or arrays by name.
            in_order: take them one after the other, whatever their names are.

        Raises ValueError for names or shapes that do not fit; nothing is changed then.

        >>> import tinygrad_br as tg
        >>> layer = tg.nn.Layer(3, 2)
        >>> layer.from_torch_state_dict({"weight": np.arange(6.0).reshape(2, 3), "bias": np.zeros(2)})
        >>> layer.weights.data
        array([[0., 3.],
               [1., 4.],
               [2., 5.]])
        """
        from .torch_state import from_torch

        from_torch(self, state, in_order)

    def config(self) -> dict[str, Any]:
        """The arguments that build this module anew, without its weights: `type(module)(**module.config())`.

        By convention each argument of `__init__` is kept as an attribute of its name.
        """
        return {name: getattr(self, name) for name in arguments(type(self)) if name != "seed" and hasattr(self, name)}

    # -- looking -------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        defaults = arguments(type(self))
        parts: list[str] = []
        for name, value in Module.config(self).items():
            kind, default = defaults[name].kind, defaults[name].default
            if kind is inspect.Parameter.VAR_POSITIONAL:
                parts += map(readable, value)
            elif default is inspect.Parameter.empty:
                parts.append(readable(value))
            elif value is not default and readable(value) != readable(default):
                parts.append(f"{name}={readable(value)}")
        one_line = f"{type(self).__name__}({', '.join(parts)})"
        if len(one_line) <= 100:
            return one_line
        inner = ",\n".join(parts).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {inner},\n)"

    def summary(self) -> str:
        """A table of all layers with parameters: weights and biases, counted apart, per layer and in total.

        A parameter whose name begins with "bias" counts as a bias.

        >>> import tinygrad_br as tg
        >>> print(tg.nn.MLP(10, [8, 8, 8, 2]).summary())
        name      layer                            weights  biases
        layers.0  Layer(10, 8, activation='relu')       80       8
        layers.1  Layer(8, 8, activation='relu')        64       8
        layers.2  Layer(8, 8, activation='relu')        64       8
        layers.3  Layer(8, 2)                           16       2
        total: 224 weights, 26 biases, 250 parameters
        """
        counts: dict[str, list[int]] = {}
        names = {name: item for name, item in self.contents() if isinstance(item, Module)}
        for name, parameter in self.named_parameters():
            owner = name.rpartition(".")[0]
            while owner not in names:
                owner = owner.rpartition(".")[0]
            counts.setdefault(owner, [0, 0])[is_bias(name)] += parameter.size
        rows = [("name", "layer", "weights", "biases")]
        rows += [(name or "-", one_line(names[name]), f"{w:,}", f"{b:,}") for name, (w, b) in counts.items()]
        a, b, c, d = (max(map(len, column)) for column in zip(*rows))
        lines = [f"{n:<{a}}  {layer:<{b}}  {w:>{c}}  {bias:>{d}}" for n, layer, w, bias in rows]
        weights, biases = (sum(count[i] for count in counts.values()) for i in (0, 1))
        total = f"total: {weights:,} weights, {biases:,} biases, {weights + biases:,} parameters"
        return "\n".join([*lines, total])


CONTENTS = (Value, Module, np.ndarray, np.random.Generator, list, tuple, dict)


def is_bias(name: str) -> bool:
    """Whether a parameter counts as a bias: by its name, without those of the modules around it."""
    return name.rpartition(".")[2].startswith("bias")


def arguments(cls: type[Module]) -> Mapping[str, inspect.Parameter]:
    """The parameters of a class's `__init__` but self."""
    return dict(list(inspect.signature(cls.__init__).parameters.items())[1:])


def readable(value: Any) -> str:
    """An argument as one would write it: functions and dtypes by name."""
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return np.dtype(value).name
    if callable(value) and not isinstance(value, Module):
        return name_of(value)
    return repr(value)


def one_line(module: Module) -> str:
    """A module in a table, shortened if need be."""
    text = " ".join(repr(module).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def state_of(item: Any) -> Array:
    """A copy of the numbers of a parameter or of state; the state of a generator as JSON."""
    if isinstance(item, np.random.Generator):
        return np.array(json.dumps(item.bit_generator.state, default=np.ndarray.tolist))
    return np.array(item.data if isinstance(item, Value) else item)


def state_setter(name: str, item: Any, state: Array) -> Callable[[], None]:
    """Check that a state fits an item; give the function that sets it."""
    state = np.asarray(state)
    if isinstance(item, np.random.Generator):
        try:
            loaded = json.loads(str(state))
            type(item.bit_generator)().state = loaded
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{name} is not the state of a {type(item.bit_generator).__name__} generator") from error
        return lambda: setattr(item.bit_generator, "state", loaded)
    if state.shape != item.shape:
        raise ValueError(
            f"{name} has shape {item.shape}, but the state has shape {state.shape}; "
            "build the model as it was when the state was taken"
        )
    if not np.can_cast(state.dtype, item.dtype, "same_kind"):
        raise ValueError(f"{name} holds {item.dtype}, but the state holds {state.dtype}")
    if isinstance(item, Value):
        return lambda: setattr(item, "data", state)
    return lambda: np.copyto(item, state, casting="same_kind")
