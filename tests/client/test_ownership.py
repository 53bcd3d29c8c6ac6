"""Whose a model is: nothing of others is ever sent, and a document started anew belongs to who did it."""

import json
import logging
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import bokeh.util.serialization
import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import Column
from bokeh.models.widgets import Div, Slider
from werkzeug.test import Client

from bokeh_wsgi import BokehWSGI, Session
from bokeh_wsgi.dataplane import Op, OpCode, encode_upload
from bokeh_wsgi.exc import SessionError
from tests.command import Running, running
from tests.waiting import wait_until

from .conftest import Viewer
from .following import Page, changed, patch, publisher_of
from .scripts import (
    attributes_by_name,
    columns_by_name,
    document_of,
    named,
    remote,
    roots_by_name,
    run,
    source_of,
    started,
    state_at,
)

ANEW = "another script has started 'shared' anew"


class Counted:
    """An app that counts uploads."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.uploads = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].endswith("/changes"):
            self.uploads += 1
        return self.app(environ, start_response)


class Side:
    """A script with a document of its own, in a session of its own."""

    def __init__(self, app: BokehWSGI, document: Document | None = None, **options: Any) -> None:
        self.app = Counted(app)
        self.document: Any = Document() if document is None else document
        self.session: Any = Session(app=self.app)
        self.session.use_doc("shared", clear=document is not None, **options)
        if document is None:
            self.session.load_document(self.document)
        else:
            self.store()

    def store(self) -> None:
        self.session.store_document(self.document)

    def named(self, name: str) -> Any:
        return named(self.document, name)

    @property
    def uploads(self) -> int:
        return self.app.uploads


@pytest.fixture
def start(app: BokehWSGI) -> Iterator[Callable[..., Side]]:
    sides: list[Side] = []

    def begin(document: Document | None = None, **options: Any) -> Side:
        sides.append(Side(app, document, **options))
        return sides[-1]

    yield begin
    for side in sides:
        side.session.stop()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running("--store", "memory:") as found:
        yield found


def plot_like() -> Document:
    return document_of(
        Div(text="first", name="text"),
        Slider(start=0, end=99, value=1, name="slider"),
        source_of("source", x=np.arange(4.0), y=np.zeros(4)),
    )


def others(side: Side) -> Document:
    """What another script would start the same document with."""
    return document_of(Div(text="anew", name="other"), source_of("source", y=np.ones(3)))


# Scripts in processes of their own


def test_a_joined_script_does_not_send_what_it_loaded(server: Running, tmp_path: Path) -> None:
    publisher = """
output_server("two", url=url)
value = int(sys.stdin.readline())
p = figure(name="A", title="start")
ds = p.line([1, 2, 3], [1, 2, 3]).data_source
ds.name = "A"
curdoc().add_root(p)
push()
p.title.text = f"run {value}"
ds.data["y"] = [value] * 3
store(p)
sys.stdin.read()
"""
    joined = """
output_server("two", url=url, clear=False)
q = figure(name="B")
ds = q.line([1, 2], [3, 4]).data_source
ds.name = "B"
curdoc().add_root(q)
push()
tell()
for line in sys.stdin:
    ds.data["y"] = [5, float(line)]
    store(ds)
"""
    with started(publisher, server.link, tmp_path) as first:
        assert first.say("1") == "stored"
        with started(joined, server.link, tmp_path) as second:
            assert second.hear() == "ok"
            assert second.say("9") == "stored"
            assert columns_by_name(state_at(server.link, "two"))["B"]["y"] == [5, 9]
            first.end()
            with started(publisher, server.link, tmp_path) as again:
                assert again.say("2") == "stored"
                told = second.say("10")
                state = state_at(server.link, "two")
                assert columns_by_name(state)["A"]["y"] == [2, 2, 2]
                texts = [rep["attributes"].get("text") for rep in state.graph.models.values()]
                assert "run 2" in texts
                assert told.startswith("TakenOver: another script has started 'two' anew")


def test_a_script_that_only_follows_uploads_nothing(server: Running, tmp_path: Path) -> None:
    publisher = """
output_server("followed", url=url)
p = figure(title="0", name="p")
n = 0
def add():
    global n
    n += 1
    p.line([1, 2, 3], [n, n, n], name=f"r{n}")
add()
curdoc().add_root(p)
push()
tell()
for line in sys.stdin:
    if line.startswith("add"):
        add()
    p.title.text = line.strip()
    push()
    cursession().flush()
    tell()
