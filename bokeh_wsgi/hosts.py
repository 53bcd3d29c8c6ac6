"""Checks the Host header against the allowed host names, to prevent DNS rebinding.

A site can resolve its own host name to an address that only its visitors reach. For a browser, its pages and
this server then have one origin; but the requests carry the site's name.
"""

from collections.abc import Sequence
from ipaddress import ip_address

ANY = "*"


class Hosts:
    """The allowed host names of a server.

    ``names`` are without ports, or `ANY`. None allows any name, or with ``loopback`` only loopback names and
    addresses, which no other site can have.
    """

    def __init__(self, names: Sequence[str] | None, *, loopback: bool) -> None:
        self._loopback = loopback and names is None
        self._names = None if names is None or ANY in names else frozenset(map(_as_sent, names))

    def refusal(self, host: str) -> str:
        """The error for a request with this Host header; "" if the name is allowed."""
        name = _name_of(host)
        if not name and (self._loopback or self._names is not None):
            return "The request has no host name (header Host), which this server requires (option hosts)."
        if self._loopback and not is_loopback(name):
            return (
                f"This server has no login, so it allows only host names of this machine, such as localhost, "
                f"and not {host!r}. To allow it, set the option hosts=[{name!r}] (bokeh-server: --host "
                f"{name}); hosts=['*'] allows any."
            )
        if self._names is not None and name not in self._names:
            return (
                f"{host!r} is not a host name of this server. To allow it, add it to the option hosts "
                f"(bokeh-server: --host {name})."
            )
        return ""


def is_loopback(name: str) -> bool:
    """Whether a name or address is always this machine, whatever DNS says (RFC 6761, 6.3)."""
    try:
        address = ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _as_sent(name: str) -> str:
    """A name as browsers send it; raises ValueError if it is invalid."""
    return _plain(name if name.isascii() else name.encode("idna").decode())


def _name_of(host: str) -> str:
    """The name in a Host header, without the port."""
    name, _, port = host.rpartition(":")
    return _plain(name if name and port.isdecimal() else host)


def _plain(name: str) -> str:
    return name.strip("[]").lower().removesuffix(".")
