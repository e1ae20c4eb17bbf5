"""The READMEs: their code runs, their pictures exist, and both languages say the same."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
README = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.pt-BR.md")}
FENCE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def code(text: str, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(text) if kind == language]


@pytest.mark.parametrize("name", README)
def test_the_code_runs_from_top_to_bottom(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    for block in code(README[name], "python"):
        exec(compile(block, name, "exec"), namespace)
        printed = capsys.readouterr().out
        for promise in re.findall(r"# prints: (.*)", block):
            assert promise in printed


def test_both_languages_show_the_same_code_and_pictures():
    english, portuguese = README.values()

    def without_comments(block):
        return re.sub(r" *#.*", "", block)

    blocks = ([without_comments(block) for block in code(text, "python")] for text in (english, portuguese))
    assert next(blocks) == next(blocks)
    assert code(english, "bash") == code(portuguese, "bash")
    pictures = re.compile(r"!\[[^]]*\]\(([^)]+)\)")
    assert pictures.findall(english) == [name.replace(".pt-BR.", ".") for name in pictures.findall(portuguese)]
    assert [line.split()[0] for line in english.splitlines() if line.startswith("#")] == [
        line.split()[0] for line in portuguese.splitlines() if line.startswith("#")
    ]


@pytest.mark.parametrize("name", README)
def test_pictures_and_links_into_the_project_exist(name):
    for target in re.findall(r"\]\(([^)#]+)\)", README[name]):
        if "://" not in target:
            assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", README)
def test_the_two_commands_come_first(name):
    commands = code(README[name], "bash")
    assert commands[0].strip() == 'python -m pip install ".[examples]" && python examples/cats_and_dogs.py'
    assert commands[1].strip() == 'python -m pip install ".[test]" && python -m pytest'


@pytest.mark.parametrize("name", README)
def test_the_first_line_says_that_it_is_not_tinygrad(name):
    assert "`tinygrad`" in README[name].splitlines()[0]
