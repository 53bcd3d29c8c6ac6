"""A figure with the names that plots, tools and glyph methods had in Bokeh 0.9."""

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
from bokeh.models import Model
from bokeh.plotting.glyph_api import GlyphAPI

from bokeh_wsgi.plotting import figure as _today

RENAMED: Final = {
    "background_fill": "background_fill_color",
    "border_fill": "border_fill_color",
    "outline_line": "outline_line_color",
    "plot_height": "height",
    "plot_width": "width",
    "x_mapper_type": "x_axis_type",
    "y_mapper_type": "y_axis_type",
}
GONE: Final = {"h_symmetry", "v_symmetry", "logo"}
"""Attributes that Bokeh no longer has: they are ignored."""
TOOLS: Final = {"click": "tap", "previewsave": "save", "resize": None, "select": "box_select"}
MARKERS: Final = {
    "asterisk",
    "circle",
    "circle_cross",
    "circle_x",
    "cross",
    "diamond",
    "diamond_cross",
    "inverted_triangle",
    "square",
    "square_cross",
    "square_x",
    "triangle",
    "x",
}
"""Glyph methods that are markers of `scatter` now."""

LOOKS: Final = ("fill_", "line_", "text_")
"""Prefixes of arguments that every glyph accepted, and ignored if it had no such properties."""
COLUMNS: Final = {"x", "y", "radius", "size", "width", "height", "text", "fill_color", "line_color", "color"}

_SET_LATER = ("responsive", "webgl")


# As in plotting.py: Bokeh does not register a class with an underscore.
class _figure(_today):  # noqa: N801
    """A figure that also accepts the arguments and attributes of figures in Bokeh 0.9."""

    __view_model__ = _today.__view_model__
    __view_module__ = _today.__view_module__

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        new = {RENAMED.get(name, name): value for name, value in kwargs.items() if name not in GONE}
        later = {name: new.pop(name) for name in list(new) if name in _SET_LATER or _is_of_title(name)}
        if "tools" in new:
            new["tools"] = tools(new["tools"])
        super().__init__(*args, **new)
        for name, value in later.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in GONE:
            return
        if _is_of_title(name):
            setattr(self.title, name.removeprefix("title_"), value)
        elif name == "responsive":
            self.sizing_mode = "scale_width" if value else None
        elif name == "webgl":
            self.output_backend = "webgl" if value else "canvas"
        else:
            super().__setattr__(RENAMED.get(name, name), value)


figure = _figure
_figure.__name__ = _figure.__qualname__ = "figure"


def _is_of_title(name: str) -> bool:
    return name.startswith("title_") and name not in _today.properties()


def tools(old: str | Iterable[str | Model]) -> str | list[str | Model]:
    """The argument ``tools=`` with today's names."""
    names = old.split(",") if isinstance(old, str) else list(old)
    renamed = [TOOLS.get(name.strip(), name.strip()) if isinstance(name, str) else name for name in names]
    return list(dict.fromkeys(name for name in renamed if name))


def _glyph_method(name: str, today: Callable[..., Any]) -> Callable[..., Any]:
    is_marker = name in MARKERS or name == "scatter"
    known = ["self", "x", "y", "size", "angle"] if is_marker else list(inspect.signature(today).parameters)

    @functools.wraps(today)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        arguments = dict(zip(known[1:], args, strict=False)) | kwargs
        if "legend" in arguments:
            arguments["legend_label"] = arguments.pop("legend")
        if not is_marker:
            for looks in [key for key in arguments if key.startswith(LOOKS) and key not in known]:
                del arguments[looks]
        if "source" in arguments:
            _add_columns(arguments, arguments["source"])
        if name in MARKERS and "radius" not in arguments:
            return GlyphAPI.scatter(self, **arguments, marker=name)
        return today(self, **arguments)

    return method


def _add_columns(arguments: dict[str, Any], source: Any) -> None:
    """Add sequences that were passed besides a source to it as columns."""
    for name, value in arguments.items():
        if name in COLUMNS and isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
            source.data[name] = value
            arguments[name] = name


for _name in (name for name in vars(GlyphAPI) if not name.startswith("_")):
    if callable(getattr(GlyphAPI, _name)):
        setattr(_figure, _name, _glyph_method(_name, getattr(GlyphAPI, _name)))
