"""What pages say that they cannot draw: kept once, short and plain, and told to who uploads."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode
from bokeh_wsgi.models.undrawn import MAX_REPORTS, MAX_TEXT_LENGTH

from .document_page import DocumentPage


class UndrawnPage(DocumentPage):
    """A page of a document that cannot draw it."""

    def says(self, text: Any, model: Any = "p1") -> TestResponse:
        data = {"model": model, "text": text}
        edit = {"kind": "MessageSent", "msg_type": "bokeh_wsgi.undrawn", "msg_data": data}
        return self.send(edit)

    def seq_of(self, response: TestResponse) -> int:
        assert response.status_code == 200, response.text
        return int(response.get_json()["seq"])

    def told(self) -> list[str]:
        """What a script is told when it stores something."""
        event = {"kind": "TitleChanged", "title": "t"}
        answer = self.upload(self.docid, [Op(OpCode.PATCH, json=json.dumps({"events": [event]}))])
        assert answer.status_code == 200, answer.text
        return [report["text"] for report in answer.get_json().get("undrawn", [])]


@pytest.fixture
def page() -> Iterator[UndrawnPage]:
    app = BokehWSGI(store="memory:")
    page = UndrawnPage(app)
    page.docid = page.make()
    page.publish(page.docid, x=[1.0])
    yield page
    app.close()


def test_who_uploads_is_told_what_pages_cannot_draw_and_since_when(page: UndrawnPage) -> None:
    assert page.told() == []
    seq = page.seq_of(page.says("it is broken"))
    event = {"kind": "TitleChanged", "title": "t"}
    answer = page.upload(page.docid, [Op(OpCode.PATCH, json=json.dumps({"events": [event]}))])
    assert answer.get_json()["undrawn"] == [{"seq": seq, "model": "p1", "text": "it is broken"}]


def test_it_is_an_event_for_scripts_that_follow(page: UndrawnPage) -> None:
    seq = page.seq_of(page.says("it is broken"))
    (change,) = page.changes(f"{page.docid}:{seq - 1}")
    (op,) = change.ops
    assert (op.code, op.model) == (OpCode.EVENT, "p1")
    assert json.loads(op.json) == {"name": "bokeh_wsgi.undrawn", "values": {"text": "it is broken"}}


def test_what_is_known_makes_no_change(page: UndrawnPage) -> None:
    seq = page.seq_of(page.says("it is broken"))
    assert page.seq_of(page.says("it is broken")) == seq
    assert page.seq_of(page.says("it is broken", "p2")) == seq + 1
    assert page.told() == ["it is broken", "it is broken"]


def test_it_holds_until_the_document_is_started_anew(page: UndrawnPage) -> None:
    page.says("it is broken")
    page.publish(page.docid, x=[1.0])
    assert page.told() == []


def test_only_the_last_things_are_kept(page: UndrawnPage) -> None:
    for number in range(MAX_REPORTS + 3):
        page.says(f"number {number}")
    assert page.told() == [f"number {number}" for number in range(3, MAX_REPORTS + 3)]


def test_texts_are_one_short_line_that_can_be_printed(page: UndrawnPage) -> None:
    page.says("red \x1b[31m\n  or\u202e left " + "x" * 1000)
    (text,) = page.told()
    assert text.startswith("red [31m or left xxx")
    assert len(text) == MAX_TEXT_LENGTH


def test_a_model_that_is_not_there_is_none(page: UndrawnPage) -> None:
    page.says("it is broken", "p99")
    (change,) = page.changes(f"{page.docid}:1")
    assert [op.model for op in change.ops] == [""]


@pytest.mark.parametrize("text", [None, 7, "", " \x07\n", ["a"], "\ud800"])
def test_no_text_is_refused(page: UndrawnPage, text: Any) -> None:
    assert page.says(text).status_code == 400
    assert page.told() == []


@pytest.mark.parametrize(
    "event",
    [
        "bokeh_wsgi.undrawn",
        '{"name":"bokeh_wsgi.undrawn"}',
        '{"name":"bokeh_wsgi.undrawn","values":7}',
        '{"name":"bokeh_wsgi.undrawn","values":{"text":7}}',
        '["bokeh_wsgi.undrawn"]',
        '{"name":"bokeh_wsgi.undrawn","values":{"text":"\\u001b"}}',
    ],
)
def test_what_an_upload_says_in_its_place_means_nothing(page: UndrawnPage, event: str) -> None:
    page.upload(page.docid, [Op(OpCode.EVENT, model="p1", json=event)])
    assert page.told() == []


def test_no_page_says_it_as_an_event_of_bokeh(page: UndrawnPage) -> None:
    content = {"type": "event", "name": "bokeh_wsgi.undrawn", "values": {"model": None, "text": "a"}}
    edit = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": content}
    assert page.client.post(f"/doc/{page.docid}/edits", json={"edits": [edit]}).status_code == 400
