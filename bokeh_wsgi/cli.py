"""``bokeh-server``: runs a plot server of its own, at ``/bokeh``.

What takes time to import is imported where it is needed, so that ``-h`` and a wrong flag answer at once.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

if TYPE_CHECKING:
    import socket
    import ssl

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from bokeh_wsgi.app import BokehWSGI

EXAMPLES = """\
examples:
  bokeh-server                                    plots at http://localhost:5006/bokeh/
  bokeh-server --port 8000 --store memory:        forgets everything when it stops
  bokeh-server --store sqlite:///plots.db         keeps the plots in plots.db, here
  bokeh-server --ip 0.0.0.0                       for everybody who reaches this machine
  bokeh-server --url-prefix /lab                  behind a proxy, at /lab/bokeh
  bokeh-server --https-certfile cert.pem --https-keyfile key.pem

Anybody who reaches the server may publish and delete: it trusts its network.
"""

BACKENDS = {"memory": "memory:", "sqlite": None, "redis": "redis://localhost:6379/0"}


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
    where = made.add_mutually_exclusive_group()
    where.add_argument(
        "--store",
        metavar="URI",
        help="where plots are kept: sqlite:///file.db, sqlite:////folder/file.db or memory: "
        "(default: a SQLite file in your user data folder)",
    )
    where.add_argument("--backend", choices=sorted(BACKENDS), help="the same by kind: --store's defaults")
    add("--https-certfile", metavar="FILE", help="certificate to serve https with (PEM)")
    add("--https-keyfile", metavar="FILE", help="its private key (PEM)")
    add("-m", "--multi-user", action="store_true", help="users with passwords (not yet)")
    add("--script", metavar="FILE", help="an application to serve (not yet)")
    add("-d", "--debug", action="store_true", help="log everything")
    add("-v", "--verbose", action="store_true", help="log every request")
    add("--version", action=_Version)
    return made


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


class Failure(Exception):
    """Why the server cannot start, in one line; ``code`` is the process's exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class Stopped(BaseException):
    """Ctrl-C or SIGTERM."""

    def __init__(self, code: int) -> None:
        self.code = code


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Serve until Ctrl-C (exit code 130) or SIGTERM (0)."""
    flags = parser().parse_args(argv)
    try:
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
            signal.signal(number, _stopper(code))
        _serve(flags)
    except Failure as failure:
        print(f"bokeh-server: {failure}", file=sys.stderr)
        sys.exit(failure.code)
    except Stopped as stopped:
        # The threads of open connections may be anywhere; waiting for them, or for the interpreter to take
        # itself apart under them, would not be "at once". What was acknowledged is in the store.
        sys.stdout.flush()
        os._exit(stopped.code)


def _stopper(code: int) -> Any:
    def stop(*_: object) -> NoReturn:
        raise Stopped(code)

    return stop


def _serve(flags: argparse.Namespace) -> NoReturn:
    _refuse_what_is_not_there_yet(flags)
    _log(flags)
    tls = _tls(flags.https_certfile, flags.https_keyfile)
    listener = _listen(flags.ip, flags.port)
    app = _open(flags.store or BACKENDS[flags.backend or "sqlite"])

    from bokeh_wsgi import __version__
    from bokeh_wsgi.serving import Server

    mount = f"{flags.url_prefix}/bokeh"
    server = Server(listener, mounted(app, flags.url_prefix), name=f"bokeh-server/{__version__}", tls=tls)
    listener.close()  # the server has its own handle of it
    print(f"bokeh-server is at {_link(flags.ip, server.port, tls is not None, mount)}", flush=True)
    try:
        server.serve_forever()
    finally:
        logging.disable()  # what the open connections meet from here on is no news
        app.close()
    raise Stopped(0)


def _refuse_what_is_not_there_yet(flags: argparse.Namespace) -> None:
    for flag, given in (("--multi-user", flags.multi_user), ("--script", flags.script)):
        if given:
            raise Failure(f"{flag} is not there yet in this version", code=2)


def _log(flags: argparse.Namespace) -> None:
    form = "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(format=form, level=logging.DEBUG if flags.debug else logging.WARNING)
    if flags.verbose:
        logging.getLogger("bokeh_wsgi").setLevel(logging.INFO)


def _tls(certfile: str | None, keyfile: str | None) -> "ssl.SSLContext | None":
    if certfile is None and keyfile is None:
        return None
    if certfile is None or keyfile is None:
        raise Failure("https needs both --https-certfile and --https-keyfile", code=2)
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    for path in (certfile, keyfile):
        if not os.access(path, os.R_OK):
            raise Failure(f"cannot read {path}", code=2)
    try:
        context.load_cert_chain(certfile, keyfile)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise Failure(
            f"{certfile} and {keyfile} are not a certificate and its key: {error}", code=2
        ) from None
    return context


def _listen(ip: str, port: int) -> "socket.socket":
    import errno

    from bokeh_wsgi.serving import listen

    try:
        return listen(ip, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = "the port is taken: stop what runs there, or choose another with --port"
        else:
            reason = error.strerror or str(error)
        raise Failure(f"cannot listen on {ip} port {port}: {reason}") from None


def _open(store: str | None) -> "BokehWSGI":
    from bokeh_wsgi.app import BokehWSGI
    from bokeh_wsgi.exc import BokehWSGIError

    try:
        return BokehWSGI(store=store)
    except (BokehWSGIError, OSError, ValueError) as error:
        raise Failure(str(error).splitlines()[0]) from None


def mounted(app: "WSGIApplication", prefix: str = "") -> "WSGIApplication":
    """``app`` at ``<prefix>/bokeh``; every other path leads to the same path below it."""
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    mount = f"{prefix}/bokeh"

    def elsewhere(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").encode("latin-1")
        below = path.removeprefix(prefix.encode()).lstrip(b"/")
        query = environ.get("QUERY_STRING", "")
        target = f"{quote(environ.get('SCRIPT_NAME', ''))}{quote(mount)}/{quote(below)}" + (
            query and f"?{query}"
        )
        # Not for ever: another program may have this port tomorrow. 307 keeps the method.
        status = "302 Found" if environ["REQUEST_METHOD"] in ("GET", "HEAD") else "307 Temporary Redirect"
        start_response(status, [("Location", target), ("Content-Length", "0")])
        return []

    return DispatcherMiddleware(elsewhere, {mount: app})


def _link(ip: str, port: int, https: bool, mount: str) -> str:
    if ip in ("0.0.0.0", "::", ""):
        return f"{_link('localhost', port, https, mount)} (and on every address of this machine)"
    host = f"[{ip}]" if ":" in ip else "localhost" if ip == "127.0.0.1" else ip
    return f"{'https' if https else 'http'}://{host}:{port}{mount}/"


if __name__ == "__main__":
    main()