"""
    with started(publisher, server.link, tmp_path) as script:
        assert script.hear() == "ok"
        session = remote(server.link, "followed")
        document = Document()
        session.load_document(document)

        def has_title(title: str) -> bool:
            return bool(named(document, "p").title.text == title)

        script.say("add")  # between load_document and live
        with session.live(document):
            for n in range(6):
                script.say("add")
                script.say(f"title {n}")
                wait_until(partial(has_title, f"title {n}"))
                assert len(named(document, "p").renderers) == n + 3
        # Rounds that wait for news and do what is left to do when none come.
        while session.next_change(timeout=0.5) is not None:
            pass
        state = session.pull_state()
        session.close()
        glyphs = sum(rep["name"] == "GlyphRenderer" for rep in state.graph.models.values())
        published = 2 + 2 * 6  # the first push, the add before live(), and two pushes a round
        assert (glyphs, state.seq) == (8, published)
        assert state_at(server.link, "followed").seq == published


JOINS = """
from bokeh.models import Span
output_server("ids", url=url, clear=False)
p = curdoc().get_model_by_name("p")
"""


def test_an_id_that_means_another_model_now_is_another_model(server: Running, tmp_path: Path) -> None:
    first = """
output_server("ids", url=url)
p = figure(name="p")
p.line([1, 2], [1, 2], name="base")
curdoc().add_root(p)
push()
"""
    steps = {
        ("base", "extra"): 'p.line([1, 2, 3], [3, 2, 1], name="extra")',
        ("base",): 'p.renderers = [r for r in p.renderers if r.name == "base"]',
        (
            "base",
            "extra2",
        ): 'p.add_layout(Span(location=1)); p.scatter([1, 2, 3], [3, 2, 1], name="extra2")',
    }
    run(first, server.link, tmp_path)
    session = remote(server.link, "ids")
    document = Document()
    session.load_document(document)
    live = session.live(document)

    def renderers() -> dict[str, str]:
        return {found.name: type(found.glyph).__name__ for found in named(document, "p").renderers}

    def has_come_to(names: tuple[str, ...]) -> bool:
        return not live.is_on or tuple(renderers()) == names

    for names, step in steps.items():
        run(f"{JOINS}{step}\npush()\n", server.link, tmp_path)
        wait_until(partial(has_come_to, names))
        assert live.is_on
    assert renderers() == {"base": "Line", "extra2": "Scatter"}
    session.close()


def test_a_script_whose_document_was_started_anew_is_told_and_writes_nothing(
    server: Running, tmp_path: Path
) -> None:
    program = """
output_server("over", url=url)
who = sys.stdin.readline().strip()
p = figure(title=who, name=who)
ds = p.line([1, 2, 3, 4, 5], [ord(who)] * 5).data_source
ds.name = "data"
curdoc().add_root(p)
push()
tell()
for line in sys.stdin:
    ds.data["y"] = [float(line)] * 5
    store(ds)
