"""How costs grow with the size of a graph: recording, backward, compiling and running 1,000 to 1,000,000 operations.

    python benchmarks/growth.py --plot benchmarks/growth.svg      # some minutes, and 3 GB of memory

The graph is one chain of multiplications, additions and relus of single numbers, the deepest graph there is.  With
`--graph network` it is a network of single numbers on as many points as fill the size, which does the same for each
point.  To compile is all that the first call of a compiled function does more than the second one: it traces the
function, forward and backward, which is shown by itself too, and writes a program of it.

Each size has a process of its own; the times are processor time, the least of some runs.  In a linear cost the time of
one operation is the same for all sizes.
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
COSTS = ["record", "backward", "trace forward and backward", "compile", "run the compiled program"]


def timed(function: Callable[..., Any], *args: Any) -> tuple[float, Any]:
    start = time.process_time()
    result = function(*args)
    return time.process_time() - start, result


def chain(n: int) -> Callable[..., Any]:
    """v * w, v + b and relu(v) in turn."""
    import tinygrad_br as tg

    def function(v: Any, w: Any, b: Any) -> Any:
        for i in range(n):
            v = v * w if i % 3 == 0 else v + b if i % 3 == 1 else tg.nn.relu(v)
        return v

    return function


def network(n: int) -> Callable[..., Any]:
    """A layer of 16 neurons and one more neuron, on as many points as fill n operations."""
    import tinygrad_br as tg

    def function(v: Any, w: Any, b: Any) -> Any:
        weights = [(w * i, b * i, b + i) for i in range(1, 17)]
        loss = b
        for k in range((n - 48) // 98):
            x, y = v + k / n, v - k / n
            hidden = [tg.nn.relu(one * x + two * y + bias) for one, two, bias in weights]
            loss = loss + sum(h * one for h, (one, _, _) in zip(hidden, weights)) * (1 / n)
        return loss

    return function


def random(n: int) -> Callable[..., Any]:
    """Products, sums, means and relus of any of the last results: nothing comes again."""
    import numpy as np

    import tinygrad_br as tg

    rng = np.random.default_rng(6)
    rounds = n * 4 // 5  # a mean takes two operations
    kinds, places = rng.integers(0, 4, rounds).tolist(), rng.integers(1, 50, (rounds, 2)).tolist()

    def function(v: Any, w: Any, b: Any) -> Any:
        known = [v, w, b] * 17
        for kind, (i, j) in zip(kinds, places):
            one, other = known[-i], known[-j]
            if kind == 0:
                known.append((one + other) * 0.5)
            else:
                known.append(one * w if kind == 1 else one + b if kind == 2 else tg.nn.relu(one))
        return sum(known[-50:])

    return function


GRAPHS = {"chain": chain, "network": network, "random": random}


def measure(n: int, graph: str) -> list[float]:
    """Seconds for each of the costs, and the bytes of memory that the process needed for one operation."""
    import tinygrad_br as tg
    from tinygrad_br.collector import collector_paused
    from tinygrad_br.compiling.traced import TracedCall

    function, numbers = GRAPHS[graph](n), (1.0, 0.999, 0.002)

    def step(x: Any, w: Any, b: Any) -> Any:
        values = [tg.Value(number) for number in (x, w, b)]
        loss = function(*values)
        loss.backward()
        return loss.data, [v.grad for v in values]

    def trace() -> None:
        with collector_paused():
            TracedCall(lambda leaves: step(*leaves), numbers, "xwb", samples=True)

    def once() -> list[float]:
        record, loss = timed(function, *[tg.Value(number) for number in numbers])
        backward, _ = timed(loss.backward)
        del loss
        traced, _ = timed(trace)
        compiled = tg.compile(step)
        first, _ = timed(compiled, *numbers)
        run, _ = timed(compiled, *numbers)
        return [record, backward, traced, first - run, run]

    best = [min(costs) for costs in zip(*(once() for _ in range(5 if n <= 10_000 else 2 if n <= 100_000 else 1)))]
    return [*best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / n]


def table(sizes: list[int], graph: str) -> list[tuple[int, list[float]]]:
    """For each size its costs, measured in a process of its own."""
    rows = []
    print(f"{'operations':>10}", *(f"{cost:>26}" for cost in COSTS), f"{'peak memory':>14}")
    for n in sizes:
        command = [sys.executable, __file__, "--graph", graph, "--size", str(n)]
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
    figure, axes = plt.subplots(figsize=(7, 6), layout="constrained")
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
    figure.legend(loc="outside lower center", ncols=1)
    figure.savefig(path, metadata={"Date": None} if path.endswith("svg") else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", metavar="FILE", help="draw the result, as .svg or .png")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the largest size")
    parser.add_argument("--graph", choices=GRAPHS, default="chain", help="a network repeats itself, a random graph not")
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.size:
        print(*measure(options.size, options.graph))
        return
    rows = table([n for n in SIZES if n <= options.most], options.graph)
    if options.plot:
        plot(rows, options.plot)


if __name__ == "__main__":
    main()
