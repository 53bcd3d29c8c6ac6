"""Both sides of a benchmark in one run, and the ratio between them in its last lines."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Starts ``python -m …`` and waits for the line that says it listens; ends it with the session."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, ready: str) -> str:
        folder = tmp_path_factory.mktemp("serve")
        log = folder / "log.txt"
        environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with log.open("wb") as file:
            command = [sys.executable, "-m", *arguments]
            running.append(subprocess.Popen(command, stdout=file, stderr=file, cwd=folder, env=environ))
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            lines = [line for line in log.read_text().splitlines() if ready in line]
            if lines:
                return lines[0]
            if running[-1].poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"{arguments[0]} did not start:\n{log.read_text()}")

    yield start
    for process in running:
        process.terminate()
        process.wait(10)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """In each group, how many times faster ours is than every peer beside it."""
    session = getattr(config, "_benchmarksession", None)
    groups: dict[str, dict[str, Any]] = {}
    for benchmark in session.benchmarks if session else ():
        if benchmark.stats.data:
            groups.setdefault(benchmark.group, {})[benchmark.params["side"]] = benchmark
    if not any("ours" in sides for sides in groups.values()):
        return
    terminalreporter.section("ours against its peers (medians)")
    for name, sides in groups.items():
        ours = sides.pop("ours", None)
        for peer, benchmark in sides.items() if ours else ():
            mine, theirs = ours.stats.median * 1e3, benchmark.stats.median * 1e3
            terminalreporter.write_line(
                f"{name}: ours {mine:.1f} ms, {peer} {theirs:.1f} ms: {theirs / mine:.1f} times faster"
            )
