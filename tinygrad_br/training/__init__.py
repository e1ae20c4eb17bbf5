"""Training: `fit` and its history, the convergence rule, metrics, callbacks, and a network in use.

`fit` (fit.py) prepares the data (batches.py), repeats the step (step.py), notes the figures (metrics.py, history.py)
and tells callbacks (callbacks.py) what happens; goals.py knows what goes with a loss.
"""

from .callbacks import Callback, Checkpoint, Convergence, CSVLog
from .fit import Run, fit
from .history import History
from .metrics import METRICS, Confusion, decided
from .using import evaluate, predict, predict_proba

__all__ = [
    "METRICS", "CSVLog", "Callback", "Checkpoint", "Confusion", "Convergence", "History", "Run", "decided", "evaluate",
    "fit", "predict", "predict_proba",
]  # fmt: skip
