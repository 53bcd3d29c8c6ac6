"""Stores that Ctrl-C ends, or that a thread overtakes: nothing is lost, nothing of others is overwritten."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from bokeh.models.widgets import Div, Slider

from .comparison import publisher_of
from .script_side import ScriptSide, plot_like
from .scripts import (
    attributes_by_name,
    columns_by_name,
    document_of,
)


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


def test_a_store_that_ctrl_c_ended_before_it_was_sent_is_made_again(start: Callable[..., ScriptSide]) -> None:
    mine = start(plot_like())
    mine.named("source").data["y"][2] = 9.0
    with interrupted_at("encode_upload", "frame.py"), pytest.raises(KeyboardInterrupt):
        mine.store()
    mine.store()
    assert columns_by_name(mine.session.pull_state())["source"]["y"] == [0, 0, 9, 0]


def test_ctrl_c_while_changes_are_taken_in_writes_nothing_of_others_over(
    start: Callable[..., ScriptSide],
) -> None:
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
    start: Callable[..., ScriptSide],
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


def test_what_a_thread_sets_while_others_store_stays_marked(start: Callable[..., ScriptSide]) -> None:
    slider = Slider(start=0, end=99, value=1, name="slider")
    setting = Setting(text="one", name="setting")
    mine = start(document_of(slider, setting))
    MEANWHILE.append(lambda: setattr(slider, "value", 7))
    mine.store()
    dirty = publisher_of(mine.session).watch.dirty(mine.document)
    assert dirty.is_dirty(slider, "value")
