import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.auth import DocumentToken
from bokeh_wsgi.dataplane import HEARTBEAT, Change, Limits, Op, OpCode, Reader, column_from
from bokeh_wsgi.models import compaction
from bokeh_wsgi.models import document as document_module

from .conftest import Api, columns_after, replaces


def test_a_new_reader_gets_the_graph_and_the_columns_bit_for_bit(api: Api, numbers: Any) -> None:
    docid = api.make()
    api.publish(docid, y=numbers)
    (change,) = api.changes(f"{docid}:0")
    assert change.seq == 1
    assert [op.code for op in change.ops] == [OpCode.GRAPH, OpCode.REPLACE]
    assert columns_after([change])["y"].tobytes() == numbers.tobytes()


def test_what_a_publisher_sent_is_passed_on_byte_for_byte(api: Api, numbers: Any) -> None:
    from bokeh_wsgi.dataplane import encode

    docid = api.make()
    api.publish(docid, y=numbers)
    ops = replaces(y=numbers * 2)
    api.upload(docid, ops)
    response = api.client.get("/changes", query_string={"doc": f"{docid}:1", "wait": "0"})
    assert b"".join(encode(docid, ops)) in response.data


def test_a_reader_that_has_everything_gets_nothing(api: Api, numbers: Any) -> None:
    docid = api.make()
    seq = api.publish(docid, y=numbers)
    assert api.changes(f"{docid}:{seq}") == []


def test_a_reader_resumes_after_the_change_it_saw_last(api: Api, numbers: Any) -> None:
    docid = api.make()
    first = api.publish(docid, y=numbers)
    api.upload(docid, replaces(y=numbers[:5]))
    api.upload(
        docid, [Op(OpCode.APPEND, "p2", "y", base=2, start=5, count=2, values=column_from([1.0, 2.0]))]
    )
    assert [change.seq for change in api.changes(f"{docid}:{first}")] == [2, 3]


def test_several_documents_come_in_one_stream(api: Api, numbers: Any) -> None:
    one, other = api.make("one"), api.make("other")
    api.publish(one, y=numbers)
    api.publish(other, y=numbers * 2)
    changes = api.changes(f"{one}:0", f"{other}:0")
    assert sorted(change.doc for change in changes) == sorted([one, other])


def test_a_reader_far_behind_gets_one_merged_change(
    api: Api, numbers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_module, "FORWARD_BYTES", 0)
    docid = api.make()
    first = api.publish(docid, x=numbers, y=numbers)
    for factor in range(2, 12):
        api.upload(docid, replaces(y=numbers * factor))
    (change,) = api.changes(f"{docid}:{first}")
    assert change.seq == 11
    assert [(op.code, op.column) for op in change.ops] == [(OpCode.REPLACE, "y")]
    assert columns_after([change])["y"].tobytes() == (numbers * 11).tobytes()


def test_a_merged_change_holds_the_patches_and_the_removed_columns(
    api: Api, numbers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_module, "FORWARD_BYTES", 0)
    docid = api.make()
    first = api.publish(docid, x=numbers, y=numbers)
    for text in ("a", "b"):
        event = {"kind": "ModelChanged", "model": {"id": "p1"}, "attr": "name", "new": text}
        response = api.upload(docid, [Op(OpCode.PATCH, json=json.dumps({"events": [event]}))])
        assert response.status_code == 200, response.text
    api.upload(docid, [Op(OpCode.REMOVE, "p2", "x", base=1)])
    api.upload(docid, replaces(y=numbers * 3))
    (change,) = api.changes(f"{docid}:{first}")
    assert [op.code for op in change.ops] == [OpCode.PATCH, OpCode.REMOVE, OpCode.REPLACE]
    assert [event["new"] for event in json.loads(change.ops[0].json)["events"]] == ["a", "b"]


def test_a_reader_ahead_of_the_server_starts_from_nothing(api: Api, numbers: Any) -> None:
    docid = api.make()
    api.publish(docid, y=numbers)
    (change,) = api.changes(f"{docid}:99")
    assert (change.seq, change.ops[0].code) == (1, OpCode.GRAPH)


