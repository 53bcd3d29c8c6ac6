"""An address counts for the same network, however a proxy writes it."""

import pytest

from bokeh_wsgi.networks import network_of


@pytest.mark.parametrize(
    ("written", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("198.51.100.7:5678", "198.51.100.7"),  # Azure's gateway and IIS write X-Forwarded-For so
        (" 198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("[::ffff:198.51.100.7]:5678", "198.51.100.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("[2001:db8::1]", "2001:db8::/64"),
        ("[2001:db8::1]:5678", "2001:db8::/64"),
        ('"[2001:db8::1]:5678"', "2001:db8::/64"),  # in Forwarded (RFC 7239)
        ("unknown", "unknown"),
        ("_hidden:5678", "_hidden"),
        ("", ""),
    ],
)
def test_ports_quotes_and_brackets_make_no_other_network(written: str, network: str) -> None:
    """The port is another one for each connection: tries of a password were never too many."""
    assert network_of(written) == network
