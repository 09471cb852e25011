"""Finding lines that students must not see: of a model solution, or of a hidden test.

A line counts as found where a whole line equals it, or where it stands inside other text with all white space taken
out (12 characters and more), so that a line in prose, in inline code or in a stray file is found too.
Strict on purpose: a visible line that happens to equal a hidden one is the author's to rephrase.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import keyword
import re
import tokenize
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from course.assignment import Assignment

SHORTEST = 12  # a shorter line, white space taken out, stands in honest text by chance
_WORD = re.compile(r"\w+")
_RETURNED_NAME = re.compile(r"(return|yield)\w+")  # stands in honest prose, too: only a whole line of it is a leak


@dataclass(frozen=True)
class Secret:
    """A line of `cell`, counted from 1, that students must not see, and the texts that give it away."""

    cell: str
    number: int
    text: str
    hidden_test: bool
    forms: tuple[str, ...]  # the line, its code, its comment: each stripped, and with content

    @property
    def needles(self) -> tuple[str, ...]:
        """The forms that are looked for inside other text, white space taken out."""
        squeezed = ("".join(form.split()) for form in self.forms)
        return tuple(n for n in squeezed if len(n) >= SHORTEST and not _RETURNED_NAME.fullmatch(n))


@dataclass(frozen=True)
class Leak:
    """A secret line, and where it was found."""

    secret: Secret
    where: str

    def __str__(self) -> str:
        kind = "hidden test" if self.secret.hidden_test else "solution"
        return f"line {self.secret.number} of the {kind} in {self.secret.cell} is in {self.where}: {self.secret.text}"


def secrets(assignment: Assignment, hidden_tests: bool = True, solutions: bool = True) -> tuple[Secret, ...]:
    """Every line with content of the assignment's solutions and hidden tests."""
    found = []
    for cell in assignment.cells:
        for region, is_test in ((cell.solution, False), (cell.hidden, True)):
            if region is None or not (hidden_tests if is_test else solutions):
                continue
            comments = _comments(cell.source)
            for number, line in enumerate(region.lines, region.start):
                code, comment = line[: comments.get(number)], line[comments.get(number, len(line)) :]
                forms = tuple(dict.fromkeys(part.strip(" \t#") for part in (line, code, comment) if _has_content(part)))
                if forms:
                    found.append(Secret(cell.label, number, line.strip(), is_test, forms))
    return tuple(found)


def _comments(source: str) -> dict[int, int]:
    """The column at which the comment of each line begins, for the lines that have one."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return {}
    return {token.start[0]: token.start[1] for token in tokens if token.type == tokenize.COMMENT}


def _has_content(line: str) -> bool:
    """Whether a line says anything: a number, what is returned, or more than one word, keywords and signs aside.

    `else:`, `)`, `except ValueError:` and `assert_close(` do not; `return total` and `[0, 1, 0],` do.
    """
    words = [word for word in _WORD.findall(line) if not keyword.iskeyword(word)]
    returned = bool(words) and line.split()[0] in ("return", "yield")
    return returned or len(words) > 1 or any(word[0].isdigit() for word in words)


class Searcher:
    """Looks for a set of secrets in texts, in files, in notebooks."""

    def __init__(self, wanted: Sequence[Secret]) -> None:
        self.lines = {form: secret for secret in reversed(wanted) for form in secret.forms}
        self.needles = {needle: secret for secret in reversed(wanted) for needle in secret.needles}

    def in_text(self, text: str) -> Secret | None:
        """The first secret that `text` gives away, or None."""
        for line in text.splitlines():
            if line.strip(" \t#") in self.lines:
                return self.lines[line.strip(" \t#")]
        return self.inside(text)

    def inside(self, text: str) -> Secret | None:
        """The first secret that stands in `text` by one of its long forms: short ones stand there by chance."""
        squeezed = "".join(text.split())
        return next((secret for needle, secret in self.needles.items() if needle in squeezed), None)

    def in_file(self, name: str, content: bytes) -> Iterator[Leak]:
        """Every place of a file that gives a secret away; looks into notebooks, zip archives and encoded data."""
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for member in archive.namelist():
                    yield from self.in_file(f"{name}/{member}", archive.read(member))
            return
        text = content.replace(b"\0", b"").decode("utf-8", "ignore")
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            data = None
        if isinstance(data, dict) and isinstance(data.get("cells"), list):
            yield from self._in_notebook(name, data)
        else:
            yield from self._in_strings(name, [text, *strings(data)])

    def _in_notebook(self, name: str, notebook: dict[str, Any]) -> Iterator[Leak]:
        for number, cell in enumerate(notebook["cells"], 1):
            if not isinstance(cell, dict):
                continue
            metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
            grading = metadata.get("nbgrader") if isinstance(metadata, dict) else None
            label = grading.get("grade_id") if isinstance(grading, dict) else cell.get("id")
            for part, value in cell.items():
                yield from self._in_strings(f"{name}, cell {number} ({label}), its {part}", strings(value))
        rest = {key: value for key, value in notebook.items() if key != "cells"}
        yield from self._in_strings(f"{name}, its metadata", strings(rest))

    def _in_strings(self, where: str, texts: Sequence[str] | Iterator[str]) -> Iterator[Leak]:
        found = {}
        for text in texts:
            for form in (text, *decoded(text)):
                secret = self.in_text(form)
                if secret:
                    found[secret] = Leak(secret, where)
        yield from found.values()


def strings(value: Any) -> Iterator[str]:
    """Every string in plain data, keys too; a list of strings, as notebooks keep texts, also as one."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield str(key)
            yield from strings(entry)
    elif isinstance(value, list):
        if value and all(isinstance(entry, str) for entry in value):
            yield "".join(value)
            yield "\n".join(value)
        for entry in value:
            yield from strings(entry)


def decoded(text: str) -> Iterator[str]:
    """What a text says if it is base64, as attachments and pictures in a notebook are."""
    squeezed = "".join(text.split())
    if len(squeezed) < SHORTEST or len(squeezed) % 4 or not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", squeezed):
        return
    try:
        yield base64.b64decode(squeezed, validate=True).replace(b"\0", b"").decode("utf-8", "ignore")
    except (binascii.Error, ValueError):
        return
