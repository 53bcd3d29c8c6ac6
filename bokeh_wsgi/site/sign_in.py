"""The routes to sign a browser in and out: with a password, a new account, or a program's one-time code.

Programs use the same URLs, with JSON instead of forms.
"""

from werkzeug.wrappers import Request, Response

from bokeh_wsgi.api import accounts
from bokeh_wsgi.auth import LOGIN_COOKIE, NOBODY, address_of, cookie_name
from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import AccessDenied, BadRequest, BokehWSGIError, SingleUser, TooMany
from bokeh_wsgi.links import cookie_path, local_path, mount_of, sign_in_link
from bokeh_wsgi.pages.sign_in import code_page, login_page, register_page
from bokeh_wsgi.protocol import KEY_HEADER
from bokeh_wsgi.responses import Answer, as_page, check_refusal

from .user_agent import browser_name
from .visit import Visit, checked_visit


def login_form(context: Context, request: Request) -> Response:
    _check_sign_in(context)
    return _login_page(context, request, Visit(request))


def login(context: Context, request: Request) -> Answer:
    """Sign in with a password, from a form or from a program's JSON."""
    if request.is_json:
        return accounts.login(context, request)
    _check_sign_in(context)
    visit = checked_visit(context, request)
    form = request.form
    try:
        user = context.accounts.sign_in(
            form.get("username"), form.get("password"), address=address_of(request)
        )
    except BokehWSGIError as error:
        check_refusal(error)
        return _login_page(context, request, visit, error=error)
    return _signed_in(context, request, user.name, local_path(form.get("next", ""), mount_of(request)))


def _login_page(
    context: Context, request: Request, visit: Visit, error: BokehWSGIError | None = None
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
    return visit.keep(as_page(html, error))


def register_form(context: Context, request: Request) -> Response:
    _check_sign_in(context)
    return _register_page(context, request, Visit(request))


def register(context: Context, request: Request) -> Answer:
    """Create an account and sign in, from a form or from a program's JSON."""
    if request.is_json:
        return accounts.register(context, request)
    _check_sign_in(context)
    visit = checked_visit(context, request)
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
        check_refusal(error)
        return _register_page(context, request, visit, error=error)
    return _signed_in(context, request, user.name, mount_of(request))


def _register_page(
    context: Context, request: Request, visit: Visit, error: BokehWSGIError | None = None
) -> Response:
    html = register_page(
        mount_of(request),
        csrf=context.policy.form_token(NOBODY, visit.id),
        message=error.message if error else "",
        username=request.form.get("username", ""),
        invite=request.values.get("invite", ""),
        registration=context.accounts.registration,
    )
    return visit.keep(as_page(html, error))


def check_same(password: str | None, again: str | None) -> None:
    """Raises `BadRequest` if the two entries of a new password differ."""
    if password != again:
        raise BadRequest("The two new passwords are not the same.")


def logout(context: Context, request: Request) -> Answer:
    """End the login of a browser, or revoke the key that a program sends."""
    if "Authorization" in request.headers or KEY_HEADER in request.headers:
        return accounts.logout(context, request)
    identity = context.person(request)
    response = Response(status=303, headers={"Location": f"{mount_of(request)}login"})
    if identity.via == "login":
        context.accounts.end_login(identity.credential)
    response.delete_cookie(cookie_name(LOGIN_COOKIE, request), path=cookie_path(request))
    return response


def code_form(context: Context, request: Request) -> Response:
    """Ask before a one-time code signs in: else any link could sign a visitor in as another user."""
    _check_sign_in(context)
    return _code_page(context, request, Visit(request), request.args.get("code", ""))


def _code_page(context: Context, request: Request, visit: Visit, code: str) -> Response:
    """The page that asks; without a code, one that reads it from the URL's fragment."""
    user = context.accounts.user_of_login_code(code, address=address_of(request)).name if code else ""
    token = context.policy.form_token(NOBODY, visit.id)
    return visit.keep(as_page(code_page(mount_of(request), csrf=token, code=code, username=user)))


def code(context: Context, request: Request) -> Response:
    """Sign in with a one-time code, or ask first."""
    _check_sign_in(context)
    visit = checked_visit(context, request)
    if "ask" in request.form:
        return _code_page(context, request, visit, request.form.get("code") or "none")
    user = context.accounts.user_of_login_code(
        request.form.get("code", ""), address=address_of(request), take=True
    )
    return _signed_in(context, request, user.name, mount_of(request))


def _signed_in(context: Context, request: Request, user: str, target: str) -> Response:
    """Start a new login and redirect; an old cookie is never reused (session fixation)."""
    old = context.policy.login_of(request)
    cookie = context.accounts.start_login(
        user, browser_name(request), address=address_of(request), old=old.credential
    )
    response = Response(status=303, headers={"Location": target, "Cache-Control": "no-store"})
    response.set_cookie(
        cookie_name(LOGIN_COOKIE, request),
        cookie,
        max_age=context.policy.tokens.login_s,
        path=cookie_path(request),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def to_sign_in(context: Context, request: Request) -> Response:
    if context.policy.mode != "accounts":
        if context.gallery:
            return Response(status=302, headers={"Location": f"{mount_of(request)}gallery"})
        raise AccessDenied("Sign in at the site first: plots use its accounts.")
    target = sign_in_link(context.policy, request)
    return Response(status=302, headers={"Location": target, "Cache-Control": "no-store"})


def _check_sign_in(context: Context) -> None:
    if context.policy.mode != "accounts":
        raise SingleUser(
            "Sign in at the site that mounts this server."
            if context.has_users
            else "This server has a single user: nobody signs in."
        )
