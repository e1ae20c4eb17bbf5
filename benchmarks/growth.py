"""How costs grow with the size of a graph: recording, backward, compiling and running 1,000 to 1,000,000 operations.

    python benchmarks/growth.py --plot benchmarks/growth.svg      # some minutes, and 3 GB of memory

The graph is one chain of multiplications, additions and relus of single numbers, the deepest graph there is.  Each size
has a process of its own; the times are processor time, the least of some runs.  In a linear cost the time of one
operation is the same for all sizes.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from turns import environment

SIZES = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
COSTS = ["record", "backward", "compile", "run the compiled program"]


def timed(function: Callable[..., Any], *args: Any) -> tuple[float, Any]:
    start = time.process_time()
    result = function(*args)
    return time.process_time() - start, result


def measure(n: int) -> list[float]:
    """Seconds for each of the costs, and the bytes of memory that the process needed for one operation."""
    import tinygrad_br as tg

    def chain(v: Any, w: Any, b: Any) -> Any:
        for i in range(n):
            v = v * w if i % 3 == 0 else v + b if i % 3 == 1 else tg.nn.relu(v)
        return v

    def step(x: Any, w: Any, b: Any) -> Any:
        values = [tg.Value(number) for number in (x, w, b)]
        loss = chain(*values)
        loss.backward()
        return loss.data, [v.grad for v in values]

    def once() -> list[float]:
        values = [tg.Value(number) for number in (1.0, 0.999, 0.002)]
        record, loss = timed(chain, *values)
        backward, _ = timed(loss.backward)
        compiled = tg.compile(step)
        first, _ = timed(compiled, 1.0, 0.999, 0.002)
        run, _ = timed(compiled, 1.0, 0.999, 0.002)
        return [record, backward, first - run, run]

    best = [min(costs) for costs in zip(*(once() for _ in range(5 if n <= 10_000 else 2 if n <= 100_000 else 1)))]
    return [*best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / n]


def table(sizes: list[int]) -> list[tuple[int, list[float]]]:
    """For each size its costs, measured in a process of its own."""
    rows = []
    print(f"{'operations':>10}", *(f"{cost:>26}" for cost in COSTS), f"{'peak memory':>14}")
    for n in sizes:
        command = [sys.executable, __file__, "--size", str(n)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment(1))
        costs = [*map(float, done.stdout.split())]
        rows.append((n, costs))
        print(
            f"{n:10,}",
            *(f"{c:11.4g} s, {c / n * 1e6:6.2f} us each" for c in costs[:-1]),
            f"{costs[-1]:8.0f} bytes each",
        )
    return rows


def plot(rows: list[tuple[int, list[float]]], path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "growth", "svg.fonttype": "none"})
    figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
    sizes = [n for n, _ in rows]
    for i, cost in enumerate(COSTS):
        times = [costs[i] for _, costs in rows]
        line = axes.loglog(sizes, times, "o-", label=f"{cost}: {times[-1] / sizes[-1] * 1e6:.2g} µs an operation")[0]
        slope = [times[-1] * n / sizes[-1] for n in sizes]
        axes.loglog(sizes, slope, ":", color=line.get_color(), linewidth=1)
    axes.set_xlabel("scalar operations in the graph")
    axes.set_ylabel("processor time in seconds")
    axes.set_title("What a graph costs; dotted: the same time for every operation")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(path, metadata={"Date": None} if path.endswith("svg") else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", metavar="FILE", help="draw the result, as .svg or .png")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the largest size")
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.size:
        print(*measure(options.size))
        return
    rows = table([n for n in SIZES if n <= options.most])
    if options.plot:
        plot(rows, options.plot)


if __name__ == "__main__":
    main()