"""
    with started(program, server.link, tmp_path) as a, started(program, server.link, tmp_path) as b:
        assert a.say("A") == "ok"
        assert b.say("B") == "ok"
        for value in ("0.5", "0.25"):
            told = a.say(value)
            assert columns_by_name(state_at(server.link, "over"))["data"]["y"] == [66] * 5
            assert told.startswith(
                f"TakenOver: another script has started 'over' anew, on {socket.gethostname()}"
            )
            assert "clear=False" in told
        assert b.say("7") == "stored"
        assert columns_by_name(state_at(server.link, "over"))["data"]["y"] == [7] * 5


def test_a_burst_of_stores_after_a_take_over_raises_and_writes_nothing(server: Running) -> None:
    first = remote(server.link, "shared", clear=True)
    document = plot_like()
    first.store_document(document)
    source = named(document, "source")
    second = remote(server.link, "shared", clear=True)
    theirs = plot_like()
    second.store_document(theirs)
    told = []
    for n in range(100):
        source.stream({"x": [n], "y": [-1.0]})
        try:
            first.store_objects(source)
        except SessionError as error:
            told.append(str(error))
    with pytest.raises(SessionError, match=ANEW):
        first.store_document(document)
    assert told
    assert all(ANEW in words for words in told)
    state = second.pull_state()
    assert columns_by_name(state) == {"source": {"x": [0, 1, 2, 3], "y": [0, 0, 0, 0]}}
    assert state.seq == second.seq
    second.close()
    with pytest.raises(SessionError, match=ANEW):
        first.store_objects(source)
    first.use_doc("shared")
    first.close()


# What is own, what is loaded


def test_a_script_that_touched_nothing_uploads_nothing(start: Callable[..., Side]) -> None:
    publisher = start(plot_like())
    joined = start()
    joined.store()
    joined.session.store_objects(*joined.document.roots)
    assert joined.session.next_change(timeout=0) is None
    publisher.named("text").text = "second"
    publisher.named("source").stream({"x": [4.0], "y": [4.0]})
    publisher.store()
    wait_until(lambda: joined.session.next_change(timeout=0.05) or joined.named("text").text == "second")
    joined.store()
    # A round without news looks the whole document through.
    assert joined.session.next_change(timeout=0.5) is None
    joined.session.close()
    assert joined.uploads == 0
    assert publisher.uploads == 2
    publisher.store()
    assert publisher.uploads == 2


def test_what_was_loaded_with_load_document_again_is_not_sent(start: Callable[..., Side]) -> None:
    publisher, joined = start(plot_like()), start()
    publisher.named("text").text = "second"
    publisher.document.add_root(Div(text="new", name="new"))
    publisher.store()
    joined.session.load_document(joined.document)
    joined.store()
    assert joined.named("new").text == "new"
    assert joined.named("text").text == "second"
    assert joined.uploads == 0


def test_a_follower_with_a_config_of_its_own_sends_none(start: Callable[..., Side]) -> None:
    document = plot_like()
    document.config.reconnect_session = False
    publisher = start(document)
    before = publisher.session.pull_state().graph.config
    assert before is not None
    joined = start()
    assert joined.document.config.reconnect_session is False
    joined.document.add_root(Div(text="mine", name="mine"))
    joined.store()
    assert joined.uploads == 1
    assert publisher.session.pull_state().graph.config == before


def test_a_joined_script_that_adds_a_model_leaves_the_absence_of_a_config(
    start: Callable[..., Side],
) -> None:
    publisher = start(plot_like())
    before = publisher.session.pull_state().graph.config
    models = publisher.session.pull_state().graph.models.keys()
    joined = start()
    joined.document.add_root(Div(text="mine", name="mine"))
    joined.store()
    state = publisher.session.pull_state()
    assert state.graph.config == before
    assert len(state.graph.models) == len(models) + 1


def test_a_conflict_brings_what_was_loaded_to_the_state_of_the_server(start: Callable[..., Side]) -> None:
    publisher, joined = start(plot_like()), start()
    publisher.named("slider").value = 50
    publisher.named("text").text = "of the publisher"
    publisher.named("source").data["x"] = np.array([9.0, 9, 9, 9])
    publisher.named("source").data["y"] = np.array([8.0, 8, 8, 8])
    publisher.store()
    joined.named("source").data["y"][0] = -1.0
    joined.store()
    state = publisher.session.pull_state()
    assert columns_by_name(state) == {"source": {"x": [9, 9, 9, 9], "y": [-1, 0, 0, 0]}}
    assert attributes_by_name(state)["slider"]["value"] == 50
    assert attributes_by_name(state)["text"]["text"] == "of the publisher"
    # Whether it was brought along by the answer or only by the next load, it is never sent.
    sent = joined.uploads
    joined.session.load_document(joined.document)
    joined.store()
    assert joined.uploads == sent
    assert joined.named("slider").value == 50
    assert list(joined.named("source").data["x"]) == [9, 9, 9, 9]
    assert list(joined.named("source").data["y"]) == [-1, 0, 0, 0]


def test_own_models_that_were_not_stored_yet_outlive_a_load(start: Callable[..., Side]) -> None:
    publisher, joined = start(plot_like()), start()
    joined.document.add_root(Div(text="mine", name="mine"))
    publisher.named("text").text = "second"
    publisher.store()
    joined.session.load_document(joined.document)
    assert joined.named("text").text == "second"
    joined.store()
    assert roots_by_name(publisher.session.pull_state()) == ["text", "slider", "source", "mine"]


def test_ids_that_the_document_once_held_are_not_handed_out_again(start: Callable[..., Side]) -> None:
    with ids_from(1000):
        publisher = start(plot_like())
        publisher.named("source").stream({"x": [4.0], "y": [4.0]})
        publisher.store()
        extra = [Div(text=f"{n}", name=f"extra {n}") for n in range(5)]
        for root in extra:
            publisher.document.add_root(root)
        publisher.store()
    viewer = Viewer(publisher.session)
    viewer.changes()
    once = set(viewer.state.graph.models)
    for root in extra:
        publisher.document.remove_root(root)
    publisher.store()
    with ids_from(1000):
        joined = start()
        for n in range(8):
            joined.document.add_root(Div(text="mine", name=f"mine {n}"))
        joined.store()
    mine = {joined.session.wire_id(root) for root in joined.document.roots if root.name.startswith("mine")}
    assert len(mine) == 8
    assert not mine & once
    assert mine <= publisher.session.pull_state().graph.models.keys()


def test_a_reader_who_was_away_while_an_id_came_to_mean_another_model_has_it(
    app: BokehWSGI, session: Session
) -> None:
    """As a program in another language may do it, if the server lets it."""
    slider = {"name": "Slider", "attributes": {"name": "again", "start": 0, "end": 9, "value": 1}}
    models = {"p1": {"name": "Div", "attributes": {}}, "p2": {"name": "Div", "attributes": {}}}
    graph = {"version": "3.9.2", "title": "line", "roots": ["p1", "p2"], "models": models}
    upload(app, session.docid, Op(OpCode.GRAPH, json=json.dumps(graph)))
    viewer = Viewer(session)
    viewer.changes()
    upload(app, session.docid, patch_of({"kind": "RootRemoved", "model": {"id": "p2"}}))
    for n in range(40):
        text = {"kind": "ModelChanged", "model": {"id": "p1"}, "attr": "text", "new": str(n)}
        upload(app, session.docid, patch_of(text))
    upload(
        app,
        session.docid,
        patch_of({"kind": "RootAdded", "model": {"type": "object", "id": "p2", **slider}}),
    )
    viewer.changes()
    now = session.pull_state()
    assert viewer.state.graph.to_json() == now.graph.to_json()
    assert roots_by_name(now) in (["?"], ["?", "again"])


def upload(app: BokehWSGI, docid: str, op: Op) -> None:
    """It may be refused, as made for another state."""
    answer = Client(app).post(f"/doc/{docid}/changes", data=b"".join(encode_upload(docid, [op])))
    assert answer.status_code in (200, 409), answer.text


def patch_of(event: dict[str, Any]) -> Op:
    return Op(OpCode.PATCH, json=json.dumps({"events": [event]}))


class ids_from:  # noqa: N801 - reads as a clause of with
    """As in a process of its own: Bokeh counts ids from there."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __enter__(self) -> None:
        module: Any = bokeh.util.serialization
        self.before = module._simple_id
        module._simple_id = self.number

    def __exit__(self, *error: object) -> None:
        module: Any = bokeh.util.serialization
        module._simple_id = max(module._simple_id, self.before)


