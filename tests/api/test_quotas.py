"""What one user may have; every refusal says the limit."""

import io
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bokeh_wsgi import concurrency
from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.auth import Identity
from bokeh_wsgi.exc import TooMany
from bokeh_wsgi.stream_slots import StreamSlots

from .conftest import Api, replaces
from .people import PASSWORD, People

BOKEH_SERVER = {"SERVER_SOFTWARE": "bokeh-server", "wsgi.multithread": True}


def test_documents() -> None:
    people = People(BokehWSGI(store="memory:", multi_user=True, max_documents=2))
    ada = people.api("ada")
    ada.make("second")
    answer = ada.client.post("/doc", json={"title": "third"})
    assert (answer.status_code, answer.get_json()["limit"]) == (413, 2)
    assert "max_documents" in answer.get_json()["message"]
    assert ada.make("second")
    assert people.api("otto").make("third")


def test_bytes_in_the_store() -> None:
    people = People(BokehWSGI(store="memory:", multi_user=True, max_user_bytes=2000))
    wim = people.api("wim")
    for n in range(5):
        answer = wim.upload(people.docid, [])
        if answer.status_code == 413:
            break
        wim.publish(people.docid, y=[float(n)] * 20)
    assert answer.get_json()["limit"] == 2000
    assert "'ada'" in answer.get_json()["message"]
    assert people.api("otto").publish(people.api("otto").make("mine"), y=[1.0]) == 1


def test_users() -> None:
    people = People(BokehWSGI(store="memory:", multi_user=True, max_users=5))
    for name, status in (("nina", 201), ("omar", 413)):
        answer = people.call("POST", "/register", json={"username": name, "password": PASSWORD})
        assert answer.status_code == status
    assert answer.get_json()["limit"] == 5


def test_streams_of_a_user() -> None:
    people = People(BokehWSGI(store="memory:", multi_user=True, max_user_streams=2))
    path = f"/changes?doc={people.docid}:0"
    held = [people.call("GET", path, "ada", buffered=False, environ_overrides=BOKEH_SERVER) for _ in range(2)]
    answer = people.call("GET", path, "ada", environ_overrides=BOKEH_SERVER)
    assert (answer.status_code, answer.get_json()["limit"]) == (429, 2)
    assert int(answer.headers["Retry-After"]) > 0
    other = people.call("GET", path, "wim", buffered=False, environ_overrides=BOKEH_SERVER)
    assert other.status_code == 200
    held[0].close()
    again = people.call("GET", path, "ada", buffered=False, environ_overrides=BOKEH_SERVER)
    assert again.status_code == 200
    for response in (held[1], other, again):
        response.close()


def test_the_only_user_of_a_server_has_no_such_limits() -> None:
    streams = StreamSlots(None, None)
    assert all(streams.take(BOKEH_SERVER, "user defaultuser") for _ in range(1000))


def test_places_are_given_back() -> None:
    streams = StreamSlots(None, 1)
    for _ in range(3):
        place = streams.take(BOKEH_SERVER, "user ada")
        assert place is not None
        with pytest.raises(TooMany):
            streams.take(BOKEH_SERVER, "user ada")
        streams.give_back(place, "user ada")


class Held:
    """An upload that has begun, of which the rest comes when it is let go."""

    def __init__(
        self, people: People, user: str, path: str, body: bytes, address: str, mimetype: str
    ) -> None:
        self.reading = threading.Event()
        self.rest = threading.Event()
        self._body = io.BytesIO(body)
        environ = EnvironBuilder(path, method="POST", headers=Headers(people.bearer(user))).get_environ()
        environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": mimetype, "REMOTE_ADDR": address}
        environ["wsgi.input"] = self
        self.status = ""
        self._app, self._environ = people.app, environ
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self.reading.wait(20)

    def _run(self) -> None:
        _, self.status, _ = run_wsgi_app(self._app, self._environ)

    def read(self, size: int) -> bytes:
        self.reading.set()
        assert self.rest.wait(20)
        return self._body.read(size)

    def end(self) -> str:
        self.rest.set()
        self._thread.join(20)
        return self.status


