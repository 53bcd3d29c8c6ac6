"""Following with a real server and scripts in processes of their own, some of which are killed."""

import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.models.widgets import Div, Slider
from bokeh.plotting import figure

from bokeh_wsgi.client import Session
from bokeh_wsgi.exc import SessionError
from tests.command import ENVIRON, Running, running
from tests.waiting import wait_until

from .comparison import differences, shadow_differences
from .editing_page import EditingPage

# A Ctrl-C at a terminal; shells have programs in the background ignore it.
SCRIPT = """
import signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from bokeh.models import Div, Slider
from bokeh_wsgi.plotting import *

output_server("script", url=sys.argv[1], clear={clear})
if not curdoc().roots:
    curdoc().add_root(Slider(start=0, end=1000, value=0, name="slider"))
    curdoc().add_root(Div(text="", name="text"))
slider, text = curdoc().get_model_by_name("slider"), curdoc().get_model_by_name("text")

def changed(attr, old, new):
    text.text = f"at {{new}}"

slider.on_change("value", changed)
session = cursession()
{rest}
"""
RUNS = """
push()
print("ready", flush=True)
session.run()
print("over", flush=True)
"""
LIVES = """
session.live()
print("ready", flush=True)
sys.stdin.readline()
def slow(attr, old, new):
    print("slow", flush=True)
    while threading.main_thread().is_alive():
        time.sleep(0.01)
    text.tags = ["slow"]

slider.on_change("value", slow)
print("set", flush=True)
sys.stdin.readline()
"""


class Script:
    """A script that prints a word when it has come so far."""

    def __init__(self, url: str, rest: str, *, clear: bool = True) -> None:
        program = SCRIPT.format(rest=rest, clear=clear)
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRON,
        )
        self.expect("ready")

    def expect(self, word: str) -> None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line != word + "\n":
            self.process.kill()
            raise AssertionError(self.process.communicate())

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


@pytest.fixture
def server() -> Iterator[Running]:
    with running("--store", "memory:") as found:
        yield found


@pytest.fixture
def scripts() -> Iterator[list[Script]]:
    started: list[Script] = []
    yield started
    for script in started:
        script.process.kill()
        script.process.communicate()


def page_of(url: str, title: str = "script") -> tuple[EditingPage, Any, Any]:
    """A page, and the script's slider and text as it knows them."""
    session = Session(root_url=url, load_from_config=False)
    session.use_doc(title)
    document = Document()
    session.load_document(document)
    return (
        EditingPage(session, session.wire_id),
        document.get_model_by_name("slider"),
        document.get_model_by_name("text"),
    )


def text_at(page: EditingPage, text: Any) -> str:
    told = page.session.pull(objid=page.id_of(text), typename="Div")[0]["attributes"]
    return str(told.get("text"))


def test_run_ends_cleanly_with_ctrl_c(server: Running, scripts: list[Script]) -> None:
    script = Script(server.link, RUNS)
    scripts.append(script)
    page, slider, text = page_of(server.link)
    page.set(slider, value=3)
    wait_until(lambda: text_at(page, text) == "at 3")
    script.process.send_signal(signal.SIGINT)
    script.expect("over")
    assert script.end() == (0, "")
    page.session.close()


def test_a_script_that_ends_while_it_is_live_ends_its_callback_and_stores(
    server: Running, scripts: list[Script]
) -> None:
    script = Script(server.link, LIVES)
    scripts.append(script)
    page, slider, text = page_of(server.link)
    script.go_on()
    script.expect("set")
    page.set(slider, value=3)
    script.expect("slow")
    script.go_on()
    assert script.end() == (0, "")
    told = page.session.pull(objid=page.id_of(text), typename="Div")[0]["attributes"]
    assert (told["text"], told["tags"]) == ("at 3", ["slow"])
    page.session.close()


def test_a_script_killed_in_the_middle_goes_on_when_it_is_started_again(
    server: Running, scripts: list[Script]
) -> None:
    script = Script(server.link, RUNS)
    scripts.append(script)
    page, slider, text = page_of(server.link)
    for value in range(1, 40):
        page.set(slider, value=value)
        if value == 20:
            script.process.kill()
    again = Script(server.link, RUNS, clear=False)
    scripts.append(again)
    page.set(slider, value=100)
    wait_until(lambda: text_at(page, text) == "at 100")
    page.session.close()


