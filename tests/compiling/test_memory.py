"""A compiled training step needs little memory beside what it cannot do without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "memory.py"


def test_peak_memory_of_a_training_step():
    code = "import memory; memory.STEPS = 3; used, needed = memory.peak(); print(used / needed)"
    run = subprocess.run([sys.executable, "-c", code], cwd=PROGRAM.parent, capture_output=True, text=True, check=True)
    assert 0.9 < float(run.stdout) <= 1.1
