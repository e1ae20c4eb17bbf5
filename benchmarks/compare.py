"""Compare tinygrad_br with hand-written NumPy, bare matrix products, PyTorch, JAX, MyGrad, autograd and micrograd.

    python -m pip install ".[bench]"
    python benchmarks/compare.py                            # every row; about ten minutes
    python benchmarks/compare.py --rows mlp-64,moons --quick
    python benchmarks/compare.py --markdown benchmarks/RESULTS.md

`turns.py` says how the figures come about, `mlp.py`, `scalars.py` and `elementwise.py` hold each competitor's code,
`costs.py` and `memory.py` measure what a step takes besides time.
Only ratios mean something: they come from one run on one machine.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import turns
from work import Work

FAMILIES = ("scalars", "mlp", "elementwise")
BASES = ("tinygrad_br", "bare products")
SLOW_TO_START = {"torch.compile"}
PACKAGES = ("numpy", "torch", "jax", "mygrad", "autograd", "micrograd", "scikit-learn")


def machine() -> str:
    """The machine in general words: its cores, its clock and the versions of what ran."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    clock = next((f", {float(line.split(':')[1]) / 1000:.1f} GHz" for line in info.splitlines() if "MHz" in line), "")
    width = next((f", {word}" for word in ("avx512f", "avx2") if word in info), "")
    versions = []
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{package} {importlib.metadata.version(package)}")
    cores = f"{os.cpu_count()} cores of {platform.machine()}{clock}{width}"
    return f"{cores}; {platform.system()}; Python {platform.python_version()}; {', '.join(versions)}"


def table(work: Work, times: dict[str, list[float]]) -> list[str]:
    """The result of a row in Markdown: a line for each competitor, fastest first, and one for each bar."""
    lines = [f"### {work.title}", "", f"`--rows {work.name}`", ""]
    lines += ["| competitor | microseconds | times tinygrad_br | times the bare matrix products |", "|---|--:|--:|--:|"]
    for name in sorted(times, key=lambda name: statistics.median(times[name])):
        cells = [f"{turns.ratio(times, name, base):.3g}" if base in times else "" for base in BASES]
        lines.append(f"| {name} | {statistics.median(times[name]) * 1e6:,.1f} | {' | '.join(cells)} |")
    lines.append("")
    for bar in work.bars:
        if bar.competitor in times and bar.other in times:
            value = turns.ratio(times, bar.competitor, bar.other)
            verdict = "kept" if value <= bar.factor else "NOT KEPT"
            lines.append(f"- {bar.competitor} takes {value:.3g} of {bar.other}; the bar is {bar.factor:.3g}: {verdict}")
    return [*lines, ""]


def other_costs(rounds: int) -> list[str]:
    import costs

    numpy, own, ratio = costs.import_ratio(rounds)
    before, after = costs.bytes_per_node()
    memory = [sys.executable, str(turns.HERE / "memory.py")]
    peak = subprocess.run(memory, env=turns.environment(1), capture_output=True, text=True, check=True).stdout.strip()
    return [
        "### Import and memory",
        "",
        f"- import: numpy {numpy * 1e3:.0f} ms, tinygrad_br {own * 1e3:.0f} ms (with numpy), ratio {ratio:.2f}; "
        f"the bar is 1.3: {'kept' if ratio <= 1.3 else 'NOT KEPT'}",
        f"- a scalar graph: {before:.0f} bytes a node, {after:.0f} after backward; "
        f"the bar is 500: {'kept' if after <= 500 else 'NOT KEPT'}",
        "- peak memory of the compiled step of MLP 784-1024-1024-10 on 512 rows, Adam, times inputs, parameters, "
        f"gradients, optimizer state and activations: {peak}; the bar is 1.1: "
        f"{'kept' if float(peak.split()[0]) <= 1.1 else 'NOT KEPT'}",
        "",
        "How costs grow with the size of a graph, by `growth.py`:",
        "",
        "![Recording, backward, compiling and running, up to a million operations](growth.svg)",
        "",
    ]


def main() -> None:
    works = {name: work for family in FAMILIES for name, work in importlib.import_module(family).WORKS.items()}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    rows = [*works, "costs"]
    parser.add_argument("--rows", help=f"comma-separated: {', '.join(rows)}", default=",".join(rows))
    parser.add_argument("--competitors", help="comma-separated; only these take part (else all but torch.compile)")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--seconds", type=float, default=0.1, help="length of a turn")
    parser.add_argument("--quick", action="store_true", help="5 rounds of 0.03 seconds: rough figures")
    parser.add_argument("--markdown", metavar="FILE", help="write the result there too")
    options = parser.parse_args()
    rounds, seconds = (5, 0.03) if options.quick else (options.rounds, options.seconds)
    wanted = options.rows.split(",")
    if unknown := [name for name in wanted if name not in rows]:
        parser.error(f"there is no row {', '.join(unknown)}; the rows are {', '.join(rows)}")

    lines = ["# tinygrad_br and others", "", f"Machine: {machine()}.", "", turns.METHOD, ""]
    print("\n".join(lines), flush=True)
    for name in wanted:
        if name == "costs":
            part = other_costs(rounds)
        else:
            work = works[name]
            chosen = options.competitors.split(",") if options.competitors else {*work.competitors} - SLOW_TO_START
            names = [competitor for competitor in work.competitors if competitor in chosen]
            times, left_out = turns.compete(work, names, rounds, seconds)
            part = table(work, times) + [f"- {line}" for line in left_out] + [""] * bool(left_out)
        print("\n".join(part), flush=True)
        lines += part
        if options.markdown:
            Path(options.markdown).write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--play"]:
        turns.play(*sys.argv[2:5], int(sys.argv[5]))
    else:
        main()
