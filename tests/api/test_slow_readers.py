"""Who reads slowly holds little, also of a document that changes meanwhile."""

import gc
import tracemalloc
from typing import Any

import numpy as np
import pytest
from werkzeug.test import Client

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode, column_from

from .conftest import Api, replaces
from .people import People
from .test_quotas import BOKEH_SERVER

READERS = 12
ROWS = 1 << 19


def _held_by(api: Api, docid: str, path: str, change: Any) -> int:
    """Bytes that readers hold who have taken the first piece, each of another state of the document."""
    held = []
    tracemalloc.start()
    try:
        for number in range(READERS):
            answer = Client(api.app).get(path, buffered=False, environ_overrides=BOKEH_SERVER)
            if answer.status_code == 200:
                pieces = iter(answer.response)
                _ = next(pieces), next(pieces, b"")  # a stream begins with its schema
                held.append((answer, pieces))
                del answer, pieces
            assert api.upload(docid, change(number)).status_code == 200
        gc.collect()
        most, _ = tracemalloc.get_traced_memory()
        held.clear()
        gc.collect()
        return most - tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def _begun(tmp_path: Any) -> tuple[Api, str]:
    api = Api(
        BokehWSGI(
            store=f"sqlite:///{tmp_path / 'documents.db'}",
            max_user_exports=READERS,
            max_reader_bytes=4 * 2 * ROWS * 8,
        )
    )
    docid = api.make()
    api.publish(docid, y=np.random.default_rng(1).standard_normal(ROWS))
    return api, docid


def test_slow_exports_of_former_states_hold_no_more_than_there_may_be(tmp_path: Any) -> None:
    """Each of them kept the columns of its beginning: as many copies as exports, for whoever may read."""
    api, docid = _begun(tmp_path)

    def write(number: int) -> list[Op]:
        values = column_from([1.5])
        base = number + 1
        return [Op(OpCode.WRITE, model="p2", column="y", count=1, start=number, base=base, values=values)]

    assert _held_by(api, docid, f"/doc/{docid}/data/cpu.arrow", write) < 6 * ROWS * 8


@pytest.mark.parametrize("wait", ["0", "stream"])
def test_slow_answers_hold_no_more_than_there_may_be(tmp_path: Any, wait: str) -> None:
    """wait=0 counted nowhere: each connection held another copy of a document that is stored often."""
    api, docid = _begun(tmp_path)
    random = np.random.default_rng(2)

    def replace(_: int) -> list[Op]:
        return replaces(y=random.standard_normal(ROWS))

    assert _held_by(api, docid, f"/changes?doc={docid}:0&wait={wait}", replace) < 6 * ROWS * 8


def test_who_is_refused_gets_it_when_others_have_read(tmp_path: Any) -> None:
    api, docid = _begun(tmp_path)
    path = f"/changes?doc={docid}:0&wait=0"
    answers = []
    for number in range(4):
        answers.append(Client(api.app).get(path, buffered=False))
        api.upload(docid, replaces(y=np.random.default_rng(number).standard_normal(ROWS)))
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    elsewhere = {"REMOTE_ADDR": "192.0.2.1"}
    assert Client(api.app).get(path, buffered=True, environ_overrides=elsewhere).status_code == 200
    for answer in answers:
        answer.close()
    assert api.client.get(path, buffered=True).status_code == 200
    assert not api.app.context.reader_memory._holds
    assert not api.app.context.answers._taken


def test_many_who_read_the_present_state_slowly_are_welcome(tmp_path: Any) -> None:
    api, docid = _begun(tmp_path)
    for path in (f"/changes?doc={docid}:0&wait=0", f"/doc/{docid}/data/cpu.arrow"):
        answers = [Client(api.app).get(path, buffered=False) for _ in range(READERS)]
        assert {answer.status_code for answer in answers} == {200}
        for answer in answers:
            answer.close()


def test_answers_that_are_read_count_as_streams_do() -> None:
    people = People(BokehWSGI(store="memory:", multi_user=True, max_user_streams=2))
    path = f"/changes?doc={people.docid}:0&wait=0"
    answers = [people.call("GET", path, "ada", buffered=False) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "max_user_streams" in answers[2].get_json()["message"]
    for answer in answers:
        answer.close()
    assert people.call("GET", path, "ada").status_code == 200
