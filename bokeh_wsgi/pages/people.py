"""The routes of pages for people with accounts: index, sign in and out, register, account, gallery."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from werkzeug.wrappers import Request, Response

from bokeh_wsgi.auth import LOGIN_COOKIE, NOBODY, Identity, address_of, cookie_name, is_from_here
from bokeh_wsgi.context import Context, mount_of, root_of
from bokeh_wsgi.exc import AccessDenied, BadRequest, BokehWSGIError, NotFound, SingleUser, TooMany

from .account import account_page
from .gallery import gallery_page
from .headers import SERVER_PAGE_HEADERS
from .index import index_page
from .sign_in import code_page, login_page, register_page

VISIT_COOKIE = "bokeh_wsgi_visit"
VISIT_BYTES = 16
# Nobody quotes a path so often.
QUOTED_TIMES = 8


def index(context: Context, request: Request) -> Response:
    """The documents of a user, and those shared with them; the way to sign in for everybody else."""
    identity = _person(context, request)
    if not identity.user:
        return _to_sign_in(context, request)
    own = [
        SimpleNamespace(
            docid=record.docid,
            title=record.title,
            changed=record.changed,
            bytes=record.bytes,
            published=record.published,
            viewers=context.presence.viewers(record.docid),
        )
        for record in context.store.list_documents(identity.user)
    ]
    return _page(
        index_page(
            mount_of(request),
            own=own,
            shared=context.store.list_shared(identity.user),
            username=identity.user,
            csrf=context.policy.form_token(identity),
            root_url=root_of(request),
            multi_user=context.has_users,
            gallery=context.gallery,
            site_login=context.policy.mode == "site",
        )
    )


def gallery(context: Context, request: Request) -> Response:
    """Published documents of all users, for everybody, if the server's owner wants that."""
    if not context.gallery:
        raise NotFound("This server shows no gallery.")
    identity = _person(context, request)
    return _page(
        gallery_page(
            mount_of(request),
            documents=context.store.list_published(),
            username=identity.user or None,
            csrf=context.policy.form_token(identity) if identity.user else "",
        )
    )


def login_form(context: Context, request: Request) -> Response:
    _check_accounts(context)
    return _login_page(context, request, _Visit(request))


def login(context: Context, request: Request) -> Response:
    """Sign a browser in, by the form."""
    _check_accounts(context)
    visit = _checked_visit(context, request)
    form = request.form
    try:
        user = context.accounts.sign_in(
            form.get("username"), form.get("password"), address=address_of(request)
        )
    except BokehWSGIError as error:
        return _login_page(context, request, visit, error=error)
    return _signed_in(context, request, user.name, local_path(form.get("next", ""), mount_of(request)))


def _login_page(
    context: Context, request: Request, visit: "_Visit", error: BokehWSGIError | None = None
) -> Response:
    html = login_page(
        mount_of(request),
        csrf=context.policy.form_token(NOBODY, visit.id),
        next=local_path(request.values.get("next", ""), mount_of(request)),
        message=error.message if error else "",
        username=request.form.get("username", ""),
        registration=context.accounts.registration,
        retry_after=error.retry_after_s if isinstance(error, TooMany) else 0,
        gallery=context.gallery,
    )
    return visit.told(_page(html, error))


def register_form(context: Context, request: Request) -> Response:
    _check_accounts(context)
    return _register_page(context, request, _Visit(request))


def register(context: Context, request: Request) -> Response:
    """Make an account and sign the browser in, by the form."""
    _check_accounts(context)
    visit = _checked_visit(context, request)
    form = request.form
    try:
        check_same(form.get("password"), form.get("again"))
        user = context.accounts.register(
            form.get("username"),
            form.get("password"),
            address=address_of(request),
            invitation=form.get("invite", ""),
        )
    except BokehWSGIError as error:
        return _register_page(context, request, visit, error=error)
    return _signed_in(context, request, user.name, mount_of(request))


def _register_page(
    context: Context, request: Request, visit: "_Visit", error: BokehWSGIError | None = None
) -> Response:
    html = register_page(
        mount_of(request),
        csrf=context.policy.form_token(NOBODY, visit.id),
        message=error.message if error else "",
        username=request.form.get("username", ""),
        invite=request.values.get("invite", ""),
        registration=context.accounts.registration,
    )
    return visit.told(_page(html, error))


def check_same(password: str | None, again: str | None) -> None:
    """Raises `BadRequest` for a new password that was mistyped once."""
    if password != again:
        raise BadRequest("The two new passwords are not the same.")


def logout(context: Context, request: Request) -> Response:
    identity = _person(context, request)
    response = Response(status=303, headers={"Location": f"{mount_of(request)}login"})
    if identity.via == "login":
        context.accounts.end_login(identity.credential)
    response.delete_cookie(cookie_name(LOGIN_COOKIE, request), path=_cookie_path(request))
    return response


def code_form(context: Context, request: Request) -> Response:
    """Ask before signing in with a one-time code: else any link could sign anybody in as somebody else."""
    _check_accounts(context)
    return _code_page(context, request, _Visit(request), request.args.get("code", ""))


def _code_page(context: Context, request: Request, visit: "_Visit", code: str) -> Response:
    """The question; or, without a code, what finds one in the address, where only the browser sees it."""
    user = context.accounts.user_of_login_code(code, address=address_of(request)).name if code else ""
    token = context.policy.form_token(NOBODY, visit.id)
    return visit.told(_page(code_page(mount_of(request), csrf=token, code=code, username=user)))


def code(context: Context, request: Request) -> Response:
    """Sign in with a one-time code, or ask whether to."""
    _check_accounts(context)
    visit = _checked_visit(context, request)
    if "ask" in request.form:
        return _code_page(context, request, visit, request.form.get("code") or "none")
    user = context.accounts.user_of_login_code(
        request.form.get("code", ""), address=address_of(request), take=True
    )
    return _signed_in(context, request, user.name, mount_of(request))


