"""How kinds of changes are told: each is a generator that gives a root, and then changes it."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from bokeh import models
from bokeh.document import Document
from bokeh.model import Model
from bokeh.plotting import figure

m: Any = models
"""Of any type: Bokeh's own hints know less of what models take than Bokeh does."""
Kind = Callable[[], Iterator[Model]]
"""A generator: of a root as it is at first; when it goes on, it changes that."""
KINDS: dict[str, Kind] = {}
WHOLE: dict[str, Callable[[Document], None]] = {}
"""Changes of a document as a whole."""

WIDTH, HEIGHT = 400, 150
PALETTE = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"]
ROWS = np.arange(5.0)


def kind(build: Kind) -> Kind:
    KINDS[build.__name__] = build
    return build


def whole(change: Callable[[Document], None]) -> Callable[[Document], None]:
    WHOLE[change.__name__] = change
    return change


def plot(**attributes: Any) -> Any:
    given: dict[str, Any] = {"width": WIDTH, "height": HEIGHT, "toolbar_location": None, "tools": ""}
    return figure(**{**given, **attributes})


def points(**attributes: Any) -> tuple[Any, Any]:
    """A plot, and a renderer in it."""
    made = plot(**attributes)
    source = m.ColumnDataSource({"x": ROWS, "y": ROWS**2, "z": ROWS[::-1]})
    return made, made.scatter("x", "y", size=12, source=source)


def bars() -> tuple[Any, Any]:
    made = plot(x_range=["a", "b"], y_range=(0, 6))
    return made, made.vbar(x=["a", "b"], top=[5, 1], width=0.9)
