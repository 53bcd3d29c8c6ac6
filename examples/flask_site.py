"""A Flask site with a plot server inside, at /plots.

    python examples/flask_site.py
    python examples/live_machine.py http://localhost:5000/plots/

then open http://localhost:5000/. For a server that lasts, see docs/deploy.md:

    gunicorn --threads 16 --chdir examples flask_site:site
"""

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from bokeh_wsgi import BokehWSGI

site = Flask(__name__)


@site.get("/")
def home() -> str:
    return '<h1>A site of one\'s own</h1><p>… with <a href="/plots/">plots</a>.</p>'


site.wsgi_app = DispatcherMiddleware(site.wsgi_app, {"/plots": BokehWSGI()})

if __name__ == "__main__":
    site.run(port=5000)
