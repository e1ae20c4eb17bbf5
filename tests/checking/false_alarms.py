"""How often the checker calls a right rule wrong: every rule of the table, on inputs of many kinds.

    python -m tests.checking.false_alarms [FAMILY ...] [--draws N]

Every drawn input is judged by itself: of an elementwise function each number (or pair, or triple) is an input, of the
others each set of arrays.  In each set an entry or a random direction of one of the arrays is compared, so that all of
the sets together cover all entries.  Of what cannot be told, the share is printed for each kind of input.

All families with 10,000 draws take about 100 minutes of CPU time: special, products, elementwise, reductions and
ordering 10 to 16 each, shaping, linalg, layers and losses 6 to 9, fft, activations and indexing 1 or 2.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from itertools import repeat

import numpy as np

import tinygrad_br as tg
from tinygrad_br.checking.rows import FAMILIES
from tinygrad_br.engine import Node
from tinygrad_br.messages import op_name

BATCH, TRIED = 1000, 8
# Inputs for which the function among floating-point numbers is another than the one whose derivative the rule gives.
LEFT_OUT = {
    # the steps are less than 16 units of rounding of the first argument
    **dict.fromkeys(("floor_divide", "divmod", "divmod-negative"), lambda x, y: is_large(x / y, 2.0**48)),
    # the sum of both arguments is the larger one, and scipy's stands still where the smaller one changes
    **dict.fromkeys(
        ("beta", "betaln", "betaln-negative"), lambda x, y: is_large(x / y, 2.0**53) | is_large(y / x, 2.0**53)
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


def is_large(x, least):
    """Whether numbers are large, of either sign, but finite."""
    return (abs(x) > least) & np.isfinite(x)


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
    arrays = [part if isinstance(part, Node) else np.asarray(part) for part in parts]
    arrays = [a for a in arrays if np.result_type(a.dtype).kind in "fc"]
    return [each for a in arrays for each in ([np.real(a), np.imag(a)] if a.dtype.kind == "c" else [a])]


class Drawn:
    """A row of the table as a function of many drawn inputs, with real arrays for complex ones.

    Where the function takes arrays with one more axis, first or last, and gives it back anywhere, all inputs go through
    one call; else each has a call of its own.
    """

    def __init__(self, row):
        self.row = row
        with np.errstate(all="ignore"):
            result = None if row.shapes else row.run(*[np.full(3, 0.5)] * len(row.domains))
        elementwise = result is not None and np.shape(result)[-1:] == (3,)
        self.shapes = row.shapes or ((() if elementwise else (2, 3)),) * len(row.domains)
        self.axis = self.axes = self.size = None

    def draw(self, rng, kind, count):
        """So many inputs: for each argument one array with the inputs as its first axis."""
        drawn = self.inputs(rng, kind, count)
        if (left_out := LEFT_OUT.get(self.row.name)) is not None:
            while np.any(which := left_out(*drawn)):
                drawn = [np.where(which, new, x) for new, x in zip(self.inputs(rng, kind, count), drawn, strict=True)]
        self.find_axes([x.astype(np.float64) for x in drawn])
        return drawn

    def inputs(self, rng, kind, count):
        """Inputs as they are drawn, none left out."""
        drawn = []
        for i, (shape, domain) in enumerate(self.row.places(self.shapes)):
            if self.row.distinct:
                n = int(np.prod(shape))
                x = domain.spread(rng.permuted(np.tile(np.arange(n), (count, 1)), axis=1), (count, *shape))
            else:
                x = domain.draw(rng, (count, *shape))
            if i in self.row.complex:
                x = x + 1j * domain.draw(rng, x.shape)
            x = KINDS[kind](rng, x)
            drawn += [x.real.copy(), x.imag.copy()] if i in self.row.complex else [x]
        return drawn

    def find_axes(self, arrays):
        """Look for an axis that the inputs may have, by the results of separate calls; each result has its own."""
        separate = [self.parts([a[k][()] for a in arrays]) for k in range(min(TRIED, len(arrays[0])))]
        self.size = max(sum(part.size for part in parts) for parts in separate)
        if len({tuple(part.shape for part in parts) for parts in separate}) == 1:
            wanted = [*map(np.stack, zip(*separate, strict=True))]
            for axis in (0, -1):
                try:
                    parts = self.parts([np.moveaxis(a[:TRIED], 0, axis) for a in arrays])
                except Exception:  # it is not made for more axes
                    continue
                pairs = zip(parts, wanted, strict=False)
                axes = [next((to for to in range(x.ndim) if alike(part, x, to)), None) for part, x in pairs]
                if len(parts) == len(wanted) and None not in axes:
                    self.axis, self.axes = axis, axes
                    return

    def run(self, reals):
        values = iter(reals)
        count = len(self.shapes)
        return self.row.run(*[next(values) + 1j * next(values) if i in self.row.complex else next(values)
                              for i in range(count)])  # fmt: skip

    def parts(self, reals):
        """The parts of the result for one call; none where the function raises."""
        try:
            return parts_of(self.run(reals))
        except (ValueError, ArithmeticError, IndexError):
            return []

    def __call__(self, *arrays):
        """The numbers of each result, a row for each input; NaN where the function raises or has another shape."""
        count = len(arrays[0])
        if self.axis is not None:
            parts = self.parts([np.moveaxis(a, 0, self.axis) for a in arrays])
            rows = [np.moveaxis(part, to, 0).reshape(count, -1) for part, to in zip(parts, self.axes, strict=False)]
            if len(parts) == len(self.axes):
                return np.concatenate([*rows, np.zeros((count, 1))], 1)
            self.axis = None  # the function raises for one of the inputs
        found = np.full((count, self.size + 1), np.nan)
        for row, *reals in zip(found, *map(list, arrays), strict=True):
            parts = self.parts(reals)
            if sum(part.size for part in parts) == self.size:
                row[-1] = 0
                row[:-1] = parts[0].ravel() if len(parts) == 1 else np.concatenate([*map(np.ravel, parts), []])
        return found

    def gradient(self, *arrays_and_weights):
        """What the library says."""
        *arrays, weights = arrays_and_weights
        if self.axis is None:
            found = [self.pulled([a[k] for a in arrays], w, repeat(None)) for k, w in enumerate(weights[:, None])]
            found = [*map(np.array, zip(*found, strict=True))]
        else:
            moved = self.pulled([np.moveaxis(a, 0, self.axis) for a in arrays], weights, self.axes)
            found = [np.moveaxis(g, self.axis, 0) for g in moved]
        return found if len(arrays) > 1 else found[0]

    def pulled(self, reals, weights, axes):
        """The gradients for inputs along the given axes of the results, with a row of weights for each."""
        values = [tg.Value(x) for x in reals]
        output, start = 0.0, 0
        for part, axis in zip(self.parts(values), axes, strict=False):
            shape = np.shape(part) if axis is None else np.moveaxis(np.empty(np.shape(part)), axis, 0).shape[1:]
            size = int(np.prod(shape))
            w = weights[:, start : start + size].reshape(-1, *shape)
            output = output + (part * (w[0] if axis is None else np.moveaxis(w, 0, axis))).sum()
            start += size
        return tg.gradients(output, values) if isinstance(output, Node) else [np.zeros_like(x) for x in reals]


def alike(part, wanted, axis):
    """Whether results of one call are those of separate calls, up to rounding."""
    if part.shape != np.moveaxis(wanted, 0, axis).shape:
        return False
    part, wanted = (x.reshape(len(wanted), -1) for x in (np.moveaxis(part, axis, 0), wanted))
    size = np.max(abs(wanted), 1, initial=0, where=np.isfinite(wanted), keepdims=True)
    return bool(np.all((abs(part - wanted) <= 1e-9 * size) | (part == wanted) | ((part != part) & (wanted != wanted))))


def check(rows, draws, seed, kinds=tuple(KINDS)):
    """What came of a function's inputs, counted by kind, and a sentence on each row and kind that is called wrong.

    The draws are spread over rows and kinds.
    """
    counts, alarms = Counter(), []
    share = max(2, -(-draws // (len(rows) * len(kinds))))
    rng = np.random.default_rng(seed)
    for row in rows:
        for kind in kinds:
            for start in range(0, share, BATCH):
                drawn, count = Drawn(row), min(BATCH, share - start)
                with np.errstate(all="ignore"), warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of empty slices, bad conditions: the numbers are drawn blindly
                    args = drawn.draw(rng, kind, count)
                    report = tg.check_gradients(drawn, *args, gradient=drawn.gradient, independent="rows", seed=rng)
                counts["inputs", kind] += count
                for each in report.rows:
                    counts["compared", kind] += len(each.pairs)
                    counts["cannot tell", kind] += each.unsure
                    if each.wrong:
                        counts["wrong", kind] += each.wrong
                        alarms.append(f"{row.name}, {kind}: {each.wrong} of {len(each.pairs)} {each.sentence()}")
    return counts, alarms


def total(counts, what):
    return sum(number for (name, _), number in counts.items() if name == what)


def main():
    parser = argparse.ArgumentParser(description="how often a right rule is called wrong")
    parser.add_argument("families", nargs="*", default=[*FAMILIES], metavar="FAMILY")
    parser.add_argument("--draws", type=int, default=10_000, help="inputs for each function (default 10000)")
    options = parser.parse_args()
    found, everything, began = 0, Counter(), time.process_time()
    for family in options.families or FAMILIES:
        start, sums = time.process_time(), Counter()
        mine = {name: rows for (of, name), rows in functions().items() if of == family}
        for rows in mine.values():
            counts, alarms = check(rows, options.draws, seed=1)
            sums, found = sums + counts, found + len(alarms)
            for alarm in alarms:
                print(f"  {alarm}", flush=True)
        print(f"{family}: {len(mine)} functions, {in_words(sums)}, {time.process_time() - start:.0f} s", flush=True)
        everything += sums
    print(f"all: {in_words(everything)}, {time.process_time() - began:.0f} s of CPU time")
    return 1 if found else 0


def in_words(counts):
    """The sums over all kinds, and for each kind the share of which nothing can be told."""
    sums = ", ".join(f"{total(counts, what)} {what}" for what in ("inputs", "compared", "wrong", "cannot tell"))
    shares = (f"{kind} {counts['cannot tell', kind] / max(1, counts['compared', kind]):.1%}" for kind in KINDS)
    return f"{sums} ({', '.join(shares)})"


if __name__ == "__main__":
    sys.exit(main())
