"""Tests wait for conditions: who sleeps does it through tests/waiting.py, and says why."""

import ast
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import waiting
from tests.imports import ROOT
from tests.waiting import becomes_true, wait_until

MODULES = sorted(path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))
MAY_SLEEP = Path(waiting.__file__)


def sleeps(text: str) -> Iterator[str]:
    """Calls of `sleep`, with anything but 0, and of playwright's `wait_for_timeout`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            yields = [ast.unparse(argument) for argument in node.args] == ["0"]
            if name == "wait_for_timeout" or (name == "sleep" and not yields):
                yield f"line {node.lineno}: {ast.unparse(node)}"


def test_only_the_module_for_waiting_sleeps() -> None:
    found = [
        f"{path.relative_to(ROOT)}, {line}"
        for path in MODULES
        if path != MAY_SLEEP
        for line in sleeps(path.read_text())
    ]
    assert not found, "wait_until(...) waits for a condition, pause(seconds, why) for a time"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("import time\ntime.sleep(1)", 1),
        ("from time import sleep\nsleep(n)", 1),
        ("page.wait_for_timeout(10)", 1),
        ("async def wait():\n    await asyncio.sleep(0.1)", 1),
        ("async def wait():\n    await asyncio.sleep(0)", 0),
        ("event.wait(1)", 0),
    ],
)
def test_sleeps_are_found(text: str, count: int) -> None:
    assert len(list(sleeps(text))) == count


def test_what_comes_is_waited_for() -> None:
    event = threading.Event()
    threading.Timer(0.01, event.set).start()
    wait_until(event.is_set)


def test_who_waits_in_vain_hears_for_what() -> None:
    numbers: list[int] = []
    assert not becomes_true(lambda: numbers, 0.0)
    with pytest.raises(AssertionError, match=r"not within 0 s: .*len\(numbers\) == 3"):
        wait_until(lambda: len(numbers) == 3, 0.0)
