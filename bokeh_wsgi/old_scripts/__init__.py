"""Scripts of Bokeh 0.9, run unchanged: ``python -m bokeh_wsgi run script.py``.

For one process, modules of that time are put over today's: ``bokeh.plotting`` and ``bokeh.io`` with plot
servers, ``bokeh.session``, ``bokeh.embed.autoload_server``, ``bokeh.browserlib``, and names that plots and
documents had. Nothing of the installed Bokeh is changed.

Not there: what people do in pages does not reach scripts (``poll_document``), and ``bokeh.charts``, in-server
applications (``bokeh.server``), ``ServerDataSource`` and the ``line(…)`` and ``hold()`` of before 0.8.
"""

from .overlays import install as install
from .run import main as main
