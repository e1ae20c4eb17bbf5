"""Rows of tinygrad_br/rules/special.py; none where scipy is not installed."""

from __future__ import annotations

import numpy as np

from .row import NONZERO, POSITIVE, PROBABILITY, REAL, UNIT, Domain, Row

try:
    from scipy import special
except ImportError:
    ROWS = []
else:
    from ...rules import special as rules

    SMOOTH = (
        special.erf, special.erfc, special.erfcx, special.ndtr, special.log_ndtr, special.expit, special.log_expit,
        special.j0, special.j1, special.i0, special.i1, special.exp2, special.exp10, special.expm1, special.cosm1,
        rules.bell, rules.hazard,
    )  # fmt: skip
    ON_POSITIVE = (special.gammaln, special.gamma, special.digamma, special.entr, special.log1p, special.cbrt)
    ON_PROBABILITY = (special.logit, special.ndtri, rules.ndtri_slope, special.erfcinv, rules.erfcinv_slope)
    PAIRS = (special.beta, special.betaln, special.rel_entr, special.kl_div)

    ROWS = [
        *[Row(f) for f in SMOOTH],
        *[Row(f, domains=(POSITIVE,)) for f in ON_POSITIVE],
        *[Row(f, domains=(PROBABILITY,)) for f in ON_PROBABILITY],
        *[Row(f, domains=(UNIT,)) for f in (special.erfinv, rules.erfinv_slope)],
        *[Row(f, domains=(NONZERO,)) for f in (special.i0e, special.i1e)],
        *[Row(f, domains=(POSITIVE, POSITIVE)) for f in PAIRS],
        *[Row(f, domains=(REAL, POSITIVE)) for f in (special.xlogy, special.xlog1py)],
        # abs, because scipy's complex jv has no digits for the tiny imaginary parts of the complex step
        *[Row(f, lambda x, f=f: f(2, np.abs(x)), domains=(NONZERO,)) for f in (special.jv, special.iv, special.ive)],
        Row(rules.bell, lambda x: rules.bell(x, 0.5), note="half"),
        Row(rules.polygamma, lambda x: rules.polygamma(2, x), domains=(Domain(0.5, 4.0),)),
    ]  # fmt: skip