def test_a_folded_history_still_serves_everybody(
    app: BokehWSGI, api: Api, numbers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "MIN_FOLD_BYTES", 0)
    docid = api.make()
    first = api.publish(docid, y=numbers)
    for factor in range(2, 12):
        api.upload(docid, replaces(y=numbers * factor))
    document = app.context.library.open(docid)
    document.fold()
    app.context.library.forget(docid)
    assert app.store.changes(docid, 0) == []
    for after in (0, first):
        columns = columns_after(api.changes(f"{docid}:{after}"))
        assert columns["y"].tobytes() == (numbers * 11).tobytes()


def test_a_document_that_is_not_there_ends_at_once(api: Api) -> None:
    assert api.client.get("/changes?doc=nowhere:0&wait=0").status_code == 404


def test_the_page_of_a_document_that_is_gone_is_told(api: Api) -> None:
    docid = api.make()
    tokens = api.app.context.policy.tokens
    headers = {"Authorization": f"Bearer {tokens.issue(DocumentToken(docid, 'defaultuser', 0))}"}
    api.client.delete(f"/doc/{docid}")
    (change,) = api.changes(f"{docid}:0", headers=headers)
    assert change.meta == {"end": "not-found"}
    (change,) = api.changes(f"{docid}:7", headers=headers)
    assert change.meta == {"end": "deleted"}


@pytest.mark.parametrize("query", ["", "doc=x", "doc=x:y", "doc=:1", "doc=x:0&wait=never", "doc=x:0&wait=-1"])
def test_a_senseless_question_says_what_is_wrong(api: Api, query: str) -> None:
    response = api.client.get(f"/changes?{query}")
    assert response.status_code == 400
    assert response.get_json()["message"]


