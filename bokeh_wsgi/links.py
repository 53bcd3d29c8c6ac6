"""URLs of this server below its mount point: root, login page, redirect after login."""

from urllib.parse import quote, unquote, urlsplit

from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Request

from bokeh_wsgi.auth import NOBODY, Policy

# The most rounds of percent-encoding that are decoded.
QUOTED_TIMES = 8


def mount_of(request: Request) -> str:
    """The path where the app is mounted, with a trailing slash; all links start with it."""
    return iri_to_uri(request.root_path).rstrip("/") + "/"


def root_of(request: Request) -> str:
    """The mount point as an absolute URL, with a trailing slash."""
    return request.host_url.rstrip("/") + mount_of(request)


def cookie_path(request: Request) -> str:
    return mount_of(request).rstrip("/") or "/"


def sign_in_link(policy: Policy, request: Request) -> str:
    """The login URL that redirects back to this request; "" without a login page, or if signed in."""
    if policy.mode != "accounts" or policy.login_of(request) is not NOBODY:
        return ""
    here = quote(f"{mount_of(request)}{request.path.lstrip('/')}")
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    wanted = f"?next={quote(here + query, safe='')}" if request.method == "GET" else ""
    return f"{mount_of(request)}login{wanted}"


def local_path(target: str, mount: str) -> str:
    """``target`` if it is a path below the mount, else the index: prevents open redirects."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return mount
    is_local = not parts.scheme and not parts.netloc and target.startswith(mount) and target.isprintable()
    is_plain = "\\" not in target and not target.startswith("//") and not _climbs(parts.path)
    return target if is_local and is_plain else mount


def _climbs(path: str) -> bool:
    """Whether a browser or a proxy would see ``..`` in the path, also as ``%2e%2e``."""
    for _ in range(QUOTED_TIMES):
        quoted, path = path, unquote(path)
        if path == quoted:
            segments = path.replace("\\", "/").split("/")
            return any(segment.partition(";")[0] in (".", "..") for segment in segments)
    return True
