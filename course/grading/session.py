"""The judge's side of the protocol: a conversation with one student's process.

It asks, waits, interrupts what takes too long, and runs the judge's own functions when the student's code calls them.
What a student's function changes in its arguments is held back until a test looks at it, for a change also changes what
a test computes from the argument after the call: `assert_close(f(x), x + x)`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from course.grading.generators import advance
from course.grading.isolation import Student
from course.grading.outputs import LONGEST, lines_of, made_anew, text
from course.grading.proxies import Remote, error_type, number_of, remote_type
from course.grading.result import Limits, Outcome
from course.grading.student.channel import DEEPEST, Gone, ProtocolError
from course.grading.student.codec import CodecError, Decoder, Encoder, Tag

GRACE = 1.0  # seconds that an interrupted process has to answer
ANSWERS = {"files": ("done",), "run": ("ran",), "names": ("value",), "do": ("value", "raised")}


class OutOfTime(BaseException):  # no test may catch it
    """The student's code did not answer in time, though it may have when it was interrupted."""

    def __init__(self, frames: tuple[tuple[int, int], ...], usable: bool) -> None:
        super().__init__("no answer in time")
        self.frames, self.usable = frames, usable


class Ended(BaseException):  # no test may catch it
    """The student's process has ended, or nothing that it says makes sense."""


