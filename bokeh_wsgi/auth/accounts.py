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
# Per user and kind (keys, logins), so that many logins do not end a program's keys.
MAX_CREDENTIALS = 200
MAX_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Accounts:
    """Account operations of users and operators. Thread-safe. ``address`` is the address of a request.

    ``on_access_reduced`` is called when a right has ended.
    """

    store: AccountStore
    tokens: Tokens
    throttle: Throttle
    registration: Registration = "open"
    max_users: int = 10_000
    on_access_reduced: Callable[[], None] = lambda: None

    def register(self, name: object, password: object, *, address: str, invitation: str = "") -> UserRecord:
        """Create an account; raises `BadRequest`, `AccessDenied`, `Taken`, `TooMany` or `LimitExceeded`."""
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
        """Create an account as the operator."""
        user = checked_user(name)
        secret = checked_password(password, user)
        self._check_free(user)
        return self._create(user, secret, "operator")

    def _check_free(self, user: str) -> None:
        """Raise `Taken` if the name is, or looks like, another user's; `LimitExceeded` at `max_users`."""
        if self.store.get_user(user) is not None:
            raise Taken(f"The user {user!r} exists: use login, or choose another name.")
        look = skeleton(user)
        if any(skeleton(known.name) == look for known in self.store.list_users()):
            raise Taken(f"The name {user!r} looks like another user's: choose a different one.")
        if self.store.count_users() >= self.max_users:
            raise self._too_many_users()

    def _create(self, user: str, password: str, address: str) -> UserRecord:
        # Reserve the skeleton: two users may register similar names at the same time.
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
        """The user with this name and password; raises `AccessDenied`, without the reason, or `TooMany`."""
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
        """Set a new password and end the user's logins, except one; keys remain. Raises like `sign_in`, and
        `BadRequest`."""
        secret = checked_password(new, user)
        self.sign_in(user, old, address=address)
        self.set_password(user, secret, keep_login=keep_login)

    def set_password(self, user: str, new: str, *, keep_login: str = "") -> None:
        """Set a password as the operator, without the old one."""
        self.store.set_password(user, hash_password(checked_password(new, user)), keep_login=keep_login)
        audit.done("password-changed", user=user)
        self.on_access_reduced()

    def set_disabled(self, user: str, disabled: bool) -> None:
        self.store.set_disabled(self.user(user).name, disabled)
        audit.done("disabled" if disabled else "enabled", user=user)
        self.on_access_reduced()

    # Credentials: API keys and logins

    def new_key(self, user: str, name: object) -> tuple[Credential, str]:
        """Create an API key; return its credential and the key (not stored). Raises `LimitExceeded`."""
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
        """Create a browser's login and return the value of its cookie; ends the browser's ``old`` login.

        Also ends expired logins and, if there are too many, the oldest.
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
        """End a key or login of this user; False if none has this id."""
        ended = self.store.delete_credential(user, credential_id)
        if ended:
            audit.done("revoked", user=user, credential=credential_id)
            self.on_access_reduced()
        return ended

    def _logins(self, user: str) -> list[Credential]:
        """The user's logins, newest first."""
        return [known for known in self.store.list_credentials(user) if known.kind == "login"]

    # One-time codes

    def new_invitation(self) -> str:
        """A code that lets one person register within a week."""
        return self._new_code("invitation", "", INVITATION_S)

    def new_login_code(self, user: str, credential: str = "") -> str:
        """A code that signs in one browser as this user, within a minute, while ``credential`` is valid."""
        return self._new_code("login", f"{user}\n{credential}", CODE_S)

    def _new_code(self, purpose: str, value: str, lasts_s: float) -> str:
        code = secrets.token_urlsafe(24)
        self.store.put_code(_hidden(purpose, code), value, time.time() + lasts_s)
        return code

    def user_of_login_code(self, code: str, *, address: str, take: bool = False) -> UserRecord:
        """The user of a login code; ``take`` invalidates the code. Raises `AccessDenied` or `TooMany`."""
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
    """The stored hash of a code, so that a copy of the store has no usable codes."""
    return sha256(f"{purpose} {code}".encode("utf-8", "surrogatepass")).hexdigest()


def _label(name: object) -> str:
    text = name if isinstance(name, str) else ""
    return "".join(char for char in text if char.isprintable())[:MAX_NAME_LENGTH].strip()
