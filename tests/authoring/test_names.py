"""Which names a piece of code binds and needs."""

import pytest

from course.names import is_star_import, survey


@pytest.mark.parametrize(
    ("code", "binds", "needs"),
    [
        ("x = 1\ny = x", "x y", ""),
        ("x = x + 1", "x", "x"),
        ("x += 1", "x", "x"),
        ("x = 1\nx += 1", "x", ""),
        ("y = x\nx = 1", "x y", "x"),
        ("a[i] = 2", "", "a i"),
        ("import numpy as np\nfrom scipy.signal import correlate", "correlate np", ""),
        ("import os.path", "os", ""),
        ("for n, m in sizes:\n    total = n + m\n    last = total", "last m n total", "sizes"),
        ("[q for q in qs if q in w]", "", "qs w"),
        ("squares = {k: v for k, v in pairs}", "squares", "pairs"),
        ("def f(a):\n    return g(a) + h\ndef g(b):\n    return b", "f g", "h"),
        ("def f(a=d):\n    global made\n    made = a", "f made", "d"),
        ("@wrap\ndef f():\n    return __name__", "f", "__name__ wrap"),
        ("fact = lambda n: n * fact(n - 1) + c", "fact", "c"),
        ("class A(Base):\n    x = u\n    def m(self):\n        return self.x + v", "A", "Base u v"),
        ("with open(p) as handle:\n    text = handle.read()", "handle text", "open p"),
        ("try:\n    e1()\nexcept ValueError as err:\n    print(err)", "err", "ValueError e1 print"),
        ("assert (n := f(3)) > n", "n", "f"),
        ("match shape:\n    case [rows, _]:\n        print(rows)", "rows", "print shape"),
        ("x: int = 3", "x", "int"),
        ("s = f'{n} of {m}'", "s", "m n"),
        ("", "", ""),
    ],
)
def test_names(code, binds, needs):
    names = survey(code)
    assert (names.binds, names.needs) == (set(binds.split()), set(needs.split()))


def test_star_imports_are_seen():
    assert is_star_import("from numpy import *")
    assert not is_star_import("from numpy import array")
