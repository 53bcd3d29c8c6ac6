"""`Account`: a user at one server, with the key of the session and its requests."""

import getpass
import json
import os
import socket
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote
from wsgiref.types import WSGIApplication

from bokeh.util.browser import view

from bokeh_wsgi.client.transport.answer import Answer, has_fields
from bokeh_wsgi.client.transport.http_transport import HTTPTransport
from bokeh_wsgi.client.transport.transport import Transport
from bokeh_wsgi.client.transport.wsgi_transport import WSGITransport
from bokeh_wsgi.exc import Conflict, ServerRefused
from bokeh_wsgi.protocol import DEFAULT_USER, KEY_HEADER, NO_KEY, USER_HEADER

from .config import Config

DEFAULT_SERVER_URL: Final = "http://localhost:5006/"


@dataclass(frozen=True, slots=True)
class Options:
    """Where a session's server is, and how to reach it."""

    root_url: str = DEFAULT_SERVER_URL
    app: WSGIApplication | None = None
    """A server in this process, instead of one at ``root_url``."""
    retry_s: float = 60.0
    """How long to try again while the server is away, once it has been reached."""
    timeout_s: float = 60.0
    """How long to wait for an answer."""
    ca_certs: str | None = None
    """A file of certificates to trust besides the usual ones, as for a server with a self-signed one."""
    load_from_config: bool = True
    configdir: str | os.PathLike[str] | None = None

    def transport(self) -> Transport:
        root_url = self.root_url.rstrip("/") + "/"
        if self.app is not None:
            return WSGITransport(self.app, root_url)
        return HTTPTransport(root_url, retry_s=self.retry_s, timeout_s=self.timeout_s, ca_certs=self.ca_certs)


class Account:
    """One user at one server, with its requests and its saved key. `SignedIn` documents the verbs.

    A key that the caller passes takes precedence over a saved one. A saved key is only sent to the server
    that issued it. For an ``app`` in this process nothing is saved or read. Thread-safe.
    """

    def __init__(self, options: Options, name: str | None, username: str, userapikey: str) -> None:
        self.config = Config(options.configdir)
        # A later session cannot connect to an app in this process.
        self._is_remote = options.app is None
        loads = options.load_from_config and self._is_remote
        saved = self.config.find(name, options.root_url.rstrip("/") + "/") if loads else {}
        self._ca_certs = options.ca_certs
        if self._ca_certs is None and "ca_certs" in saved:
            self._ca_certs = str(saved["ca_certs"])
        self.transport = replace(options, ca_certs=self._ca_certs).transport()
        self.root_url = self.transport.root_url
        self.name = self.root_url if name is None else name
        self.username = username
        self.userapikey = userapikey
        self._on_identity: Callable[[str, str], None] | None = None
        self._use(saved)
        self._become(self.username, self.userapikey)
        if loads and self.userapikey == NO_KEY:
            self.transport.when_found = self._look_again

    def on_identity(self, callback: Callable[[str, str], None]) -> None:
        """Call ``callback(username, userapikey)`` now, and whenever one of them changes."""
        self._on_identity = callback
        callback(self.username, self.userapikey)

    def _look_again(self, base_url: str) -> None:
        """The key may be saved under the base URL instead of the root URL."""
        self._use(self.config.find(None, base_url))
        self._become(self.username, self.userapikey)

    def _use(self, entry: Mapping[str, Any]) -> None:
        """Use a saved user and key, unless the caller gave others."""
        if self.username == DEFAULT_USER and self.userapikey == NO_KEY:
            self.username = str(entry.get("username", self.username))
            self.userapikey = str(entry.get("userapikey", self.userapikey))

    def _credentials(self) -> dict[str, str]:
        if self.userapikey == NO_KEY:
            return {}
        if self.userapikey.startswith("bwk-"):
            return {"Authorization": f"Bearer {self.userapikey}"}
        # As in Bokeh 0.9. A server without users ignores it, so that an old key does no harm.
        return {USER_HEADER: self.username, KEY_HEADER: self.userapikey}

    def save(self) -> None:
        entry = {"root_url": self.root_url, "userapikey": self.userapikey, "username": self.username}
        if self.transport.is_found:
            entry["base_url"] = self.transport.base_url
        if self._ca_certs is not None:
            entry["ca_certs"] = os.path.abspath(os.path.expanduser(self._ca_certs))
        self.config.save(self.root_url, entry)

    def register(self, username: str, password: str, *, invite: str | None = None) -> None:
        body = {"username": username, "password": password, "name": key_name()}
        self._sign_in("register", body | ({} if invite is None else {"invite": invite}))

    def login(self, username: str, password: str) -> None:
        self._sign_in("login", {"username": username, "password": password, "name": key_name()})

    def _sign_in(self, path: str, body: Mapping[str, str]) -> None:
        answer = self.send("POST", path, body, anonymous=True, fields=("username", "userapikey")).json()
        self._become(answer["username"], answer["userapikey"])
        if self._is_remote:
            self._save_if_possible()

    def _save_if_possible(self) -> None:
        try:
            self.save()
        except OSError as error:
            warnings.warn(f"logged in, but the key cannot be kept for later scripts: {error}", stacklevel=4)

    def _become(self, username: str, userapikey: str) -> None:
        self.username, self.userapikey = username, userapikey
        self.transport.credentials = self._credentials()
        if self._on_identity is not None:
            self._on_identity(username, userapikey)

    def logout(self) -> None:
        try:
            self.send("POST", "logout")
        except ServerRefused as error:
            if error.status != 401:
                raise
        if self._is_remote:
            self.config.forget(self.root_url, self.transport.base_url)
        self._become(DEFAULT_USER, NO_KEY)

    def browser_login(self) -> str:
        answer = self.send("POST", "codes", fields=("url",)).json()["url"]
        # Behind a proxy, the server may not know the address at which it is reached.
        url = f"{self.transport.base_url}login/code#{answer.partition('#')[2]}"
        view(url)
        return url

    def userinfo(self) -> dict[str, Any]:
        return self.send("GET", "userinfo", fields=("username", "docs")).json()

    def keys(self) -> list[dict[str, Any]]:
        keys: list[dict[str, Any]] = self.send("GET", "keys", fields=("keys",)).json()["keys"]
        return keys

    def new_key(self, name: str) -> str:
        key: str = self.send("POST", "keys", {"name": name}, fields=("key",)).json()["key"]
        return key

    def revoke(self, id: str) -> None:  # noqa: A002 - as `keys` calls it
        self.send("DELETE", f"keys/{quote(id, safe='')}")

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        anonymous: bool = False,
        fields: Sequence[str] = (),
    ) -> Answer:
        """The answer to a request of this account, with at least these ``fields``.

        Raises `ServerRefused` with the server's reason.
        """
        pieces: Sequence[bytes] = () if body is None else [json.dumps(body).encode()]
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            return self.transport.request(
                method,
                path,
                headers=headers,
                pieces=pieces,
                anonymous=anonymous,
                is_whole=has_fields(*fields),
            )
        except Conflict as error:  # only for changes
            raise ServerRefused(error.message, status=error.status, body={}) from None


def key_name() -> str:
    """The name of a new key at the server, by which its user can recognise it."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # the user id has no name, as in some containers
        return socket.gethostname()
    return f"{user}@{socket.gethostname()}"
