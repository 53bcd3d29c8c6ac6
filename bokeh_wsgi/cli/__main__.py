"""``python -m bokeh_wsgi.cli`` runs ``bokeh-server``."""

from . import main

main()
