"""The routes of the account page: keys, logins and the password of the signed-in user."""

from werkzeug.wrappers import Request, Response

from bokeh_wsgi.api import accounts
from bokeh_wsgi.auth import Identity
from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import BokehWSGIError, SingleUser
from bokeh_wsgi.links import mount_of
from bokeh_wsgi.pages.account import account_page
from bokeh_wsgi.responses import Answer, as_page, check_refusal

from .sign_in import check_same, to_sign_in


def account(context: Context, request: Request) -> Response:
    if not context.has_users:
        raise SingleUser("This server is single-user: it has no accounts.")
    identity = context.person(request)
    if not identity.user:
        return to_sign_in(context, request)
    return _account_response(context, request, identity)


def change_password(context: Context, request: Request) -> Answer:
    """Set a new password, from a form or from a program's JSON."""
    if request.is_json:
        return accounts.change_password(context, request)
    accounts.check_accounts(context, "password")
    identity = context.require_user(request)
    form = request.form.to_dict()
    try:
        check_same(form.get("new"), form.get("again"))
        accounts.replace_password(context, request, identity, form)
    except BokehWSGIError as error:
        check_refusal(error)
        return _account_response(context, request, identity, error=error)
    notice = "Your password is changed. Other browsers have to sign in again."
    return _account_response(context, request, identity, notice=notice)


def _account_response(
    context: Context,
    request: Request,
    identity: Identity,
    *,
    notice: str = "",
    error: BokehWSGIError | None = None,
) -> Response:
    """The account page, with a notice or an error."""
    html = account_page(
        mount_of(request),
        username=identity.user,
        csrf=context.policy.form_token(identity),
        keys=context.store.accounts.list_credentials(identity.user),
        current=identity.credential,
        site_login=context.policy.mode == "site",
        message=error.message if error else "",
        notice=notice,
    )
    return as_page(html, error)
