"""What the lessons share when they are run as scripts: options, two languages, and where pictures go.

    python examples/course/01_a_neuron.py [--lang en|pt] [--out DIR] [--quick]

In the notebooks none of this is needed: make.py writes `say(english, portuguese)` as the text itself,
`few(number, quick=other)` as the number, and `show(picture, name)` as what notebooks do with pictures.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# Matrices as small as these are multiplied fastest by one thread.  NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

plt.switch_backend("Agg")  # pictures go into files


def begin(file):
    """Read the options of the command line; give the three functions `say`, `few` and `show` of a lesson."""
    name = Path(file).stem
    parser = argparse.ArgumentParser(description=f"Lesson {name} of the course.")
    parser.add_argument("--out", type=Path, default=Path(f"{name}_out"), help="folder for the pictures")
    parser.add_argument("--lang", choices=("en", "pt"), default="en", help="English or Portuguese")
    parser.add_argument("--quick", action="store_true", help="train for a short time only")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    sys.stdout.reconfigure(encoding="utf-8")

    def say(english, portuguese):
        return english if options.lang == "en" else portuguese

    def few(number, quick):
        return quick if options.quick else number

    def show(picture, name):
        """Write a drawing, a figure or, given pyplot, the current figure into the folder for pictures."""
        figure = plt.gcf() if picture is plt else picture
        if isinstance(figure, Figure):
            path = options.out / f"{name}.png"
            figure.savefig(path, dpi=few(120, quick=60))
            plt.close(figure)
        else:
            path = figure.save(options.out / f"{name}.svg")
        print(f"-> {path}")

    return say, few, show
