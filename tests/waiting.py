"""The one place where tests wait: until a condition holds, or, with a reason, for a time."""

import inspect
import time
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # programs that tests start need no playwright
    from playwright.sync_api import Page

DEADLINE_S = 20.0
POLL_S, PAGE_POLL_S = 0.002, 0.02


def becomes_true(
    holds: Callable[[], object], deadline_s: float = DEADLINE_S, page: "Page | None" = None
) -> bool:
    """Whether something holds before the deadline; events of a ``page`` are handled meanwhile."""
    end = time.monotonic() + deadline_s
    while not holds():
        if time.monotonic() > end:
            return False
        _sleep(PAGE_POLL_S if page else POLL_S, page)
    return True


def wait_until(
    holds: Callable[[], object], deadline_s: float = DEADLINE_S, page: "Page | None" = None
) -> None:
    """Wait for what another thread, process or page does; an error says what was waited for."""
    if not becomes_true(holds, deadline_s, page):
        raise AssertionError(f"not within {deadline_s:g} s: {_source_of(holds)}")


def pause(seconds: float, why: str, page: "Page | None" = None) -> None:
    """Let time pass where nothing can be waited for: a burst, a rate, something that is not to happen."""
    assert why
    _sleep(seconds, page)


def _sleep(seconds: float, page: "Page | None") -> None:
    if page is None:
        time.sleep(max(seconds, 0.0))
    else:
        page.wait_for_timeout(1000 * seconds)


def _source_of(holds: Callable[[], object]) -> str:
    if not isinstance(holds, FunctionType):
        return repr(holds)
    return inspect.getsource(holds).strip()
