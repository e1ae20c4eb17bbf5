"""`Value`: an array or number that remembers how it was made.

What this file adds to `engine.Node` is the surface: how a Value is made from data, the operators, the methods and
NumPy's protocols.  All of them end in `engine.record`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any, NoReturn

import numpy as np

from .dispatch import call_function, call_ufunc, holds_values
from .engine import NO_KWARGS, NUMBERS, Node, cotangents, data_of, define_rule, part, record, result_node
from .messages import no_plain_array, op_name
from .modes import MODE, reading

NUMBERS_AND_ARRAYS = (int, float, np.ndarray, np.generic, complex)


def as_data(data: Any, dtype: Any = None) -> Any:
    """A copy of numbers as NumPy data: floats and complex numbers keep their dtype, all others become float64."""
    try:
        array = np.array(data, dtype)
    except ValueError as error:
        raise ValueError(f"the rows of a Value need the same length and must be numbers ({error})") from None
    if array.dtype.kind in "biu":
        array = array.astype(np.float64)
    if array.dtype.kind not in "fc":
        what = "text" if array.dtype.kind in "US" else "None" if data is None else f"objects ({type(data).__name__})"
        raise TypeError(f"a Value holds numbers, but got {what}; convert the data to floats first")
    return array[()]


def operand(other: Any) -> Any:
    """What stands beside a Value in an expression: numbers and arrays as they are, lists as arrays."""
    if isinstance(other, (list, tuple)):
        return np.stack([Value(v) for v in other]) if holds_values(other) else as_data(other)
    if isinstance(other, str) or other is None:
        raise TypeError(f"a Value computes with numbers, but got {other!r}; convert it first, as with float(...)")
    return NotImplemented


def binary(ufunc: np.ufunc, function: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
    """The two methods of an operator, `v + other` and `other + v`, for its ufunc and its Python function.

    The Python function gives the same numbers and is much faster on NumPy scalars.
    """

    def forward(self: Any, other: Any) -> Any:
        if other.__class__ is Value:
            right = other._data
        elif isinstance(other, NUMBERS_AND_ARRAYS):
            right = other
        else:
            other = operand(other)
            return other if other is NotImplemented else forward(self, other)
        try:
            return result_node(function(self._data, right), ufunc, (self, other))
        except ValueError:
            return record(ufunc, (self, other))

    def reflected(self: Any, other: Any) -> Any:
        plain = isinstance(other, NUMBERS_AND_ARRAYS)
        if plain and other.__class__ is not complex:  # 1j * np.float64(2) would be Python's complex
            try:
                return result_node(function(other, self._data), ufunc, (other, self))
            except ValueError:
                return record(ufunc, (other, self))
        other = other if plain else operand(other)
        return other if other is NotImplemented else record(ufunc, (other, self))

    return forward, reflected


def comparison(ufunc: np.ufunc, function: Callable[[Any, Any], Any]) -> Any:
    """The method of a comparison: a Value of truth values, without a derivative; None and text compare as unequal."""
    forward, _ = binary(ufunc, function)
    return lambda self, other: NotImplemented if isinstance(other, str) or other is None else forward(self, other)


def method(function: Callable[..., Any]) -> Callable[..., Any]:
    """A method that calls a NumPy function with the Value as its first argument."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    call.__doc__ = f"np.{function.__name__} of this Value, with the same arguments."
    return call


def axes_method(function: Callable[..., Any]) -> Callable[..., Any]:
    """A method like `reshape`, which takes its numbers one by one or as a tuple."""

    def call(self: Any, *numbers: Any, **kwargs: Any) -> Any:
        return function(self, numbers[0] if len(numbers) == 1 else numbers or None, **kwargs)

    call.__doc__ = f"np.{function.__name__} of this Value; the numbers may stand one by one or in a tuple."
    return call


def astype(x: Any, dtype: Any) -> Any:
    """The numbers in another dtype."""
    return x.astype(dtype)