def account(context: Context, request: Request) -> Response:
    if not context.has_users:
        raise SingleUser("This server is single-user: it has no accounts.")
    identity = _person(context, request)
    if not identity.user:
        return _to_sign_in(context, request)
    return account_of(context, request, identity)


def account_of(
    context: Context,
    request: Request,
    identity: Identity,
    *,
    notice: str = "",
    error: BokehWSGIError | None = None,
) -> Response:
    """The account's page, with what was done or why not."""
    held = context.store.list_credentials(identity.user)
    keys: list[Any] = [
        SimpleNamespace(
            id=known.id,
            kind=known.kind,
            name=known.name,
            created=known.created,
            current=known.id == identity.credential,
        )
        for known in held
    ]
    html = account_page(
        mount_of(request),
        username=identity.user,
        csrf=context.policy.form_token(identity),
        keys=keys,
        site_login=context.policy.mode == "site",
        message=error.message if error else "",
        notice=notice,
    )
    return _page(html, error)


@dataclass
class _Visit:
    """What forms of people who are not signed in are bound to: a cookie with a random id."""

    id: str
    is_new: bool
    cookie: str
    path: str
    secure: bool

    def __init__(self, request: Request) -> None:
        self.cookie = cookie_name(VISIT_COOKIE, request)
        known = request.cookies.get(self.cookie, "")
        self.is_new = not known
        self.id = known or secrets.token_urlsafe(VISIT_BYTES)
        self.path = _cookie_path(request)
        self.secure = request.is_secure

    def told(self, response: Response) -> Response:
        if self.is_new:
            response.set_cookie(
                self.cookie, self.id, path=self.path, secure=self.secure, httponly=True, samesite="Lax"
            )
        return response


def _checked_visit(context: Context, request: Request) -> _Visit:
    """Raises `AccessDenied` for a form that was not sent by a page of this server to this browser."""
    visit = _Visit(request)
    if not is_from_here(request) or not context.policy.is_form(request, NOBODY, visit.id):
        raise AccessDenied(
            "This form is too old, or did not come from this server: load its page again.", forbidden=True
        )
    return visit


def _signed_in(context: Context, request: Request, user: str, target: str) -> Response:
    """A login of its own, whatever the browser came with: a planted one is of no use to who planted it."""
    old = context.policy.login_of(request)
    cookie = context.accounts.start_login(
        user, _browser_of(request), address=address_of(request), old=old.credential
    )
    response = Response(status=303, headers={"Location": target, "Cache-Control": "no-store"})
    response.set_cookie(
        cookie_name(LOGIN_COOKIE, request),
        cookie,
        max_age=context.policy.tokens.login_s,
        path=_cookie_path(request),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _person(context: Context, request: Request) -> Identity:
    """Whose page this is to be; user "" for nobody's. Raises `AccessDenied` for a document's token."""
    identity = context.policy.identify(request)
    return identity if identity.token is None else context.require_user(request)


def local_path(target: str, mount: str) -> str:
    """``target`` if it is a path of this server, below its mount wherever that is read, else the index."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return mount
    is_local = not parts.scheme and not parts.netloc and target.startswith(mount) and target.isprintable()
    is_plain = "\\" not in target and not target.startswith("//") and not _climbs(parts.path)
    return target if is_local and is_plain else mount


def _climbs(path: str) -> bool:
    """Whether a path goes up, to a browser or to what unquotes it on its way: ``..``, ``%2e%2e``."""
    for _ in range(QUOTED_TIMES):
        quoted, path = path, unquote(path)
        if path == quoted:
            segments = path.replace("\\", "/").split("/")
            return any(segment.partition(";")[0] in (".", "..") for segment in segments)
    return True


def sign_in_link(context: Context, request: Request) -> str:
    """Where somebody who is not signed in can do so to come back here; "" if that makes no sense."""
    if context.policy.mode != "accounts" or context.policy.login_of(request) is not NOBODY:
        return ""
    here = quote(f"{mount_of(request)}{request.path.lstrip('/')}")
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    wanted = f"?next={quote(here + query, safe='')}" if request.method == "GET" else ""
    return f"{mount_of(request)}login{wanted}"


def _to_sign_in(context: Context, request: Request) -> Response:
    if context.policy.mode != "accounts":
        if context.gallery:
            return Response(status=302, headers={"Location": f"{mount_of(request)}gallery"})
        raise AccessDenied("Sign in at the site first: its users are the users of these plots.")
    target = sign_in_link(context, request)
    return Response(status=302, headers={"Location": target, "Cache-Control": "no-store"})


def _check_accounts(context: Context) -> None:
    if context.policy.mode != "accounts":
        where = "the site around it" if context.has_users else "nobody: it has one user"
        raise SingleUser(f"Sign-in here is the business of {where}.")


def _browser_of(request: Request) -> str:
    """What a person will recognise a browser by: ``Firefox on Linux``."""
    agent = request.headers.get("User-Agent", "")
    browser = next((name for mark, name in BROWSERS.items() if mark in agent), "A browser")
    system = next((name for mark, name in SYSTEMS.items() if mark in agent), "")
    return f"{browser} on {system}" if system else browser


# In this order: each of these says the names of those after it, too.
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def _cookie_path(request: Request) -> str:
    return mount_of(request).rstrip("/") or "/"


def _page(html: str, error: BokehWSGIError | None = None) -> Response:
    headers: Mapping[str, str] = dict(SERVER_PAGE_HEADERS)
    response = Response(html, error.status if error else 200, headers=headers)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.data["retry_after"])
    return response
