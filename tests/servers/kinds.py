"""The servers of docs/deploy.md, by the very commands and programs that are shown there."""

import importlib.util
import os
import re
import shlex
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.effort import is_full_run
from tests.imports import ROOT

DEPLOY: Final = (ROOT / "docs" / "deploy.md").read_text()
MODULES: Final = {"waitress-serve": "waitress", "mod_wsgi-express": "mod_wsgi.server"}
"""Commands that are another module's than their own name's."""


def programs() -> dict[str, str]:
    """The programs of the page: name of the file, and text."""
    blocks = re.findall(r"```\w+\n# (\w+\.\w+)\n(.*?)```", DEPLOY, re.DOTALL)
    return dict(blocks)


def commands() -> dict[str, str]:
    """The table of servers: name and command."""
    table = DEPLOY[DEPLOY.index("| server | command |") :].partition("\n\n")[0]
    return dict(re.findall(r"(?m)^\| ([^|]+) \| `([^`]+)` \|", table))


@dataclass(frozen=True)
class Kind:
    """A server, and what it does with open pages."""

    name: str
    module: str
    """What has to be installed."""
    threads: int = 16
    options: str = ""
    stop: signal.Signals = signal.SIGTERM
    streams: int | None = None
    """How many pages hold a stream, of more than it has threads; None: some do, as it turns out."""
    is_told: bool = True
    """Whether open streams end as they should when it stops; where it stops at once, they are cut."""
    ready: str = ""
    """What it prints when it can be stopped; by default it can be as soon as it answers."""
    is_slow: bool = False
    """Whether it is for the campaign only."""

    def __str__(self) -> str:
        return f"{self.name}, {self.threads}" if self.threads != 16 else self.name

    def command(self, port: int, folder: Path) -> list[str]:
        """As the page has it, with another port and number of threads."""
        text = commands()[self.name].replace("8000", str(port))
        first, *rest = shlex.split(f"{text} {self.options}")
        rest = [re.sub(r"^(--threads=|)16$", rf"\g<1>{self.threads}", word) for word in rest]
        if first == "python":
            return [sys.executable, *rest]
        if self.module == "pyuwsgi":
            program = shutil.which(
                first, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            )
            assert program is not None
            return [program, *rest, "--binary-path", program]
        return [sys.executable, "-m", MODULES.get(first, first), *rest]

    def write_programs(self, port: int, folder: Path) -> None:
        for name, text in programs().items():
            text = text.replace("multi_user=True, ", "").replace("8000", str(port))
            (folder / name).write_text(re.sub(r"\b16\b", str(self.threads), text))

    def skip_if_missing(self) -> None:
        if importlib.util.find_spec(self.module) is None:
            assert os.environ.get("CI") != "true" or self.is_slow, (
                f"{self.module} has to be there under CI=true"
            )
            pytest.skip(f"{self.module} is not installed here")
        if self.is_slow and not is_full_run():
            pytest.skip("slow: make campaign")


APACHE: Final = Path("/usr/lib/apache2/modules")
"""Where Debian has Apache's modules: of mod_wsgi, the one for its own Python."""


class Apache(Kind):
    """Debian's, in the foreground, with what its configuration has beside the lines of the page."""

    def command(self, port: int, folder: Path) -> list[str]:
        return shlex.split(commands()[self.name].replace("/srv/plots", str(folder)))

    def write_programs(self, port: int, folder: Path) -> None:
        super().write_programs(port, folder)
        around = [
            f"ServerRoot {folder}",
            "ServerName localhost",
            f"PidFile {folder}/apache.pid",
            f"ErrorLog {folder}/error.log",
            f"WSGISocketPrefix {folder}/wsgi",
            *(
                f"LoadModule {name}_module {APACHE}/mod_{name}.so"
                for name in ("mpm_event", "authz_core", "wsgi")
            ),
        ]
        if os.geteuid() == 0:
            # Its processes are somebody else's, who has to get there.
            around += ["User nobody", "Group nogroup"]
            folder.chmod(0o777)
        conf = folder / "apache.conf"
        paths = ":".join([str(folder), str(ROOT), *(path for path in sys.path if "site-packages" in path)])
        lines = conf.read_text().replace("python-home=/srv/plots/venv", f"python-path={paths}")
        conf.write_text("\n".join([*around, lines.replace("/srv/plots", str(folder))]))
        plots = folder / "plots.py"
        plots.write_text(plots.read_text().replace(")", ", heartbeat_s=2)"))

    def skip_if_missing(self) -> None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        if not (APACHE / f"mod_wsgi.so-{version}").exists():
            pytest.skip(
                f"Debian's libapache2-mod-wsgi-py3 is not installed here, or not for Python {version}"
            )
        if not is_full_run():
            pytest.skip("slow: make campaign")


SMALL: Final = 2
KINDS: Final = [
    Kind("gunicorn, threads", "gunicorn", SMALL, streams=1),
    Kind("gunicorn, threads", "gunicorn", 1, "--worker-class gthread", streams=0),
    Kind("gunicorn, gevent", "gunicorn", streams=17),
    Kind("gunicorn, sync", "gunicorn", 1, streams=0, is_slow=True),
    Kind("waitress", "waitress", SMALL, streams=1, stop=signal.SIGINT),
    Kind("waitress", "waitress", 1, streams=0, stop=signal.SIGINT, is_slow=True),
    Kind("cheroot", "cheroot", SMALL, streams=1, stop=signal.SIGINT),
    Kind("CherryPy", "cherrypy", SMALL, streams=1, stop=signal.SIGINT, ready="Bus STARTED", is_slow=True),
    Kind("uvicorn and a2wsgi", "a2wsgi", SMALL),
    Kind("uvicorn and a2wsgi", "a2wsgi", 1, streams=0, is_slow=True),
    Kind("hypercorn", "hypercorn", is_slow=True),
    Kind("Granian", "granian", SMALL, is_slow=True),
    Kind("uWSGI", "pyuwsgi", SMALL, streams=1, is_told=False, is_slow=True),
    Kind("Tornado", "tornado", 1, streams=0, is_slow=True),
    Kind("bjoern", "bjoern", 1, streams=0, is_slow=True),
    Apache("Apache and mod_wsgi", "", SMALL, streams=1, is_told=False, is_slow=True),
]
