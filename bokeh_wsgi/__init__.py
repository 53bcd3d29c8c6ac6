"""A plot server for Bokeh as a WSGI app: scripts publish plots, browsers show them live.

`BokehWSGI` is the server. `Session` is a script's connection to it; most scripts need only
`bokeh_wsgi.plotting` and `bokeh_wsgi.io`. Both are imported at first use: the server never imports Bokeh, and
the client never imports the server.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import BokehWSGI as BokehWSGI
    from .client import Session as Session

__version__ = "0.1.0"
__all__ = ["BokehWSGI", "Session", "__version__"]

_HOMES = {"BokehWSGI": ".app", "Session": ".client"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
