"""A student's objects and exceptions as they look to a test.

A test calls `conv2d(x, w)` and gets plain data back, or a `Remote` for anything else. Nothing that a student made runs
in the judge: a `Remote` forwards calls, attributes and the operators listed below, compares as itself alone, and has no
special attribute that NumPy or Python would ask for behind a test's back.

An operator tells the student's object what the test compares it with, and takes its word for the outcome, as in
`abs(f(x) - expected) < 1e-9`. So a session may say which operators there are.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course.grading.session import Session


class StudentError(Exception):
    """An exception that the student's code raised. `frames`: (cell, line) of each frame in a cell, outermost first."""

    frames: tuple[tuple[int, int], ...] = ()
    ename = "Exception"
    __str__ = Exception.__str__  # KeyError would put another pair of quotes around it


@lru_cache(100)  # the names come from the student
def error_type(name: str, base: str) -> type[StudentError]:
    """StudentError, and also Python's own exception named `base`, so that a test can expect a ValueError."""
    name = name if name.isidentifier() else StudentError.__name__
    known = getattr(builtins, base, None)
    harmful = (StopIteration, StopAsyncIteration)  # would end a test's own loop as if it were done
    if isinstance(known, type) and issubclass(known, Exception) and not issubclass(known, harmful):
        for kind in known.__mro__:
            if not issubclass(kind, Exception):
                break
            try:
                made = type(name, (StudentError, kind), {})
                made("")
            except TypeError:  # such as UnicodeDecodeError, which wants more than a text; a ValueError does not
                continue
            return made
    return type(name, (StudentError,), {})


def _forward(how: str, operator: str | None = None) -> Callable[..., Any]:
    def forward(self: Remote, *args: Any) -> Any:
        return _session_of(self, operator).do(self, how, *args)

    return forward


def _reflected(how: str, operator: str) -> Callable[..., Any]:
    def forward(self: Remote, other: Any) -> Any:
        return _session_of(self, operator).do(other, how, self)

    return forward


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
        return entries

    def __next__(self) -> Any:
        try:
            return self.__session.do(self, "next")
        except StudentError as error:
            if error.ename == "StopIteration":
                raise StopIteration from None
            raise

    def __contains__(self, value: Any) -> bool:
        operators = self.__session.operators
        if operators is None or "__contains__" in operators:
            return bool(self.__session.do(self, "in", value))
        return any(entry is value or entry == value for entry in self)

    __getitem__, __setitem__ = _forward("[]"), _forward("[]=")
    __neg__, __abs__ = _forward("-x", "__neg__"), _forward("abs", "__abs__")
    __add__, __radd__ = _forward("+", "__add__"), _reflected("+", "__radd__")
    __sub__, __rsub__ = _forward("-", "__sub__"), _reflected("-", "__rsub__")
    __mul__, __rmul__ = _forward("*", "__mul__"), _reflected("*", "__rmul__")
    __truediv__, __rtruediv__ = _forward("/", "__truediv__"), _reflected("/", "__rtruediv__")
    __floordiv__, __rfloordiv__ = _forward("//", "__floordiv__"), _reflected("//", "__rfloordiv__")
    __mod__, __rmod__ = _forward("%", "__mod__"), _reflected("%", "__rmod__")
    __pow__, __rpow__ = _forward("**", "__pow__"), _reflected("**", "__rpow__")
    __matmul__, __rmatmul__ = _forward("@", "__matmul__"), _reflected("@", "__rmatmul__")
    __lt__, __le__ = _forward("<", "__lt__"), _forward("<=", "__le__")
    __gt__, __ge__ = _forward(">", "__gt__"), _forward(">=", "__ge__")
    __array_ufunc__ = None  # so that array + remote asks the remote

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<{self.__name} of your code>"


@lru_cache(100)  # the names come from the student
def remote_type(name: str) -> type[Remote]:
    """`Remote` under the name of what it stands for, which a check's message says."""
    return type(name, (Remote,), {"__slots__": ()}) if name.isidentifier() else Remote


def _session_of(remote: Remote, operator: str | None = None) -> Session:
    session: Session = object.__getattribute__(remote, "_Remote__session")
    if operator and session.operators is not None and operator not in session.operators:
        raise TypeError(f"your code gave {remote!r} where the test computes with numbers")
    return session


def number_of(remote: Remote) -> int:
    """The number under which the student's process knows the object."""
    number: int = object.__getattribute__(remote, "_Remote__number")
    return number
