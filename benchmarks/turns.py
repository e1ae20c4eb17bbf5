"""Competitors that take turns: how the figures of `compare.py` are measured.

Each competitor lives in a process of its own, on one core and with one thread, and all but the one whose turn it is
are stopped by a signal, because even idle thread pools take time from others.  A turn is a segment of about 0.1
seconds.  What counts is the ratio of two competitors within one round, and of these the median over all rounds: a
machine that is slower for a while slows both.

What is measured is the processor time of the process, which does not grow when other programs want the core too; for
work on several threads it is the time of the clock on the wall.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
UNUSUAL = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")
FRESH_AFTER = 400  # steps between two re-initialisations, so that nothing is learned by heart and sinks into denormals
COMPARED_STEPS = 5
METHOD = (
    "Each competitor has a process of its own, pinned to one core and one thread (two, where the row says so); all but "
    "one stand still while it runs a segment of its steps, then comes the next.  Each step gets other data with random "
    "labels, and weights start anew every few hundred steps.  The competitors' losses agree to 1e-4.  A ratio is the "
    "median over the rounds of the ratio within a round."
)


def environment(threads: int) -> dict[str, str]:
    """The environment of a competitor: this one, with its number of threads and without unusual settings."""
    env = {key: value for key, value in os.environ.items() if key not in UNUSUAL}
    env.update(dict.fromkeys(THREADS, str(threads)), PYTHONHASHSEED="0", TF_CPP_MIN_LOG_LEVEL="3")
    if threads == 1:
        env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE.parent), env.get("PYTHONPATH", "")]))
    return env


# -- in the competitor's process -------------------------------------------------------------------------------------


def play(module: str, row: str, competitor: str, threads: int) -> None:
    """Answer the requests on standard input: `losses`, or a number of seconds to run for."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    work = importlib.import_module(module).WORKS[row]
    start, convert = work.competitors[competitor](work)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    batches = [tuple(map(convert, batch)) for batch in work.batches()]
    clock = time.process_time if threads == 1 else time.perf_counter
    chunk = 1
    for request in sys.stdin:
        if request == "losses\n":
            step = start()
            answer: Any = [float(step(*batch)) for batch in itertools.islice(itertools.cycle(batches), COMPARED_STEPS)]
        else:
            steps, spent, wanted = 0, 0.0, float(request)
            while spent < wanted:
                step, loss = start(), 0.0
                turn = list(itertools.islice(itertools.cycle(batches), chunk))
                begin = clock()
                for batch in turn:
                    loss = step(*batch)
                loss = float(loss)  # waits for competitors that compute later
                took = clock() - begin
                spent, steps = spent + took, steps + chunk
                chunk = max(1, min(FRESH_AFTER, int(wanted / 2 * chunk / max(took, 1e-9))))
            answer = spent / steps
        print(json.dumps(answer), flush=True)


# -- in the process that asks ----------------------------------------------------------------------------------------


class Player:
    """A competitor in its own process, which stands still unless it is asked something."""

    def __init__(self, module: str, row: str, competitor: str, threads: int) -> None:
        command = [sys.executable, str(HERE / "compare.py"), "--play", module, row, competitor, str(threads)]
        self.name = competitor
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115, `end` closes it
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=environment(threads),
            cwd=HERE,
        )

    def ask(self, request: str) -> Any:
        """Let it run until it has answered; RuntimeError with its last words if it ends instead."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(request + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        answer = self.process.stdout.readline()
        if not answer:
            self.errors.seek(0)
            raise RuntimeError((self.errors.read().strip().splitlines() or ["no answer"])[-1])
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)
        return json.loads(answer)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.errors.close()


def compete(work: Any, names: list[str], rounds: int, seconds: float) -> tuple[dict[str, list[float]], list[str]]:
    """The seconds per step of each competitor in each round, and a line for each one that was left out.

    Raises:
        AssertionError: if the losses of the first steps differ: then the competitors do not do the same work.
    """
    players, left_out, losses = [], [], {}
    try:
        for name in names:
            player = Player(work.module, work.name, name, work.threads)
            players.append(player)
            try:
                losses[name] = player.ask("losses")
                player.ask(str(seconds))
                player.ask(str(seconds))
            except RuntimeError as error:
                players.remove(player)
                left_out.append(f"{work.name}: {name} left out ({error})")
        check_agreement(work.name, losses)
        times: dict[str, list[float]] = {player.name: [] for player in players}
        for number in range(rounds):
            for player in players if number % 2 else reversed(players):
                times[player.name].append(player.ask(str(seconds)))
    finally:
        for player in players:
            player.end()
    return times, left_out


def check_agreement(row: str, losses: dict[str, list[float]]) -> None:
    """Whether all competitors got the same losses; one that only multiplies matrices has none (NaN)."""
    real = {name: values for name, values in losses.items() if values[0] == values[0]}
    for name, values in real.items():
        reference = next(iter(real.values()))
        worst = max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(values, reference))
        assert worst <= 1e-4, f"{row}: the losses of {name} are {values}, but {next(iter(real))} has {reference}"


def ratio(times: dict[str, list[float]], a: str, b: str) -> float:
    """The median over the rounds of the time of `a` over the time of `b`."""
    return statistics.median(x / y for x, y in zip(times[a], times[b]))
