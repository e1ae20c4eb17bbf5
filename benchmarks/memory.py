"""The peak memory of a compiled training step, beside what the step cannot do without.

    python benchmarks/memory.py

What counts is what NumPy allocates, as `tracemalloc` sees it; what the allocator of the C library keeps for later use
is left out.  The step cannot do without its inputs, parameters, gradients, the optimizer's state and the activations
that the backward pass reads.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
from mlp import compiled_step

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

STEPS = 70  # among which are those that look for denormal numbers


def training(sizes: tuple[int, ...], rows: int) -> tuple[Any, ...]:
    """A network, its step with Adam, and a batch."""
    import tinygrad_br as tg

    model = tg.nn.MLP(sizes[0], list(sizes[1:]), activation="relu", dtype=np.float32, seed=0)
    optimizer = tg.optim.Adam(model.parameters(), 0.001)
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((rows, sizes[0]), np.float32), rng.integers(0, sizes[-1], rows)
    return model, compiled_step(model, optimizer), x, labels


def peak(sizes: tuple[int, ...] = (784, 1024, 1024, 10), rows: int = 512) -> tuple[int, int]:
    """The most bytes that are in use during a step, and those of what it needs."""
    _, step, *batch = training((4, 8, 10), 16)
    step(*batch)  # loads the compiler
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    model, step, x, labels = training(sizes, rows)
    step(x, labels)
    gc.collect()
    tracemalloc.reset_peak()
    for _ in range(STEPS):
        step(x, labels)
    used = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    parameters = sum(p.data.nbytes for p in model.parameters())
    activations = sum(rows * n * 4 for n in sizes[1:])
    return used, x.nbytes + labels.nbytes + 4 * parameters + activations


if __name__ == "__main__":
    used, needed = peak()
    print(f"{used / needed:.3f} ({used / 1e6:.1f} MB of {needed / 1e6:.1f} MB)")
