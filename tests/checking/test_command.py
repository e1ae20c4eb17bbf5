"""`python -m tinygrad_br check FILE.py::function`."""

import subprocess
import sys

import pytest

from tinygrad_br.__main__ import main

SOURCE = """
import numpy as np
import tinygrad_br as tg

def right(x, y):
    return np.tanh(x) @ y

wrong = tg.define_rule(lambda x: x * x, lambda g, ans, x: g * x)

def logarithm(x):
    return np.log(x)

def nothing(x):
    return None

number = 3

def raises(x):
    return {}["key"]

class MeanAbsoluteError:
    def forward(self, y_pred, y_true):
        return np.mean(np.abs(y_true - y_pred), axis=-1)
    def backward(self, dvalues, y_true):
        self.dinputs = np.sign(y_true - dvalues) / len(dvalues[0]) / len(dvalues)
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [("right", 0, "2 right"), ("wrong", 1, "a factor 2 is missing"), ("logarithm", 0, "1 right"),
     ("MeanAbsoluteError", 1, "the sign is wrong")],
)  # fmt: skip
def test_the_exit_status_says_it(file, capsys, name, status, text):
    assert main(["check", f"{file}::{name}"]) == status
    assert text in capsys.readouterr().out


def test_shapes_can_be_given(file, capsys):
    assert main(["check", f"{file}::right", "--shape", "2,3", "--shape", "3", "--order", "2"]) == 0
    assert "(2, 3)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("nowhere.py::f", "a file that exists"),
        ("{}", "FILE.py::function"),
        ("{}::f", "has no 'f'"),
        ("{}::raises", "KeyError: 'key'"),
    ],
)
def test_wrong_calls(file, capsys, target, text):
    assert main(["check", target.format(file)]) == 2
    assert text in capsys.readouterr().err


def test_as_a_program(file):
    command = [sys.executable, "-m", "tinygrad_br", "check", f"{file}::wrong"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1, result.stderr
    assert "wrong at argument 0" in result.stdout


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("number", [], "is of type int, but a function of Values or a class with backward is needed"),
        ("nothing", [], "the function returned NoneType, but a Value is expected"),
        ("right", ["--shape", "3;4"], "--shape takes lengths with commas, as in 3,4, but got '3;4'"),
        ("right", ["--low", "3", "--high", "2"], "--low is a number below --high, but got 3 and 2"),
        ("right", ["--low", "nan"], "--low is a number below --high, but got nan and 2"),
    ],
)
def test_bad_calls_are_told_in_plain_words(file, capsys, name, options, message):
    assert main(["check", f"{file}::{name}", *options]) == 2
    assert message in capsys.readouterr().err
