"""Whose a model is: nothing of others is ever sent, whether they were loaded or came by following."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import Column
from bokeh.models.widgets import Div
from werkzeug.test import Client

from bokeh_wsgi import BokehWSGI, Session
from bokeh_wsgi.dataplane import Op, OpCode, encode_upload
from tests.command import Running
from tests.waiting import wait_until

from .conftest import Viewer
from .editing_page import EditingPage, changed, patch
from .script_side import ScriptSide, ids_from, plot_like
from .scripts import (
    attributes_by_name,
    columns_by_name,
    document_of,
    named,
    remote,
    roots_by_name,
    run,
    started,
    state_at,
)

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


# What is own, what is loaded


def test_a_script_that_touched_nothing_uploads_nothing(start: Callable[..., ScriptSide]) -> None:
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


def test_what_was_loaded_with_load_document_again_is_not_sent(start: Callable[..., ScriptSide]) -> None:
    publisher, joined = start(plot_like()), start()
    publisher.named("text").text = "second"
    publisher.document.add_root(Div(text="new", name="new"))
    publisher.store()
    joined.session.load_document(joined.document)
    joined.store()
    assert joined.named("new").text == "new"
    assert joined.named("text").text == "second"
    assert joined.uploads == 0


def test_a_follower_with_a_config_of_its_own_sends_none(start: Callable[..., ScriptSide]) -> None:
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
    start: Callable[..., ScriptSide],
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


def test_a_conflict_brings_what_was_loaded_to_the_state_of_the_server(
    start: Callable[..., ScriptSide],
) -> None:
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


def test_own_models_that_were_not_stored_yet_outlive_a_load(start: Callable[..., ScriptSide]) -> None:
    publisher, joined = start(plot_like()), start()
    joined.document.add_root(Div(text="mine", name="mine"))
    publisher.named("text").text = "second"
    publisher.store()
    joined.session.load_document(joined.document)
    assert joined.named("text").text == "second"
    joined.store()
    assert roots_by_name(publisher.session.pull_state()) == ["text", "slider", "source", "mine"]


def test_ids_that_the_document_once_held_are_not_handed_out_again(start: Callable[..., ScriptSide]) -> None:
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


def unknown_root() -> Any:
    model = {"type": "object", "name": "nowhere.Thing", "id": "thing", "attributes": {"name": "thing"}}
    return {"kind": "RootAdded", "model": model}


@pytest.mark.parametrize("follows", [False, True])
def test_a_root_of_a_class_that_is_not_here_stays_in_the_document(
    start: Callable[..., ScriptSide], follows: bool
) -> None:
    mine = start(plot_like())
    page = EditingPage(start().session)
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
    start: Callable[..., ScriptSide],
) -> None:
    mine = start(document_of(Column(children=[Div(text="first", name="text")], name="column")))
    page = EditingPage(start().session)
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
