"""The flags of ``bokeh-server``, and how it says that something is wrong: in one line."""

import argparse
from typing import Any, NoReturn

EXAMPLES = """\
examples:
  bokeh-server                                    plots at http://localhost:5006/bokeh/
  bokeh-server --port 8000 --store memory:        forgets everything when it stops
  bokeh-server --store sqlite:///plots.db         keeps the plots in plots.db, here
  bokeh-server -m --ip 0.0.0.0                    for people with passwords, from other machines
  bokeh-server -m --host plots.example --use-xheaders       behind the proxy of plots.example
  bokeh-server --url-prefix /lab                  at /lab/bokeh
  bokeh-server --https-certfile cert.pem --https-keyfile key.pem
  bokeh-server users add ada                      a user of -m (more: bokeh-server users -h)

Without -m there is one user, who is everybody that reaches the server; so it listens to this machine alone.
"""

BACKENDS = {"memory": "memory:", "sqlite": None}


class Failure(Exception):
    """Why something cannot be done, in one line; ``code`` is the process's exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (try {self.prog} -h)\n")


def parser() -> Parser:
    """Every flag; those of the bokeh-server of Bokeh 0.9 keep their names."""
    made = Parser(
        prog="bokeh-server",
        description="Keeps Bokeh plots that scripts publish, and shows them live in browsers.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_address(made)
    add_store(made)
    _add_users(made)
    add = made.add_argument
    add("-d", "--debug", action="store_true", help="log everything")
    add("-v", "--verbose", action="store_true", help="log every request, and who did what")
    add("--version", action=_Version)
    return made


def _add_address(made: Parser) -> None:
    add = made.add_argument
    add("--ip", default="127.0.0.1", help="address to listen on; 0.0.0.0 is all of them (default: 127.0.0.1)")
    add(
        "--port",
        "--bokeh-port",
        type=_port,
        default=5006,
        help="port to listen on; 0: any free (default: 5006)",
    )
    add("--url-prefix", type=_prefix, default="", metavar="PATH", help="serve at PATH/bokeh, not /bokeh")
    add(
        "--host",
        action="append",
        type=_host,
        default=[],
        metavar="NAME",
        help="a name that this server is called by, as a proxy in front of it is; may be given several times "
        "(default: localhost where it listens to this machine alone, else any)",
    )
    add(
        "--use-xheaders",
        action="store_true",
        help="a proxy in front says who asks, and if by https (X-Forwarded-For, X-Forwarded-Proto); only "
        "where nobody gets past it",
    )
    add("--https-certfile", metavar="FILE", help="certificate to serve https with (PEM)")
    add("--https-keyfile", metavar="FILE", help="its private key (PEM)")


def _add_users(made: Parser) -> None:
    add = made.add_argument
    add("-m", "--multi-user", action="store_true", help="users with passwords; plots are their owner's")
    add(
        "--registration",
        choices=("open", "invite", "closed"),
        help="with -m, who may make an account: everybody, who has an invitation (bokeh-server users "
        "invite), or only you (bokeh-server users add) (default: open)",
    )
    add("--gallery", action="store_true", help="list published plots for everybody, at gallery")
    add(
        "--embed-origin",
        action="append",
        type=_origin,
        default=[],
        metavar="ORIGIN",
        help="a site that may show plots in frames, as https://site.example; may be given several times "
        "(default: all may, what is public or has a token)",
    )
    add(
        "--trust-network",
        action="store_true",
        help="listen to other machines without -m: anybody who reaches this one may then publish, change and "
        "delete all plots",
    )


def add_store(made: argparse.ArgumentParser) -> None:
    where = made.add_mutually_exclusive_group()
    where.add_argument(
        "--store",
        metavar="URI",
        help="where plots are kept: sqlite:///file.db, sqlite:////folder/file.db or memory: "
        "(default: a SQLite file in your user data folder)",
    )
    where.add_argument("--backend", choices=sorted(BACKENDS), help="the same by kind: --store's defaults")


def store_of(flags: argparse.Namespace) -> str | None:
    store: str | None = flags.store or BACKENDS[flags.backend or "sqlite"]
    return store


class _Version(argparse.Action):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(nargs=0, help="print the versions and exit", **kwargs)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import version

        from bokeh_wsgi import __version__

        print(f"bokeh-server {__version__} (Bokeh {version('bokeh')})")
        parser.exit()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _prefix(text: str) -> str:
    """With a slash in front and none at the end; "" for the root."""
    if set(text) & set("?#\\ ") or "//" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a path")
    path = text.strip("/")
    return f"/{path}" if path else ""


def _host(text: str) -> str:
    if not text or set(text) & set("/?#@ ") or (text.rpartition(":")[2].isdecimal() and text.count(":") == 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a name without a port, as plots.example")
    return text.strip("[]")


def _origin(text: str) -> str:
    from urllib.parse import urlsplit

    origin = text.rstrip("/")
    parts = urlsplit(origin)
    if (
        parts.scheme not in ("http", "https")
        or f"{parts.scheme}://{parts.netloc}" != origin
        or not parts.netloc
    ):
        raise argparse.ArgumentTypeError(f"{text!r} is not an origin, as https://site.example")
    return origin


def check(flags: argparse.Namespace) -> None:
    """Raises `Failure` for flags that do not go together, or that would open the server by mistake."""
    if flags.registration and not flags.multi_user:
        raise Failure("--registration is about the users of -m: give that too", code=2)
    if not (flags.multi_user or flags.trust_network or is_loopback(flags.ip)):
        raise Failure(
            f"on {flags.ip or 'all addresses'} anybody who reaches this machine could publish, change and "
            "delete plots: use -m for users with passwords, or allow it with --trust-network",
            code=2,
        )


def is_loopback(ip: str) -> bool:
    """Whether only this machine reaches the address; names other than localhost are taken for others."""
    from ipaddress import ip_address

    try:
        return ip_address(ip).is_loopback
    except ValueError:
        return ip == "localhost"
