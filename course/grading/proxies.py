"""The judge's side of the protocol: a student's objects as they look to a test.

A test calls `conv2d(x, w)` and gets plain data back, or a `Remote` for anything else. Nothing that a student made runs
in the judge: a `Remote` forwards calls, attributes and the operators listed below, compares as itself alone, and has no
special attribute that NumPy or Python would ask for behind a test's back.
"""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from course.grading.isolation import Student
from course.grading.result import Limits, Outcome
from course.grading.student.channel import DEEPEST, Gone, ProtocolError
from course.grading.student.codec import CodecError, Decoder, Encoder, Tag

GRACE = 1.0  # seconds that an interrupted process has to answer
LONGEST = 2000  # characters of what it says about an exception


class StudentError(Exception):
    """An exception that the student's code raised. `frames`: (cell, line) of each frame in a cell, outermost first."""

    frames: tuple[tuple[int, int], ...] = ()
    ename = "Exception"


class OutOfTime(BaseException):  # no test may catch it
    """The student's code did not answer in time, though it may have when it was interrupted."""

    def __init__(self, frames: tuple[tuple[int, int], ...], usable: bool) -> None:
        super().__init__("no answer in time")
        self.frames, self.usable = frames, usable


class Ended(BaseException):  # no test may catch it
    """The student's process has ended, or nothing that it says makes sense."""


