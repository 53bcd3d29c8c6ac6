"""Security headers of pages: Content-Security-Policy, framing, caching."""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import urlsplit

from bokeh_wsgi.pages.render import raw_text

Headers = list[tuple[str, str]]

PRIVATE: Headers = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]

SERVER_PAGE_HEADERS: Headers = [
    *PRIVATE,
    ("Referrer-Policy", "same-origin"),
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("Cross-Origin-Opener-Policy", "same-origin"),
]
"""Headers of the server's own pages: no inline code, no other origins, no frames (clickjacking), and no HTML
from strings in scripts (Trusted Types).
"""

# Without allow-same-origin the page has an opaque origin: JavaScript of a published document cannot reach
# cookies, storage or, with the viewer's login, other pages of this host.
SANDBOX = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox "
    "allow-downloads allow-forms allow-modals"
)

# A GMapPlot loads Google Maps from these.
MAP_SCRIPTS = ("https://maps.googleapis.com", "https://maps.gstatic.com")

# Documents may load tiles, images, fonts and data (AjaxDataSource) from anywhere.
ANYWHERE = "'self' https: http: data: blob:"


def document_headers(
    *, js: Iterable[str] = (), js_raw: Iterable[str] = (), frame_ancestors: str = "'self'"
) -> Headers:
    """Headers of a document's page; ``js`` and ``js_raw`` are the scripts in its graph's resources.

    ``frame_ancestors`` are the origins, separated by blanks, that may frame it.

    The sandbox protects the viewer's login from the document. The script sources do not (CustomJS needs
    ``'unsafe-eval'``): they stop injected markup from running scripts.
    """
    scripts = ["'self'", "'unsafe-eval'", "blob:", *MAP_SCRIPTS, *_origins(js), *map(_hash_source, js_raw)]
    policy = "; ".join(
        [
            SANDBOX,
            "default-src 'none'",
            f"script-src {' '.join(dict.fromkeys(scripts))}",
            f"style-src {ANYWHERE} 'unsafe-inline'",
            f"img-src {ANYWHERE}",
            f"font-src {ANYWHERE}",
            f"media-src {ANYWHERE}",
            f"connect-src {ANYWHERE} wss: ws:",
            f"frame-src {ANYWHERE}",
            "worker-src 'self' blob:",
            "base-uri 'none'",
            f"frame-ancestors {frame_ancestors}",
        ]
    )
    # Map servers require a Referer; the origin is enough.
    return [
        *PRIVATE,
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("Content-Security-Policy", policy),
    ]


def _origins(urls: Iterable[str]) -> list[str]:
    parts = [urlsplit(url) for url in urls]
    sources = [f"{part.scheme}://{part.netloc}" for part in parts if part.scheme in ("http", "https")]
    return [source for source in sources if _is_plain(source)]


def _is_plain(source: str) -> bool:
    """Whether it is one CSP source: a URL in a document must not add directives to the policy."""
    return source.isascii() and source.isprintable() and not any(c in " ;,'\"" for c in source)


def _hash_source(script: str) -> str:
    digest = sha256(raw_text(script, "script").encode()).digest()
    return f"'sha256-{b64encode(digest).decode()}'"
