"""A person who uses a site, with the cookies of a browser."""

import re
from typing import Any

from werkzeug.test import Client, TestResponse

PAGE = {"Accept": "text/html"}


class Person:
    """Somebody's browser at a site that has the plot server at /bokeh."""

    def __init__(self, site: Any, name: str = "") -> None:
        self.client = Client(site)
        if name:
            self.client.post(f"/sign-in/{name}")

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(f"/bokeh{path}", headers={**PAGE, "Sec-Fetch-Site": "same-origin"}, **options)

    def csrf(self) -> str:
        return re.findall(r'name="csrf" content="([^"]*)"', self.get("/").text)[0]  # type: ignore[no-any-return]

    def send(self, method: str, path: str, *, csrf: str | None = None, **options: Any) -> TestResponse:
        """As a script of the server's pages does."""
        token = self.csrf() if csrf is None else csrf
        headers = {"X-CSRF-Token": token, "Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
        return self.client.open(f"/bokeh{path}", method=method, headers=headers, **options)
