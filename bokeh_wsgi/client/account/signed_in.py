"""`SignedIn`: a user at one server, as a script sees it."""

from typing import Any

from bokeh_wsgi.client.transport.transport import Transport

from .account import Account


class SignedIn:
    """Who a session is at its server: the part of a `Session` that needs no document.

    ``username`` and ``userapikey`` are those of now: `register`, `login` and `logout` change them.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self.root_url, self.name = account.root_url, account.name
        account.on_identity(self._set_identity)

    def _set_identity(self, username: str, userapikey: str) -> None:
        self.username, self.userapikey = username, userapikey

    @property
    def configdir(self) -> str:
        return str(self._account.config.directory)

    @property
    def configfile(self) -> str:
        return str(self._account.config.path)

    @property
    def http_session(self) -> Transport:
        """What sends this session's requests."""
        return self._account.transport

    @property
    def base_url(self) -> str:
        """Where the server's app is mounted; asks the server at first use."""
        return self._account.transport.base_url

    def save(self) -> None:
        """Keep user, key and ``ca_certs`` in the config file, for later sessions at this server."""
        self._account.save()

    def register(self, username: str, password: str, *, invite: str | None = None) -> None:
        """Make a new user, and be that user from now on; the key is saved, the password is not.

        Raises `ServerRefused` with the reason: the name is taken, the password is too weak, the server takes
        no new users, or none without an ``invite``, or it is single-user and needs none.
        """
        self._account.register(username, password, invite=invite)

    def login(self, username: str, password: str) -> None:
        """Be this user from now on, with a new key that is saved; the password is not.

        Raises `ServerRefused` with the reason: a wrong name or password, too many tries (wait for
        ``error.body["retry_after"]`` seconds), or a server that is single-user and needs none.
        """
        self._account.login(username, password)

    def logout(self) -> None:
        """End this session's key at the server, and forget it here and in the config file.

        A key that has ended already is only forgotten.
        """
        self._account.logout()

    def browser_login(self) -> str:
        """Open the browser signed in as this user; returns the address, which is good for once, soon.

        It holds a code and never the key. With ``BOKEH_BROWSER=none`` nothing opens.
        """
        return self._account.browser_login()

    @property
    def userinfo(self) -> dict[str, Any]:
        """``{"username", "multi_user", "docs": [{"title", "docid", "published"}, …], "shared": […]}``.

        Documents by last change; ``shared`` are those of others: ``{"title", "docid", "owner", "right"}``.
        """
        return self._account.userinfo()

    def keys(self) -> list[dict[str, Any]]:
        """This user's API keys and logins: ``{"id", "kind", "name", "created", "current"}``, no secrets."""
        return self._account.keys()

    def new_key(self, name: str) -> str:
        """Another API key of this user, as for a machine; the server shows it this once."""
        return self._account.new_key(name)

    def revoke(self, id: str) -> None:  # noqa: A002 - as `keys` calls it
        """End an API key, or a login, by its id of `keys`."""
        self._account.revoke(id)