def stop_gradient(x: Any) -> Any:
    """The same numbers, through which no gradient flows: d stop_gradient(x) / dx = 0 by decree.

    >>> x = Value(3.0)
    >>> (x * stop_gradient(x)).backward()
    >>> print(x.grad)
    3.0
    """
    return +x


astype = define_rule(astype, lambda g, ans, x, dtype: g)
stop_gradient = define_rule(stop_gradient)


class Value(Node):
    """A scalar or tensor that records the computation it takes part in, so that derivatives can be found.

    Args:
        data: a number, a nested list, an array of any shape, or a list of Values, which is stacked.  Floats and
            complex numbers keep their dtype; integers and truth values become float64.  Arrays are copied.
        name: what drawings and messages call it.

    Raises:
        TypeError: for strings, None and other objects that are not numbers.
        ValueError: for lists whose rows differ in length.

    >>> x = Value([1.0, 2.0, 3.0], name="x")
    >>> y = (x ** 2).sum()
    >>> y.backward()
    >>> x.grad
    array([2., 4., 6.])
    """

    __slots__ = ()

    def __init__(self, data: Any, name: str | None = None) -> None:
        self.grad = self.op = self.line = None
        self.args, self.kwargs, self.name = (), NO_KWARGS, name
        if isinstance(data, (list, tuple)) and holds_values(data):
            data = np.stack([Value(v) for v in data])
        if isinstance(data, Node):
            self.op, self.args, self._data = np.positive, (data,), data._data
        else:
            self._data = as_data(data)
        self.number = next(NUMBERS)
        if (trace := MODE.get().trace) is not None:
            trace.made(self, data)

    # -- data ----------------------------------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The numbers: an ndarray, or a NumPy scalar where the shape is ().

        Setting it, also by `v.data -= step`, writes the numbers in place; those of an entry or view of another Value,
        such as `w[0]`, are written there too.  The Value is a leaf from then on, and a backward through a graph that
        used the old numbers raises.
        """
        trace = MODE.get().trace
        return self._data if trace is None else trace.data(self)

    @data.setter
    def data(self, data: Any) -> None:
        if (trace := MODE.get().trace) is not None:
            trace.set_data(self, data)
            return
        new = data if data is self._data else as_data(data, self._data.dtype)
        if new.shape != self._data.shape:
            raise ValueError(f"data of shape {new.shape} do not fit a Value of shape {self.shape}; make a new Value")
        if new is not self._data and new.shape:
            self._data[...] = new
        else:
            self._data = new
        op, args = self.op, self.args
        self.op, self.args, self.kwargs, self.number = None, (), NO_KWARGS, next(NUMBERS)
        if args and isinstance(whole := args[0], Value) and isinstance(whole._data, np.ndarray):
            if entry := op is operator.getitem and not new.shape:
                whole._data[data_of(args[1])] = new
            if entry or np.may_share_memory(whole._data, self._data):
                whole.data = whole._data

    shape = property(attrgetter("_data.shape"), doc="The lengths of the axes, a tuple.")
    ndim = property(attrgetter("_data.ndim"), doc="The number of axes.")
    size = property(attrgetter("_data.size"), doc="The number of entries.")
    dtype = property(attrgetter("_data.dtype"), doc="The NumPy dtype of the data.")
    T = property(np.transpose, doc="The transpose: all axes in reverse order.")
    real = property(np.real, doc="The real part.")
    imag = property(np.imag, doc="The imaginary part.")

    def item(self) -> Any:
        """The one number of a Value of size 1, as a Python number; ValueError for other sizes."""
        reading(self, ".item()")
        return self._data.item()

    # -- derivatives ---------------------------------------------------------------------------------------------

    def backward(self, gradient: Any = None) -> None:
        """Add the derivative of this Value to `.grad` of every Value that it was made from, and to its own.

        Args:
            gradient: weights of this Value's entries, of its shape; needed unless its size is 1.

        Raises:
            ValueError: if the gradient is missing or has another shape.
            RuntimeError: if data were changed after they were used.

        >>> w = Value(3.0)
        >>> (w * w).backward()
        >>> print(w.grad)
        6.0
        """
        gradient = seed(self, gradient)
        if (trace := MODE.get().trace) is not None:
            trace.backward(self, gradient)
            return
        taken = {id(gradient)}
        for node, cotangent in cotangents(self, gradient).items():
            if node.grad is not None:
                cotangent = node.grad + cotangent
            elif cotangent.__class__ is np.ndarray:
                if cotangent.base is not None or (number := id(cotangent)) in taken:
                    cotangent = cotangent.copy("K")  # as it lies in memory, which is many times faster
                else:
                    taken.add(number)
            elif cotangent.__class__ is list:
                continue
            node.grad = cotangent

    def zero_grad(self) -> None:
        """Forget `.grad`: it is None again, and the next backward starts from nothing."""
        if (trace := MODE.get().trace) is not None:
            trace.zero_grad(self)
        self.grad = None

    # -- Python's and NumPy's protocols --------------------------------------------------------------------------

    def __repr__(self) -> str:
        text = np.array2string(np.asarray(self._data), prefix="Value(", threshold=20, separator=", ")
        dtype = "" if self.dtype == np.float64 else f", dtype={self.dtype}"
        name = "" if self.name is None else f", name={self.name!r}"
        return f"Value({text}{dtype}{name}{'' if self.op is None else f', op={op_name(self.op)}'})"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    def __bool__(self) -> bool:
        reading(self, "if, while, and, or, not")
        return bool(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self._data, tuple):
            return result_node(self._data[index], part, (self, index))
        if type(index) is list:
            index = np.array(index, None if index else int)
        return record(operator.getitem, (self, index))

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        raise TypeError(
            "a Value cannot be changed by v[index] = ...; write v = tg.put(v, index, new), or np.where(mask, new, v)"
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copy = Value(self._data, self.name)
        copy.grad = None if self.grad is None else np.copy(self.grad)[()]
        return copy

    def __reduce__(self) -> Any:
        return Value, (self._data, self.name)

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        reading(self, "np.asarray")
        raise TypeError(no_plain_array())

    def __float__(self) -> NoReturn:
        reading(self, "float, int, a math function or a Python index")
        raise TypeError("float(v) and math functions would lose the graph; write v.item(), or np.exp(v) for math.exp")

    __int__ = __index__ = __complex__ = __float__

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        return call_ufunc(ufunc, method, args, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return call_function(function, args, kwargs)

    __hash__ = object.__hash__

    # -- operators, all elementwise but @ ------------------------------------------------------------------------

    __add__, __radd__ = binary(np.add, operator.add)
    __sub__, __rsub__ = binary(np.subtract, operator.sub)
    __mul__, __rmul__ = binary(np.multiply, operator.mul)
    __truediv__, __rtruediv__ = binary(np.divide, operator.truediv)
    __floordiv__, __rfloordiv__ = binary(np.floor_divide, operator.floordiv)
    __mod__, __rmod__ = binary(np.remainder, operator.mod)
    __pow__, __rpow__ = binary(np.power, operator.pow)
    __matmul__, __rmatmul__ = binary(np.matmul, operator.matmul)
    __and__, __rand__ = binary(np.bitwise_and, operator.and_)
    __or__, __ror__ = binary(np.bitwise_or, operator.or_)
    __xor__, __rxor__ = binary(np.bitwise_xor, operator.xor)
    __lt__ = comparison(np.less, operator.lt)
    __le__ = comparison(np.less_equal, operator.le)
    __gt__ = comparison(np.greater, operator.gt)
    __ge__ = comparison(np.greater_equal, operator.ge)
    __eq__ = comparison(np.equal, operator.eq)
    __ne__ = comparison(np.not_equal, operator.ne)
    __neg__ = method(np.negative)
    __pos__ = method(np.positive)
    __abs__ = method(np.absolute)
    __invert__ = method(np.invert)
    __divmod__ = method(np.divmod)
    __round__ = method(np.round)

    # -- methods, as NumPy's arrays have them --------------------------------------------------------------------

    astype = method(astype)
    copy = method(np.copy)
    sum, mean, prod = method(np.sum), method(np.mean), method(np.prod)
    max, min, ptp = method(np.max), method(np.min), method(np.ptp)
    var, std = method(np.var), method(np.std)
    cumsum, cumprod = method(np.cumsum), method(np.cumprod)
    argmax, argmin, argsort, nonzero = method(np.argmax), method(np.argmin), method(np.argsort), method(np.nonzero)
    all, any = method(np.all), method(np.any)
    sort, take, repeat = method(np.sort), method(np.take), method(np.repeat)
    reshape, transpose = axes_method(np.reshape), axes_method(np.transpose)
    ravel = flatten = method(np.ravel)
    swapaxes, squeeze = method(np.swapaxes), method(np.squeeze)
    diagonal, trace, dot = method(np.diagonal), method(np.trace), method(np.dot)
    clip, round, conj = method(np.clip), method(np.round), method(np.conjugate)


Node.value_class = Value


def seed(output: Any, gradient: Any) -> Any:
    """The cotangent that a backward pass starts with, of the output's shape and dtype; the gradient may be a Value."""
    if not isinstance(output, Value):
        raise TypeError(f"expected the Value to differentiate, but got {type(output).__name__}")
    if output.dtype.kind not in "fc":
        raise TypeError(f"{op_name(output.op)} gives {output.dtype} numbers, which have no derivative")
    if gradient is None:
        if output.size != 1:
            raise ValueError(
                f"this Value has shape {output.shape}, so its derivative is not one gradient; call .sum() or .mean() "
                "first, or pass gradient= with a weight for each entry"
            )
        return np.array(1, output.dtype, ndmin=output.ndim)[()]
    if np.shape(gradient) != output.shape:
        raise ValueError(f"the gradient has shape {np.shape(gradient)}, but the output has {output.shape}")
    return gradient.astype(output.dtype) if isinstance(gradient, Value) else as_data(gradient, output.dtype)


