"""Rows of tinygrad_br/rules/special.py; none where scipy is not installed."""

from __future__ import annotations

from .row import NONZERO, POSITIVE, PROBABILITY, REAL, UNIT, Domain, Row

try:
    from scipy import special
except ImportError:
    ROWS = []
else:
    from ...rules import bessel, erf, gamma, modified
    from ...rules import special as rules

    SMOOTH = (
        special.erf, special.erfc, special.erfcx, special.ndtr, special.log_ndtr, special.expit, special.log_expit,
        special.j0, special.j1, special.i0, special.i1, special.exp2, special.exp10, special.expm1, special.cosm1,
        rules.expit_of_minus, erf.bell, erf.hazard, erf.erfcx_slope, bessel.j0_slope, bessel.j1_slope,
    )  # fmt: skip
    ON_POSITIVE = (special.entr, special.log1p, special.cbrt)
    GAMMA = (special.gammaln, special.gamma, special.digamma, gamma.digamma, gamma.trigamma, gamma.gamma_slope)
    ON_PROBABILITY = (special.logit, special.ndtri, erf.ndtri_slope, special.erfcinv, erf.erfcinv_slope)
    PAIRS = (special.rel_entr, special.kl_div, rules.one_plus_log)
    BETA = (special.beta, special.betaln, gamma.beta_slope)

    NEGATIVE = Domain(-1.8, -1.5)  # between two poles

    ROWS = [
        *[Row(f) for f in SMOOTH],
        *[Row(f, domains=(POSITIVE,)) for f in ON_POSITIVE],
        *[Row(f, domains=(PROBABILITY,)) for f in ON_PROBABILITY],
        *[Row(f, domains=(UNIT,)) for f in (special.erfinv, erf.erfinv_slope)],
        *[Row(f, domains=(NONZERO,)) for f in (special.i0e, special.i1e)],
        *[Row(modified.modified_derivative, lambda x, n=n, k=k: modified.modified_derivative(x, n, k, True),
              domains=(NONZERO,), note=f"scaled {n} {k}") for n, k in ((0, 1), (1, 1), (2, 1))],
        *[Row(modified.modified_derivative, lambda x, n=n: modified.modified_derivative(x, n, 1, False), note=f"{n}")
          for n in (0, 1)],
        *[Row(f, domains=(POSITIVE,) * n) for n, functions in ((1, GAMMA), (2, (*PAIRS, *BETA))) for f in functions],
        *[Row(f, domains=(NEGATIVE,), note="negative") for f in (special.gammaln, special.gamma, special.digamma)],
        Row(special.betaln, domains=(NEGATIVE, Domain(0.25, 0.45)), note="negative"),
        *[Row(f, domains=(REAL, POSITIVE)) for f in (special.xlogy, special.xlog1py)],
        Row(bessel.bessel_of_order, lambda x: bessel.bessel_of_order(x, 2), domains=(NONZERO,)),
        *[Row(gamma.polygamma_gap, lambda a, b, n=n: gamma.polygamma_gap(a, b, n), domains=(POSITIVE,) * 2, note=f"{n}")
          for n in (0, 1)],
        Row(gamma.polygamma, lambda x: gamma.polygamma(2, x), domains=(Domain(0.5, 4.0),)),
    ]  # fmt: skip
