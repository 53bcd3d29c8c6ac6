"""By which names a server may be called, so that no page of another site gets at it by a name of its own.

A site can have a name of its own lead to an address that only its visitors reach (DNS rebinding). Its page is
then of this server, to a browser; but the requests carry that name.
"""

from collections.abc import Sequence
from ipaddress import ip_address

ANY = "*"


class Hosts:
    """The names that a server may be called by.

    ``names`` has them without ports, or `ANY`. None is any, or with ``loopback`` those of this machine for
    itself: nobody else can have such a name, or be reached by it.
    """

    def __init__(self, names: Sequence[str] | None, *, loopback: bool) -> None:
        self._loopback = loopback and names is None
        self._names = None if names is None or ANY in names else frozenset(map(_sent, names))

    def refusal(self, host: str) -> str:
        """Why a request with this Host header is not answered; "" if it is."""
        name = _name_of(host)
        if not name and (self._loopback or self._names is not None):
            return (
                "The request does not call the server by a name (Host); its option hosts says which it has."
            )
        if self._loopback and not is_loopback(name):
            return (
                f"This server has one user, who is everybody that reaches it: so it answers to localhost and "
                f"127.0.0.1 alone, and not to {host!r}. If it is called so, give it the option "
                f"hosts=[{name!r}] (bokeh-server: --host {name}); hosts=['*'] is any name."
            )
        if self._names is not None and name not in self._names:
            return (
                f"This server is not called {host!r}. If it is, its option hosts has to say so "
                f"(bokeh-server: --host {name})."
            )
        return ""


def is_loopback(name: str) -> bool:
    """Whether a name or address is this machine for itself, whatever name servers say (RFC 6761, 6.3)."""
    try:
        address = ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _sent(name: str) -> str:
    """A name as browsers send it; raises ValueError for what can be none."""
    return _plain(name if name.isascii() else name.encode("idna").decode())


def _name_of(host: str) -> str:
    """The name in a Host header, without the port."""
    name, _, port = host.rpartition(":")
    return _plain(name if name and port.isdecimal() else host)


def _plain(name: str) -> str:
    return name.strip("[]").lower().removesuffix(".")
