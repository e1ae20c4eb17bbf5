"""The course: every lesson runs in both languages, and its notebooks say what its script says."""

import json
import re
import runpy
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

import matplotlib.pyplot as plt

COURSE = Path(__file__).parent.parent / "examples" / "course"
MAKE = runpy.run_path(str(COURSE / "make.py"))
LESSONS = [path.stem for path in MAKE["lessons"]()]
NOTEBOOKS = dict(MAKE["notebooks"]())


def source_of(lesson):
    return (COURSE / f"{lesson}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", ["en", "pt"])
@pytest.mark.parametrize("lesson", LESSONS)
def test_lessons_run_and_draw_what_they_show(lesson, lang, tmp_path, monkeypatch, capfd):
    monkeypatch.syspath_prepend(COURSE)
    monkeypatch.delitem(sys.modules, "lesson", raising=False)
    monkeypatch.setattr(sys, "argv", [f"{lesson}.py", "--quick", "--lang", lang, "--out", str(tmp_path)])
    try:
        runpy.run_path(str(COURSE / f"{lesson}.py"), run_name="__main__")
    finally:
        plt.close("all")
    shown = re.findall(r'^show\(.*, "(\w+)"\)$', source_of(lesson), re.MULTILINE)
    assert {*shown} <= {path.stem for path in tmp_path.iterdir()}
    for path in tmp_path.iterdir():
        assert re.match(rb"\x89PNG|<\?xml|<svg", path.read_bytes()), path
    assert len(capfd.readouterr().out) > 100


def structure(text):
    """What a text in two languages has in common: its headings, list items, rows of tables, and code blocks."""
    return re.findall(r"^(#+ |- |\d+\. |\||```)", text, re.MULTILINE)


@pytest.mark.parametrize("lesson", LESSONS)
def test_texts_are_there_in_both_languages_with_the_same_structure(lesson):
    cells = MAKE["cells_of"](source_of(lesson))
    texts = [cell for cell in cells if cell.kind == "markdown"]
    assert [cell.lang for cell in texts] == ["en", "pt"] * (len(texts) // 2)
    for english, portuguese in zip(texts[::2], texts[1::2]):
        assert cells.index(portuguese) == cells.index(english) + 1
        assert structure(english.text) == structure(portuguese.text)
        assert 0.7 < len(portuguese.text) / len(english.text) < 1.6
        assert english.text != portuguese.text
    english, portuguese = ("\n".join(cell.text for cell in texts[start::2]) for start in (0, 1))
    assert english.count("**A question for you.**") == portuguese.count("**Uma pergunta para você.**") == 1
    assert re.search("^## What (we|you) know now$", english, re.MULTILINE)
    assert re.search("^## O que (já sabemos|você sabe agora)$", portuguese, re.MULTILINE)


def test_there_are_twelve_lessons_and_no_other_notebooks():
    assert [lesson[:2] for lesson in LESSONS] == [f"{number:02}" for number in range(1, 13)]
    assert sorted(NOTEBOOKS) == sorted(COURSE.glob("notebooks/*/*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_say_what_their_script_says_and_have_been_run(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]] == NOTEBOOKS[path], (
        f"run examples/course/make.py {int(path.name[:2])}"
    )
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)]
    outputs = [output for cell in code for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} <= {"stream", "display_data"}
    assert not any(output.get("name") == "stderr" for output in outputs)
    assert not any("say(" in cell["source"] or "few(" in cell["source"] for cell in code)


def test_notebooks_are_small():
    assert sum(path.stat().st_size for path in NOTEBOOKS) < 2_000_000


def test_code_in_a_language():
    code = 'show(draw(say("a (1)", f"ção {n}")), "x")  # one | um\nshow(plt, "y")\nepochs = few(3, quick=1)  # left\n'
    in_language = MAKE["in_language"]
    assert in_language(code, "en") == 'display(draw("a (1)"))  # one\nplt.show()\nepochs = 3  # left\n'
    assert in_language(code, "pt", quick=True) == ('display(draw(f"ção {n}"))  # um\nplt.show()\nepochs = 1  # left\n')


@pytest.mark.parametrize(("readme", "lang"), [("README.md", "en"), ("README.pt-BR.md", "pt")])
def test_readmes_lead_to_every_notebook(readme, lang):
    text = (COURSE / readme).read_text(encoding="utf-8")
    links = re.findall(r"\[([^]]+)\]\(([^)]+)\)", text)
    for _, target in links:
        assert (COURSE / target).exists(), target
    titles = {target: title for title, target in links}
    for path, cells in NOTEBOOKS.items():
        if path.parent.name == lang:
            title = cells[1][1].splitlines()[0].partition(". ")[2]
            assert titles[path.relative_to(COURSE).as_posix()] == title
