"""A Flask site with a login of its own, and a plot server inside whose users are those of the site.

    python examples/flask_site.py

Open http://localhost:5000/ and sign in as ada (password: lovelace) or bob (password: splines). At /bokeh/ are
your plots and nobody else's, without another login. For scripts, make a key at /bokeh/account, and save it
once, at a Python prompt:

    from bokeh_wsgi import Session
    Session(root_url="http://localhost:5000/bokeh/", userapikey="bwk-…").save()

Scripts then publish as you, and their plots are on your page of the site too, and move:

    python examples/live_machine.py http://localhost:5000/bokeh/

The plot server is a Blueprint, so the site's before_request functions run for it as well. With BESIDE=1 it is
mounted beside the site instead, where they do not: a little faster, and right for sites that have none. For a
server that lasts, see docs/deploy.md:

    gunicorn --threads 16 --chdir examples flask_site:site
"""

import os
import secrets

from flask import Flask, redirect, render_template_string, request
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.security import check_password_hash, generate_password_hash

import bokeh_wsgi.flask
from bokeh_wsgi import BokehWSGI

site = Flask(__name__)
# Of this process alone: a site that is to last keeps its key, or all have to sign in again at each start.
site.secret_key = secrets.token_bytes(32)
site.config["SESSION_COOKIE_SAMESITE"] = "Lax"
passwords = {name: generate_password_hash(word) for name, word in (("ada", "lovelace"), ("bob", "splines"))}
logins = LoginManager(site)


class User(UserMixin):
    def __init__(self, name):
        self.id = name


@logins.user_loader
def load_user(name):
    return User(name) if name in passwords else None


PAGE = """\
<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>A site of one's own</title>
<style>body { font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
iframe { width: 100%; height: 700px; border: 1px solid #ccc }</style>
<h1>A site of one's own</h1>
{% if current_user.is_authenticated %}
<form method="post" action="/sign-out">You are {{ current_user.id }}. <button>Sign out</button></form>
<p>Your <a href="/bokeh/">plots</a>, and <a href="/bokeh/account">keys for scripts that publish them</a>.</p>
{% for document in documents %}
<h2>{{ document.title }}</h2>
<iframe src="/bokeh/doc/{{ document.docid }}?embed=1" title="{{ document.title }}"></iframe>
{% endfor %}
{% else %}
<form method="post" action="/sign-in">
<p><label>Name <input name="name" autocomplete="username"></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>
<p>{{ problem }} <button>Sign in</button></p>
</form>
{% endif %}
"""


@site.get("/")
def home():
    user = current_user.get_id()
    return render_template_string(PAGE, documents=plots.store.list_documents(user) if user else [])


@site.post("/sign-in")
def sign_in():
    name = request.form.get("name", "")
    if not check_password_hash(passwords.get(name, ""), request.form.get("password", "")):
        return render_template_string(PAGE, problem="That was not right."), 401
    login_user(User(name))
    return redirect("/")


@site.post("/sign-out")
def sign_out():
    logout_user()
    return redirect("/")


plots = BokehWSGI(identify=bokeh_wsgi.flask.identify(site))
if os.environ.get("BESIDE"):
    site.wsgi_app = DispatcherMiddleware(site.wsgi_app, {"/bokeh": plots})
else:
    site.register_blueprint(bokeh_wsgi.flask.blueprint(plots), url_prefix="/bokeh")

if __name__ == "__main__":
    site.run(port=5000)
