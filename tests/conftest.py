"""Settings of all tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# The tests run side by side; threads of the linear algebra that wait for each other would only stand in the way.
# NumPy, which is not loaded yet, reads this once.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# deadline: a first call loads modules; derandomized: the suite says the same of the same code every time
settings.register_profile(
    "suite", max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", max_examples=10_000, deadline=None)
settings.load_profile("suite")
