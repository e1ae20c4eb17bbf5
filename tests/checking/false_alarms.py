"""How often the checker calls a right rule wrong: every rule of the table, on inputs of many kinds.

    python -m tests.checking.false_alarms [FAMILY ...] [--draws N]

Every drawn input is judged by itself: of an elementwise function each number (or pair, or triple) is an input, of the
others each set of arrays.  In each set one entry of each array and one random direction are compared, so that all of
the sets together cover all entries.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

import numpy as np

import tinygrad_br as tg
from tinygrad_br.checking.rows import FAMILIES
from tinygrad_br.engine import Node
from tinygrad_br.messages import op_name

BATCH = 500
# Inputs for which a rule itself is known to be inaccurate, so that the checker is right to call it wrong.
TRUE_ALARMS = {
    "tanh-complex": (("huge", "of many sizes"), "NaN where cosh overflows; the derivative is 0"),
    **dict.fromkeys(("arcsin", "arccos"), (("huge", "of many sizes"), "np.emath beyond 1 lies on that branch cut")),
    "arcsin-complex": (("near integers", "integers"), "the other side of the branch cut, for +0 as imaginary part"),
    "power-complex (1,)": (("near integers", "integers", "tiny"), "NaN for negative bases next to 0"),
    "spacing": (("integers",), "at 0 its steps are as small as its argument, so it looks like a line"),
    **dict.fromkeys(
        ("floor_divide", "divmod", "divmod-negative"),
        (("of many sizes",), "for quotients beyond 2**53 it is a line among floating-point numbers"),
    ),
}
MEANT_TO_BE_WRONG = (tg.stop_gradient,)

KINDS = {
    "ordinary": lambda rng, x: x,
    "float32": lambda rng, x: x.astype(np.complex64 if np.iscomplexobj(x) else np.float32),
    "integers": lambda rng, x: np.rint(x),  # kinks, and ties of equal numbers
    "near integers": lambda rng, x: np.rint(x) + 1e-9 * rng.normal(size=x.shape),
    "tiny": lambda rng, x: x * 10 ** rng.uniform(-12, -6, x.shape),
    "huge": lambda rng, x: x * 10 ** rng.uniform(6, 12, x.shape),
    "of many sizes": lambda rng, x: x * 10 ** rng.uniform(-12, 12, x.shape),
}


def functions():
    """The rows of every function, by family and name."""
    return {
        (family, op_name(function)): [row for row in rows if row.function is function]
        for family, rows in FAMILIES.items()
        for function in dict.fromkeys(row.function for row in rows)
        if function not in MEANT_TO_BE_WRONG
    }


def parts_of(result):
    """The parts of a result that are numbers: real and imaginary parts of all arrays of floating-point numbers."""
    parts = result if isinstance(result, (tuple, list)) else [result]
    arrays = [part for part in parts if np.result_type(part.dtype).kind in "fc"]
    return [each for a in arrays for each in ([np.real(a), np.imag(a)] if a.dtype.kind == "c" else [a])]


class Drawn:
    """A row of the table as a function of many drawn inputs, with real arrays for complex ones."""

    def __init__(self, row):
        self.row, self.size = row, None
        with np.errstate(all="ignore"):
            result = None if row.shapes else row.run(*[np.full(3, 0.5)] * len(row.domains))
        self.elementwise = result is not None and np.shape(result)[-1:] == (3,)
        self.shapes = row.shapes or ((2, 3),) * len(row.domains)

    def draw(self, rng, kind, count):
        """So many inputs: for each argument one array with the inputs as its first axis."""
        shapes = [()] * len(self.row.domains) if self.elementwise else self.shapes
        drawn = []
        for i, (shape, domain) in enumerate(self.row.places(shapes)):

            def one(shape=shape, domain=domain):
                return domain.draw_distinct(rng, shape) if self.row.distinct else domain.draw(rng, shape)

            x = domain.draw(rng, (count,)) if self.elementwise else np.array([one() for _ in range(count)])
            if i in self.row.complex:
                x = x + 1j * domain.draw(rng, x.shape)
            x = KINDS[kind](rng, x)
            drawn += [x.real.copy(), x.imag.copy()] if i in self.row.complex else [x]
        return drawn

    def run(self, reals):
        values = iter(reals)
        count = len(self.shapes)
        return self.row.run(*[next(values) + 1j * next(values) if i in self.row.complex else next(values)
                              for i in range(count)])  # fmt: skip

    def __call__(self, *arrays):
        """The numbers of each result, a row for each input; NaN where the function raises."""
        if self.elementwise:
            return np.stack([*parts_of(as_arrays(self.run(arrays))), 0 * arrays[0]], -1)
        rows = [self.one([a[k][()] for a in arrays]) for k in range(len(arrays[0]))]
        self.size = self.size or max(map(len, rows))
        return np.array([r if len(r) == self.size else np.full(self.size, np.nan) for r in rows])

    def one(self, reals):
        try:
            parts = parts_of(as_arrays(self.run(reals)))
        except (ValueError, ArithmeticError):
            return np.empty(0)
        return np.concatenate([*(np.ravel(part) for part in parts), np.zeros(1)])

    def gradient(self, *arrays_and_weights):
        """What the library says."""
        *arrays, weights = arrays_and_weights
        if self.elementwise:
            values = [tg.Value(a) for a in arrays]
            parts = [p for p in parts_of(self.run(values)) if isinstance(p, Node)]
            output = sum((p * weights[:, i]).sum() for i, p in enumerate(parts))
            found = tg.gradients(output, values) if parts else [np.zeros_like(a) for a in arrays]
            return found if len(arrays) > 1 else found[0]
        found = [np.zeros_like(a) for a in arrays]
        for k, w in enumerate(weights):
            for total, g in zip(found, self.one_gradient([a[k] for a in arrays], w), strict=True):
                total[k] = g
        return found if len(arrays) > 1 else found[0]

    def one_gradient(self, reals, weights):
        values = [tg.Value(x) for x in reals]
        try:
            parts = parts_of(self.run(values))
        except (ValueError, ArithmeticError):
            parts = []
        output, start = 0.0, 0
        for part in parts:
            output = output + (part * weights[start : start + part.size].reshape(part.shape)).sum()
            start += part.size
        return tg.gradients(output, values) if parts else [np.zeros_like(x) for x in reals]


def as_arrays(result):
    return [*map(np.asarray, result)] if isinstance(result, (tuple, list)) else np.asarray(result)


def check(rows, draws, seed, kinds=tuple(KINDS)):
    """How many inputs of a function were compared, and a sentence on each row and kind that is called wrong.

    The draws are spread over rows and kinds.  Of each input one entry, or more, and one direction of each argument are
    compared.
    """
    counts, alarms = Counter(), []
    share = max(2, -(-draws // (len(rows) * len(kinds))))
    rng = np.random.default_rng(seed)
    for row in rows:
        for kind in kinds:
            for start in range(0, share, BATCH):
                drawn, count = Drawn(row), min(BATCH, share - start)
                with np.errstate(all="ignore"):
                    args = drawn.draw(rng, kind, count)
                    report = tg.check_gradients(drawn, *args, gradient=drawn.gradient, independent="rows", seed=rng)
                counts["inputs"] += count
                for each in report.rows:
                    counts["compared"] += len(each.pairs)
                    counts["cannot tell"] += each.unsure
                    counts["wrong"] += each.wrong
                    if each.wrong and kind not in TRUE_ALARMS.get(row.name, ((), ""))[0]:
                        alarms.append(f"{row.name}, {kind}: {each.wrong} of {len(each.pairs)} {each.sentence()}")
    return counts, alarms


def main():
    parser = argparse.ArgumentParser(description="how often a right rule is called wrong")
    parser.add_argument("families", nargs="*", default=[*FAMILIES], metavar="FAMILY")
    parser.add_argument("--draws", type=int, default=10_000, help="inputs for each function (default 10000)")
    options = parser.parse_args()
    found = 0
    for family in options.families or FAMILIES:
        start, total = time.process_time(), Counter()
        mine = {name: rows for (of, name), rows in functions().items() if of == family}
        for rows in mine.values():
            counts, alarms = check(rows, options.draws, seed=1)
            total, found = total + counts, found + len(alarms)
            for alarm in alarms:
                print(f"  {alarm}", flush=True)
        seconds = time.process_time() - start
        print(f"{family}: {len(mine)} functions, {dict(total)}, {seconds:.0f} s of CPU time", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
