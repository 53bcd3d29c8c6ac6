"""A server of docs/deploy.md in a process of its own, with a store that outlives it."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final

from tests.imports import ROOT
from tests.waiting import becomes_true

from .kinds import Kind
from .viewer import Script, Viewer

START_S: Final = 60.0
STOP_S: Final = 15.0
"""More than any takes on a machine with much to do, and half of what one took that waited for pages."""


def _hears_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Running:
    """A context; what it printed is shown if something goes wrong in it."""

    def __init__(self, kind: Kind, folder: Path, *options: str, says: str = "") -> None:
        """``options`` are the command's; ``says`` is what `BokehWSGI` is told besides."""
        self.kind = kind
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        kind.write_programs(self.port, folder)
        if says:
            plots = folder / "plots.py"
            plots.write_text(plots.read_text().replace(")", f", {says})"))
        self._command = [*kind.command(self.port, folder), *options]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._process: subprocess.Popen[bytes] | None = None
        self._viewers: list[Viewer] = []

    def __enter__(self) -> "Running":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for viewer in self._viewers:
            viewer.stop()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if error is not None:
            error.add_note(self._said()[-5000:])
        self._log.close()

    def start(self) -> None:
        environ = {**os.environ, "PYTHONPATH": f"{self.folder}:{ROOT}", "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            self._command,
            cwd=self.folder,
            env=environ,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
            # Shells have what runs in the background ignore Ctrl-C.
            preexec_fn=_hears_ctrl_c,
        )
        said = len(self._said())
        becomes_true(lambda: self._has_ended() or self._is_ready(said), START_S)
        assert not self._has_ended(), f"{self.kind} does not start"
        assert self._is_ready(said), f"{self.kind} does not start"

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _is_ready(self, said: int) -> bool:
        """Whether it listens, and has said so after the first ``said`` characters of its log."""
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return self.kind.ready in self._said()[said:]
        return False

    def _said(self) -> str:
        # The server writes at the place where its own handle is, which is this one's.
        return os.pread(self._log.fileno(), 1 << 24, 0).decode(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """As its operator does; raises `subprocess.TimeoutExpired` where it goes on waiting."""
        assert self._process is not None
        self.signal(self.kind.stop)
        self._process.wait(STOP_S)

    def script(self) -> Script:
        script = Script(self.port)
        script.make()
        return script

    def viewers(self, docid: str, count: int, base: str = "/") -> list[Viewer]:
        viewers = [Viewer(self.port, docid, base) for _ in range(count)]
        self._viewers += viewers
        return viewers
