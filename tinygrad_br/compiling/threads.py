"""Work that several threads share."""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent import futures
from typing import Any


def threads() -> int:
    """How many threads a program may use: OMP_NUM_THREADS, which BLAS heeds too, or one for each processor."""
    wish = os.environ.get("OMP_NUM_THREADS", "")
    if wish.isdigit() and int(wish):
        return int(wish)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_threads(work: Callable[[Iterable[Any]], None], tasks: Sequence[Any]) -> None:
    """Run `work(tasks)` on several threads, this one among them; each task is taken by one of them.

    NumPy releases Python's global lock while it computes.  The threads end with the call.
    """
    shared = iter(tasks)
    with futures.ThreadPoolExecutor(max_workers=threads()) as pool:  # which starts none before it has something to do
        contexts = [contextvars.copy_context() for _ in range(min(threads(), len(tasks)) - 1)]  # with their np.errstate
        others = [pool.submit(context.run, work, shared) for context in contexts]
        work(shared)
    for other in others:
        other.result()
