"""What tinygrad_br costs beside time: its import, and the memory of its graphs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile

from turns import environment

IMPORT = "import time; begin = time.process_time(); import {}; print(time.process_time() - begin)"

# Chains as in the scalar row: Python's own count of the bytes that a graph of 100,000 nodes holds.
MEMORY = """
import tracemalloc
import numpy as np
import tinygrad_br as tg

w, b = tg.Value(0.99), tg.Value(0.01)
tracemalloc.start()
v = tg.Value(1.0)
for i in range(100_000):
    v = v * w if i % 3 == 0 else v + b if i % 3 == 1 else np.maximum(v, 0.0)
forward = tracemalloc.get_traced_memory()[0]
v.backward()
print(forward / 100_000, tracemalloc.get_traced_memory()[0] / 100_000)
"""


def run(code: str, cache: str = "") -> list[float]:
    """The numbers that a fresh interpreter prints; `cache` is where it keeps bytecode."""
    command = [sys.executable, "-c", code]
    env = environment(1) | ({"PYTHONPYCACHEPREFIX": cache} if cache else {})
    return [*map(float, subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout.split())]


def import_ratio(rounds: int) -> tuple[float, float, float]:
    """Seconds to import NumPy, seconds to import tinygrad_br, and the median ratio, in alternating interpreters."""
    code = [IMPORT.format("numpy"), IMPORT.format("tinygrad_br")]
    with tempfile.TemporaryDirectory() as cache:
        for line in code:
            run(line, cache)  # writes the bytecode
        numpy, own = zip(*([run(line, cache)[0] for line in code] for _ in range(rounds)))
    return statistics.median(numpy), statistics.median(own), statistics.median(b / a for a, b in zip(numpy, own))


def bytes_per_node() -> list[float]:
    """Bytes of a node in a scalar graph, before and after backward."""
    return run(MEMORY)
