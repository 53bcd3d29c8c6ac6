"""Accounts: register, sign in, change passwords, keys, invitations and one-time codes."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from bokeh_wsgi.exc import AccessDenied, LimitExceeded, NoSuchUser, Taken
from bokeh_wsgi.store import AccountStore, Credential, StoreLimit, UserRecord

from . import audit, keys
from .names import checked_user, kept_form, skeleton
from .passwords import checked_password, hash_password, is_password, needs_rehash
from .throttle import Throttle
from .tokens import Tokens

Registration = Literal["open", "invite", "closed"]

CODE_S = 60.0
INVITATION_S = 7 * 86_400.0
# Of each kind, keys and logins: so many logins in browsers end none of a program's keys.
MAX_CREDENTIALS = 200
MAX_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Accounts:
    """What people and operators do with accounts; thread-safe. ``address`` is where a request comes from.

    ``on_access_reduced`` is called when somebody may do less than before.
    """

    store: AccountStore
    tokens: Tokens
    throttle: Throttle
    registration: Registration = "open"
    max_users: int = 10_000
    on_access_reduced: Callable[[], None] = lambda: None

    def register(self, name: object, password: object, *, address: str, invitation: str = "") -> UserRecord:
        """Make an account; raises `BadRequest`, `AccessDenied`, `Taken`, `TooMany` or `LimitExceeded`."""
        if self.registration == "closed":
            raise AccessDenied("This server takes no registrations: ask its operator.", forbidden=True)
        self.throttle.registration(address)
        user = checked_user(name)
        secret = checked_password(password, user)
        if self.registration == "invite" and self.store.get_code(_hidden("invitation", invitation)) is None:
            self.throttle.wrong_secret(address)
            raise AccessDenied("Registration needs an invitation that has not been used yet.", forbidden=True)
        self._check_free(user)
        if self.registration == "invite" and self.store.take_code(_hidden("invitation", invitation)) is None:
            raise AccessDenied("Somebody has just used this invitation.", forbidden=True)
        made = self._create(user, secret, address)
        self.throttle.signed_in(user, address)
        return made

    def add(self, name: str, password: str) -> UserRecord:
        """Make an account as the operator."""
        user = checked_user(name)
        secret = checked_password(password, user)
        self._check_free(user)
        return self._create(user, secret, "operator")

    def _check_free(self, user: str) -> None:
        """Raises `Taken` for a name that is a user's or looks like it, `LimitExceeded` without room."""
        if self.store.get_user(user) is not None:
            raise Taken(f"The user {user!r} exists: use login, or choose another name.")
        look = skeleton(user)
        if any(skeleton(known.name) == look for known in self.store.list_users()):
            raise Taken(f"The name {user!r} looks like another user's: choose a different one.")
        if self.store.count_users() >= self.max_users:
            raise self._too_many_users()

    def _create(self, user: str, password: str, address: str) -> UserRecord:
        # Two names that look alike may come in the same moment: the first one has the look.
        look = sha256(skeleton(user).encode()).hexdigest()
        is_first = self.store.setting(f"look {look}", user.encode) == user.encode()
        try:
            made = is_first and self.store.create_user(user, hash_password(password), limit=self.max_users)
        except StoreLimit:
            raise self._too_many_users() from None
        if not made:
            raise Taken(f"The user {user!r} exists, or one who looks alike: choose a different name.")
        audit.done("registered", user=user, address=address)
        return self.user(user)

    def _too_many_users(self) -> LimitExceeded:
        return LimitExceeded(
            f"This server takes no more than {self.max_users} users (max_users).", limit=self.max_users
        )

    def sign_in(self, name: object, password: object, *, address: str) -> UserRecord:
        """The user with this password; raises `AccessDenied`, not saying what was wrong, or `TooMany`."""
        user = kept_form(name)
        self.throttle.password(user, address)
        record = self.store.get_user(user)
        given = password if isinstance(password, str) else ""
        known = record.password_hash if record is not None else ""
        if not is_password(given, known) or record is None or record.disabled:
            audit.refused("sign-in-failed", user=user, address=address)
            raise AccessDenied("The user name or the password is wrong.")
        self.throttle.signed_in(user, address)
        if needs_rehash(known):
            self.store.rehash_password(user, known, hash_password(given))
        return record

    def user(self, name: str) -> UserRecord:
        record = self.store.get_user(name)
        if record is None:
            raise NoSuchUser(f"No user is called {name!r}.")
        return record

    def change_password(
        self, user: str, old: object, new: object, *, address: str, keep_login: str = ""
    ) -> None:
        """Also ends the user's logins, but for one; keys stay. Raises as `sign_in`, and `BadRequest`."""
        secret = checked_password(new, user)
        self.sign_in(user, old, address=address)
        self.set_password(user, secret, keep_login=keep_login)

    def set_password(self, user: str, new: str, *, keep_login: str = "") -> None:
        """As the operator, who need not know the old one."""
        self.store.set_password(user, hash_password(checked_password(new, user)), keep_login=keep_login)
        audit.done("password-changed", user=user)
        self.on_access_reduced()

    def set_disabled(self, user: str, disabled: bool) -> None:
        self.store.set_disabled(self.user(user).name, disabled)
        audit.done("disabled" if disabled else "enabled", user=user)
        self.on_access_reduced()

    # What programs and browsers show instead of a password

    def new_key(self, user: str, name: object) -> tuple[Credential, str]:
        """A key's credential and the key, which nobody can find out later; raises `LimitExceeded`."""
        credential, key = keys.new_key(user, _label(name) or "key")
        try:
            self.store.add_credential(credential, limit=MAX_CREDENTIALS)
        except StoreLimit as error:
            raise LimitExceeded(
                f"An account has {error.limit} keys at most: revoke some.", limit=error.limit
            ) from None
        audit.done("key-made", user=user, key=credential.id, name=credential.name)
        return credential, key

    def start_login(self, user: str, name: str, *, address: str, old: str = "") -> str:
        """A browser's new login, as the value of its cookie; the login ``old`` that it had ends.

        So do those that have lasted as long as they may and, where there are too many, the oldest.
        """
        if old:
            self.end_login(old)
        for known in self._logins(user):
            if known.created + self.tokens.login_s < time.time():
                self.revoke(user, known.id)
        login = keys.new_login(user, _label(name) or "browser")
        while True:
            try:
                self.store.add_credential(login, limit=MAX_CREDENTIALS)
                break
            except StoreLimit:
                for known in self._logins(user)[MAX_CREDENTIALS - 1 :]:
                    self.revoke(user, known.id)
        audit.done("signed-in", user=user, login=login.id, address=address)
        return self.tokens.sign_login(login.id)

    def end_login(self, login_id: str) -> None:
        credential = self.store.get_credential(login_id)
        if credential is not None:
            self.revoke(credential.user, login_id)

    def revoke(self, user: str, credential_id: str) -> bool:
        """End a key or login of this user; False if there is none of this id."""
        ended = self.store.delete_credential(user, credential_id)
        if ended:
            audit.done("revoked", user=user, credential=credential_id)
            self.on_access_reduced()
        return ended

    def _logins(self, user: str) -> list[Credential]:
        """The youngest first."""
        return [known for known in self.store.list_credentials(user) if known.kind == "login"]

    # What is used once

    def new_invitation(self) -> str:
        """Lets one person register within a week."""
        return self._new_code("invitation", "", INVITATION_S)

    def new_login_code(self, user: str, credential: str = "") -> str:
        """Signs one browser in as this user, within a minute, while the key or login ``credential`` lasts."""
        return self._new_code("login", f"{user}\n{credential}", CODE_S)

    def _new_code(self, purpose: str, value: str, lasts_s: float) -> str:
        code = secrets.token_urlsafe(24)
        self.store.put_code(_hidden(purpose, code), value, time.time() + lasts_s)
        return code

    def user_of_login_code(self, code: str, *, address: str, take: bool = False) -> UserRecord:
        """Whose code it is; with ``take`` it is used up. Raises `AccessDenied` or `TooMany`."""
        hidden = _hidden("login", code)
        kept = self.store.take_code(hidden) if take else self.store.get_code(hidden)
        name, _, credential = (kept or "").partition("\n")
        record = self.store.get_user(name) if name else None
        has_ended = bool(credential) and self.store.get_credential(credential) is None
        if record is None or record.disabled or has_ended:
            self.throttle.wrong_secret(address)
            raise AccessDenied("This link was used already, or is too old: make a new one.", forbidden=True)
        if take:
            self.throttle.signed_in(record.name, address)
        return record


def _hidden(purpose: str, code: str) -> str:
    """What the store has of a code: who reads the store cannot use it."""
    return sha256(f"{purpose} {code}".encode("utf-8", "surrogatepass")).hexdigest()


def _label(name: object) -> str:
    text = name if isinstance(name, str) else ""
    return "".join(char for char in text if char.isprintable())[:MAX_NAME_LENGTH].strip()
