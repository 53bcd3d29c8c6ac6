"""The URL map: every route with its handler.

A handler takes the `Context`, the request and the arguments in the URL; it returns an `Answer`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request

from bokeh_wsgi.api import access, accounts, changes, documents, edits, exports, server, uploads, viewers
from bokeh_wsgi.responses import Answer
from bokeh_wsgi.site import account, document, index, sign_in, static


def _rule(path: str, **by_method: Callable[..., Answer]) -> list[Rule]:
    return [Rule(path, endpoint=route, methods=[method]) for method, route in by_method.items()]


URLS = Map(
    [
        *_rule("/", GET=index.index),
        *_rule("/gallery", GET=index.gallery),
        *_rule("/register", GET=sign_in.register_form, POST=sign_in.register),
        *_rule("/login", GET=sign_in.login_form, POST=sign_in.login),
        *_rule("/login/code", GET=sign_in.code_form, POST=sign_in.code),
        *_rule("/logout", POST=sign_in.logout),
        *_rule("/account", GET=account.account),
        *_rule("/account/password", POST=account.change_password),
        *_rule("/ping", GET=server.ping),
        *_rule("/userinfo", GET=server.userinfo),
        *_rule("/keys", GET=accounts.list_keys, POST=accounts.make_key),
        *_rule("/keys/<credential_id>", DELETE=accounts.revoke),
        *_rule("/codes", POST=accounts.make_login_code),
        *_rule("/doc", POST=documents.create),
        *_rule("/doc/<docid>", GET=document.view, PATCH=documents.rename, DELETE=documents.delete),
        *_rule("/doc/<docid>/changes", POST=uploads.upload),
        *_rule("/doc/<docid>/edits", POST=edits.edit),
        *_rule("/doc/<docid>/viewers", GET=viewers.viewers),
        *_rule("/doc/<docid>/data/<path:source>.<any(arrow, parquet, csv):form>", GET=exports.export),
        *_rule("/doc/<docid>/<path:model>", GET=document.view),
        *_rule("/access/<docid>", GET=access.access),
        *_rule("/access/<docid>/users/<user>", PUT=access.share, DELETE=access.unshare),
        *_rule(
            "/access/<docid>/published",
            PUT=partial(access.publish, published=True),
            DELETE=partial(access.publish, published=False),
        ),
        *_rule("/access/<docid>/tokens", POST=access.make_token, DELETE=access.withdraw_tokens),
        *_rule("/access/<docid>/codes", POST=access.make_frame_code),
        *_rule("/changes", GET=changes.changes),
        *_rule("/autoload.js", GET=static.autoload),
        *_rule("/autoload.js/<path:element>", GET=static.autoload),
        *_rule("/favicon.ico", GET=static.favicon),
        *_rule("/static/<path:path>", GET=static.static),
    ],
    strict_slashes=False,
    merge_slashes=False,
)


def match(request: Request) -> tuple[Any, Any]:
    """The handler of a request, and the arguments in its URL; raises HTTPException."""
    # The path of the mount itself is "" without a trailing slash: the same page as "/".
    path = request.environ.get("PATH_INFO") or "/"
    return URLS.bind_to_environ(request.environ).match(path, method=request.method)