def gradients(output: Any, inputs: Sequence[Any], gradient: Any = None, create_graph: bool = False) -> list[Any]:
    """The derivative of `output` with respect to each of `inputs`; no `.grad` is touched.

    Args:
        output: a Value of size 1, or of any shape with `gradient`.
        inputs: Values; one that the output does not depend on gets zeros.
        gradient: weights of the output's entries, of its shape.
        create_graph: give Values, whose derivatives can be taken in their turn, instead of arrays.

    >>> x = Value(2.0)
    >>> [slope] = gradients(x ** 3, [x], create_graph=True)
    >>> print(slope.item(), gradients(slope, [x])[0])
    12.0 12.0
    """
    inputs = [inputs] if isinstance(inputs, Value) else list(inputs)
    if not all(isinstance(x, Value) for x in inputs):
        raise TypeError("gradients with respect to plain data do not exist; wrap them before use: x = Value(data)")
    trace, start = MODE.get().trace, seed(output, gradient)
    if trace is None:
        found = cotangents(output, start, inputs, create_graph)
    else:
        found = trace.cotangents(output, start, inputs, create_graph)
    results = [found[x] if x in found else np.zeros(x.shape, x.dtype)[()] for x in inputs]
    if create_graph:
        return [Value(r) if not isinstance(r, Value) else r for r in results]
    if trace is not None:
        return [trace.data(r) for r in results]
    return [r.copy() if isinstance(r, np.ndarray) else r for r in results]
