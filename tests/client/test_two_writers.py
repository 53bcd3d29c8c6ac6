"""Two scripts write the same models and columns: who wins, and that no row is lost."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models.widgets import Div

from bokeh_wsgi import BokehWSGI
from bokeh_wsgi.dataplane import OpCode
from tests.command import Running

from .conftest import Viewer
from .script_side import ScriptSide, plot_like
from .scripts import (
    attributes_by_name,
    columns_by_name,
    document_of,
    named,
    remote,
    roots_by_name,
    source_of,
)


def test_of_two_writers_of_an_attribute_the_last_one_wins(start: Callable[..., ScriptSide]) -> None:
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


def test_of_two_writers_of_a_column_the_last_one_wins_whole(start: Callable[..., ScriptSide]) -> None:
    publisher, joined = start(plot_like()), start()
    publisher.named("source").data["y"][0] = 5.0
    publisher.named("source").data["x"][0] = 5.0
    publisher.store()
    joined.named("source").data["y"][2] = 7.0
    joined.session.store_objects(joined.named("source"))
    found = columns_by_name(publisher.session.pull_state())["source"]
    assert found == {"x": [5, 1, 2, 3], "y": [0, 0, 7, 0]}


def test_a_column_that_only_one_touched_stays_whatever_the_other_writes(
    start: Callable[..., ScriptSide],
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
    start: Callable[..., ScriptSide],
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
    start: Callable[..., ScriptSide],
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


@pytest.mark.parametrize("first", [0, 1])
def test_what_two_followers_stream_to_a_short_column_is_all_there(
    start: Callable[..., ScriptSide], first: int
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
    app: BokehWSGI, start: Callable[..., ScriptSide]
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
