"""The tester is tested: it rejects every wrong rule of the catalogue, and names most mistakes rightly."""

from functools import cache

import pytest

import tinygrad_br as tg

from .wrong_rules import CATALOGUE


@cache
def report_of(k):
    return tg.check_gradients(CATALOGUE[k].f(), *CATALOGUE[k].args, order=CATALOGUE[k].order)


def named_rightly(k):
    wrong = [row for row in report_of(k).rows if row.verdict == "wrong"]
    return any(row.mistake and row.mistake in CATALOGUE[k].names for row in wrong)


@pytest.mark.parametrize("k", range(len(CATALOGUE)), ids=[wrong.name for wrong in CATALOGUE])
def test_every_wrong_rule_is_rejected(k):
    report = report_of(k)
    assert not report.ok, f"accepted:\n{report}"
    assert all(row.order == CATALOGUE[k].order for row in report.rows if row.verdict == "wrong"), str(report)


def test_the_catalogue_is_large():
    assert len(CATALOGUE) >= 60


def test_most_mistakes_are_named_rightly():
    unnamed = [CATALOGUE[k].name for k in range(len(CATALOGUE)) if not named_rightly(k)]
    assert len(unnamed) <= 0.1 * len(CATALOGUE), unnamed
