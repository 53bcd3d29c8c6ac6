"""A Django site with Django's own login, and a plot server inside whose users are those of the site.

    python examples/django_site.py runserver --noreload 8000

Open http://localhost:8000/ and sign in as ada (password: lovelace) or bob (password: splines). At /bokeh/ are
your plots and nobody else's, without another login. For scripts, make a key at /bokeh/account, and save it
once, at a Python prompt:

    from bokeh_wsgi import Session
    Session(root_url="http://localhost:8000/bokeh/", userapikey="bwk-…").save()

Scripts then publish as you, and their plots are on your page of the site too, and move:

    python examples/live_machine.py http://localhost:8000/bokeh/

The site's users are in a temporary file and made at each start. In a site of your own, the lines at "In
wsgi.py" go there. For a server that lasts, see docs/deploy.md:

    gunicorn --threads 16 --chdir examples django_site:application
"""

import secrets
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management import call_command, execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.shortcuts import render
from django.urls import path
from werkzeug.middleware.dispatcher import DispatcherMiddleware

PAGE = """\
<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>A site of one's own</title>
<style>body { font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
iframe { width: 100%; height: 700px; border: 1px solid #ccc }</style>
<h1>A site of one's own</h1>
{% if user.is_authenticated %}
<form method="post" action="/sign-out">{% csrf_token %}
You are {{ user.username }}. <button>Sign out</button></form>
<p>Your <a href="/bokeh/">plots</a>, and <a href="/bokeh/account">keys for scripts that publish them</a>.</p>
{% for document in documents %}
<h2>{{ document.title }}</h2>
<iframe src="/bokeh/doc/{{ document.docid }}?embed=1" title="{{ document.title }}"></iframe>
{% endfor %}
{% elif form %}
<form method="post">{% csrf_token %}{{ form.as_p }}<button>Sign in</button></form>
{% else %}
<p><a href="/sign-in">Sign in</a></p>
{% endif %}
"""

folder = TemporaryDirectory()
settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(folder.name) / "site.db"}},
    DEBUG=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    LOGIN_REDIRECT_URL="/",
    LOGOUT_REDIRECT_URL="/",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_hex(32),
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": ["django.contrib.auth.context_processors.auth"],
                "loaders": [("django.template.loaders.locmem.Loader", {"page.html": PAGE})],
            },
        }
    ],
    WSGI_APPLICATION=f"{__name__}.application",
)


def home(request):
    user = request.user
    documents = plots.store.list_documents(user.get_username()) if user.is_authenticated else []
    return render(request, "page.html", {"documents": documents})


application = get_wsgi_application()

# In wsgi.py, after get_wsgi_application():
import bokeh_wsgi.django  # noqa: E402
from bokeh_wsgi import BokehWSGI  # noqa: E402

plots = BokehWSGI(identify=bokeh_wsgi.django.identify)
application = DispatcherMiddleware(application, {"/bokeh": plots})

# In urls.py, as in any site with a login:
from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.views import LoginView, LogoutView  # noqa: E402

urlpatterns = [
    path("", home),
    path("sign-in", LoginView.as_view(template_name="page.html")),
    path("sign-out", LogoutView.as_view()),
]

call_command("migrate", verbosity=0)
for name, password in (("ada", "lovelace"), ("bob", "splines")):
    get_user_model().objects.create_user(name, password=password)

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
