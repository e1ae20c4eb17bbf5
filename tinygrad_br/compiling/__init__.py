"""`tg.compile`: a recorded step becomes a flat NumPy program.

`trace` runs the function once, on `samples` in the place of large arrays, and notes every operation in a `plan`, which
drops what changes nothing (`simplify`); `templates` do so for single numbers, of which there can be a million.
`faster` and `tiles` replace steps by quicker ones, `memory` gives results their places, `source` writes the text with
`scalars`, `calls` and `update`, `program` joins all this with the live objects (`caller`), `run` keeps the programs.
"""

from .run import Compiled, compile
from .trace import TraceError

__all__ = ["Compiled", "TraceError", "compile"]
