"""``python -m bokeh_wsgi run``: runs a script as ``python script.py`` does, with Bokeh as it was in 0.9."""

import argparse
import builtins
import importlib.util
import io
import os
import runpy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import NoReturn

from bokeh_wsgi.exc import SessionError

from .overlays import install

PROGRAM = "python -m bokeh_wsgi run"
OURS = (str(Path(__file__).parent.parent) + os.sep, runpy.__file__, "<frozen runpy>")


def parser() -> argparse.ArgumentParser:
    """The parser; what comes after the script's name is passed on to the script."""
    created = argparse.ArgumentParser(
        prog=PROGRAM,
        usage="%(prog)s [-h] [--url URL] (script.py | -m module) [arguments …]",
        description="Runs a script that was written for the bokeh-server of Bokeh 0.9, unchanged.",
        allow_abbrev=False,
    )
    add = created.add_argument
    add("--url", help="the server to use where the script wants the default, http://localhost:5006/")
    add("-m", dest="module", nargs=argparse.REMAINDER, help="run a module, as python -m does")
    add("script", nargs="?", help="the script")
    add("arguments", nargs=argparse.REMAINDER, help="for the script")
    return created


def main(argv: Sequence[str]) -> NoReturn:
    """Run the script or module, and exit with its code: 0, its own, or 1 after an uncaught error."""
    flags = parser().parse_args(argv)
    what, *arguments = flags.module or [flags.script, *flags.arguments]
    if what is None:
        parser().error("say which script to run")
    missing = _missing_module(what) if flags.module else _missing_script(what)
    if missing:
        parser().exit(2, f"{PROGRAM}: {missing}\n")
    install(flags.url)
    sys.exit(_outcome(_run_module if flags.module else _run_script, what, arguments))


def _missing_script(path: str) -> str | None:
    try:
        with io.open_code(os.path.abspath(path)):
            return None
    except OSError as error:
        return f"can't open {path!r}: {error.strerror}"


def _missing_module(name: str) -> str | None:
    try:
        is_there = importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        is_there = False
    return None if is_there else f"no module named {name!r}"


def _outcome(run: Callable[[str, list[str]], None], what: str, arguments: list[str]) -> int:
    """The exit code. Uncaught errors are printed, without the frames of this package."""
    try:
        run(what, arguments)
    except SystemExit:
        raise
    except SessionError as error:
        sys.stderr.write(f"{_place(error, what)}: {error}\n")
        return 1
    except BaseException as error:  # noqa: BLE001 - as in the interpreter
        traceback = _script_frames(error.__traceback__)
        sys.excepthook(type(error), error.with_traceback(traceback), traceback)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _run_script(path: str, arguments: list[str]) -> None:
    # Not runpy.run_path: the script's module must exist until its threads and exit handlers have ended.
    file = os.path.abspath(path)
    main = ModuleType("__main__")
    main.__dict__.update(__file__=file, __builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = main
    sys.argv[:] = [path, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    with io.open_code(file) as opened:
        source = opened.read()
    exec(compile(source, file, "exec", dont_inherit=True), main.__dict__)


def _run_module(name: str, arguments: list[str]) -> None:
    sys.argv[1:] = arguments
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _script_frames(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(OURS):
        traceback = traceback.tb_next
    return traceback


def _place(error: BaseException, what: str) -> str:
    """The file and line of the script where an error occurred."""
    place = os.path.basename(what)
    traceback = error.__traceback__
    while traceback is not None:
        if (
            traceback.tb_frame.f_globals.get("__name__") == "__main__"
            and _script_frames(traceback) is traceback
        ):
            file = os.path.basename(traceback.tb_frame.f_code.co_filename)
            place = f"{file}, line {traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