class Session:
    """A conversation with one student's process.

    operators: the special methods that objects of the student's may have, such as `__add__`; all if not given.
    hold: keep what the student changes in its arguments to itself, until `see` is called for an array.
    """

    def __init__(
        self, student: Student, limits: Limits, operators: frozenset[str] | None = None, hold: bool = False
    ) -> None:
        self._channel, self._interrupt, self._limits = student.channel, student.interrupt, limits
        self.operators, self._hold = operators, hold
        # Arrays of the judge's, what the student made of them, and what they held then: a test may write to one, too.
        self._held: list[tuple[np.ndarray, np.ndarray, bytes]] = []
        self._functions: list[Callable[..., Any]] = []
        self._number = 0
        self._depth = 0  # calls back that are running
        self._until = float("inf")  # when the call that is waiting has to be answered
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
        try:
            message, late = self._ask("run", index, source, output_bytes)
        except CodecError as error:
            return Outcome("error", ename="ValueError", evalue=f"the cell is too long: {error}")
        ended, ename, evalue, frames, outputs = self._parts(message, 5)
        if text(ended) not in ("ok", "error", "timeout"):
            raise Ended("a damaged answer")
        if late and ended != "timeout":
            raise OutOfTime((), False)
        return Outcome(ended, made_anew(outputs, output_bytes), text(ename), text(evalue), lines_of(frames))

    def names(self, wanted: Iterable[str]) -> dict[str, Any]:
        """What the student's code binds of these names."""
        asked = sorted(wanted)
        message, _ = self._ask("names", asked)
        (found,) = self._parts(message, 1)
        if not isinstance(found, dict):
            raise Ended("a damaged answer")
        return {name: found[name] for name in asked if name in found}  # no other, such as that of a check

    def do(self, target: Any, how: str, *args: Any, **kwargs: Any) -> Any:
        """Call an object of the student's, read an attribute, apply an operator. See `channel`.

        Raises:
            StudentError: the student's code did; also of the type of its exception, if Python has that.
        """
        shared: list[np.ndarray | np.random.Generator] = []
        message, late = self._ask("do", target, how, args, kwargs, shared=shared)
        if message.root[1] == "value":
            value, changes = self._parts(message, 2)
            if late:
                raise OutOfTime((), False)
            self._put_back(shared, changes)
            return value
        ename, evalue, frames, changes = self._parts(message, 4)
        if late:
            raise OutOfTime(lines_of(frames), text(ename) == "KeyboardInterrupt" and not self._depth)
        self._put_back(shared, changes)
        name, _, base = text(ename).rpartition(" ")
        name = name or base
        error = error_type(name, base)(text(evalue))
        error.ename, error.frames = name, lines_of(frames)
        raise error

    def see(self, value: Any) -> None:
        """Make the changes that were held back in `value`, an array or a container of some."""
        if isinstance(value, Mapping | list | tuple):
            for part in value.values() if isinstance(value, Mapping) else value:
                self.see(part)
        elif isinstance(value, np.ndarray):
            self._drop_overwritten()
            seen = [np.may_share_memory(array, value) for array, _, _ in self._held]
            for (array, new, _), is_seen in zip(self._held, seen, strict=True):
                if is_seen:
                    _copy_back(array, new)
            self._held = [held for held, is_seen in zip(self._held, seen, strict=True) if not is_seen]

    def forget(self) -> None:
        """End a test: changes that it did not look at are dropped, and its functions out of the student's reach."""
        self._held.clear()
        self._functions = [_gone] * len(self._functions)

    def _put_back(self, shared: list[np.ndarray | np.random.Generator], changes: Any) -> None:
        """Make the student's changes to its arguments in the judge's own arrays and random generators, or hold them."""
        for number, new in changes.items() if isinstance(changes, Mapping) else ():
            if not (isinstance(number, int) and 0 <= number < len(shared)):
                raise Ended("a damaged answer")
            mine = shared[number]
            if isinstance(mine, np.random.Generator) and isinstance(new, np.random.Generator):
                advance(mine, new)
            elif not (isinstance(mine, np.ndarray) and isinstance(new, np.ndarray)):
                raise Ended("a damaged answer")
            elif not self._hold:
                _copy_back(mine, new)
            elif new.dtype == mine.dtype and new.size == mine.size and mine.flags.writeable:
                others = [held for held in self._held if held[0] is not mine]
                self._held = [*others, (mine, new, mine.tobytes())]

    def _drop_overwritten(self) -> None:
        self._held = [held for held in self._held if held[0].tobytes() == held[2]]

    @contextmanager
    def _as_the_student_left_them(self) -> Iterator[None]:
        """In the block, arrays have what the student put into them, for it to find that again."""
        self._drop_overwritten()
        before = [array.copy() for array, _, _ in self._held]
        for array, new, _ in self._held:
            array[...] = new.reshape(array.shape)
        try:
            yield
        finally:
            for (array, _, _), old in zip(reversed(self._held), reversed(before), strict=True):
                array[...] = old

    def _ask(self, word: str, *parts: Any, shared: list[Any] | None = None) -> tuple[Decoder, bool]:
        """The answer to a question, and whether it came only after an interrupt."""
        self._number += 1
        number, late, before = self._number, False, self._until
        seconds = self._limits.call_seconds if word == "do" else float("inf")
        self._until = min(before, self.deadline, time.monotonic() + seconds)
        try:
            self._send(number, word, *parts, shared=shared)
            while True:
                try:
                    message = self._channel.receive(self._known, self._until)
                except TimeoutError:
                    if late:
                        raise
                    self._interrupt()
                    late, self._until = True, time.monotonic() + GRACE
                    continue
                if message.root[0] == number and message.root[1] in ANSWERS[word]:
                    return message, late
                if message.root[1] != "back":
                    raise Ended(f"{message.root[1]!r} is no answer")
                self._back(message)
        except TimeoutError:
            raise OutOfTime((), False) from None
        except (Gone, ProtocolError, MemoryError) as error:
            raise Ended(str(error)) from None
        finally:
            self._until = before

    def _back(self, message: Decoder) -> None:
        """Run a function of the judge's for the student's code, and answer."""
        number = message.root[0]
        if self._depth >= DEEPEST:
            raise Ended("calls within calls without end")
        self._depth += 1
        try:
            function, args, kwargs = self._parts(message, 3)
            if type(function) is not int or not isinstance(args, tuple) or not isinstance(kwargs, dict):
                raise Ended("a damaged call")
            if not 0 <= function < len(self._functions):
                raise Ended("a call of nothing")
            try:
                value = self._functions[function](*args, **kwargs)
            except Exception as error:  # the student's code may expect it
                self._send(number, "raised", type(error).__name__, str(error)[:LONGEST])
                return
            try:
                self._send(number, "value", value)
            except CodecError as error:
                self._send(
                    number, "raised", "TypeError", f"what the test's function returned cannot be passed: {error}"
                )
        finally:
            self._depth -= 1

    def _send(self, number: int, word: str, *parts: Any, shared: list[Any] | None = None) -> None:
        encoder = Encoder(self._passed)
        with self._as_the_student_left_them():
            tree = [number, word, *map(encoder.tree, parts)]
            if shared is not None:
                shared += encoder.shared
            self._channel.send(tree, encoder, max(self._until, time.monotonic() + GRACE))

    def _passed(self, value: Any) -> list[Any]:
        if isinstance(value, Remote):
            return [Tag.RECEIVERS, number_of(value)]
        if callable(value):
            self._functions.append(value)
            return [Tag.SENDERS, len(self._functions) - 1, str(getattr(value, "__name__", "function"))]
        raise CodecError(f"a test cannot pass a {type(value).__name__} to a student's code")

    def _known(self, tag: Tag, number: int, name: str) -> Any:
        if tag is Tag.SENDERS:
            return remote_type(name)(self, number, name)
        if number >= len(self._functions):
            raise CodecError("a function that the judge never sent")
        return self._functions[number]

    def _parts(self, message: Decoder, count: int) -> list[Any]:
        """What belongs to the word of a message, read in order, for later parts may name arrays of earlier ones."""
        if len(message.root) != count + 2:
            raise Ended("a damaged answer")
        try:
            return [message.value(part) for part in message.root[2:]]
        except (CodecError, MemoryError) as error:
            raise Ended(f"a damaged answer: {error}") from None


def _gone(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError("the test that this function belonged to has ended")


def _copy_back(array: np.ndarray, new: np.ndarray) -> None:
    if new.dtype != array.dtype or new.size != array.size or not array.flags.writeable:
        return
    if new.shape != array.shape:
        try:
            array.shape = new.shape
        except (AttributeError, ValueError):  # it is a view that cannot have that shape
            return
    array[...] = new
