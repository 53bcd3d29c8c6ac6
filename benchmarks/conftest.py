"""Both sides of a benchmark in one run, and the ratio between them in its last lines."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests.imports import ROOT
from tests.waiting import becomes_true

Figure = Callable[..., None]


class Started(NamedTuple):
    """A server process, and the line in which it said that it listens."""

    process: subprocess.Popen[bytes]
    line: str

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def quick(request: pytest.FixtureRequest) -> bool:
    """Whether benchmarks only run to see that they still do."""
    option = request.config.getoption
    return not option("benchmark_enable") and not option("benchmark_only")


@pytest.fixture
def figure() -> Figure:
    """Report a value that was measured otherwise as if the benchmark had taken so many seconds."""

    def report(benchmark: Any, group: str, side: str, value: float, **more: str) -> None:
        clock = iter([0.0, value])
        benchmark.group = group
        benchmark._timer = lambda: next(clock)
        benchmark.extra_info.update({"side": side, **more})
        benchmark.pedantic(lambda: None, rounds=1, warmup_rounds=0)

    return report


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Starts ``python -m …`` and waits for the line that says it listens; ends it with the session."""
    running: list[Started] = []

    def start(*arguments: str, ready: str) -> Started:
        folder = tmp_path_factory.mktemp("serve")
        log = folder / "log.txt"
        environ = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
        with log.open("wb") as file:
            command = [sys.executable, "-m", *arguments]
            process = subprocess.Popen(command, stdout=file, stderr=file, cwd=folder, env=environ)
        running.append(Started(process, ""))
        becomes_true(lambda: ready in log.read_text() or process.poll() is not None, 30)
        lines = [line for line in log.read_text().splitlines() if ready in line]
        if not lines:
            raise RuntimeError(f"{arguments[0]} did not start:\n{log.read_text()}")
        return Started(process, lines[0])

    yield start
    for started in running:
        started.stop()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """In each group, how many times faster ours is than every peer beside it."""
    session = getattr(config, "_benchmarksession", None)
    groups: dict[str, dict[str, Any]] = {}
    for benchmark in session.benchmarks if session else ():
        if benchmark.stats.data:
            side = benchmark.extra_info.get("side") or benchmark.params["side"]
            groups.setdefault(benchmark.group, {})[side] = benchmark
    if not any("ours" in sides for sides in groups.values()):
        return
    terminalreporter.section("ours against its peers (medians)")
    for name, sides in groups.items():
        terminalreporter.write_line(f"{name}:")
        mine = sides["ours"].stats.median if "ours" in sides else None
        for side, benchmark in sides.items():
            median = benchmark.stats.median
            more = [_told(key, value) for key, value in benchmark.extra_info.items() if key != "side"]
            if mine and side != "ours":
                more.insert(0, f"ours is {median / mine:.2f} times faster")
            line = "; ".join([_shown(median), *more])
            terminalreporter.write_line(f"    {side:>12}: {line}")


def _told(key: str, value: Any) -> str:
    return value if isinstance(value, str) else f"{key} {value:.3g}"


def _shown(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"
