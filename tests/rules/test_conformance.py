"""`python -m tinygrad_br rules`: the table is complete, says what is wrong, and is the one in the documentation."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br.__main__ import main
from tinygrad_br.checking import conformance
from tinygrad_br.checking.rows import FAMILIES, ROWS, Row
from tinygrad_br.messages import op_name

DOCS = pathlib.Path(__file__).parents[2] / "docs"


@pytest.fixture
def only_our_rules(monkeypatch):
    """Other tests define rules too, which have no row."""
    monkeypatch.setattr(conformance, "without_row", list)


def test_every_rule_has_a_row():
    """In a process of its own, for other tests define rules too."""
    code = "from tinygrad_br.checking.conformance import without_row; print(*without_row())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_the_documentation_has_every_row():
    page = (DOCS / "rules.md").read_text(encoding="utf-8")
    for family, rows in FAMILIES.items():
        section = page.partition(f"\n## {family}\n")[2].partition("\n## ")[0]
        listed = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| `")]
        written = [f"`{op_name(function)}`" for function in dict.fromkeys(row.function for row in rows)]
        assert listed == written, "write it anew: python -m tinygrad_br rules --markdown docs/rules.md"


def test_the_documentation_found_nothing_wrong():
    assert "; nothing wrong." in (DOCS / "rules.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("only_our_rules")
def test_a_family_as_text(capsys):
    assert main(["rules", "--family", "ordering"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["family", "function", "calls", "domain"]
    assert len({line.index("[") for line in lines[1:-1]}) == 1, "the columns are aligned"
    assert lines[-1].endswith("nothing wrong")
    assert len(lines) == 2 + len({row.function for row in FAMILIES["ordering"]})


def test_the_same_seed_gives_the_same_table():
    assert conformance.measured("ordering", 3) == conformance.measured("ordering", 3)


@pytest.mark.usefixtures("only_our_rules")
def test_markdown(tmp_path, capsys):
    file = tmp_path / "rules.md"
    assert main(["rules", "--family", "indexing", "--markdown", str(file)]) == 0
    page = file.read_text(encoding="utf-8")
    assert "| `getitem` | 10 |" in page
    assert "* `copyto`, `fill_diagonal`" in page
    assert "5 functions called in 34 ways" in capsys.readouterr().out


def test_an_unknown_family(capsys):
    assert main(["rules", "--family", "cooking"]) == 2
    assert "there is no family 'cooking'; there are elementwise," in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rule", "order", "text"),
    [
        (lambda g, ans, x: g * x, 2, "is wrong at order 1"),
        (lambda g, ans, x: 2 * g * tg.stop_gradient(x), 2, "is wrong at order 2"),
        (lambda g, ans, x: 2 * g * x, 0, "has a gradient"),
    ],
)
def test_wrong_rules_are_found(rule, order, text, monkeypatch, capsys):
    square = tg.define_rule(lambda x: x * x, rule)
    monkeypatch.setitem(FAMILIES, "indexing", [Row(square, order=order, note="mine")])
    assert main(["rules", "--family", "indexing"]) == 1
    assert text in capsys.readouterr().out


def test_a_rule_without_row_is_found(monkeypatch):
    monkeypatch.setitem(FAMILIES, "ordering", [row for row in FAMILIES["ordering"] if row.function is not np.sort])
    assert "sort has a rule, but no row in tinygrad_br/checking/rows" in conformance.mistakes([])


def test_another_decision_is_found(monkeypatch):
    from tinygrad_br.checking import kinks

    monkeypatch.setattr(kinks, "KINKS", [kinks.one(np.abs, "abs(x)", 0.0, 1.0)])
    assert conformance.mistakes([])[0] == "absolute: the decision is 1 for abs(x) at x = 0, but it gives 0"


@pytest.mark.parametrize("row", [row for row in ROWS if row.shapes is None], ids=lambda row: row.name)
def test_drawn_numbers_are_in_their_domains(row):
    for (_, domain), x in zip(row.places(((),) * len(row.domains)), row.draw(np.random.default_rng(1)), strict=True):
        for part in (x.real, x.imag) if np.iscomplexobj(x) else (x,):
            assert np.all((part >= domain.low) & (part <= domain.high))
            assert all(np.all(abs(part - point) >= domain.gap) for point in domain.avoid)