ARROW = "application/vnd.apache.arrow.stream"


@pytest.fixture
def two_uploads() -> Iterator[People]:
    people = People(BokehWSGI(store="memory:", multi_user=True, max_user_uploads=2))
    people.api("ada").publish(people.docid, y=[1.0])
    yield people
    people.app.close()


def test_uploads_of_a_user_that_are_under_way(two_uploads: People) -> None:
    people = two_uploads
    path = f"/doc/{people.docid}/changes"
    body = people.api("ada").body(people.docid, replaces(y=[2.0]))
    held = [Held(people, "wim", path, body, f"192.0.2.{n}", ARROW) for n in range(2)]
    for to, mimetype in ((path, ARROW), (path.replace("changes", "edits"), "application/json")):
        answer = people.call("POST", to, "wim", data=body, content_type=mimetype)
        assert (answer.status_code, answer.get_json()["error"], answer.get_json()["limit"]) == (
            429,
            "busy",
            2,
        )
        assert int(answer.headers["Retry-After"]) > 0
        assert "max_user_uploads" in answer.get_json()["message"]
    assert people.call("POST", path, "ada", data=body).status_code == 200
    assert held[0].end().startswith("200")
    assert people.call("POST", path, "wim", data=body).status_code == 200
    assert people.call("POST", path, "wim", data=b"nothing").status_code == 400
    assert people.call("POST", path, "wim", data=body).status_code == 200
    assert held[1].end().startswith("200")


def test_uploads_of_an_address_that_are_under_way(two_uploads: People) -> None:
    people = two_uploads
    path = f"/doc/{people.docid}/changes"
    body = people.api("ada").body(people.docid, replaces(y=[2.0]))
    for n in range(5):
        people.join(f"user{n}")
        people.share(f"user{n}", "write")
    address = {"REMOTE_ADDR": "192.0.2.7"}
    held = [Held(people, f"user{n // 2}", path, body, "192.0.2.7", ARROW) for n in range(8)]
    answer = people.call("POST", path, "user4", data=body, environ_overrides=address)
    assert (answer.status_code, answer.get_json()["limit"]) == (429, 8)
    assert people.call("POST", path, "user4", data=body).status_code == 200
    assert all(upload.end().startswith("200") for upload in held)
    assert people.call("POST", path, "user4", data=body, environ_overrides=address).status_code == 200


def test_a_server_without_users_counts_uploads_by_address() -> None:
    context = BokehWSGI(store="memory:", max_user_uploads=3).context
    request = EnvironBuilder(environ_overrides={"REMOTE_ADDR": "2001:db8::7"}).get_request()
    assert context.callers(request, Identity("defaultuser", "single"), 3) == {"address 2001:db8::/64": 3}


def test_what_uploads_unpack_to_is_taken_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 2 << 20
    app = BokehWSGI(store="memory:", max_change_bytes=limit)
    api = Api(app)
    docid = api.make()
    api.publish(docid, y=[1.0])
    large = api.body(docid, replaces(y=np.zeros(limit // 8)))
    assert len(large) < limit // 100
    done: list[int] = []
    with app.context.unpacking.taken(3 * limit):
        with monkeypatch.context() as patch:
            patch.setattr(concurrency, "WAIT_S", 0.0)
            answer = api.upload_bytes(docid, large)
            assert (answer.status_code, answer.get_json()["error"]) == (429, "busy")
        storing = threading.Thread(target=lambda: done.append(api.upload_bytes(docid, large).status_code))
        storing.start()
        # What is small does not wait.
        assert api.upload(docid, replaces(x=[2.0])).status_code == 200
        assert not done
    storing.join(20)
    assert done == [200]
    assert api.upload(docid, replaces(x=[2.0])).status_code == 200
    app.close()
