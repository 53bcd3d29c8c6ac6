"""Users of a server that sessions sign in to."""

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session

PASSWORD = "correct horse battery"


def registered(app: BokehWSGI, name: str) -> Session:
    session = Session(app=app)
    session.register(name, PASSWORD)
    return session
