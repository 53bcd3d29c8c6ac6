"""Many frames of one server in one page, as in a long notebook: a browser has six connections for it."""

from functools import partial
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.layouts import column
from bokeh.models.widgets.sliders import Slider
from bokeh.plotting import figure
from playwright.sync_api import Frame

from bokeh_wsgi import Session
from bokeh_wsgi.client.show.tags import frame_tag
from tests.browser.host_site import HostSite
from tests.browser.live_server import LiveServer
from tests.browser.windows import Windows
from tests.waiting import wait_until

FRAMES = 9


def has_value(session: Session, slider: Slider, value: float) -> bool:
    attributes = session.pull_state().graph.models[slider.id]["attributes"]
    return bool(attributes["value"] == value)


def test_each_of_many_frames_lives_when_it_is_looked_at(windows: Windows, memory_server: LiveServer) -> None:
    frames, plots, sessions = [], [], []
    for number in range(FRAMES):
        session = Session(root_url=memory_server.url, load_from_config=False)
        session.use_doc(f"frame {number}", clear=True)
        plot = figure(width=300, height=200)
        line: Any = plot.line("x", "y", source={"x": np.arange(3.0), "y": np.zeros(3)})
        slider = Slider(start=0, end=100, value=1, name="slider")
        document = Document()
        document.add_root(column(slider, plot))
        session.store_document(document)
        tag = frame_tag(session, document.roots[0], width=350, height=500, writes=True)
        frames.append(f"<div>{tag.replace('lazy', 'eager')}</div>")
        plots.append((line.data_source, slider))
        sessions.append(session)
    with HostSite() as notebook:
        page = windows.new_page(viewport={"width": 500, "height": 600})
        page.goto(notebook.page("".join(frames)), wait_until="commit")
        for number in (FRAMES - 1, 0, FRAMES // 2):
            element = page.locator("iframe").nth(number)
            element.scroll_into_view_if_needed()
            handle = element.element_handle()
            assert handle is not None
            frame: Frame | None = handle.content_frame()
            assert frame is not None
            frame.wait_for_selector(".bk-Figure", timeout=30_000)
            source, slider = plots[number]
            source.data["y"] = np.full(3, 7.0 + number)
            sessions[number].store_objects(source)
            find = "[...Bokeh.documents[0]._all_models.values()].find"
            held = f"{find}((model) => model.type == 'ColumnDataSource').data.y[0]"
            frame.wait_for_function(f"{held} == {7 + number}", timeout=30_000)
            frame.evaluate(f"{find}((model) => model.name == 'slider').value = {number + 20}")
            wait_until(partial(has_value, sessions[number], slider, number + 20), 30, page)
        page.close()
    for session in sessions:
        session.close()
