"""A Django site with a plot server inside, at /plots.

    python examples/django_site.py runserver --noreload 8000
    python examples/live_machine.py http://localhost:8000/plots/

then open http://localhost:8000/. In a site of your own, the three lines at the end go into its wsgi.py. For a
server that lasts, see docs/deploy.md:

    gunicorn --threads 16 --chdir examples django_site:application
"""

import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from bokeh_wsgi import BokehWSGI

settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    DEBUG=True,
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for this example",
    WSGI_APPLICATION=f"{__name__}.application",
)


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse('<h1>A site of one\'s own</h1><p>… with <a href="/plots/">plots</a>.</p>')


urlpatterns = [path("", home)]

# In wsgi.py:
application = get_wsgi_application()
application = DispatcherMiddleware(application, {"/plots": BokehWSGI()})

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
