"""tinygrad_br: an autograd micro-framework on NumPy.  It has no relation to `tinygrad`.

`Value` records a computation; `backward()` finds its derivatives; `tg.nn`, `tg.optim` and `tg.fit` build and train
networks on top; `tg.draw` shows and `tg.check_gradients` checks.  The code reads downwards from here: value.py and
engine.py first, then rules/, then what stands on them.
"""

from __future__ import annotations

import importlib
from typing import Any

from . import rules as rules
from .engine import define_rule
from .modes import debug, no_grad
from .rules.indexing import add_at, put
from .value import Value, gradients, stop_gradient

__version__ = "0.1.0"

# What is loaded at first use, so that `import tinygrad_br` costs little more than `import numpy`.
_LATER = {
    "nn": "nn", "optim": "optim", "datasets": "datasets", "drawing": "drawing", "training": "training",
    "checking": "checking", "transforms": "transforms",
    "grad": "transforms", "value_and_grad": "transforms", "elementwise_grad": "transforms", "jacobian": "transforms",
    "hessian": "transforms", "hvp": "transforms", "vjp": "transforms", "jvp": "transforms", "checkpoint": "transforms",
    "primitive": "transforms",
    "numerical_gradient": "checking", "numerical_jacobian": "checking", "numerical_hessian": "checking",
    "check_gradients": "checking", "check_layer": "checking", "GradientReport": "checking",
    "compiling": "compiling", "compile": "compiling",
    "draw": "drawing", "Drawing": "drawing", "explain": "drawing", "why": "drawing", "record": "drawing",
    "fit": "training", "History": "training", "evaluate": "training", "predict": "training",
    "predict_proba": "training", "save_checkpoint": "training", "diagnose": "training", "Diagnosis": "training",
    "find_learning_rate": "training",
    "save": "saving", "load": "saving", "expm": "rules.expm", "polygamma": "rules.gamma",
}  # fmt: skip

__all__ = ["Value", "add_at", "debug", "define_rule", "gradients", "no_grad", "put", "stop_gradient", *_LATER]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"tinygrad_br has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_LATER[name]}")
    value = module if name == _LATER[name] else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
