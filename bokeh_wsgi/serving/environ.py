"""The WSGI environ (PEP 3333) of an h11 request."""

import sys
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import h11

from .body import Body
from .endpoint import Endpoint


def environ_of(request: h11.Request, body: Body, server: Endpoint, address: Any) -> dict[str, Any]:
    target = target_of(request)
    assert target is not None
    host, path, query = target
    environ: dict[str, Any] = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http" if server.tls is None else "https",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "SERVER_SOFTWARE": server.name,
        "REQUEST_METHOD": request.method.decode("ascii"),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "REMOTE_ADDR": address[0],
        "REMOTE_PORT": address[1],
        "SERVER_NAME": server.host,
        "SERVER_PORT": str(server.port),
        "SERVER_PROTOCOL": f"HTTP/{request.http_version.decode('ascii')}",
    }
    for name, value in request.headers:
        # In the environ an underscore equals a hyphen: such a name would bypass the checks of a proxy.
        if b"_" not in name:
            _add(environ, name.decode("ascii").upper().replace("-", "_"), value.decode("latin-1"))
    if host:
        environ["HTTP_HOST"] = host
    return environ


def target_of(request: h11.Request) -> tuple[str, str, str] | None:
    """Host ("" if the target has none), path and query of the request target; None if it is invalid."""
    target = request.target.decode("ascii")
    if target.startswith("/"):
        path, _, query = target.partition("?")
        return "", path, query
    if target == "*" and request.method == b"OPTIONS":
        return "", "/", ""
    try:
        url = urlsplit(target)
    except ValueError:
        return None
    if url.scheme not in ("http", "https") or not url.netloc:
        return None
    return url.netloc.rpartition("@")[2], url.path or "/", url.query


def _add(environ: dict[str, Any], key: str, value: str) -> None:
    if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = f"HTTP_{key}"
        if key in environ:
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
    environ[key] = value