# Two writers


def test_of_two_writers_of_an_attribute_the_last_one_wins(start: Callable[..., Side]) -> None:
    publisher, joined = start(plot_like()), start()
    publisher.named("text").text = "of the publisher"
    publisher.named("slider").value = 5
    publisher.store()
    joined.named("text").text = "of the other"
    joined.store()
    found = attributes_by_name(publisher.session.pull_state())
    assert (found["text"]["text"], found["slider"]["value"]) == ("of the other", 5)
    publisher.named("slider").value = 6
    publisher.store()
    found = attributes_by_name(publisher.session.pull_state())
    assert (found["text"]["text"], found["slider"]["value"]) == ("of the other", 6)


def test_of_two_writers_of_a_column_the_last_one_wins_whole(start: Callable[..., Side]) -> None:
    publisher, joined = start(plot_like()), start()
    publisher.named("source").data["y"][0] = 5.0
    publisher.named("source").data["x"][0] = 5.0
    publisher.store()
    joined.named("source").data["y"][2] = 7.0
    joined.session.store_objects(joined.named("source"))
    found = columns_by_name(publisher.session.pull_state())["source"]
    assert found == {"x": [5, 1, 2, 3], "y": [0, 0, 7, 0]}


def test_a_column_that_only_one_touched_stays_whatever_the_other_writes(
    start: Callable[..., Side],
) -> None:
    publisher, joined = start(plot_like()), start()
    for n in range(1, 4):
        publisher.named("source").data["x"][0] = n
        publisher.session.store_objects(publisher.named("source"))
        joined.named("source").data["y"][0] = -n
        joined.session.store_objects(joined.named("source"))
        found = columns_by_name(publisher.session.pull_state())["source"]
        assert found == {"x": [n, 1, 2, 3], "y": [-n, 0, 0, 0]}


def test_a_model_that_one_removed_and_the_other_did_not_touch_stays_away(
    start: Callable[..., Side],
) -> None:
    publisher, joined = start(plot_like()), start()
    joined.document.remove_root(joined.named("slider"))
    joined.store()
    publisher.named("text").text = "second"
    publisher.store()
    state = publisher.session.pull_state()
    assert roots_by_name(state) == ["text", "source"]
    assert "slider" not in attributes_by_name(state)


