"""The student's process: runs cells, and does what the judge asks of the objects that they made. See `channel`."""

from __future__ import annotations

import builtins
import signal
import threading
from array import array
from collections import deque
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from course.grading.student.channel import DEEPEST, OPERATORS, Channel, ProtocolError
from course.grading.student.codec import CodecError, Decoder, Encoder, Tag
from course.grading.student.shell import Shell, described, frames, name_of


class Server:
    """Answers the judge until it hangs up."""

    def __init__(self, channel: Channel, shell: Shell) -> None:
        self.channel, self.shell = channel, shell
        self.objects: list[Any] = []  # that the judge holds, by number
        self.depth = 0  # calls back that are waiting
        self.busy = False  # with code that an interrupt may reach; not with a message, which has to stay whole
        self.interrupted = False  # while it waited for the judge
        self.thread = threading.get_ident()

    def serve(self) -> None:
        """Answer one question after the other."""
        signal.signal(signal.SIGINT, self._interrupted)
        while True:
            self._answer(self._receive())

    def ask(self, function: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function that stayed with the judge."""
        if threading.get_ident() != self.thread:
            raise RuntimeError("this function can be called from the main thread only")
        if self.depth >= DEEPEST:
            raise RecursionError(f"more than {DEEPEST} calls within calls between a test and your code")
        self.depth += 1
        self.busy = self.interrupted = False
        try:
            self._send(self.depth, "back", function, args, kwargs)
            while (message := self._receive()).root[:2] not in ([self.depth, "value"], [self.depth, "raised"]):
                self._answer(message)
        finally:
            self.depth -= 1
            self.busy = True
        if self.interrupted:
            raise KeyboardInterrupt
        if message.root[1] == "raised":
            raise _exception(message.root[2], message.root[3])
        return message.value(message.root[2])

    def _answer(self, message: Decoder) -> None:
        number, word, *parts = message.root
        values = [message.value(part) for part in parts]
        if word == "run":
            self.busy = True
            ran = self.shell.run(*values)
            self.busy = False
            self._send(number, "ran", *ran)
        elif word == "names":
            there = self.shell.user_ns
            self._send(number, "value", {name: self._portable(there[name]) for name in values[0] if name in there})
        elif word == "do":
            self._do(number, message, *values)
        elif word == "files":
            for name, content in values[0].items():
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_bytes(content)
            self._send(number, "done")
        else:
            raise ProtocolError(f"the judge says {word!r}")

    def _do(
        self, number: int, message: Decoder, target: Any, how: str, args: list[Any], kwargs: dict[str, Any]
    ) -> None:
        self.shell.outputs.start(0)
        try:
            self.busy = True
            value = _plain(_done(target, how, args, kwargs))
            self.busy = False
        except BaseException as error:  # whatever it is, SystemExit too, the judge wants to know
            self.busy = False
            text = _names(type(error)), described(error), frames(error)
            self._send(number, "raised", *text, _changes(message))
            return
        try:
            self._send(number, "value", value, _changes(message))
        except CodecError as error:
            self._send(number, "raised", "TypeError", f"what your code returned cannot be passed on: {error}", [], {})

    def _interrupted(self, signal_number: int, frame: object) -> None:
        if self.busy:
            self.busy = False
            raise KeyboardInterrupt
        self.interrupted = True

    def _receive(self) -> Decoder:
        return self.channel.receive(self._known)

    def _known(self, tag: Tag, number: int, name: str) -> Any:
        return self.objects[number] if tag is Tag.RECEIVERS else Function(self, number, name)

    def _send(self, number: int, word: str, *parts: Any) -> None:
        encoder = Encoder(self._kept)
        self.channel.send([number, word, *map(encoder.tree, parts)], encoder)

    def _portable(self, value: Any) -> Any:
        """`value`, if it may travel, else something that stands for it and stays."""
        try:
            encoder = Encoder(lambda other: [])
            encoder.message(encoder.tree(value))
        except CodecError:
            return _Stays(value)
        return value

    def _kept(self, value: Any) -> list[Any]:
        if isinstance(value, Function):
            return [Tag.RECEIVERS, value.number]
        self.objects.append(value.value if isinstance(value, _Stays) else value)
        named = self.objects[-1]
        if not isinstance(named, type | FunctionType):  # it may have a __getattr__ that fails, or never ends
            named = type(named)
        return [Tag.SENDERS, len(self.objects) - 1, named.__name__[:100]]


class Function:
    """A function that was passed as an argument and runs where it came from."""

    def __init__(self, server: Server, number: int, name: str) -> None:
        self._server, self.number, self.__name__ = server, number, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it there."""
        return self._server.ask(self.number, args, kwargs)

    def __repr__(self) -> str:
        return f"<function {self.__name__}>"


class _Stays:
    def __init__(self, value: Any) -> None:
        self.value = value


def _done(target: Any, how: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if how == "()":
        return target(*args, **kwargs)
    if how.startswith("."):
        return setattr(target, how[1:-1], args[0]) if how.endswith("=") else getattr(target, how[1:])
    return OPERATORS[how](target, *args)


def _plain(value: Any) -> Any:
    """A value of a library's own kind as data that may travel, as NumPy would take it where there is one process."""
    kind = type(value)
    if isinstance(value, deque):
        return list(value)
    if isinstance(value, array | memoryview) or (
        hasattr(kind, "__array__") and not isinstance(value, np.ndarray | np.generic) and kind.__module__ != "__main__"
    ):
        return np.asarray(value)
    return value


def _names(kind: type[BaseException]) -> str:
    own = (base for base in kind.__mro__ if getattr(builtins, base.__name__, None) is base)
    name, base = name_of(kind), next(own).__name__
    return name if name == base else f"{name} {base}"


def _changes(message: Decoder) -> dict[int, Any]:
    """The arguments' arrays that are no longer as they came, and their random generators, by their number."""
    changed: dict[int, Any] = {}
    for number, (value, (shape, came)) in enumerate(zip(message.shared, message.came, strict=True)):
        if isinstance(value, np.ndarray):
            now = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
            if np.array_equal(now, np.frombuffer(came, np.uint8)) and value.shape == shape:
                continue
        changed[number] = value
    return changed


def _exception(name: str, text: str) -> Exception:
    kind = getattr(builtins, name, Exception)
    try:
        error = kind(text)
    except Exception:
        error = Exception(text)
    return error if isinstance(error, Exception) else Exception(text)
