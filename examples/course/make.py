"""Makes the notebooks of the course: two of each lesson, one in English and one in Portuguese.

    python examples/course/make.py [LESSON ...]            runs the notebooks and writes them, with what they show
    python examples/course/make.py --check [LESSON ...]    runs them, quickly, and writes nothing

LESSON is the number of one, such as 6; without it all are meant.  It needs the extra `course` of the package.

A lesson is a Python script in cells.  `# %% [markdown] lang="en"` begins a text in English, written as comments,
`# %% [markdown] lang="pt"` the same in Portuguese; `# %%` begins code; `# %% tags=["script"]` code that only the
script needs.  In code, `say(english, portuguese)` becomes the one or the other, and so does `# english | portuguese`
at the end of a line; `few(number, quick=other)` becomes a number; `show(picture, name)` becomes `display(picture)`, and
`show(plt, name)` becomes `plt.show()`.
"""

from __future__ import annotations

import argparse
import ast
import base64
import io
import json
import os
import re
import tokenize
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for the kernels: small matrices want one thread
LANGUAGES = ("en", "pt")
WORDS = {
    "en": {"lesson": "Lesson", "of": "of", "other": "Leia em português", "next": "Next", "before": "Previous"},
    "pt": {"lesson": "Aula", "of": "de", "other": "Read it in English", "next": "Próxima", "before": "Anterior"},
}


class Cell(NamedTuple):
    """A piece of a lesson: text in one language, or code."""

    kind: str  # "markdown", "code", or "script" for code that only the script needs
    lang: str  # of a text: "en" or "pt"; of code: ""
    text: str


def lessons():
    """The scripts of the lessons, in order."""
    return sorted(HERE.glob("[0-9][0-9]_*.py"))


def cells_of(source):
    """The cells of a lesson; what stands before the first one, its docstring, is left out."""
    cells = []
    for head, body in re.findall(r"^# %%(.*)\n((?:(?!# %%).*\n?)*)", source, re.MULTILINE):
        text = body.strip("\n")
        lang = re.search(r'lang="(\w+)"', head)
        if "[markdown]" in head:
            text = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
            cells.append(Cell("markdown", lang[1] if lang else "", text))
        else:
            cells.append(Cell("script" if '"script"' in head else "code", "", text))
    return cells


def in_language(code, lang, quick=False):
    """The code of a cell as a notebook in one language has it."""
    place = LANGUAGES.index(lang)
    lines = code.splitlines(keepends=True)
    edits = []  # (start, end, new text), as offsets

    def offset(line, column):
        return sum(map(len, lines[: line - 1])) + column

    def span(node):
        """Where a node stands; ast counts columns in bytes."""
        begin = len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
        end = len(lines[node.end_lineno - 1].encode()[: node.end_col_offset].decode())
        return offset(node.lineno, begin), offset(node.end_lineno, end)

    for node in ast.walk(ast.parse(code)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        name, (start, end) = node.func.id, span(node)
        if name == "say":
            first, last = span(node.args[place])
            edits.append((start, end, code[first:last]))
        elif name == "few":
            first, last = span(node.keywords[0].value if quick else node.args[0])
            edits.append((start, end, code[first:last]))
        elif name == "show":
            first, last = span(node.args[0])
            if code[first:last] == "plt":
                edits.append((start, end, "plt.show()"))
            else:
                edits += [(start, first, "display("), (last, end, ")")]
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT and " | " in token.string:
            start = offset(*token.start)
            text = token.string.removeprefix("#").split(" | ")[place].strip()
            edits.append((start, start + len(token.string), f"# {text}"))
    for start, end, new in sorted(edits, reverse=True):
        code = code[:start] + new + code[end:]
    return code


def title_of(cells, lang):
    """The title of a lesson in a language, such as "1. A neuron"."""
    first = next(cell.text for cell in cells if cell.kind == "markdown" and cell.lang == lang)
    return first.splitlines()[0].removeprefix("# ")


def file_of(title):
    """The file of a notebook: "1. Um neurônio" is in 01_um_neuronio.ipynb."""
    number, _, words = title.partition(". ")
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return f"{int(number):02}_{'_'.join(re.findall('[a-z0-9]+', plain.lower()))}.ipynb"


def way_on(number, titles, lang):
    """The line that leads from a notebook to its neighbours and to the other language."""
    words, other = WORDS[lang], LANGUAGES[lang == "en"]
    links = [f"{words['lesson']} {number} {words['of']} {len(titles)}"]
    for word, place in ((words["before"], number - 1), (words["next"], number + 1)):
        if 1 <= place <= len(titles):
            title = titles[place - 1][lang]
            links.append(f"{word}: [{title}]({file_of(title)})")
    links.append(f"[{words['other']}](../{other}/{file_of(titles[number - 1][other])})")
    return " · ".join(links)


def notebooks(quick=False):
    """All notebooks without outputs: pairs of a path and the cells, each a pair of its type and its text."""
    read = [cells_of(path.read_text(encoding="utf-8")) for path in lessons()]
    titles = [{lang: title_of(cells, lang) for lang in LANGUAGES} for cells in read]
    for number, cells in enumerate(read, 1):
        for lang in LANGUAGES:
            line = ("markdown", way_on(number, titles, lang))
            inner = [
                (cell.kind, cell.text if cell.kind == "markdown" else in_language(cell.text, lang, quick))
                for cell in cells
                if cell.kind != "script" and cell.lang in ("", lang)
            ]
            yield HERE / "notebooks" / lang / file_of(titles[number - 1][lang]), [line, *inner, line]


def run(cells):
    """The notebook of some cells, run by a Jupyter kernel of its own; raises CellExecutionError if a cell fails."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook()
    for place, (kind, text) in enumerate(cells):
        new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        notebook.cells.append(new(text, id=f"cell-{place}"))
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
    ).execute()
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = smaller(output["data"]["image/png"])
    return notebook


def smaller(png):
    """A picture in base64 with 256 colours of its own, which takes half the room."""
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        reduced, file = picture.convert("RGB").quantize(256), io.BytesIO()
    reduced.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def main():
    parser = argparse.ArgumentParser(description="Make the notebooks of the course.")
    parser.add_argument("lessons", nargs="*", type=int, metavar="LESSON", help="number of a lesson; all by default")
    parser.add_argument("--check", action="store_true", help="run the notebooks, quickly, and write nothing")
    options = parser.parse_args()
    chosen = [
        (path, cells)
        for path, cells in notebooks(quick=options.check)
        if not options.lessons or int(path.name[:2]) in options.lessons
    ]
    with ThreadPoolExecutor(2) as pool:
        for (path, _), notebook in zip(chosen, pool.map(run, [cells for _, cells in chosen]), strict=True):
            if not options.check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            print(path.relative_to(HERE), "runs" if options.check else "is written")


if __name__ == "__main__":
    main()
