"""``bokeh.plotting`` with output to plot servers, as in Bokeh 0.9.

::

    from bokeh_wsgi.plotting import figure, output_server, show

    output_server("line")
    p = figure(width=400, height=400)
    p.line([1, 2, 3, 4, 5], [6, 7, 2, 4, 5], line_width=2)
    show(p)
"""

from typing import Any

import bokeh.plotting as bokeh_plotting
from bokeh.plotting import DEFAULT_TOOLS as DEFAULT_TOOLS
from bokeh.plotting import Column as Column
from bokeh.plotting import ColumnDataSource as ColumnDataSource
from bokeh.plotting import Document as Document
from bokeh.plotting import GMap as GMap
from bokeh.plotting import Row as Row
from bokeh.plotting import column as column
from bokeh.plotting import from_networkx as from_networkx
from bokeh.plotting import gmap as gmap
from bokeh.plotting import gridplot as gridplot
from bokeh.plotting import markers as markers
from bokeh.plotting import row as row

from . import io as _io
from .client.session import Session as Session
from .io import curdoc as curdoc
from .io import cursession as cursession
from .io import hplot as hplot
from .io import output_file as output_file
from .io import output_notebook as output_notebook
from .io import output_server as output_server
from .io import push as push
from .io import reset_output as reset_output
from .io import save as save
from .io import show as show
from .io import vform as vform
from .io import vplot as vplot

__all__ = sorted(
    {*bokeh_plotting.__all__, "Session", "cursession", "hplot", "output_server", "push", "vform", "vplot"}
)


# Bokeh does not register classes with an underscore, so the registered "Figure" stays Bokeh's.
class _figure(bokeh_plotting.figure):  # noqa: N801
    """Bokeh's figure. After `output_server`, `push` and `show` publish it; `curdoc` need not contain it.

    ``plot_width`` and ``plot_height`` are Bokeh 0.9's names for ``width`` and ``height``.
    """

    # BokehJS sees Bokeh's own figure.
    __view_model__ = bokeh_plotting.figure.__view_model__
    __view_module__ = bokeh_plotting.figure.__view_module__

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        for old, name in (("plot_width", "width"), ("plot_height", "height")):
            if old in kwargs:
                kwargs.setdefault(name, kwargs.pop(old))
        super().__init__(*args, **kwargs)
        _io._state.note_created(self)


figure = _figure
_figure.__name__ = _figure.__qualname__ = "figure"


def __getattr__(name: str) -> Any:
    # Names of later versions of Bokeh.
    if name.startswith("_") or name not in bokeh_plotting.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(bokeh_plotting, name)
