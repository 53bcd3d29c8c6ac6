"""An address counts for the same network, however a proxy writes it."""

import pytest

from bokeh_wsgi.networks import network_of


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("198.51.100.7:5678", "198.51.100.7"),  # Azure's gateway and IIS write X-Forwarded-For so
        ("[2001:db8::1]:5678", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ('"[2001:db8::1]:5678"', "2001:db8::1"),
        (" 198.51.100.7", "198.51.100.7"),
    ],
)
def test_with_a_port(written: str, address: str) -> None:
    """The port is another one for each connection: tries of a password were never too many."""
    assert network_of(written) == network_of(address)