def test_attributes_and_columns_come_in_the_order_in_which_they_were_set(
    start: Callable[..., Side],
) -> None:
    publisher = start(plot_like())
    viewer = Viewer(publisher.session)
    viewer.changes()
    publisher.named("text").text = "before"
    publisher.named("source").stream({"x": [4.0], "y": [1.0]})
    publisher.store()
    codes = viewer.ops()
    assert codes.index(OpCode.PATCH) < codes.index(OpCode.APPEND)


@pytest.mark.parametrize("text_is_first", [True, False])
def test_a_burst_keeps_the_order_of_its_stores(server: Running, text_is_first: bool) -> None:
    session = remote(server.link, f"order {text_is_first}", clear=True)
    text, source = Div(text="0", name="text"), source_of("source", y=[0.0])
    session.store_document(document_of(text, source))
    over = threading.Event()
    seen: list[tuple[float, float]] = []
    watching = remote(server.link, f"order {text_is_first}")

    def watch() -> None:
        viewer = Viewer(watching)
        is_last = False
        while not is_last:
            is_last = over.is_set()
            if viewer.changes():
                told = float(attributes_by_name(viewer.state)["text"]["text"])
                seen.append((told, columns_by_name(viewer.state)["source"]["y"][-1]))

    def set_text(n: int) -> None:
        text.text = str(n)
        session.store_objects(text)

    def stream(n: int) -> None:
        source.stream({"y": [float(n)]}, rollover=10)
        session.store_objects(source)

    thread = threading.Thread(target=watch)
    thread.start()
    for n in range(1, 300):
        for act in (set_text, stream) if text_is_first else (stream, set_text):
            act(n)
    session.flush()
    over.set()
    thread.join()
    assert seen[-1] == (299.0, 299.0)
    assert all(told >= row if text_is_first else row >= told for told, row in seen)
    watching.close()
    session.close()


# A document started anew


def test_a_script_that_was_taken_over_is_told_at_each_store_until_it_uses_a_document(
    start: Callable[..., Side],
) -> None:
    old = start(plot_like())
    new = start(others(old))
    before = new.session.pull_state()
    old.named("text").text = "late"
    with pytest.raises(SessionError, match=f"{ANEW}, on {re.escape(socket.gethostname())}") as caught:
        old.store()
    assert type(caught.value).__name__ == "TakenOver"
    assert "clear=False" in str(caught.value)
    for _ in range(2):
        old.named("text").text += "r"
        with pytest.raises(SessionError, match=ANEW):
            old.session.store_objects(old.named("text"))
    old.named("source").stream({"x": [1.0], "y": [1.0]})
    with pytest.raises(SessionError, match=ANEW):
        old.store()
    assert new.session.pull_state().seq == before.seq
    old.session.use_doc("shared")
    document = Document()
    old.session.load_document(document)
    named(document, "other").text = "joined"
    old.session.store_document(document)
    assert attributes_by_name(new.session.pull_state())["other"]["text"] == "joined"


def test_a_joined_script_is_told_as_well(start: Callable[..., Side]) -> None:
    start(plot_like())
    joined = start()
    joined.document.add_root(Div(text="mine", name="mine"))
    joined.store()
    again = start(plot_like())
    joined.named("mine").text = "late"
    with pytest.raises(SessionError, match=ANEW):
        joined.store()
    state = again.session.pull_state()
    assert roots_by_name(state) == ["text", "slider", "source"]
    assert attributes_by_name(state)["text"]["text"] == "first"


@pytest.mark.parametrize("where", ["session", "use_doc"])
def test_a_publisher_may_take_its_document_back(
    app: BokehWSGI, start: Callable[..., Side], where: str, caplog: pytest.LogCaptureFixture
) -> None:
    options: dict[str, Any] = {"on_taken_over": "retake"}
    made: Any = Session
    session = made(app=app, **(options if where == "session" else {}))
    session.use_doc("shared", clear=True, **(options if where == "use_doc" else {}))
    document = plot_like()
    session.store_document(document)
    start(others(Side(app)))
    named(document, "text").text = "mine again"
    named(document, "source").data["y"] = np.full(4, 3.0)
    with caplog.at_level(logging.WARNING, "bokeh_wsgi"):
        session.store_document(document)
        named(document, "slider").value = 7
        session.store_document(document)
    told = [record.getMessage() for record in caplog.records if "anew" in record.getMessage()]
    assert len(told) == 1
    state = session.pull_state()
    assert roots_by_name(state) == ["text", "slider", "source"]
    assert attributes_by_name(state)["text"]["text"] == "mine again"
    assert attributes_by_name(state)["slider"]["value"] == 7
    assert columns_by_name(state) == {"source": {"x": [0, 1, 2, 3], "y": [3, 3, 3, 3]}}


