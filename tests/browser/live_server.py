"""bokeh-server in a process of its own, which pages and scripts of a test use."""

import os
import subprocess
import sys
import tempfile

from tests.imports import ROOT


class LiveServer:
    """A bokeh-server in a process of its own, on a port that it finds itself; ``flags`` are its flags."""

    def __init__(self, *flags: str) -> None:
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  (closed by close)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bokeh_wsgi.cli", "--port", "0", *flags],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self._process.stdout
        ready = self._process.stdout.readline()
        if not ready:
            self.stop()
            why = self.log
            self.close()
            raise RuntimeError(f"bokeh-server {' '.join(flags)} did not start:\n{why}")
        # The link is the last word: "bokeh-server is at http://127.0.0.1:40001/bokeh/".
        self.url = ready.split()[-1]

    @property
    def log(self) -> str:
        if self._log.closed:  # at the end of the session, when the last test is reported
            return ""
        self._log.seek(0)
        return self._log.read()

    def kill(self) -> None:
        """``kill -9``: it gets no chance to tidy up."""
        self._process.kill()
        self.stop()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def close(self) -> None:
        self.stop()
        self._log.close()
