"""`tg.compile`: a recorded step becomes a flat NumPy program.

`trace` runs the function once and notes every operation, `plan` drops and simplifies, `source` writes a program, `run`
keeps the programs and calls them.
"""

from .run import Compiled, compile
from .trace import TraceError

__all__ = ["Compiled", "TraceError", "compile"]
