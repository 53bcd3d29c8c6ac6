"""Scripts of Bokeh 0.9, run unchanged: ``python -m bokeh_wsgi run script.py``.

In one process, some of today's modules are replaced by ones with the old names: ``bokeh.plotting`` and
``bokeh.io`` with plot servers, ``bokeh.session``, ``bokeh.embed.autoload_server``, ``bokeh.browserlib``, and
attributes of plots and documents. The installed Bokeh is not changed.

Not supported: ``session.poll_document``, ``bokeh.charts``, in-server applications (``bokeh.server``),
``ServerDataSource``, and the ``line(…)`` and ``hold()`` of before 0.8.
"""

from .overlays import install as install
from .run import main as main