def test_a_joined_script_may_join_again_with_its_own_models(
    start: Callable[..., Side], caplog: pytest.LogCaptureFixture
) -> None:
    start(plot_like())
    joined = start(on_taken_over="retake")
    joined.document.add_root(Div(text="mine", name="mine"))
    joined.document.add_root(source_of("mine too", z=[1.0]))
    joined.store()
    again = start(plot_like())
    again.named("text").text = "second run"
    again.store()
    joined.named("mine").text = "still here"
    with caplog.at_level(logging.WARNING, "bokeh_wsgi"):
        joined.store()
    assert sum("anew" in record.getMessage() for record in caplog.records) == 1
    state = again.session.pull_state()
    assert roots_by_name(state) == ["text", "slider", "source", "mine", "mine too"]
    found = attributes_by_name(state)
    assert (found["text"]["text"], found["mine"]["text"]) == ("second run", "still here")
    assert columns_by_name(state)["mine too"] == {"z": [1]}
    joined.named("mine too").stream({"z": [2.0]})
    joined.session.store_objects(joined.named("mine too"))
    assert columns_by_name(again.session.pull_state())["mine too"] == {"z": [1, 2]}


def test_a_script_may_stop_when_it_is_taken_over(
    start: Callable[..., Side], caplog: pytest.LogCaptureFixture
) -> None:
    old = start(plot_like(), on_taken_over="stop")
    new = start(others(old))
    seq = new.session.pull_state().seq
    with caplog.at_level(logging.WARNING, "bokeh_wsgi"):
        for n in range(3):
            old.named("text").text = f"late {n}"
            old.store()
            old.named("source").stream({"x": [1.0], "y": [1.0]})
            old.session.store_objects(old.named("source"))
    assert sum("anew" in record.getMessage() for record in caplog.records) == 1
    assert new.session.pull_state().seq == seq


def test_run_ends_without_an_error_where_a_script_is_to_stop(start: Callable[..., Side]) -> None:
    old = start(plot_like(), on_taken_over="stop")
    thread = threading.Thread(target=old.session.run, args=(old.document,))
    thread.start()
    start(others(old))
    thread.join(20)
    assert not thread.is_alive()


def test_live_ends_with_the_error_where_the_document_was_started_anew(start: Callable[..., Side]) -> None:
    old = start(plot_like())
    live = old.session.live(old.document)
    new = start(others(old))
    wait_until(lambda: not live.is_on)
    with pytest.raises(SessionError, match=ANEW):
        old.store()
    assert roots_by_name(new.session.pull_state()) == ["other", "source"]


def test_a_script_that_only_follows_follows_into_a_document_started_anew(
    start: Callable[..., Side],
) -> None:
    with ids_from(1000):
        start(plot_like())
    follower = start()
    live = follower.session.live(follower.document)
    with ids_from(1000):
        new = start(document_of(Slider(start=0, end=9, value=3, name="text"), source_of("other", z=[1.0])))
    wait_until(lambda: not live.is_on or follower.document.get_model_by_name("other"))
    assert live.is_on
    assert type(follower.named("text")) is Slider
    assert [root.name for root in follower.document.roots] == ["text", "other"]
    new.named("text").value = 4
    new.store()
    wait_until(lambda: follower.named("text").value == 4)
    follower.session.close()
    assert follower.uploads == 0


@pytest.mark.parametrize("stores", [False, True])
def test_what_a_callback_answers_to_what_came_before_live_is_sent(
    start: Callable[..., Side], stores: bool
) -> None:
    publisher, follower = start(plot_like()), start()

    def answer(attr: str, old: Any, new: Any) -> None:
        follower.named("text").text = f"saw {new}"

    follower.named("slider").on_change("value", answer)
    publisher.named("slider").value = 5
    publisher.store()
    if stores:
        # So it has changes of others before its own one, and has to load them when it begins to follow.
        follower.document.add_root(Div(text="mine", name="mine"))
        follower.store()
    follower.session.live(follower.document)

    def answered() -> str:
        found: str = attributes_by_name(publisher.session.pull_state())["text"]["text"]
        return found

    wait_until(lambda: answered() == "saw 5")


