"""Which program draws, what happens without one, and what the files are."""

import os
import stat
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value
from tinygrad_br.drawing import render


@pytest.fixture
def drawing():
    x = Value(np.arange(6.0).reshape(2, 3), name="x")
    return tg.draw((x * 2).sum(), gradients=True)


def fake_dot(folder):
    """A program called dot that answers with its arguments and what it read."""
    path = folder / "dot"
    path.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "text = sys.stdin.read()\n"
        "print('<svg>' + ' '.join(sys.argv[1:]) + ' ' + str(len(text)) + '</svg>')\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_svg_is_well_formed(drawing, tmp_path):
    root = ElementTree.parse(drawing.save(tmp_path / "x.svg")).getroot()
    assert root.tag.endswith("svg")
    assert drawing._repr_svg_().startswith("<svg")
    assert set(drawing._repr_mimebundle_()) == {"image/svg+xml", "text/plain"}


def test_every_kind_of_file_is_what_its_name_says(drawing, tmp_path):
    starts = {
        "png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml", "html": b"<!doctype html>", "dot": b"digraph",
        "mmd": b"flowchart", "txt": b"data",
    }  # fmt: skip
    for kind, start in starts.items():
        path = drawing.save(tmp_path / f"x.{kind}")
        assert path.read_bytes().startswith(start), kind
    assert b"http" not in (tmp_path / "x.html").read_bytes().replace(b"http://www.w3.org", b"")


def test_another_ending_is_an_error(drawing, tmp_path):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf"):
        drawing.save(tmp_path / "x.jpg")


def test_the_wheel_is_found_without_the_path(drawing, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "graphviz-pure" in os.path.basename(render.find_engine())
    assert drawing.svg.startswith("<svg")


@pytest.mark.skipif(os.name == "nt", reason="the fake program is a script with a #! line")
def test_the_system_program_comes_first(drawing, tmp_path, monkeypatch):
    path = fake_dot(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert render.find_engine() == str(path)
    assert drawing.svg == f"<svg>-Tsvg {len(drawing.dot)}</svg>\n"
    assert drawing.save(tmp_path / "x.pdf").read_text() == f"<svg>-Tpdf {len(drawing.dot)}</svg>\n"


def test_without_any_engine_the_error_says_what_to_install(drawing, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(render, "wheel_program", lambda: None)
    with pytest.raises(tg.drawing.EngineMissingError, match="pip install graphviz-pure"):
        drawing.save(tmp_path / "x.svg")
    assert not (tmp_path / "x.svg").exists()
    assert drawing.dot
    bundle = drawing._repr_mimebundle_()
    assert "sum" in bundle["text/plain"]
    assert "image/svg+xml" not in bundle


def test_a_failing_engine_is_quoted():
    with pytest.raises(RuntimeError, match="syntax error"):
        render.render("digraph {", "svg")


def test_a_pdf_takes_blank_and_long_names(tmp_path):
    drawing = tg.draw(Value(1.0, name=" ") * Value(2.0, name="W" * 40) * Value(3.0, name="$x_1$"))
    assert drawing.save(tmp_path / "x.pdf").stat().st_size > 1000


def test_text_gets_the_length_that_its_box_was_made_for():
    # "Hello" in Helvetica: 722 + 556 + 222 + 222 + 556 thousandths, from the font's published metrics
    assert render.text_width("Hello", 10) == pytest.approx(22.78)
    fitted = render.with_text_lengths('<text x="1" font-size="10.00">Hello</text>')
    assert 'textLength="22.8"' in fitted
