"""``--costs``: what each file of the tests cost, as seconds by the clock and of processors.

The processor's seconds are of this process and all that it started: servers, scripts and Chromium. They say
what there is to do; the clock says how long one waited, and depends on what else the machine does.
"""

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest


def processor_s() -> float:
    """What this process and its children have used so far, those that have ended too."""
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    used = sum(each.ru_utime + each.ru_stime for each in own)
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.Error:
            continue
        used += times.user + times.system + times.children_user + times.children_system
    return used


class Costs:
    """Of each file: tests, seconds by the clock, seconds of processors."""

    def __init__(self) -> None:
        self.spent: dict[Path, list[float]] = {}
        self._file: Path | None = None
        self._begun = (0.0, 0.0)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        if item.path != self._file:
            self._note()
            self._file = item.path
        self.spent.setdefault(item.path, [0, 0.0, 0.0])[0] += 1
        return (yield)

    def _note(self) -> None:
        now = time.monotonic(), processor_s()
        if self._file is not None:
            spent = self.spent[self._file]
            spent[1] += now[0] - self._begun[0]
            spent[2] += now[1] - self._begun[1]
        self._begun = now

    def pytest_sessionfinish(self) -> None:
        self._note()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("costs: tests, seconds by the clock, seconds of processors")
        folders: dict[str, list[float]] = {}
        for path, spent in sorted(self.spent.items(), key=lambda pair: -pair[1][2]):
            terminalreporter.write_line(_line(spent, f"{path.parent.name}/{path.name}"))
            sums = folders.setdefault(path.parent.name, [0, 0.0, 0.0])
            sums[:] = (a + b for a, b in zip(sums, spent, strict=True))
        terminalreporter.write_line("")
        for name, spent in sorted(folders.items(), key=lambda pair: -pair[1][2]):
            terminalreporter.write_line(_line(spent, name))
        terminalreporter.write_line(_line([sum(each) for each in zip(*folders.values(), strict=True)], "all"))


def _line(spent: list[float], name: str) -> str:
    return f"{spent[0]:6.0f} {spent[1]:8.1f} {spent[2]:8.1f}  {name}"
