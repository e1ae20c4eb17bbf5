"""For the test suites of users: hypothesis strategies, and an assertion on gradients.

In a test of your own, with pytest and hypothesis::

    from hypothesis import given
    from tinygrad_br.testing import arrays_for, assert_gradients

    @given(arrays_for("positive"))
    def test_my_function(x):
        assert_gradients(my_function, x)

Functions of PyTorch, JAX or any other library are checked as plain callables with a `gradient` callable::

    def run(x):
        return torch.tensor(x).sin().sum().item()

    def gradient(x):
        t = torch.tensor(x, requires_grad=True)
        t.sin().sum().backward()
        return t.grad.numpy()

    assert_gradients(run, x, gradient=gradient)

The strategies need hypothesis, the assertion does not: `python -m pip install "tinygrad_br[test]"`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .checking import GradientReport, check_gradients

if TYPE_CHECKING:
    from .strategies import Expression, arrays_for, broadcastable_shapes, expressions, operations

STRATEGIES = ("Expression", "arrays_for", "broadcastable_shapes", "expressions", "operations")
__all__ = ["Expression", "arrays_for", "assert_gradients", "broadcastable_shapes", "expressions", "operations"]


def assert_gradients(f: Callable[..., Any], *args: Any, **options: Any) -> GradientReport:
    """Raise AssertionError, with the whole report, if a gradient of `f` is wrong at `args`; else return the report.

    `options` are those of `check_gradients`: order, mode, loss, gradient, exhaustive, seed.

    >>> assert_gradients(lambda x: (x * x).sum(), [1.0, 2.0]).ok
    True
    """
    return check_gradients(f, *args, **options).raise_if_wrong()


def __getattr__(name: str) -> Any:
    if name not in STRATEGIES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(".strategies", __package__), name)
    except ModuleNotFoundError as error:
        raise ImportError(f'{name} needs hypothesis; write python -m pip install "tinygrad_br[test]"') from error