def test_an_unknown_word_for_what_to_do_is_refused(app: BokehWSGI) -> None:
    made: Any = Session
    with pytest.raises(ValueError, match="on_taken_over"):
        made(app=app, on_taken_over="shout")
    session: Any = Session(app=app)
    with pytest.raises(ValueError, match="on_taken_over"):
        session.use_doc("shared", on_taken_over="shout")


def test_a_value_that_is_pushed_by_hand_takes_a_document_back_once(start: Callable[..., Side]) -> None:
    mine = start(plot_like(), on_taken_over="retake")
    start(others(mine))
    seq = mine.session.pull_state().seq
    mine.session.push({"type": "Div", "id": mine.named("text").id, "attributes": {"text": "by hand"}})
    state = mine.session.pull_state()
    assert attributes_by_name(state)["text"]["text"] == "by hand"
    assert state.seq == seq + 2


@contextmanager
def interrupted_at(function: str, module: str) -> Iterator[None]:
    """Ctrl-C comes when this thread calls a function the next time."""

    def watch(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_name == function and code.co_filename.endswith(module):
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(None)


def test_a_store_that_ctrl_c_ended_before_it_was_sent_is_made_again(start: Callable[..., Side]) -> None:
    mine = start(plot_like())
    mine.named("source").data["y"][2] = 9.0
    with interrupted_at("encode_upload", "frame.py"), pytest.raises(KeyboardInterrupt):
        mine.store()
    mine.store()
    assert columns_by_name(mine.session.pull_state())["source"]["y"] == [0, 0, 9, 0]


def test_ctrl_c_while_changes_are_taken_in_writes_nothing_of_others_over(start: Callable[..., Side]) -> None:
    mine = start(plot_like())
    other = start()
    other.named("slider").value = 5
    other.store()
    with interrupted_at("_set_attribute", "model_updater.py"), pytest.raises(KeyboardInterrupt):
        mine.session.load_document(mine.document)
    mine.named("text").text = "after"
    mine.store()
    found = attributes_by_name(mine.session.pull_state())
    assert (found["slider"]["value"], mine.named("slider").value) == (5, 5)


def test_run_that_ctrl_c_ends_while_it_takes_in_writes_nothing_of_others_over(
    start: Callable[..., Side],
) -> None:
    mine = start(plot_like())
    mine.session.live(mine.document).stop()
    other = start()
    other.named("slider").value = 5
    other.store()
    with interrupted_at("_set_attribute", "model_updater.py"):
        mine.session.run(mine.document)
    mine.store()
    assert attributes_by_name(mine.session.pull_state())["slider"]["value"] == 5
    assert mine.named("slider").value == 5


MEANWHILE: list[Callable[[], None]] = []


class Setting(Div):
    """Has another model changed while it is looked at, as another thread may do at any time."""

    def to_serializable(self, serializer: Any) -> Any:
        rep = super().to_serializable(serializer)
        while MEANWHILE:
            MEANWHILE.pop()()
        return rep


def test_what_a_thread_sets_while_others_store_stays_marked(start: Callable[..., Side]) -> None:
    slider = Slider(start=0, end=99, value=1, name="slider")
    setting = Setting(text="one", name="setting")
    mine = start(document_of(slider, setting))
    MEANWHILE.append(lambda: setattr(slider, "value", 7))
    mine.store()
    dirty = publisher_of(mine.session).watch.dirty(mine.document)
    assert dirty.is_dirty(slider, "value")


def unknown_root() -> Any:
    model = {"type": "object", "name": "nowhere.Thing", "id": "thing", "attributes": {"name": "thing"}}
    return {"kind": "RootAdded", "model": model}


@pytest.mark.parametrize("follows", [False, True])
def test_a_root_of_a_class_that_is_not_here_stays_in_the_document(
    start: Callable[..., Side], follows: bool
) -> None:
    mine = start(plot_like())
    page = Page(start().session)
    if follows:
        live = mine.session.live(mine.document)
    page.send(patch(unknown_root()))
    if follows:
        page.send(patch(changed(mine.named("slider").id, "value", 5)))
        wait_until(lambda: mine.named("slider").value == 5)
        assert live.is_on
    else:
        mine.session.load_document(mine.document)
    mine.document.add_root(Div(text="mine", name="mine"))
    mine.store()
    state = mine.session.pull_state()
    assert roots_by_name(state) == ["text", "slider", "source", "thing", "mine"]


def test_a_value_that_leads_to_a_class_that_is_not_here_stays_in_the_document(
    start: Callable[..., Side],
) -> None:
    mine = start(document_of(Column(children=[Div(text="first", name="text")], name="column")))
    page = Page(start().session)
    mine.session.live(mine.document)
    column, text = mine.named("column"), mine.named("text")
    children = [{"id": text.id}, unknown_root()["model"]]
    page.send(patch(changed(column.id, "children", children)))
    page.send(patch(changed(text.id, "text", "seen")))
    wait_until(lambda: text.text == "seen")
    column.spacing = 5
    mine.store()
    joined = start()
    joined.named("column").margin = 3
    joined.store()
    found = attributes_by_name(mine.session.pull_state())
    assert found["thing"]["type"] == "nowhere.Thing"
    assert (found["column"]["spacing"], found["column"]["margin"]) == (5, 3)
    column.children = [text, Div(text="mine", name="mine")]
    mine.store()
    found = attributes_by_name(mine.session.pull_state())
    assert "mine" in found
    assert "thing" not in found


def test_two_scripts_that_both_retake_take_turns_slower_and_slower(start: Callable[..., Side]) -> None:
    sides = [start(plot_like(), on_taken_over="retake") for _ in range(2)]
    lives = [side.session.live(side.document) for side in sides]
    begun = sides[0].session.pull_state().seq
    wait_until(lambda: any(live._take_over_s > 0.5 for live in lives))
    assert sides[0].session.pull_state().seq - begun < 20
    assert all(live.is_on for live in lives)


def test_a_callback_that_leaves_the_document_while_live_begins_is_told(start: Callable[..., Side]) -> None:
    other = start(plot_like())
    mine = start()
    other.named("slider").value = 5
    other.store()
    mine.named("text").text = "so all is loaded again"
    mine.store()

    def leave(attr: str, old: Any, new: Any) -> None:
        mine.session.use_doc("elsewhere")

    mine.named("slider").on_change("value", leave)
    with pytest.raises(SessionError, match="another document"):
        mine.session.live(mine.document)
    assert not [thread for thread in threading.enumerate() if thread.name == "bokeh-wsgi-live"]


@pytest.mark.parametrize("first", [0, 1])
def test_what_two_followers_stream_to_a_short_column_is_all_there(
    start: Callable[..., Side], first: int
) -> None:
    mine = start(document_of(source_of("source", y=np.zeros(first))))
    mine.session.live(mine.document)
    other = start()
    other.session.live(other.document)
    rows = np.random.default_rng(1).random((2, 10))
    with other.session._lock:
        # The other one has not heard of these rows when it stores its own.
        mine.named("source").stream({"y": rows[0]})
        mine.session.store_objects(mine.named("source"))
        other.named("source").stream({"y": rows[1]})
        other.session.store_objects(other.named("source"))
    found = columns_by_name(mine.session.pull_state())["source"]["y"]
    assert found == [0.0] * first + [*rows[0], *rows[1]]


def test_bursts_of_two_followers_lose_no_row(server: Running) -> None:
    mine = remote(server.link, "bursts", clear=True)
    here = document_of(source_of("source", y=np.zeros(1)))
    mine.store_document(here)
    mine.live(here)
    other, there = remote(server.link, "bursts"), Document()
    other.load_document(there)
    other.live(there)
    errors: list[BaseException] = []

    def stream(session: Any, document: Document, first: int) -> None:
        try:
            for number in range(100):
                named(document, "source").stream({"y": [float(first + number)]})
                session.store_objects(named(document, "source"))
            session.flush()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [
        threading.Thread(target=stream, args=(mine, here, 1000)),
        threading.Thread(target=stream, args=(other, there, 2000)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    found = columns_by_name(mine.pull_state())["source"]["y"]
    assert sorted(found) == [0, *range(1000, 1100), *range(2000, 2100)]
    mine.close()
    other.close()


def test_a_follower_whom_another_script_overtakes_all_the_time_loses_no_row(
    app: BokehWSGI, start: Callable[..., Side]
) -> None:
    mine = start(document_of(source_of("source", y=np.zeros(1))))
    other = start()
    other.session.live(other.document)
    rows = [float(number) for number in range(40)]
    left = list(rows)

    def overtake(environ: Any, start_response: Any) -> Any:
        if left and environ["REQUEST_METHOD"] == "POST":
            mine.named("source").stream({"y": [left.pop(0)]})
            mine.session.store_objects(mine.named("source"))
        return app(environ, start_response)

    other.app.app = overtake
    other.named("source").stream({"y": [99.0]})
    other.session.store_objects(other.named("source"))
    assert columns_by_name(mine.session.pull_state())["source"]["y"] == [0, *rows, 99]
