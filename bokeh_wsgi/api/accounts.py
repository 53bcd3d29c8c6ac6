"""Account routes for programs: register, login, logout and keys."""

from typing import Any

from werkzeug.wrappers import Request

from bokeh_wsgi.auth import Identity, address_of, is_from_here
from bokeh_wsgi.auth.accounts import CODE_S
from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import AccessDenied, BadRequest, NotFound, SingleUser
from bokeh_wsgi.links import root_of

from .bodies import read_json, read_json_of


def register(context: Context, request: Request) -> tuple[dict[str, Any], int]:
    """Create an account and its first key."""
    check_accounts(context, "registration")
    _check_program(request)
    content = read_json(request)
    invitation = content.get("invite")
    user = context.accounts.register(
        content.get("username"),
        content.get("password"),
        address=address_of(request),
        invitation=invitation if isinstance(invitation, str) else "",
    )
    return _new_key(context, user.name, content), 201


def login(context: Context, request: Request) -> dict[str, Any]:
    """Create a key, after a check of the password."""
    check_accounts(context, "login")
    _check_program(request)
    content = read_json(request)
    user = context.accounts.sign_in(
        content.get("username"), content.get("password"), address=address_of(request)
    )
    return _new_key(context, user.name, content)


def _new_key(context: Context, user: str, content: dict[str, Any]) -> dict[str, Any]:
    _, key = context.accounts.new_key(user, content.get("name"))
    return {"username": user, "userapikey": key}


def logout(context: Context, request: Request) -> dict[str, Any]:
    """Revoke the key of the request."""
    identity = context.require_user(request)
    if identity.via != "key":
        raise BadRequest("Send the API key that is to be revoked, as Authorization: Bearer.")
    context.accounts.revoke(identity.user, identity.credential)
    return {"username": identity.user, "revoked": identity.credential}


def list_keys(context: Context, request: Request) -> dict[str, Any]:
    """The caller's keys and logins, without secrets."""
    identity = _user_with_keys(context, request)
    return {
        "keys": [
            {
                "id": known.id,
                "kind": known.kind,
                "name": known.name,
                "created": known.created,
                "current": known.id == identity.credential,
            }
            for known in context.store.accounts.list_credentials(identity.user)
        ]
    }


def make_key(context: Context, request: Request) -> tuple[dict[str, Any], int]:
    """Create a key, which is shown only once."""
    identity, content = read_json_of(request, lambda: _user_with_keys(context, request))
    credential, key = context.accounts.new_key(identity.user, content.get("name"))
    return {"id": credential.id, "name": credential.name, "key": key}, 201


def revoke(context: Context, request: Request, credential_id: str) -> dict[str, Any]:
    """End one of the caller's keys or logins."""
    identity = _user_with_keys(context, request)
    if not context.accounts.revoke(identity.user, credential_id):
        raise NotFound(f"You have no key or login {credential_id!r}.")
    return {"id": credential_id, "deleted": True}


def make_login_code(context: Context, request: Request) -> tuple[dict[str, Any], int]:
    """A one-time link that signs in a browser as the caller, within a minute."""
    check_accounts(context, "login")
    identity = context.require_user(request)
    code = context.accounts.new_login_code(identity.user, identity.credential)
    # In the fragment, which browsers do not send: no log on the way has the code.
    return {"url": f"{root_of(request)}login/code#code={code}", "expires_in": int(CODE_S)}, 201


def change_password(context: Context, request: Request) -> dict[str, Any]:
    check_accounts(context, "password")
    identity, content = read_json_of(request, lambda: context.require_user(request))
    replace_password(context, request, identity, content)
    return {"username": identity.user, "changed": True}


def replace_password(context: Context, request: Request, identity: Identity, content: dict[str, Any]) -> None:
    """Change the password, after a check of the old one. Ends all logins except the caller's."""
    context.accounts.change_password(
        identity.user,
        content.get("password"),
        content.get("new"),
        address=address_of(request),
        keep_login=identity.credential if identity.via == "login" else "",
    )


def check_accounts(context: Context, what: str) -> None:
    """Raise `SingleUser` if this server has no passwords."""
    if context.policy.mode == "single":
        raise SingleUser(f"This server is single-user: no {what} needed.")
    if context.policy.mode == "site":
        raise SingleUser(
            f"The users of this server are those of the site around it: no {what} here. Sign in at the site, "
            "and make an API key on the account page."
        )


def _check_program(request: Request) -> None:
    """Refuse JSON from browsers: only forms have a token against requests of other sites."""
    if not is_from_here(request) or "Sec-Fetch-Site" in request.headers:
        raise AccessDenied("Browsers register and sign in with the forms.", forbidden=True)


def _user_with_keys(context: Context, request: Request) -> Identity:
    if not context.has_users:
        raise SingleUser("This server is single-user: it needs no keys.")
    return context.require_user(request)
