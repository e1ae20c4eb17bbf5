"""Settings of all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# deadline: a first call loads modules; derandomized: the suite says the same of the same code every time
settings.register_profile(
    "suite", max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", max_examples=10_000, deadline=None)
settings.load_profile("suite")
