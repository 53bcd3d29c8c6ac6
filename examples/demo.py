"""What `make demo` runs: a bokeh-server, and two examples that publish to it.

Arguments go to bokeh-server, as in `make demo ARGS="--port 5007"`. Ctrl-C stops all of it.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType

HERE = Path(__file__).parent
EXAMPLES = {"live_machine.py": "this machine, live", "sea_temperature.py": "a year at sea"}

children: list[subprocess.Popen[str]] = []


def start(*command: str | Path) -> subprocess.Popen[str]:
    """A child in a session of its own: Ctrl-C reaches this process alone, which then stops the children."""
    child = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "BOKEH_BROWSER": "none", "PYTHONUNBUFFERED": "1"},
    )
    children.append(child)
    return child


def link_of(child: subprocess.Popen[str]) -> str | None:
    """The first link that a child prints; what it prints besides is passed on, now and later."""
    for line in child.stdout:
        link = re.search(r"https?://\S+", line)
        if link:
            threading.Thread(target=sys.stdout.writelines, args=[child.stdout], daemon=True).start()
            return link[0]
        print(line, end="")
    return None


def stop(*_: int | FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    # SIGINT too: who starts this in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    arguments = sys.argv[1:]
    if not any(argument.startswith(("--store", "--backend")) for argument in arguments):
        arguments += ["--store", "memory:"]
    server = start("-m", "bokeh_wsgi", *arguments)
    root = link_of(server)
    if root is None:
        return server.wait()
    print(f"\n  {'all plots':20} {root}", flush=True)
    for example, title in EXAMPLES.items():
        link = link_of(start(HERE / example, root))
        if link is None:
            print(f"\n{example} did not publish", flush=True)
            return 1
        print(f"  {title:20} {link}", flush=True)
    print("\nCtrl-C stops it.", flush=True)
    return server.wait()


if __name__ == "__main__":
    try:
        code = main()
    except KeyboardInterrupt:
        code = 0
        print()
    finally:
        for child in reversed(children):
            child.terminate()
        for child in children:
            child.wait()
    sys.exit(code)
