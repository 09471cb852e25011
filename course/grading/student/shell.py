"""The IPython shell that runs a student's cells as Jupyter does, and keeps what they show as nbformat outputs."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

TEXT = 2000  # characters of an exception's text
LINES = 20  # of its traceback, each a frame


class Outputs:
    """What one cell has shown so far, in nbformat's form. Beyond `limit` characters all but errors are dropped."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.limit = 0
        self._size = 0
        self._clear = False

    def start(self, limit: int) -> None:
        """Forget what there was, and keep up to `limit` characters from now on."""
        self.kept, self.limit, self._size, self._clear = [], limit, 0, False

    def write(self, name: str, text: str) -> None:
        """What a program printed on stdout or stderr."""
        if self._room(len(text)):
            if not self.kept or self.kept[-1].get("name") != name:
                self.kept.append({"output_type": "stream", "name": name, "pieces": []})
            self.kept[-1]["pieces"].append(text)

    def add(self, kind: str, data: dict[str, Any], metadata: dict[str, Any], display_id: Any = None) -> None:
        """A picture, a table, the last expression's value."""
        size = sum(len(value) if isinstance(value, str | bytes) else 100 for value in data.values())
        if not self._room(size):
            if kind != "execute_result":
                return
            data = {"text/plain": str(data.get("text/plain", ""))[:1000]}
        output: dict[str, Any] = {"output_type": kind, "data": data, "metadata": metadata}
        output |= {"execution_count": None} if kind == "execute_result" else {}
        self.kept.append(output | ({"display_id": display_id} if display_id else {}))

    def update(self, display_id: Any, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Replace what was shown under `display_id`."""
        for output in self.kept:
            if display_id and output.get("display_id") == display_id and self._room(len(str(data))):
                output |= {"data": data, "metadata": metadata}

    def error(self, name: str, text: str, traceback: list[str]) -> None:
        """An exception that ended the cell; of a long text its beginning and its end."""
        traceback = [
            line if len(line) <= TEXT else f"{line[: TEXT // 2]} ... {line[-TEXT // 2 :]}" for line in traceback
        ]
        traceback = (
            traceback if len(traceback) <= LINES else [*traceback[: LINES // 2], "...", *traceback[-LINES // 2 :]]
        )
        self.kept.append({"output_type": "error", "ename": name, "evalue": text, "traceback": traceback})

    def clear(self, wait: bool) -> None:
        """`IPython.display.clear_output`."""
        self._clear = True
        if not wait:
            self._cleared()

    def taken(self) -> list[dict[str, Any]]:
        """All outputs, finished."""
        for output in self.kept:
            output.pop("display_id", None)
            if "pieces" in output:
                output["text"] = "".join(output.pop("pieces"))
        return self.kept

    def _room(self, size: int) -> bool:
        self._cleared()
        self._size += size
        return self._size <= self.limit

    def _cleared(self) -> None:
        if self._clear:
            self.kept, self._size, self._clear = [], 0, False


class Stream(io.TextIOBase):
    """stdout or stderr."""

    encoding = "utf-8"

    def __init__(self, name: str, outputs: Outputs) -> None:
        self.name, self._outputs = name, outputs

    def write(self, text: str) -> int:
        """Keep `text`."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._outputs.write(self.name, text)
        return len(text)

    def writable(self) -> bool:
        """Always."""
        return True


class _Publisher(DisplayPublisher):
    def publish(
        self,
        data: Any,
        metadata: Any = None,
        source: Any = None,
        *,
        transient: Any = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        display_id = (transient or {}).get("display_id")
        if update:
            self.shell.outputs.update(display_id, data, metadata or {})
        else:
            self.shell.outputs.add("display_data", data, metadata or {}, display_id)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear(wait)


class _Hook(DisplayHook):
    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        self.shell.outputs.add("execute_result", format_dict, md_dict or {})

    def finish_displayhook(self) -> None:
        pass


class _Compiler(CachingCompiler):
    """Names the code of each cell after its place in the notebook, for the frames of a traceback."""

    cell = 0

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        return f"<cell {self.cell}>"


class Shell(InteractiveShell):
    """IPython without a terminal and without a history."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)
    compiler_class = Type(_Compiler)
    outputs: Outputs

    def enable_gui(self, gui: Any = None) -> None:
        """There is none."""

    def ask_exit(self) -> None:
        """What `exit()` asks for; in Jupyter too it ends the process."""
        os._exit(0)

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.outputs.error(name_of(etype), described(evalue), [str(line) for line in stb])

    def run(self, cell: int, source: str, limit: int) -> tuple[str, str, str, list[list[int]], list[dict[str, Any]]]:
        """Run a cell: how it ended, the exception's name, text and frames, and what was shown."""
        self.outputs.start(limit)
        self.compile.cell = cell
        result = self.run_cell(source, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        sys.stdout.flush()
        shown = self.outputs.taken()
        if error is None:
            return "ok", "", "", [], shown
        ended = "timeout" if isinstance(error, KeyboardInterrupt) else "error"
        return ended, name_of(type(error)), described(error), frames(error), shown


def start() -> Shell:
    """The shell, with everything imported that makes a start slow, and before any student's code has run."""
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    config.InteractiveShell.xmode = "Context"
    Shell.outputs = Outputs()
    shell: Shell = Shell.instance(config=config)
    import matplotlib.pyplot
    import matplotlib_inline.backend_inline  # noqa: F401
    import scipy.signal  # noqa: F401

    import course.kit.data
    import course.kit.plots  # noqa: F401

    matplotlib.pyplot.figure()  # finds its fonts
    matplotlib.pyplot.close("all")
    sys.stdout, sys.stderr = Stream("stdout", Shell.outputs), Stream("stderr", Shell.outputs)
    sys.stdin = io.StringIO()  # no file, whose descriptor would be the channel's in a child
    for source in ("plt = None\n1 + 1", "1 / 0"):  # the first cell and the first traceback import much
        shell.run(0, source, 1000)
    shell.reset()
    return shell


def frames(error: BaseException) -> list[list[int]]:
    """The cell and the line of each frame in a cell that the exception went through, outermost first."""
    found: list[list[int]] = []
    entry = error.__traceback__
    while entry is not None:
        name = entry.tb_frame.f_code.co_filename
        if name.startswith("<cell ") and len(found) < 100:
            found.append([int(name[6:-1]), entry.tb_lineno])
        entry = entry.tb_next
    return found


def described(error: BaseException) -> str:
    """The text of an exception, which may itself fail."""
    try:
        return str(error)[:TEXT]
    except BaseException:
        return "(its text cannot be shown)"


def name_of(kind: Any) -> str:
    """The name of an exception's type."""
    return str(getattr(kind, "__name__", "Exception"))[:100]