class Session:
    """A conversation with one student's process."""

    def __init__(self, student: Student, limits: Limits) -> None:
        self._channel, self._interrupt, self._limits = student.channel, student.interrupt, limits
        self._functions: list[Callable[..., Any]] = []
        self._number = 0
        self._depth = 0
        self.deadline = float("inf")  # of the cell that runs, by time.monotonic

    def files(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Put files into the working folder."""
        self.deadline = time.monotonic() + self._limits.cell_seconds
        for name, content in files:
            self._ask("files", {name: content})

    def run(self, index: int, source: str, output_bytes: int) -> Outcome:
        """Run the cell at `index` of the notebook.

        Raises:
            OutOfTime, Ended: as they say.
        """
        message = self._ask("run", index, source, output_bytes)
        try:
            ended, ename, evalue, frames, outputs = (message.value(part) for part in message.root[2:])
        except ValueError as error:
            raise Ended(f"a damaged answer: {error}") from None
        if ended not in ("ok", "error", "timeout"):
            raise Ended("a damaged answer")
        return Outcome(ended, _outputs(outputs), _text(ename), _text(evalue), _frames(frames))

    def names(self, wanted: Iterable[str]) -> dict[str, Any]:
        """What the student's code binds of these names."""
        message = self._ask("names", sorted(wanted))
        found = self._value(message, 2)
        return found if isinstance(found, dict) else {}

    def do(self, target: Any, how: str, *args: Any, **kwargs: Any) -> Any:
        """Call an object of the student's, read an attribute, apply an operator. See `channel`.

        Raises:
            StudentError: the student's code did; also of the type of its exception, if Python has that.
        """
        encoder_arrays: list[np.ndarray] = []
        message = self._ask("do", target, how, args, kwargs, arrays=encoder_arrays)
        raised = message.root[1] == "raised"
        changes = self._value(message, 5 if raised else 3)
        _put_back(encoder_arrays, changes)
        if not raised:
            return self._value(message, 2)
        ename, evalue, frames = (self._value(message, part) for part in (2, 3, 4))
        if ename == "KeyboardInterrupt" and time.monotonic() >= self._call_deadline:
            raise OutOfTime(_frames(frames), True)
        error = _error_type(_text(ename))(_text(evalue))
        error.ename, error.frames = _text(ename), _frames(frames)
        raise error

    def _ask(self, word: str, *parts: Any, arrays: list[np.ndarray] | None = None) -> Decoder:
        self._number += 1
        number = self._number
        self._call_deadline = min(self.deadline, time.monotonic() + self._limits.call_seconds)
        try:
            self._send(number, word, *parts, arrays=arrays)
            while True:
                message = self._receive()
                if message.root[0] == number and message.root[1] in ("ran", "value", "raised", "done"):
                    return message
                if message.root[1] != "back":
                    raise Ended(f"{message.root[1]!r} is no answer")
                self._back(message)
        except (Gone, ProtocolError) as error:
            raise Ended(str(error)) from None

    def _receive(self) -> Decoder:
        try:
            return self._channel.receive(self._known, self._call_deadline)
        except TimeoutError:
            self._interrupt()
        try:
            return self._channel.receive(self._known, time.monotonic() + GRACE)
        except TimeoutError:
            raise OutOfTime((), False) from None

    def _back(self, message: Decoder) -> None:
        """Run a function of the judge's for the student's code, and answer."""
        number = message.root[0]
        if self._depth >= DEEPEST:
            raise Ended("calls within calls without end")
        self._depth += 1
        try:
            function, args, kwargs = (self._value(message, part) for part in (2, 3, 4))
            if function not in range(len(self._functions)) or not isinstance(kwargs, dict):
                raise Ended("a call of nothing")
            try:
                value = self._functions[function](*args, **kwargs)
            except Exception as error:
                self._send(number, "raised", type(error).__name__, str(error)[:LONGEST])
            else:
                self._send(number, "value", value)
        finally:
            self._depth -= 1

    def _send(self, number: int, word: str, *parts: Any, arrays: list[np.ndarray] | None = None) -> None:
        encoder = Encoder(self._passed)
        tree = [number, word, *map(encoder.tree, parts)]
        if arrays is not None:
            arrays += encoder.arrays
        self._channel.send(tree, encoder)

    def _passed(self, value: Any) -> list[Any]:
        if isinstance(value, Remote):
            return [Tag.RECEIVERS, _number_of(value)]
        if callable(value):
            self._functions.append(value)
            return [Tag.SENDERS, len(self._functions) - 1, str(getattr(value, "__name__", "function"))]
        raise CodecError(f"a test cannot pass a {type(value).__name__} to a student's code")

    def _known(self, tag: Tag, number: int, name: str) -> Any:
        if tag is Tag.SENDERS:
            return Remote(self, number, name)
        if number >= len(self._functions):
            raise CodecError("a function that the judge never sent")
        return self._functions[number]

    def _value(self, message: Decoder, part: int) -> Any:
        try:
            return message.value(message.root[part])
        except (CodecError, IndexError) as error:
            raise Ended(f"a damaged answer: {error}") from None


def _forward(how: str) -> Callable[..., Any]:
    return lambda self, *args: _session_of(self).do(self, how, *args)


def _reflected(how: str) -> Callable[..., Any]:
    return lambda self, other: _session_of(self).do(other, how, self)


class Remote:
    """An object of the student's that is no plain data. See the module's docstring for what it forwards."""

    __slots__ = ("__name", "__number", "__session")

    def __init__(self, session: Session, number: int, name: str) -> None:
        object.__setattr__(self, "_Remote__session", session)
        object.__setattr__(self, "_Remote__number", number)
        object.__setattr__(self, "_Remote__name", name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the object over there."""
        return self.__session.do(self, "()", *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # NumPy would believe an __array_interface__, and read where it points to
            raise AttributeError(name)
        return self.__session.do(self, f".{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            raise AttributeError(name)
        self.__session.do(self, f".{name}=", value)

    def __len__(self) -> int:
        length = self.__session.do(self, "len")
        return length if isinstance(length, int) else 0

    def __iter__(self) -> Iterator[Any]:
        entries = self.__session.do(self, "iter")
        if not isinstance(entries, Remote):
            raise TypeError(f"{self!r} is not iterable")
        while True:
            try:
                entry = self.__session.do(entries, "next")
            except StudentError as error:
                if error.ename == "StopIteration":
                    return
                raise
            yield entry

    __getitem__, __setitem__, __contains__ = _forward("[]"), _forward("[]="), _forward("in")
    __neg__, __abs__ = _forward("-x"), _forward("abs")
    __add__, __sub__, __mul__, __truediv__ = _forward("+"), _forward("-"), _forward("*"), _forward("/")
    __floordiv__, __mod__, __pow__, __matmul__ = _forward("//"), _forward("%"), _forward("**"), _forward("@")
    __radd__, __rsub__, __rmul__, __rtruediv__ = _reflected("+"), _reflected("-"), _reflected("*"), _reflected("/")
    __rpow__, __rmatmul__ = _reflected("**"), _reflected("@")
    __lt__, __le__, __gt__, __ge__ = _forward("<"), _forward("<="), _forward(">"), _forward(">=")
    __array_ufunc__ = None  # so that array + remote asks the remote

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<{self.__name} of your code>"


def _session_of(remote: Remote) -> Session:
    session: Session = object.__getattribute__(remote, "_Remote__session")
    return session


def _number_of(remote: Remote) -> int:
    number: int = object.__getattribute__(remote, "_Remote__number")
    return number


@cache
def _error_type(name: str) -> type[StudentError]:
    """StudentError, and also Python's own exception of that name, so that a test can expect a ValueError."""
    known = getattr(builtins, name, None)
    harmful = (StopIteration, StopAsyncIteration)  # would end a test's own loop as if it were done
    if isinstance(known, type) and issubclass(known, Exception) and not issubclass(known, harmful):
        try:
            kind = type(name, (StudentError, known), {})
            kind("")
        except TypeError:  # such as UnicodeDecodeError, which wants more than a text
            return StudentError
        return kind
    return StudentError


def _put_back(arrays: list[np.ndarray], changes: Any) -> None:
    """Make the student's changes to its arguments in the judge's own arrays."""
    for number, new in changes.items() if isinstance(changes, Mapping) else ():
        if not (isinstance(number, int) and 0 <= number < len(arrays) and isinstance(new, np.ndarray)):
            raise Ended("a damaged answer")
        array = arrays[number]
        if new.dtype != array.dtype or new.size != array.size or not array.flags.writeable:
            continue
        if new.shape != array.shape:
            try:
                array.shape = new.shape
            except (AttributeError, ValueError):
                continue
        array[...] = new


def _text(value: Any) -> str:
    return value[:LONGEST] if isinstance(value, str) else "?"


def _frames(value: Any) -> tuple[tuple[int, int], ...]:
    if not isinstance(value, list) or len(value) > 100:
        return ()
    pairs = [tuple(pair) for pair in value if isinstance(pair, list | tuple) and len(pair) == 2]
    return tuple((cell, line) for cell, line in pairs if type(cell) is int and type(line) is int)


def _outputs(value: Any) -> tuple[dict[str, Any], ...]:
    """Outputs in nbformat's form, made anew from what the student's process says."""
    found = []
    for output in value if isinstance(value, list) else ():
        if not isinstance(output, dict):
            continue
        kind = output.get("output_type")
        if kind == "stream" and output.get("name") in ("stdout", "stderr"):
            found.append({"output_type": kind, "name": output["name"], "text": str(output.get("text", ""))})
        elif kind == "error":
            lines = output.get("traceback")
            traceback = [str(line) for line in lines] if isinstance(lines, list) else []
            found.append(
                {
                    "output_type": kind,
                    "ename": _text(output.get("ename")),
                    "evalue": _text(output.get("evalue")),
                    "traceback": traceback,
                }
            )
        elif kind in ("display_data", "execute_result"):
            data = {
                name: part
                for name, part in _dict(output.get("data")).items()
                if isinstance(name, str) and (isinstance(part, str) or name.endswith("json"))
            }
            counted = {"execution_count": None} if kind == "execute_result" else {}
            found.append({"output_type": kind, "data": data, "metadata": {}, **counted})
    return tuple(found)


def _dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
