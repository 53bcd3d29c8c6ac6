"""What one user may have; every refusal says the limit."""

import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.exc import TooMany
from bokeh_wsgi.streams import Streams

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
    streams = Streams(None, None)
    assert all(streams.take(BOKEH_SERVER, "user defaultuser") for _ in range(1000))


def test_places_are_given_back() -> None:
    streams = Streams(None, 1)
    for _ in range(3):
        place = streams.take(BOKEH_SERVER, "user ada")
        assert place is not None
        with pytest.raises(TooMany):
            streams.take(BOKEH_SERVER, "user ada")
        streams.give_back(place, "user ada")
