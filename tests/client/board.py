"""A script that follows a document, and a page that changes it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.models.widgets import Button, Div, Slider
from bokeh.plotting import figure

from bokeh_wsgi.client import Session
from bokeh_wsgi.client.follow.follow_loop import Live
from tests.waiting import wait_until

from .comparison import publisher_of
from .editing_page import EditingPage


class Board:
    """A script with some models, and a page that changes them."""

    def __init__(self, make_session: Callable[..., Session]) -> None:
        self.session = make_session(clear=True)
        self.slider = Slider(start=0, end=100, value=0, name="frequency")
        self.button = Button(label="go")
        self.text = Div(text="")
        self.source: Any = ColumnDataSource({"x": np.arange(4.0), "y": np.zeros(4)})
        self.plot = figure(name="plot")
        self.plot.line("x", "y", source=self.source)
        self.document = Document(title="line")
        for root in (self.slider, self.button, self.text, self.plot):
            self.document.add_root(root)
        self.page = EditingPage(make_session())
        self.calls: list[Any] = []

    def note(self, attr: str, old: Any, new: Any) -> None:
        self.calls.append(new)

    def live(self, **options: Any) -> Live:
        self.following = self.session.live(self.document, **options)
        return self.following

    def has_followed(self, seq: int) -> bool:
        return (publisher_of(self.session).followed or 0) >= seq

    def has_counted(self, value: int) -> bool:
        return bool(self.text.tags[0]["count"] == value)

    def wait(self, seq: int) -> None:
        wait_until(lambda: self.has_followed(seq))

    def rest(self) -> None:
        """Until the script has nothing to take in and nothing to send."""
        wait_until(lambda: self.following.is_at_rest and self.has_followed(self.head))

    def has_read(self, seq: int) -> bool:
        """Whether a change came here; a server puts together what comes faster than it is read."""
        return self.following._reader._seq >= seq

    @property
    def head(self) -> int:
        return self.page.session.pull_state().seq
