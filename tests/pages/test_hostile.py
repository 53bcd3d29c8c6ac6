"""Strings that strangers choose: they are text, on every page, and keep to their place."""

from collections.abc import Callable

import pytest

from bokeh_wsgi.pages.account import account_page
from bokeh_wsgi.pages.document import document_page
from bokeh_wsgi.pages.error import error_page
from bokeh_wsgi.pages.gallery import gallery_page
from bokeh_wsgi.pages.index import index_page
from bokeh_wsgi.pages.sign_in import code_page, login_page, register_page

from .reading import elements, shape
from .records import NOW, key, record

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</title></textarea></bdi><!--",
    "{{ 7*7 }}{% raw %}",
    "\u202egnp.exe\u2066",
    "long" * 500,
    "\x00\x1b\n\t",
]


def index(text: str) -> str:
    records = [record("a", text), record(text, "b", owner=text)]
    return index_page(
        "/bokeh/",
        own=[(records[0], None)],
        shared=[(records[1], "read")],
        username=text,
        csrf=text,
        root_url=text,
        multi_user=True,
        gallery=True,
        now=NOW,
    )


def gallery(text: str) -> str:
    return gallery_page("/b/", documents=[record(text, text, owner=text)], username=text, csrf="", now=NOW)


def login(text: str) -> str:
    return login_page("/b/", csrf=text, next=text, message=text, username=text, registration="open")


def register(text: str) -> str:
    return register_page("/b/", csrf=text, message=text, username=text, invite=text, registration="invite")


def code(text: str) -> str:
    return code_page("/b/", csrf=text, code=text, username=text)


def account(text: str) -> str:
    keys = [key(text, text), key(text, text, kind="login")]
    return account_page(
        "/b/", username=text, csrf=text, keys=keys, message=text, new_key=text, notice=text, now=NOW
    )


def error(text: str) -> str:
    return error_page("/b/", 404, title=text, message=text, sign_in="/b/login")


def document(text: str) -> str:
    return document_page(
        "/b/", text, text, text, text, {"components": [text]}, version="3.9.2", share=True, public=True
    )


PAGES = [index, gallery, login, register, code, account, error, document]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("page", PAGES)
def test_no_text_makes_an_element_or_an_attribute(page: Callable[[str], str], text: str) -> None:
    assert shape(page(text)) == shape(page("harmless"))


# Elements whose text starts a paragraph of its own, so that its direction ends with it.
ALONE = {"bdi", "title", "p", "h1", "code"}


@pytest.mark.parametrize("page", PAGES)
def test_a_name_does_not_turn_the_sentence_around_it(page: Callable[[str], str]) -> None:
    text = "\u202egnp.exe"
    holders = {element.tag for element in elements(page(text)) if text in element.text}
    assert holders <= ALONE | {"script"}


@pytest.mark.parametrize("text", ["javascript:alert(1)", "//elsewhere.example/", "../../login"])
@pytest.mark.parametrize("page", PAGES)
def test_no_text_becomes_a_link_to_elsewhere(page: Callable[[str], str], text: str) -> None:
    for element in elements(page(text)):
        for name in ("href", "src", "action"):
            assert element.attributes.get(name, "/").startswith(("/b/", "/bokeh/", "/", "#"))
            assert not element.attributes.get(name, "").startswith("//")