def test_a_server_killed_in_the_middle_is_waited_for(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/store.db"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    calls: list[int] = []
    document = Document()
    slider, text = Slider(start=0, end=1000, value=0, name="slider"), Div(text="", name="text")
    source: Any = ColumnDataSource({"y": np.zeros(3)})
    plot = figure()
    plot.line("y", "y", source=source)
    for root in (slider, text, plot):
        document.add_root(root)

    def changed(attr: str, old: Any, new: Any) -> None:
        calls.append(new)
        text.text = f"at {new}"
        source.stream({"y": [float(new)]})

    slider.on_change("value", changed)
    with running("--store", store, port=port) as server:
        session = Session(root_url=server.link, load_from_config=False)
        session.use_doc("script", clear=True)
        live: Any = session.live(document)
        page = EditingPage(Session(root_url=server.link, load_from_config=False))
        page.session.use_doc("script")
        page.set(slider, value=1)
        wait_until(lambda: calls == [1])
        dragging = threading.Thread(target=lambda: [page.set(slider, value=n) for n in range(2, 80)])
        dragging.start()
        wait_until(lambda: len(calls) > 5)
        server.process.kill()
        server.process.wait()
    wait_until(lambda: not live._reader.is_connected)
    with running("--store", store, port=port):
        dragging.join(60)
        wait_until(lambda: calls[-1] == 79)
        wait_until(lambda: text.text == "at 79" and differences(session, document) == [])
        assert calls == sorted(set(calls))
        assert source.data["y"].tolist() == [0, 0, 0, *calls]
        wait_until(lambda: shadow_differences(session) == [])
        session.close()
        page.session.close()


def test_a_deleted_document_ends_the_stream_with_the_reason(server: Running) -> None:
    session = Session(root_url=server.link, load_from_config=False)
    session.use_doc("script", clear=True)
    document = Document()
    document.add_root(Div(text=""))
    session.store_document(document)
    timer = threading.Timer(0.3, session.delete_doc)
    timer.start()
    with pytest.raises(SessionError, match="the document was deleted"):
        session.run()
    # It may not have its answer yet, and the server goes with the test.
    timer.join()
    session.close()


def test_a_stream_is_left_at_once(server: Running) -> None:
    session = Session(root_url=server.link, load_from_config=False)
    session.use_doc("script", clear=True)
    document = Document()
    document.add_root(Div(text=""))
    live = session.live(document)
    wait_until(lambda: live._reader.is_connected)
    begun = time.monotonic()
    session.close()
    wait_until(lambda: "bokeh-wsgi-follower" not in [thread.name for thread in threading.enumerate()])
    assert time.monotonic() - begun < 12  # the next heartbeat comes after 15 s


def test_the_first_page_and_the_last_are_told(server: Running) -> None:
    session = Session(root_url=server.link, load_from_config=False)
    session.use_doc("script", clear=True)
    document = Document()
    text = Div(text="")
    document.add_root(text)
    told: list[int] = []
    session.on_viewers(told.append)

    def greet(viewers: int) -> None:
        text.text = f"{viewers} here"

    session.on_viewers(greet)
    session.live(document)
    assert session.viewers() == 0
    pages = [open_page(session, name) for name in ("a", "b")]
    wait_until(lambda: session.viewers() == 2)
    wait_until(lambda: differences(session, document) == [] and text.text.endswith("here"))
    assert told in ([1], [2])
    for page in pages:
        page.close()

    def is_alone() -> bool:
        # A server sees that a page has gone when it writes to it.
        session.notice("anybody?")
        return told[-1] == 0

    wait_until(is_alone)
    assert len(told) == 2
    session.close()


def open_page(session: Session, name: str) -> HTTPResponse:
    """What a page keeps open."""
    url = f"{session.base_url}changes?doc={session.docid}:0&wait=stream&page={name}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {session.embed_token()}"})
    response: HTTPResponse = urllib.request.urlopen(request, timeout=20)
    response.read(1)
    return response
