"""Estimates the size of a frame for a model, as BokehJS has not laid it out yet."""

from typing import Any, Final

from bokeh.model import Model
from bokeh.models import Column, GridBox, GridPlot, Plot, Row, TabPanel, Tabs
from bokeh.models.widgets.groups import CheckboxGroup, RadioGroup
from bokeh.models.widgets.markups import Markup
from bokeh.models.widgets.tables import DataTable

Size = tuple[int, int]

PLOT: Final = (600, 600)
TABLE: Final = (600, 400)
WIDGET: Final = (300, 60)
"""Label and control, in BokehJS's default width."""
LINE_PX: Final = 24
HEADER_PX: Final = 40
SPACING_PX: Final = 10


def size_of(obj: Model) -> Size:
    """Width and height in pixels."""
    natural = _natural(obj)
    width, height = (
        _explicit(obj, side) or size for side, size in zip(("width", "height"), natural, strict=True)
    )
    return width, height


def _natural(obj: Model) -> Size:
    """The size of a model whose own ``width`` and ``height`` are not set."""
    if isinstance(obj, Row):
        return _beside([size_of(child) for child in _models(obj.children)])
    if isinstance(obj, Column):
        return _below([size_of(child) for child in _models(obj.children)])
    if isinstance(obj, GridBox | GridPlot):
        return _grid(obj.children)
    if isinstance(obj, Tabs):
        sizes = [size_of(tab.child) for tab in obj.tabs if isinstance(tab, TabPanel)]
        width, height = max((w for w, _ in sizes), default=0), max((h for _, h in sizes), default=0)
        return width, height + HEADER_PX
    if isinstance(obj, Plot):
        return PLOT
    if isinstance(obj, DataTable):
        return TABLE
    if isinstance(obj, CheckboxGroup | RadioGroup) and not obj.inline:
        return WIDGET[0], LINE_PX * (len(obj.labels) + 1)
    if isinstance(obj, Markup):
        return WIDGET[0], LINE_PX * max(1, 1 + len(obj.text or "") // 40)
    return WIDGET


def _explicit(obj: Model, side: str) -> int:
    value = getattr(obj, side, None)
    return value if isinstance(value, int) and value > 0 else 0


def _models(children: Any) -> list[Model]:
    return [child for child in children if isinstance(child, Model)]


def _beside(sizes: list[Size]) -> Size:
    width = sum(w for w, _ in sizes) + SPACING_PX * max(len(sizes) - 1, 0)
    return width, max((h for _, h in sizes), default=0)


def _below(sizes: list[Size]) -> Size:
    height = sum(h for _, h in sizes) + SPACING_PX * max(len(sizes) - 1, 0)
    return max((w for w, _ in sizes), default=0), height


def _grid(children: Any) -> Size:
    """Each row has the height, and each column the width, of its largest child."""
    heights: dict[int, int] = {}
    widths: dict[int, int] = {}
    for child, row, column, *_ in children:
        width, height = size_of(child)
        heights[row] = max(heights.get(row, 0), height)
        widths[column] = max(widths.get(column, 0), width)
    return sum(widths.values()), sum(heights.values()) + HEADER_PX
