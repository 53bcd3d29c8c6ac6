"""How much a test at random tries: little while somebody works, more in every run, most in the full one."""

import os
from collections.abc import Sequence


def is_full_run() -> bool:
    """Whether the long runs are asked for: ``BOKEH_WSGI_FULL=1``, or ``make test-full``."""
    return os.environ.get("BOKEH_WSGI_FULL") == "1"


def is_quick_run() -> bool:
    """Whether the answer is wanted at once: ``BOKEH_WSGI_QUICK=1``, or ``make check``."""
    return os.environ.get("BOKEH_WSGI_QUICK") == "1"


def tries(usual: int, *, full: int | None = None) -> int:
    """How often to try what is tried ``usual`` times: at least once, a quarter as often in a quick run."""
    if is_full_run():
        return full or usual
    return -(-usual // 4) if is_quick_run() else usual


def some(names: Sequence[str]) -> Sequence[str]:
    """All of many alike, or every fourth in a quick run."""
    return names[::4] if is_quick_run() else names
