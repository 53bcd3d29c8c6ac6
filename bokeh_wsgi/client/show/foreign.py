"""Bokeh models for plots of other libraries, by their public functions; for the rest an error with advice."""

import importlib
from typing import Any, Final

from bokeh.document import Document
from bokeh.model import Model

ADVICE: Final = {
    "hvplot": "show what it gives when called, as df.hvplot.line(…), or its .layout() if it is interactive",
    "matplotlib": "panel.panel(…) of it can be shown",
    "plotly": "panel.panel(…) of it can be shown",
    "altair": "panel.panel(…) of it can be shown",
}
"""By module: how to get something that can be shown."""


def model_of(obj: Any, document: Document) -> Model:
    """The object itself if it is a Bokeh model, else the model that Panel or HoloViews create of it.

    Raises ValueError for anything else, with advice.
    """
    if isinstance(obj, Model):
        return obj
    modules = {cls.__module__.partition(".")[0] for cls in type(obj).__mro__}
    if "holoviews" in modules:
        return _of_holoviews(obj, document)
    if "panel" in modules:
        return _of_panel(obj, document)
    advice = "".join(f": {ADVICE[module]}" for module in sorted(modules & ADVICE.keys()))
    raise ValueError(f"show() publishes plots, widgets and layouts, not {_name_of(obj)}{advice}")


def _of_holoviews(obj: Any, document: Document) -> Model:
    holoviews = importlib.import_module("holoviews")
    varies = obj.traverse(lambda element: bool(element.kdims), [holoviews.HoloMap])
    if any(varies):
        # It needs widgets, which Panel creates.
        return _of_panel(obj, document)
    model: Model = holoviews.render(obj, backend="bokeh")
    return model


def _of_panel(obj: Any, document: Document) -> Model:
    panel = importlib.import_module("panel")
    if isinstance(obj, panel.template.base.BaseTemplate):
        raise ValueError(
            f"show() publishes plots, widgets and layouts, not {_name_of(obj)}, which is a page of its own: "
            "show a panel.Column of what is in it"
        )
    model: Model = panel.panel(obj).get_root(document)
    return model


def _name_of(obj: Any) -> str:
    kind = type(obj)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
