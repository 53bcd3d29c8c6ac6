"""Modules of Bokeh 0.9, put over today's in this process."""

import contextlib
import importlib
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import bokeh.util.browser
from bokeh.models import Column, Row, TabPanel, Tabs

from bokeh_wsgi import embed, io, plotting

from . import plots, sessions

LAYOUTS = {"HBox": Row, "Panel": TabPanel, "Tabs": Tabs, "VBox": Column, "VBoxForm": Column}
SERVER = {
    "Session": sessions.Session,
    "output_notebook": sessions.output_notebook,
    "output_server": sessions.output_server,
}


def install(url: str | None = None) -> None:
    """Have ``import bokeh.…`` find what Bokeh 0.9 had; with ``url``, that is the default server.

    For the whole process and for good. Modules that imported from Bokeh before keep what they have.
    """
    if url is not None:
        sessions.Session.default_url = url
    sessions.extend_document()
    _put("bokeh.plotting", {**_names(plotting), **SERVER, "figure": plots.figure, "Figure": plots.figure})
    _put("bokeh.io", {**_names(io), **SERVER, "gridplot": plotting.gridplot})
    _put("bokeh.embed", {"autoload_server": embed.autoload_server})
    for name in ("bokeh.models", "bokeh.models.widgets"):
        _put(name, LAYOUTS)
    _put("bokeh.session", {"Session": sessions.Session, "DEFAULT_SERVER_URL": sessions.Session.default_url})
    browser = bokeh.util.browser
    _put(
        "bokeh.browserlib",
        {"view": browser.view, "get_browser_controller": browser.get_browser_controller},
    )


def _names(module: ModuleType) -> dict[str, Any]:
    return {name: getattr(module, name) for name in module.__all__}


def _put(name: str, names: Mapping[str, Any]) -> None:
    """A copy of the module with more names, or a new one, in the place of the module."""
    overlay = ModuleType(name, "Of Bokeh 0.9.")
    with contextlib.suppress(ModuleNotFoundError):  # one that Bokeh no longer has
        overlay.__dict__.update(vars(importlib.import_module(name)))
    overlay.__dict__.update(names)
    public = {found for found in vars(overlay) if not found.startswith("_")}
    overlay.__dict__["__all__"] = sorted({*getattr(overlay, "__all__", public), *names})
    parent, _, child = name.rpartition(".")
    sys.modules[name] = overlay
    setattr(sys.modules[parent], child, overlay)
