"""Training: `fit` and its history, the convergence rule, metrics, callbacks, and a network in use.

`fit` (fit.py) checks and prepares the data (batches.py); a `Run` (run.py) repeats the step (step.py), notes the figures
(metrics.py, history.py) and tells callbacks (callbacks.py) what happens; goals.py knows what goes with a loss, and
checkpoints.py how to go on another day.  doctor/ examines a training before and while it goes on,
learning_rate_finder.py looks for its learning rate; both try steps out on copies (trial.py).
"""

from .callbacks import Callback, Checkpoint, Convergence, CSVLog
from .checkpoints import save_checkpoint
from .doctor import Diagnosis, diagnose
from .fit import fit
from .history import History
from .learning_rate_finder import LearningRates, find_learning_rate
from .metrics import METRICS, Confusion, decided
from .run import Run
from .using import evaluate, predict, predict_proba

__all__ = [
    "METRICS", "CSVLog", "Callback", "Checkpoint", "Confusion", "Convergence", "Diagnosis", "History",
    "LearningRates", "Run", "decided", "diagnose", "evaluate", "find_learning_rate", "fit", "predict", "predict_proba",
    "save_checkpoint",
]  # fmt: skip
