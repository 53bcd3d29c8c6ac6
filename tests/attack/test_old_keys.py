"""Signing in with a browser ends no API key."""

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.auth.accounts import MAX_CREDENTIALS
from tests.api.people import People


def test_many_logins() -> None:
    """The two hundredth login took the oldest credential away: the key of a machine that publishes."""
    people = People(BokehWSGI(store="memory:", multi_user=True))
    accounts = people.app.context.accounts
    for _ in range(MAX_CREDENTIALS):
        accounts.start_login("ada", "Firefox on Linux", address="198.51.100.7")
    assert people.call("GET", "/userinfo", "ada").status_code == 200
