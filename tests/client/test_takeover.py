"""A document that another script starts anew: who is told, who stops, who takes it back."""

import logging
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models.widgets import Div, Slider

from bokeh_wsgi import BokehWSGI, Session
from bokeh_wsgi.exc import SessionError
from tests.command import Running
from tests.waiting import wait_until

from .script_side import ANEW, ScriptSide, ids_from, others, plot_like
from .scripts import (
    attributes_by_name,
    columns_by_name,
    document_of,
    named,
    remote,
    roots_by_name,
    source_of,
    started,
    state_at,
)


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


def test_a_script_that_was_taken_over_is_told_at_each_store_until_it_uses_a_document(
    start: Callable[..., ScriptSide],
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


def test_a_joined_script_is_told_as_well(start: Callable[..., ScriptSide]) -> None:
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
    app: BokehWSGI, start: Callable[..., ScriptSide], where: str, caplog: pytest.LogCaptureFixture
) -> None:
    options: dict[str, Any] = {"on_taken_over": "retake"}
    made: Any = Session
    session = made(app=app, **(options if where == "session" else {}))
    session.use_doc("shared", clear=True, **(options if where == "use_doc" else {}))
    document = plot_like()
    session.store_document(document)
    start(others(ScriptSide(app)))
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
    start: Callable[..., ScriptSide], caplog: pytest.LogCaptureFixture
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
    start: Callable[..., ScriptSide], caplog: pytest.LogCaptureFixture
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


def test_run_ends_without_an_error_where_a_script_is_to_stop(start: Callable[..., ScriptSide]) -> None:
    old = start(plot_like(), on_taken_over="stop")
    thread = threading.Thread(target=old.session.run, args=(old.document,))
    thread.start()
    start(others(old))
    thread.join(20)
    assert not thread.is_alive()


def test_live_ends_with_the_error_where_the_document_was_started_anew(
    start: Callable[..., ScriptSide],
) -> None:
    old = start(plot_like())
    live = old.session.live(old.document)
    new = start(others(old))
    wait_until(lambda: not live.is_on)
    with pytest.raises(SessionError, match=ANEW):
        old.store()
    assert roots_by_name(new.session.pull_state()) == ["other", "source"]


def test_a_script_that_only_follows_follows_into_a_document_started_anew(
    start: Callable[..., ScriptSide],
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
    start: Callable[..., ScriptSide], stores: bool
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


def test_a_value_that_is_pushed_by_hand_takes_a_document_back_once(start: Callable[..., ScriptSide]) -> None:
    mine = start(plot_like(), on_taken_over="retake")
    start(others(mine))
    seq = mine.session.pull_state().seq
    mine.session.push({"type": "Div", "id": mine.named("text").id, "attributes": {"text": "by hand"}})
    state = mine.session.pull_state()
    assert attributes_by_name(state)["text"]["text"] == "by hand"
    assert state.seq == seq + 2


def test_two_scripts_that_both_retake_take_turns_slower_and_slower(start: Callable[..., ScriptSide]) -> None:
    sides = [start(plot_like(), on_taken_over="retake") for _ in range(2)]
    lives = [side.session.live(side.document) for side in sides]
    begun = sides[0].session.pull_state().seq
    wait_until(lambda: any(live._take_over_s > 0.5 for live in lives))
    assert sides[0].session.pull_state().seq - begun < 20
    assert all(live.is_on for live in lives)


def test_a_callback_that_leaves_the_document_while_live_begins_is_told(
    start: Callable[..., ScriptSide],
) -> None:
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
