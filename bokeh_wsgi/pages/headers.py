"""Headers of pages: what their scripts may do, who may frame them, that nobody caches them."""

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
"""Headers of the server's own pages.

Nothing inline, nothing from elsewhere; no frame around them, in which another page could lead somebody's
clicks; and no script of theirs makes HTML from text.
"""

# No allow-same-origin: the page gets an opaque origin, so that the JavaScript of a published document
# reaches neither cookies nor storage nor, with a login, any other page of this host.
SANDBOX = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox "
    "allow-downloads allow-forms allow-modals"
)

# BokehJS loads Google's maps from these, when a document has a GMapPlot.
MAP_SCRIPTS = ("https://maps.googleapis.com", "https://maps.gstatic.com")

# Documents may show tiles, pictures and fonts from anywhere, and read data from anywhere (AjaxDataSource).
ANYWHERE = "'self' https: http: data: blob:"


def document_headers(
    *, js: Iterable[str] = (), js_raw: Iterable[str] = (), frame_ancestors: str = "'self'"
) -> Headers:
    """Headers of a document's page; ``js`` and ``js_raw`` are the scripts its graph's resources ask for.

    ``frame_ancestors`` are the sources, separated by blanks, whose pages may show it in a frame.

    The sandbox is what keeps a document away from the viewer's login. The list of script sources is no such
    wall (CustomJS needs ``'unsafe-eval'``): it keeps text that was injected into the page from running.
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
    # Map servers refuse pages that do not say where they are from; the host is enough for them.
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
    """Whether it is one source: a published address must not add directives to the policy."""
    return source.isascii() and source.isprintable() and not any(c in " ;,'\"" for c in source)


def _hash_source(script: str) -> str:
    digest = sha256(raw_text(script, "script").encode()).digest()
    return f"'sha256-{b64encode(digest).decode()}'"
