"""How much a test at random tries: something in every run, and far more where somebody asks for it."""

import os


def is_full_run() -> bool:
    """Whether the long runs are asked for: ``BOKEH_WSGI_FULL=1``, or ``make test-full``."""
    return os.environ.get("BOKEH_WSGI_FULL") == "1"
