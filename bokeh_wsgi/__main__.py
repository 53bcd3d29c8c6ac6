"""``python -m bokeh_wsgi`` is ``bokeh-server``."""

from .cli import main

main()
