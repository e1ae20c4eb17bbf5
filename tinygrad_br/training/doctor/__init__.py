"""The training doctor: what is wrong with a training, before it begins and while it goes on, and what to do about it.

`diagnose` (examine.py) looks at the data (data.py), at one pass through the network (passage.py, network.py) and at the
steps (steps.py); `Watch` (watch.py) looks on while `tg.fit(..., doctor=True)` trains.  What they find is a `Diagnosis`
(diagnosis.py) in the words of texts.py.
"""

from .diagnosis import Diagnosis, Finding
from .examine import diagnose
from .watch import attended

__all__ = ["Diagnosis", "Finding", "attended", "diagnose"]
