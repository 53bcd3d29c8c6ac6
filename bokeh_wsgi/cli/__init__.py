"""The ``bokeh-server`` command: serves plots at ``/bokeh``, and manages users.

Slow imports are inside of functions, so that ``-h`` and errors in flags answer at once.
"""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from .flags import Failure as Failure
from .flags import Parser as Parser
from .flags import parser as parser
from .serve import mounted as mounted


class Stopped(BaseException):
    """Raised by Ctrl-C and SIGTERM."""

    def __init__(self, code: int) -> None:
        self.code = code


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Serve until Ctrl-C (exit code 130) or SIGTERM (0); with "users" first, run that command and exit."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
            signal.signal(number, _stopper(code))
        if arguments[:1] == ["users"]:
            from .users import users

            users(arguments[1:])
        else:
            from .serve import serve

            serve(parser().parse_args(arguments))
        raise Stopped(0)
    except Failure as failure:
        print(f"bokeh-server: {failure}", file=sys.stderr)
        sys.exit(failure.code)
    except Stopped as stopped:
        # Exit without waiting for the threads of connections: acknowledged changes are in the store.
        sys.stdout.flush()
        os._exit(stopped.code)


def _stopper(code: int) -> Any:
    def stop(*_: object) -> NoReturn:
        raise Stopped(code)

    return stop
