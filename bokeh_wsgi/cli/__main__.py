"""``python -m bokeh_wsgi.cli`` is ``bokeh-server``."""

from . import main

main()
