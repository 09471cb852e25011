"""The protocol between the judge and a student's process: who says what, in which order, within which bounds.

Both talk over one stream socket. A message is a header of two unsigned 32-bit numbers (little-endian), the length of
the tree and that of its buffers, and then both (see `codec`). A tree is a list: the number of the exchange, a word, and
what belongs to the word. The judge asks, the student's process answers with the same number:

    judge                                   student's process
    files   {name: bytes}                   done
    run     cell, source, seconds           ran      how it ended, name, text, frames, outputs
    names   [name, ...]                     value    {name: value}, of those that exist
    do      object, how, args, kwargs       value    value, {number of an argument: its new content}
                                            raised   name, text, frames, {number: content}

The name of an exception is that of its type and, behind the last blank, if it is another, that of the type of Python's
own which it derives from.

Numbers count the arrays and random generators of a message in order, which is how they may be named a second time, so
all parts of a message have to be read in order.

`do` calls an object (how is "()"), reads or sets an attribute (".name", ".name="), or applies one of `OPERATORS` to it.
Before it answers, the student's process may ask back for a function that was among the arguments, and is answered by
`value` or `raised`; in between the judge may ask again, at most `DEEPEST` times:

    back    function, args, kwargs, with a number of its own

What a function that was asked back changes in its arguments stays with it. An answer that is late counts as none, but
for that of a process which an interrupt has stopped.

Whatever does not keep to this is a `ProtocolError`; after one, nobody listens to that process any more. A process that
forges an answer has only given another answer: points come from the judge's own tests alone.
"""

from __future__ import annotations

import operator
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from course.grading.student.codec import ARRAY_BYTES, TREE_BYTES, CodecError, Decoder, Encoder, Tag

DEEPEST = 20
HEADER = struct.Struct("<II")
OPERATORS: dict[str, Callable[..., Any]] = {
    "len": len,
    "iter": iter,
    "next": next,
    "[]": operator.getitem,
    "[]=": operator.setitem,
    "in": operator.contains,
    "-x": operator.neg,
    "abs": abs,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "@": operator.matmul,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class ProtocolError(Exception):
    """The other side does not keep to the protocol."""


class Gone(Exception):  # noqa: N818  (an end, not always an error)
    """The other side has ended."""


class Channel:
    """One end of the socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._sizes: tuple[int, int] | None = None  # that the header of a message has said
        self._data, self._got = bytearray(), 0  # of a header or a message that has begun to arrive

    def send(self, tree: Any, encoder: Encoder, deadline: float | None = None) -> None:
        """Send one message.

        Args:
            deadline: by `time.monotonic`, for the whole message.

        Raises:
            CodecError: it is too large.
            TimeoutError: it was not read by then; what is sent after this makes no sense.
            Gone: nobody is there to read it.
        """
        packed, buffers = encoder.message(tree)
        size = sum(len(buffer) for buffer in buffers)
        try:
            self._until(deadline)
            self._socket.sendall(b"".join((HEADER.pack(len(packed), size), packed, *buffers)))
        except TimeoutError:
            raise
        except OSError:
            raise Gone from None

    def receive(self, other: Callable[[Tag, int, str], Any], deadline: float | None = None) -> Decoder:
        """Wait for one message.

        Args:
            other: as in `Decoder`.
            deadline: by `time.monotonic`, for the whole message.

        Raises:
            TimeoutError: it had not arrived by then; one may go on waiting for it.
            ProtocolError: it is none.
            Gone: the other side has closed the connection.
        """
        if self._sizes is None:
            self._sizes = HEADER.unpack(self._read(HEADER.size, deadline))
        packed, size = self._sizes
        if packed > TREE_BYTES or size > ARRAY_BYTES:
            raise ProtocolError(f"a message of {packed + size:,} bytes")
        body = memoryview(self._read(packed + size, deadline))
        self._sizes = None
        try:
            decoder = Decoder(bytes(body[:packed]), body[packed:], other)
        except CodecError as error:
            raise ProtocolError(str(error)) from None
        root = decoder.root
        if not (isinstance(root, list) and len(root) > 1 and type(root[0]) is int and isinstance(root[1], str)):
            raise ProtocolError("a message without a number and a word")
        return decoder

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _read(self, size: int, deadline: float | None) -> bytearray:
        if len(self._data) != size:
            self._data, self._got = bytearray(size), 0
        view = memoryview(self._data)
        while self._got < size:
            try:
                self._until(deadline)
                count = self._socket.recv_into(view[self._got :])
            except TimeoutError:
                raise
            except OSError:
                raise Gone from None
            if not count:
                raise Gone
            self._got += count
        data, self._data = self._data, bytearray()
        return data

    def _until(self, deadline: float | None) -> None:
        """Let the next call take until `deadline`; not even a moment longer, or who talks on and on is never late."""
        seconds = None if deadline is None or deadline == float("inf") else deadline - time.monotonic()
        if seconds is not None and seconds <= 0:
            raise TimeoutError
        self._socket.settimeout(seconds)
