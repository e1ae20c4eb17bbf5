"""What `tg.fit` costs above the bare compiled step: an MLP 64-64-10 on 32 rows, in turns in one process.

    python benchmarks/fit_overhead.py

Each turn is one training of 20 epochs by `fit`, then the same number of steps of the compiled step alone, on batches
that were cut before the clock started, in seconds of processor time.  The ratio is the median; bar: 1.10.
"""

from __future__ import annotations

import argparse
import os
import statistics
from time import process_time

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import numpy as np
from mlp import compiled_step

import tinygrad_br as tg

ROWS, BATCH, EPOCHS = 32 * 200, 32, 20


def model() -> tg.nn.MLP:
    return tg.nn.MLP(64, [64, 10], seed=0, dtype=np.float32)


def data(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(ROWS, 64)).astype(np.float32), rng.integers(0, 10, ROWS)


def time_of_fit(optimizer: str, seed: int, verbose: int) -> float:
    """Seconds a step, of the epochs after the first, in which the step is compiled."""
    x, y = data(seed)
    times: list[float] = []
    tg.fit(
        model(), x, y, loss="cross_entropy", optimizer=optimizer, lr=1e-3, epochs=EPOCHS, batch_size=BATCH, seed=seed,
        metrics=[] if not verbose else None, verbose=verbose, callbacks=[lambda run: times.append(process_time())],
    )  # fmt: skip
    return (times[-1] - times[0]) / (EPOCHS - 1) / (ROWS // BATCH)


def time_of_step(optimizer: str, seed: int) -> float:
    x, y = data(seed)
    network = model()
    update = {"sgd": tg.optim.SGD, "adam": tg.optim.Adam}[optimizer](network.parameters(), lr=1e-3)
    step = compiled_step(network, update)
    order = np.random.default_rng(seed).permutation(ROWS)
    batches = [(x[order[i : i + BATCH]], y[order[i : i + BATCH]]) for i in range(0, ROWS, BATCH)]
    step(*batches[0])
    start = process_time()
    for _ in range(EPOCHS - 1):
        for batch in batches:
            step(*batch)
    return (process_time() - start) / (EPOCHS - 1) / len(batches)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--verbose", type=int, default=0, choices=[0, 1], help="1: with progress bar and accuracy")
    options = parser.parse_args()
    for optimizer in ("sgd", "adam"):
        pairs = [
            (time_of_fit(optimizer, i, options.verbose), time_of_step(optimizer, i)) for i in range(options.rounds)
        ]
        ratio = statistics.median(a / b for a, b in pairs)
        fit, step = (statistics.median(times) * 1e6 for times in zip(*pairs, strict=True))
        print(f"{optimizer}: fit {fit:.1f}, compiled step {step:.1f} microseconds a step; median ratio {ratio:.3f}")


if __name__ == "__main__":
    main()
