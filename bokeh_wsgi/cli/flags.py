"""The flags of ``bokeh-server``, and their one-line errors."""

import argparse
from typing import Any, NoReturn

EXAMPLES = """\
examples:
  bokeh-server                                    plots at http://localhost:5006/bokeh/
  bokeh-server --port 8000 --store memory:        keeps plots in memory only
  bokeh-server --store sqlite:///plots.db         keeps plots in ./plots.db
  bokeh-server -m --ip 0.0.0.0                    users with passwords, from other machines
  bokeh-server -m --host plots.example --use-xheaders       behind the proxy of plots.example
  bokeh-server --url-prefix /lab                  at /lab/bokeh
  bokeh-server --https-certfile cert.pem --https-keyfile key.pem
  bokeh-server users add ada                      adds a user for -m (more: bokeh-server users -h)

Without -m there is no login: the server listens only on this machine, since anybody who reaches it may
change everything.
"""

BACKENDS = {"memory": "memory:", "sqlite": None}


class Failure(Exception):
    """An error of the command, in one line; ``code`` is the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` with one-line errors."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (try {self.prog} -h)\n")


def parser() -> Parser:
    """The parser of all flags; flags of Bokeh 0.9's bokeh-server keep their names."""
    created = Parser(
        prog="bokeh-server",
        description="A server for Bokeh plots: scripts publish them, browsers show them live.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_address(created)
    add_store(created)
    _add_users(created)
    add = created.add_argument
    add("-d", "--debug", action="store_true", help="log everything")
    add("-v", "--verbose", action="store_true", help="log every request and user action")
    add("--version", action=_Version)
    return created


def _add_address(to: Parser) -> None:
    add = to.add_argument
    add("--ip", default="127.0.0.1", help="address to listen on; 0.0.0.0: all (default: 127.0.0.1)")
    add(
        "--port",
        "--bokeh-port",
        type=_port,
        default=5006,
        help="port to listen on; 0: any free one (default: 5006)",
    )
    add("--url-prefix", type=_prefix, default="", metavar="PATH", help="serve at PATH/bokeh, not /bokeh")
    add(
        "--host",
        action="append",
        type=_host,
        default=[],
        metavar="NAME",
        help="a host name of this server or of the proxy in front; may be given several times (default: "
        "localhost if it listens only on this machine, else any)",
    )
    add(
        "--use-xheaders",
        action="store_true",
        help="take client address and scheme from a proxy (X-Forwarded-For, X-Forwarded-Proto); only if no "
        "client can bypass it",
    )
    add("--https-certfile", metavar="FILE", help="certificate to serve https with (PEM)")
    add("--https-keyfile", metavar="FILE", help="its private key (PEM)")


def _add_users(to: Parser) -> None:
    add = to.add_argument
    add("-m", "--multi-user", action="store_true", help="users with passwords, each with plots of their own")
    add(
        "--registration",
        choices=("open", "invite", "closed"),
        help="with -m, who may create an account: everybody, people with an invitation (bokeh-server users "
        "invite), or only you (bokeh-server users add) (default: open)",
    )
    add("--gallery", action="store_true", help="list published plots at gallery, for everybody")
    add(
        "--embed-origin",
        action="append",
        type=_origin,
        default=[],
        metavar="ORIGIN",
        help="a site that may show plots in frames, as https://site.example; may be given several times "
        "(default: all sites may frame plots that are public or have a token)",
    )
    add(
        "--trust-network",
        action="store_true",
        help="listen on other addresses without -m: anybody who reaches them may publish, change and delete "
        "all plots",
    )


def add_store(to: argparse.ArgumentParser) -> None:
    where = to.add_mutually_exclusive_group()
    where.add_argument(
        "--store",
        metavar="URI",
        help="where to keep plots: sqlite:///file.db, sqlite:////folder/file.db or memory: "
        "(default: a SQLite file in your user data folder)",
    )
    where.add_argument("--backend", choices=sorted(BACKENDS), help="the kind of store, at its default place")


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
    """A path with a leading and no trailing slash; "" for the root."""
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
    """Raises `Failure` for flags that conflict, or that would open the server to others by mistake."""
    if flags.registration and not flags.multi_user:
        raise Failure("--registration needs -m", code=2)
    if not (flags.multi_user or flags.trust_network or is_loopback(flags.ip)):
        raise Failure(
            f"on {flags.ip or 'all addresses'} anybody who reaches this machine could publish, change and "
            "delete plots: use -m for users with passwords, or allow it with --trust-network",
            code=2,
        )


def is_loopback(ip: str) -> bool:
    """Whether only this machine can reach the address; of names, only localhost is."""
    from ipaddress import ip_address

    try:
        return ip_address(ip).is_loopback
    except ValueError:
        return ip == "localhost"
