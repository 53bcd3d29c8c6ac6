"""`install`: replaces modules of today's Bokeh, in this process, by ones with the names of Bokeh 0.9."""

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
    """Make ``import bokeh.…`` find the names of Bokeh 0.9. ``url``: the default server.

    For the whole process, permanently. Modules that were imported before are not changed.
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
    """Replace a module by a copy with additional names; create it if there is none."""
    overlay = ModuleType(name, "Of Bokeh 0.9.")
    with contextlib.suppress(ModuleNotFoundError):  # Bokeh does not have it any more
        overlay.__dict__.update(vars(importlib.import_module(name)))
    overlay.__dict__.update(names)
    public = {attribute for attribute in vars(overlay) if not attribute.startswith("_")}
    overlay.__dict__["__all__"] = sorted({*getattr(overlay, "__all__", public), *names})
    parent, _, child = name.rpartition(".")
    sys.modules[name] = overlay
    setattr(sys.modules[parent], child, overlay)
