"""Finding lines that students must not see, wherever they hide."""

import base64
import io
import json
import zipfile

import pytest

from course.leaks import Searcher, secrets

LINE = "assert_close(mean(hidden_sample), np.mean(hidden_sample), "


@pytest.fixture(scope="module")
def searcher(mini_assignment):
    return Searcher(secrets(mini_assignment))


def test_every_line_with_content_is_a_secret(mini_assignment):
    found = [(secret.cell, secret.number, secret.hidden_test) for secret in secrets(mini_assignment)]
    assert found == [
        ("double", 4, False),
        ("double", 5, False),
        ("double-values", 4, True),
        ("double-values", 5, True),
        ("double-values", 6, True),
        ("double-shape", 4, True),
        ("mean", 4, False),
        ("mean-value", 4, True),
        ("mean-value", 5, True),
    ]


def test_lines_that_say_nothing_are_no_secrets(mini, tmp_path):
    body = ["try:", "    y = 2 * x", "except ValueError:", "    pass", "else:", "    return (", "        y,", "    )"]
    lines = ["### BEGIN SOLUTION", *body, "### END SOLUTION"]
    source = "\n".join(["def double(x):", *("    " + line for line in lines)])
    found = [secret.text for secret in secrets(mini.assignment(tmp_path, double=source)) if secret.cell == "double"]
    assert found == ["y = 2 * x"]


@pytest.mark.parametrize(
    "text",
    [
        "    twofold = 2 * np.asarray(x)",
        "# twofold = 2 * np.asarray(x)",
        "Use `twofold=2*np.asarray(x)` here.",
        "split over\ntwofold = 2 *\nnp.asarray(x) lines",
        "    return twofold",
        "hidden_sample = rng.standard_normal(11)  # with a comment behind it",
    ],
)
def test_a_leak_is_found_in_text(searcher, text):
    assert searcher.in_text(text)


@pytest.mark.parametrize("text", ["", "def double(x):", "import numpy as np", "np.asarray(x)", "they return twofold"])
def test_honest_text_is_no_leak(searcher, text):
    assert searcher.in_text(text) is None


def test_short_lines_are_found_whole_but_not_within_others(mini, tmp_path):
    source = "def double(x):\n    ### BEGIN SOLUTION\n    return x + x\n    ### END SOLUTION"
    searcher = Searcher(secrets(mini.assignment(tmp_path, double=source)))
    assert searcher.in_text("so we\nreturn x + x\nhere")
    assert searcher.in_text("we return x + x here") is None


def test_code_is_found_without_its_comment_and_the_comment_without_its_code(mini, tmp_path):
    source = "def double(x):\n    ### BEGIN SOLUTION\n    return x + 2 * x - x  # the trick of it\n    ### END SOLUTION"
    searcher = Searcher(secrets(mini.assignment(tmp_path, double=source)))
    assert searcher.in_text("return x + 2 * x - x")
    assert searcher.in_text("This is the trick of it, as the book says.")


def _notebook(**cell):
    return json.dumps({"cells": [{"cell_type": "code", "metadata": {}, "source": "", **cell}], "metadata": {}}).encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.ipynb", _notebook(source=["x = 1\n", LINE])),
        ("a.ipynb", _notebook(metadata={"note": {"deep": [LINE]}})),
        ("a.ipynb", _notebook(outputs=[{"output_type": "stream", "text": ["x\n", LINE]}])),
        ("a.ipynb", _notebook(attachments={"p": {"image/png": base64.b64encode(LINE.encode()).decode()}})),
        ("a.ipynb", json.dumps({"cells": [], "metadata": {"author": LINE}}).encode()),
        ("notes.md", f"Hint: {LINE}".encode()),
        ("utf16.txt", LINE.encode("utf-16")),
        ("data.json", json.dumps({"k": [LINE.replace(" ", "\t")]}).encode()),
        (".hidden", LINE.encode()),
        ("binary.bin", b"\xff\x00\x01" + LINE.encode() + b"\xfe"),
    ],
)
def test_a_leak_is_found_in_a_file(mini, tmp_path, name, content):
    source = f'# mean: x\nmean(1)\n### BEGIN HIDDEN TESTS\n{LINE}"m")\n{LINE[:-1]}\n### END HIDDEN TESTS'
    searcher = Searcher(secrets(mini.assignment(tmp_path, mean_value=source)))
    assert [leak.secret.cell for leak in searcher.in_file(name, content)] == ["mean-value"]


def test_a_leak_is_found_in_a_zip_archive(searcher):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner/solution.py", "twofold = 2 * np.asarray(x)")
    leak = next(searcher.in_file("extra.zip", packed.getvalue()))
    assert (
        str(leak) == "line 4 of the solution in double is in extra.zip/inner/solution.py: twofold = 2 * np.asarray(x)"
    )
