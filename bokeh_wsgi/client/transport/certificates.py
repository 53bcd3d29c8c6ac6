"""The certificates that are trusted for https, and the errors for those that are not."""

import os
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import urllib3
from urllib3.util.ssl_ import create_urllib3_context

from bokeh_wsgi.exc import NotTrusted, SessionError

VARIABLES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_EXPIRED: Final = 10
_OTHER_NAME: Final = frozenset({62, 64})
"""Codes of OpenSSL (x509_vfy.h), for names and for addresses."""
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})


def trusting(ca_certs: str | None) -> ssl.SSLContext:
    """A context that trusts the system's certificates, those in ``ca_certs`` (a file or folder), and those of
    the environment variables.

    Raises `SessionError` if a file cannot be read.
    """
    context = create_urllib3_context()
    context.load_default_certs()
    # A server's own certificate may be given instead of its authority's.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for name, place in _places(ca_certs):
        try:
            folder = os.path.isdir(place)
            context.load_verify_locations(None if folder else place, place if folder else None)
        except (OSError, ssl.SSLError) as error:
            reason = "there is no certificate in it" if isinstance(error, ssl.SSLError) else error.strerror
            raise SessionError(f"{name}={place!r} cannot be used for https: {reason}") from error
    return context


def _places(ca_certs: str | None) -> Iterator[tuple[str, str]]:
    if ca_certs is not None:
        yield "ca_certs", os.path.expanduser(ca_certs)
    for name in VARIABLES:
        if place := os.environ.get(name):
            yield name, place


def not_trusted(error: urllib3.exceptions.SSLError, url: str) -> NotTrusted | None:
    """The exception for a TLS error that retries cannot solve; None for other errors."""
    cause = error.args[0] if error.args else None
    host = urlsplit(url).netloc
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = cause.verify_message
        if cause.verify_code == _EXPIRED:
            return NotTrusted(f"the certificate of {host} has expired: it has to be renewed there")
        if cause.verify_code in _OTHER_NAME:
            return NotTrusted(f"the certificate of {host} is for another name: use that one ({reason})")
        return NotTrusted(
            f"the certificate of {host} is not trusted ({reason}): if it is the right one, name the file "
            "with it or its authority's, by ca_certs= of Session or output_server, or in the environment by "
            f"{' or '.join(VARIABLES)}"
        )
    if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
        return NotTrusted(f"{host} does not speak https: should it be http://{host}/?")
    return None
