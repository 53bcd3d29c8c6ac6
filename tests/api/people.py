"""A server with several users, and what each of them is to one document."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from werkzeug.test import Client, TestResponse

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.auth.passwords import hash_password

from .conftest import Api

PASSWORD = "correct horse"
HTML = {"Accept": "text/html"}


def token_in(html: str) -> dict[str, str]:
    """What a document's page sends when it reads: the token that it was given."""
    found = re.search(r'"token":"([^"]+)"', html)
    assert found is not None, html
    return {"Document-Token": found[1], "Origin": "null", "Sec-Fetch-Site": "cross-site"}


@cache
def _password_hash() -> str:
    return hash_password(PASSWORD)


@dataclass
class People:
    """``ada`` owns the document "line"; ``wim`` may write to it, ``rita`` may read it, ``otto`` nothing."""

    app: BokehWSGI
    docid: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, app: BokehWSGI) -> "People":
        """The people whom another server has made in the same store."""
        people = cls.__new__(cls)
        people.app, people.docid, people.keys = app, "", {}
        return people

    def __post_init__(self) -> None:
        for name in ("ada", "wim", "rita", "otto"):
            self.join(name)
        self.docid = self.api("ada").make("line")
        self.share("wim", "write")
        self.share("rita", "read")

    def join(self, name: str) -> str:
        """Makes a user; returns their API key."""
        self.app.store.accounts.create_user(name, _password_hash())
        _, key = self.app.context.accounts.new_key(name, "test")
        self.keys[name] = key
        return key

    def share(self, user: str, right: str) -> None:
        answer = self.call("PUT", f"/access/{self.docid}/users/{user}", "ada", json={"right": right})
        assert answer.status_code == 200, answer.text

    def publish(self) -> None:
        assert self.call("PUT", f"/access/{self.docid}/published", "ada").status_code == 200

    def api(self, user: str) -> Api:
        api = Api(self.app)
        api.client = _Bearing(self.app, self.bearer(user))
        return api

    def bearer(self, user: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[user]}"}

    def call(self, method: str, path: str, user: str = "", **options: Any) -> TestResponse:
        headers = {**(self.bearer(user) if user else {}), **options.pop("headers", {})}
        return Client(self.app).open(path, method=method, headers=headers, **options)

    def token(self, user: str = "ada", *, public: bool = False) -> str:
        """An embed token that ``user`` made."""
        answer = self.call("POST", f"/access/{self.docid}/tokens", user, json={"public": public})
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["token"])

    def browser(self) -> "Browser":
        return Browser(Client(self.app))


class _Bearing(Client):
    def __init__(self, app: BokehWSGI, headers: Mapping[str, str]) -> None:
        super().__init__(app)
        self._headers = headers

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs["headers"] = {**self._headers, **dict(kwargs.get("headers") or {})}
        return super().open(*args, **kwargs)


@dataclass
class Browser:
    """What a browser sends: cookies, form tokens, and where a request comes from."""

    client: Client

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers={**HTML, **headers})

    def form_token(self, path: str) -> str:
        html = self.get(path).text
        for mark in ('name="csrf" value="', 'name="csrf" content="'):
            if mark in html:
                return html.split(mark, 1)[1].split('"', 1)[0]
        raise AssertionError(f"{path} has no form token:\n{html}")

    def post(self, path: str, form: Mapping[str, str], **headers: str) -> TestResponse:
        told = {**HTML, "Sec-Fetch-Site": "same-origin", "Origin": "http://localhost", **headers}
        return self.client.post(path, data=form, headers=told)

    def sign_in(self, user: str, password: str = PASSWORD) -> TestResponse:
        form = {"username": user, "password": password, "csrf": self.form_token("/login")}
        return self.post("/login", form)


def people_with(**columns: Any) -> Iterator[People]:
    """At a server of their own, which is closed at the end; what ada's document holds, if anything."""
    app = BokehWSGI(store="memory:", multi_user=True)
    people = People(app)
    if columns:
        people.api("ada").publish(people.docid, **columns)
    yield people
    app.close()
