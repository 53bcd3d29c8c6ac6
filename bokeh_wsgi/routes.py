"""The URL map: every route, and the function that answers it.

Such a function takes the `Context`, the request and what its address says; it returns a response, or what
becomes one: a JSON object, or one with its status.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from bokeh_wsgi.api import access, accounts, changes, documents, edits, exports, uploads, viewers
from bokeh_wsgi.api.bodies import read_json_of
from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import BokehWSGIError
from bokeh_wsgi.pages import people, static, views
from bokeh_wsgi.protocol import KEY_HEADER, TOKEN_HEADER

Answer = Response | Mapping[str, Any] | tuple[Mapping[str, Any], int]
Route = Callable[..., Answer]


def ping(context: Context, request: Request) -> Response:  # noqa: ARG001 - as all routes
    return Response("pong", mimetype="text/plain", headers={"Cache-Control": "no-store"})


def delete(context: Context, request: Request, docid: str) -> Answer:
    documents.delete(context, request, docid)
    return {"docid": docid, "deleted": True}


def register(context: Context, request: Request) -> Answer:
    if request.is_json:
        return accounts.register(context, request), 201
    return people.register(context, request)


def login(context: Context, request: Request) -> Answer:
    return accounts.login(context, request) if request.is_json else people.login(context, request)


def logout(context: Context, request: Request) -> Answer:
    has_key = "Authorization" in request.headers or KEY_HEADER in request.headers
    return accounts.logout(context, request) if has_key else people.logout(context, request)


def change_password(context: Context, request: Request) -> Answer:
    accounts.check_accounts(context, "password")
    if request.is_json:
        identity, told = read_json_of(request, lambda: context.require_user(request))
        accounts.change_password(context, request, identity, told)
        return {"username": identity.user, "changed": True}
    identity = context.require_user(request)
    form = request.form.to_dict()
    try:
        people.check_same(form.get("new"), form.get("again"))
        accounts.change_password(context, request, identity, form)
    except BokehWSGIError as error:
        return people.account_of(context, request, identity, error=error)
    notice = "Your password is changed. Other browsers have to sign in again."
    return people.account_of(context, request, identity, notice=notice)


def created(route: Callable[..., Mapping[str, Any]]) -> Route:
    """The same route, answering 201."""

    def answer(context: Context, request: Request, **arguments: str) -> Answer:
        return route(context, request, **arguments), 201

    return answer


def _rule(path: str, **by_method: Route) -> list[Rule]:
    return [Rule(path, endpoint=route, methods=[method]) for method, route in by_method.items()]


URLS = Map(
    [
        *_rule("/", GET=people.index),
        *_rule("/gallery", GET=people.gallery),
        *_rule("/register", GET=people.register_form, POST=register),
        *_rule("/login", GET=people.login_form, POST=login),
        *_rule("/login/code", GET=people.code_form, POST=people.code),
        *_rule("/logout", POST=logout),
        *_rule("/account", GET=people.account),
        *_rule("/account/password", POST=change_password),
        *_rule("/ping", GET=ping),
        *_rule("/userinfo", GET=documents.userinfo),
        *_rule("/keys", GET=accounts.list_keys, POST=created(accounts.make_key)),
        *_rule("/keys/<credential_id>", DELETE=accounts.revoke),
        *_rule("/codes", POST=created(accounts.make_login_code)),
        *_rule("/doc", POST=documents.create),
        *_rule("/doc/<docid>", GET=views.view, PATCH=documents.rename, DELETE=delete),
        *_rule("/doc/<docid>/changes", POST=uploads.upload),
        *_rule("/doc/<docid>/edits", POST=edits.edit),
        *_rule("/doc/<docid>/viewers", GET=viewers.viewers),
        *_rule("/doc/<docid>/data/<path:source>.<any(arrow, parquet, csv):form>", GET=exports.export),
        *_rule("/doc/<docid>/<path:model>", GET=views.view),
        *_rule("/access/<docid>", GET=access.access),
        *_rule("/access/<docid>/users/<user>", PUT=access.share, DELETE=access.unshare),
        *_rule(
            "/access/<docid>/published",
            PUT=partial(access.publish, published=True),
            DELETE=partial(access.publish, published=False),
        ),
        *_rule("/access/<docid>/tokens", POST=created(access.make_token), DELETE=access.withdraw_tokens),
        *_rule("/access/<docid>/codes", POST=created(access.make_frame_code)),
        *_rule("/changes", GET=changes.changes),
        *_rule("/autoload.js", GET=static.autoload),
        *_rule("/autoload.js/<path:element>", GET=static.autoload),
        *_rule("/favicon.ico", GET=static.favicon),
        *_rule("/static/<path:path>", GET=static.static),
    ],
    strict_slashes=False,
    merge_slashes=False,
)

# What is nobody's.
PUBLIC_ROUTES = frozenset({ping, static.autoload, static.favicon, static.static})
# Where people sign in: by what they send, and by nothing that the request brings besides.
SIGN_IN_ROUTES = frozenset(
    {people.login_form, login, people.register_form, register, people.code_form, people.code}
)

# Routes that a page in an opaque origin, or a page of another site, calls with a document token.
TOKEN_ROUTES = frozenset({changes.changes, edits.edit, exports.export})
CORS_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": f"Authorization, {TOKEN_HEADER}",
    "Access-Control-Max-Age": "86400",
}


def is_for_the_app(context: Context, request: Request, route: Route, arguments: Mapping[str, str]) -> bool:
    """Whether its route goes by what the request brings, and by nothing else; or gives what is nobody's."""
    if route in PUBLIC_ROUTES:
        return True
    if route in SIGN_IN_ROUTES:
        return False
    if route is views.view and views.is_public(request):
        return False
    if (route is views.view and views.brings_token(request)) or (
        route is edits.edit and edits.brings_token(request)
    ):
        return True
    takes_tokens = "docid" in arguments or route is changes.changes
    return context.policy.has_credential(request, takes_tokens=takes_tokens)
