"""How much a test at random tries: little while somebody works, more in every run, most in the full one.

On another Python, which runs after the first, each test tries little: what is seldom was found before.
"""

import os
from collections.abc import Sequence


def is_full_run() -> bool:
    """Whether the long runs are asked for: ``BOKEH_WSGI_FULL=1``, or ``make test-full``."""
    return os.environ.get("BOKEH_WSGI_FULL") == "1"


def is_quick_run() -> bool:
    """Whether the answer is wanted at once: ``BOKEH_WSGI_QUICK=1``, or ``make check``."""
    return os.environ.get("BOKEH_WSGI_QUICK") == "1"


def is_second_run() -> bool:
    """Whether another Python has tried it all before: ``BOKEH_WSGI_SECOND=1``, or ``make test-other``."""
    return os.environ.get("BOKEH_WSGI_SECOND") == "1"


def tries(usual: int, *, full: int | None = None) -> int:
    """How often a test tries what is tried ``usual`` times: a quarter as often in a quick or second run."""
    if is_full_run():
        return full or usual
    return _quarter(usual) if is_quick_run() or is_second_run() else usual


def seeds(usual: int, *, full: int | None = None) -> range:
    """What each of many tests at random begins with: of a quarter of them in a quick run."""
    if is_full_run():
        return range(full or usual)
    return range(_quarter(usual) if is_quick_run() else usual)


def _quarter(usual: int) -> int:
    return -(-usual // 4)


def some(names: Sequence[str]) -> Sequence[str]:
    """All of many alike, or every fourth in a quick run."""
    return names[::4] if is_quick_run() else names
