"""What is packed in values of attributes and events unpacks within the limits too, as columns do."""

import gzip
import json
from base64 import b64encode
from typing import Any

import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode
from tests.api.document_page import DocumentPage, changed, event

pytestmark = pytest.mark.bokeh
LIMIT = 1 << 20
PACKED = {"type": "bytes", "data": b64encode(gzip.compress(bytes(8 * LIMIT))).decode()}
ARRAY = {"type": "ndarray", "array": PACKED, "dtype": "int32", "order": "little", "shape": [2 * LIMIT]}


@pytest.fixture
def page() -> DocumentPage:
    page = DocumentPage(BokehWSGI(store="memory:", max_edit_bytes=LIMIT, max_change_bytes=LIMIT))
    page.begin(y=[1.0])
    return page


def test_an_attribute_that_a_page_sets(page: DocumentPage) -> None:
    """`Selection.indices` takes arrays: 348 kB of page held the script of the owner for minutes."""
    assert page.send(changed("p3", "indices", ARRAY)).status_code == 413


def test_an_event_of_a_page(page: DocumentPage) -> None:
    assert page.send(event("button_click", "p5", x=ARRAY)).status_code == 413


@pytest.mark.parametrize("value", [PACKED, ARRAY])
def test_an_attribute_that_a_script_uploads(page: DocumentPage, value: Any) -> None:
    """272 kB of it made 1.9 GB in a script that loaded the document."""
    patch = {"events": [changed("p1", "tags", [value])]}
    assert page.upload(page.docid, [Op(OpCode.PATCH, json=json.dumps(patch))]).status_code in (400, 413)