class Streaming:
    """A stream of the app, read piece by piece as a server would."""

    def __init__(self, app: BokehWSGI, query: dict[str, str], **environ: Any) -> None:
        from werkzeug.test import EnvironBuilder

        builder = EnvironBuilder("/changes", query_string=query, multithread=True)
        builder.environ_base = {"SERVER_SOFTWARE": "Werkzeug", **environ}
        self.headers: dict[str, str] = {}

        def start_response(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            self.headers = dict(headers)

        self.body: Any = app(builder.get_environ(), start_response)
        self.pieces = iter(self.body)
        self.reader = Reader(limits=Limits())

    def next_changes(self) -> list[Change]:
        while True:
            changes = list(self.reader.feed(next(self.pieces)))
            if changes:
                return changes


def test_a_stream_writes_its_first_byte_before_there_is_news(app: BokehWSGI, api: Api, numbers: Any) -> None:
    docid = api.make()
    seq = api.publish(docid, y=numbers)
    stream = Streaming(app, {"doc": f"{docid}:{seq}"})
    assert stream.headers["X-Wait"] == "stream"
    assert len(next(stream.pieces)) > 0
    stream.body.close()


def test_a_stream_passes_a_change_on_as_it_comes(app: BokehWSGI, api: Api, numbers: Any) -> None:
    docid = api.make()
    api.publish(docid, y=numbers)
    stream = Streaming(app, {"doc": f"{docid}:0"})
    assert stream.next_changes()[0].seq == 1
    thread = threading.Timer(0.05, api.upload, (docid, replaces(y=numbers * 2)))
    thread.start()
    assert stream.next_changes()[0].seq == 2
    thread.join()
    stream.body.close()


def test_a_stream_without_news_sends_heartbeats(numbers: Any) -> None:
    app = BokehWSGI(store="memory:", heartbeat_s=0.01)
    docid = Api(app).make()
    stream = Streaming(app, {"doc": f"{docid}:0"})
    assert HEARTBEAT in [next(stream.pieces) for _ in range(3)]
    stream.body.close()
    app.close()


def test_a_long_poll_answers_with_the_next_change(app: BokehWSGI, api: Api, numbers: Any) -> None:
    docid = api.make()
    seq = api.publish(docid, y=numbers)
    poll = Streaming(app, {"doc": f"{docid}:{seq}", "wait": "20"})
    thread = threading.Timer(0.05, api.upload, (docid, replaces(y=numbers * 2)))
    thread.start()
    reader = Reader(limits=Limits())
    changes = [change for piece in poll.pieces for change in reader.feed(piece)]
    thread.join()
    assert [change.seq for change in changes] == [2]
    assert reader.ended
    poll.body.close()


def test_deleting_a_document_ends_its_streams_and_says_so(app: BokehWSGI, api: Api, numbers: Any) -> None:
    docid = api.make()
    api.publish(docid, y=numbers)
    stream = Streaming(app, {"doc": f"{docid}:0"})
    stream.next_changes()
    assert api.client.delete(f"/doc/{docid}").status_code == 200
    assert stream.next_changes()[0].meta == {"end": "deleted"}
    list(stream.pieces)
    stream.body.close()


def test_a_server_that_handles_one_request_at_a_time_is_never_held(app: BokehWSGI, api: Api) -> None:
    docid = api.make()
    response = api.client.get("/changes", query_string={"doc": f"{docid}:0"}, multithread=False)
    assert response.headers["X-Wait"] == "poll"
    assert response.data


def test_a_site_says_how_many_streams_there_are(numbers: Any) -> None:
    app = BokehWSGI(store="memory:", max_streams=2)
    docid = Api(app).make()
    pool = {"SERVER_SOFTWARE": "unheard of"}
    streams = [Streaming(app, {"doc": f"{docid}:0"}, **pool) for _ in range(3)]
    assert [stream.headers["X-Wait"] for stream in streams] == ["stream", "stream", "poll"]
    for stream in streams:
        stream.body.close()
    again = Streaming(app, {"doc": f"{docid}:0"}, **pool)
    assert again.headers["X-Wait"] == "stream"
    again.body.close()
    app.close()


def test_a_rolling_window_reaches_a_reader_row_by_row(api: Api) -> None:
    docid = api.make()
    seq = api.publish(docid, y=np.arange(5.0) ** 2)
    op = Op(
        OpCode.APPEND, "p2", "y", base=seq, start=3, count=2, drop=2, values=column_from(np.array([7.5, 8.5]))
    )
    assert api.upload(docid, [op]).status_code == 200
    assert api.columns(docid)["y"].tolist() == [4.0, 9.0, 16.0, 7.5, 8.5]


def test_a_change_of_another_process_reaches_a_stream_of_this_one(tmp_path: Path, numbers: Any) -> None:
    """Two apps on one SQLite file have nothing in common but the file, as two processes."""
    uri = f"sqlite:///{tmp_path}/store.db"
    one, other = BokehWSGI(store=uri), BokehWSGI(store=uri)
    docid = Api(one).make()
    Api(one).publish(docid, y=numbers)
    stream = Streaming(other, {"doc": f"{docid}:0"})
    assert stream.next_changes()[0].seq == 1
    Api(one).upload(docid, replaces(y=numbers * 2))
    assert stream.next_changes()[0].seq == 2
    assert Api(other).columns(docid)["y"].tobytes() == (numbers * 2).tobytes()
    Api(one).client.delete(f"/doc/{docid}")
    assert stream.next_changes()[0].meta == {"end": "deleted"}
    stream.body.close()
    one.close()
    other.close()


def test_two_processes_commit_to_one_document_without_losing_a_change(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/store.db"
    apps = [BokehWSGI(store=uri) for _ in range(2)]
    docid = Api(apps[0]).make()
    Api(apps[0]).publish(docid)
    start = threading.Barrier(len(apps))

    def publish(api: Api, name: str) -> None:
        start.wait()
        for step in range(20):
            assert api.upload(docid, replaces(**{name: np.full(5, float(step))})).status_code == 200

    threads = [
        threading.Thread(target=publish, args=(Api(app), name)) for app, name in zip(apps, "ab", strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for app in apps:
        assert [seq for seq, _ in app.store.changes(docid, 1)] == list(range(2, 42))
        assert Api(app).changes(f"{docid}:1")[-1].seq == 41
        assert {name: values[0] for name, values in Api(app).columns(docid).items()} == {"a": 19.0, "b": 19.0}
        app.close()
