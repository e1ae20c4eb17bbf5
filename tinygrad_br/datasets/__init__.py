"""Data sets to learn with: some drawn from a formula, two of real pictures.

Each function returns a `Dataset`, which unpacks as `x, y` and whose `.split()` holds a part out for validation.
"""

from .dataset import Dataset
from .pictures import cats_and_dogs, digits
from .toy import moons, sine, spiral, vertical

__all__ = ["Dataset", "cats_and_dogs", "digits", "moons", "sine", "spiral", "vertical"]
