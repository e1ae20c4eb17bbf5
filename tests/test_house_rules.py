"""Promises about the code itself: line budgets, and what an import costs."""

from __future__ import annotations

import ast
import io
import pathlib
import subprocess
import sys
import tokenize

import pytest

import tinygrad_br

PACKAGE = pathlib.Path(tinygrad_br.__file__).parent
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def code_lines(path: pathlib.Path) -> int:
    """Lines of code, without blank lines, comments and docstrings."""
    text = path.read_text(encoding="utf-8")
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in LAYOUT:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


@pytest.mark.parametrize(("file", "budget"), [("engine.py", 150), ("value.py", 250)])
def test_line_budget(file, budget):
    assert code_lines(PACKAGE / file) <= budget


def test_the_counter_counts(tmp_path):
    file = tmp_path / "sample.py"
    file.write_text('"""Doc\nstring."""\n\n# comment\nx = (\n    1\n)\n\n\ndef f():\n    """Doc."""\n    return x\n')
    assert code_lines(file) == 5


def test_heavy_packages_are_loaded_at_first_use():
    """What makes an import slow is loading others: only NumPy and what it loads itself may come in."""
    code = (
        "import sys, numpy; before = set(sys.modules); import tinygrad_br; "
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before} - {'tinygrad_br', 'numpy'}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) <= set(sys.stdlib_module_names)
    assert not {"tqdm", "graphviz", "matplotlib", "scipy", "hypothesis"} & set(loaded)
