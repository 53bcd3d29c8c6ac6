"""Starts ``bokeh-server`` from its flags, or raises `Failure`."""

import argparse
import logging
import os
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from .flags import Failure, is_loopback, store_of
from .flags import check as check

if TYPE_CHECKING:
    import socket
    import ssl

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from bokeh_wsgi.app import BokehWSGI

OTHER_FILES = 256
"""File descriptors reserved for other files than connections."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def serve(flags: argparse.Namespace) -> None:
    """Serve until interrupted; raises `Failure` if it cannot start."""
    check(flags)
    _log(flags)
    tls = _tls(flags.https_certfile, flags.https_keyfile)
    listener = _listen(flags.ip, flags.port)
    app = _open(flags)

    from bokeh_wsgi import __version__
    from bokeh_wsgi.serving.endpoint import Limits
    from bokeh_wsgi.serving.server import Server

    mount = f"{flags.url_prefix}/bokeh"
    served = mounted(app, flags.url_prefix)
    if flags.use_xheaders:
        from werkzeug.middleware.proxy_fix import ProxyFix

        served = ProxyFix(served, x_for=1, x_proto=1)
    limits = Limits()
    limits = replace(limits, connections=_max_connections(limits.connections))
    if flags.use_xheaders:
        # All connections come from the proxy.
        limits = replace(limits, of_network=None, requests=None)
    server = Server(listener, served, name=f"bokeh-server/{__version__}", tls=tls, limits=limits)
    listener.close()  # the server has a duplicate
    print(f"bokeh-server is at {_link(flags.ip, server.port, tls is not None, mount)}", flush=True)
    try:
        server.serve_forever()
    finally:
        logging.disable()  # errors of connections that break at shutdown are expected
        app.close()


def hosts_of(flags: argparse.Namespace) -> list[str] | None:
    """The allowed host names; None or ["*"]: any.

    On a loopback address they are restricted, against DNS rebinding: if a site's host name resolves to it,
    pages of the site could reach the server.
    """
    if not flags.host and not is_loopback(flags.ip):
        # A single-user app would allow only loopback names by default.
        return None if flags.multi_user else ["*"]
    return [*LOOPBACK, flags.ip, *flags.host]


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


def _max_connections(wanted: int) -> int:
    """How many connections fit in the limit of open files, which is raised if possible."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most: int = wanted + OTHER_FILES if hard == resource.RLIM_INFINITY else min(hard, wanted + OTHER_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(most - OTHER_FILES, most // 2)


def _listen(ip: str, port: int) -> "socket.socket":
    import errno

    from bokeh_wsgi.serving.server import listen

    try:
        return listen(ip, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = "the port is taken: stop the program there, or choose another port with --port"
        else:
            reason = error.strerror or str(error)
        raise Failure(f"cannot listen on {ip} port {port}: {reason}") from None


def _open(flags: argparse.Namespace) -> "BokehWSGI":
    from bokeh_wsgi.app import BokehWSGI
    from bokeh_wsgi.exc import BokehWSGIError

    try:
        return BokehWSGI(
            store=store_of(flags),
            multi_user=flags.multi_user,
            registration=flags.registration or "open",
            gallery=flags.gallery,
            embed_origins=flags.embed_origin or None,
            hosts=hosts_of(flags),
        )
    except (BokehWSGIError, OSError, ValueError) as error:
        raise Failure(str(error).splitlines()[0]) from None


def mounted(app: "WSGIApplication", prefix: str = "") -> "WSGIApplication":
    """Mount ``app`` at ``<prefix>/bokeh``; every other path redirects to the same path below it."""
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    mount = f"{prefix}/bokeh"

    def redirect(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").encode("latin-1")
        below = path.removeprefix(prefix.encode()).lstrip(b"/")
        query = environ.get("QUERY_STRING", "")
        target = f"{quote(environ.get('SCRIPT_NAME', ''))}{quote(mount)}/{quote(below)}" + (
            query and f"?{query}"
        )
        # Not permanent: another program may use this port later. 307 keeps the method.
        status = "302 Found" if environ["REQUEST_METHOD"] in ("GET", "HEAD") else "307 Temporary Redirect"
        headers = [("Location", target), ("Content-Length", "0"), ("X-Content-Type-Options", "nosniff")]
        start_response(status, headers)
        return []

    return DispatcherMiddleware(redirect, {mount: app})


def _link(ip: str, port: int, https: bool, mount: str) -> str:
    if ip in ("0.0.0.0", "::", ""):
        return f"{_link('localhost', port, https, mount)} (and on every address of this machine)"
    host = f"[{ip}]" if ":" in ip else "localhost" if ip == "127.0.0.1" else ip
    return f"{'https' if https else 'http'}://{host}:{port}{mount}/"
