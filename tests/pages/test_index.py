from typing import Any

import pytest

from bokeh_wsgi.pages.index import index_page
from bokeh_wsgi.store import DocumentRecord

from .reading import elements, find
from .records import NOW, record


def index(*own: DocumentRecord, viewers: int | None = None, mount: str = "/bokeh/", **options: Any) -> str:
    return index_page(
        mount,
        **{
            "own": [(document, viewers) for document in own],
            "shared": [],
            "username": "ada",
            "csrf": "a.csrf.token",
            "root_url": "http://plots.example/bokeh/",
            "multi_user": True,
            "gallery": False,
            "now": NOW,
            **options,
        },
    )


def test_documents_are_listed_newest_change_first() -> None:
    page = index(record("a", "earlier", NOW - 9), record("b", "later"))
    assert page.index("later") < page.index("earlier")


def test_every_link_is_built_from_the_mount() -> None:
    page = index(record("d 1/2", "stocks"), mount="/plots/", gallery=True)
    assert 'href="/plots/doc/d%201%2F2"' in page
    assert 'data-href="/plots/doc/d%201%2F2"' in page
    assert 'href="/plots/gallery"' in page
    assert 'action="/plots/logout"' in page
    assert '"/bokeh/' not in page


def test_a_document_without_a_title_can_still_be_clicked() -> None:
    assert "<bdi>Untitled</bdi></a>" in index(record("a", ""))


def test_the_last_change_is_told_roughly_and_exactly() -> None:
    time = find(index(record("a", "stocks", NOW - 300)), "time")
    assert time.attributes == {
        "datetime": "2025-06-15T15:01:40+00:00",
        "title": "Sunday, 15 June 2025, 15:01:40 UTC",
    }
    assert time.text == "5 minutes ago"


@pytest.mark.parametrize(("viewers", "text"), [(0, "0 viewers"), (1, "1 viewer"), (12, "12 viewers")])
def test_how_many_are_looking_is_told_if_it_is_known(viewers: int, text: str) -> None:
    assert find(index(record("a", "stocks"), viewers=viewers), "span", class_="fact viewers").text == text
    assert "viewers" not in index(record("a", "stocks"))


def test_a_published_document_is_marked() -> None:
    assert (
        "hidden" not in find(index(record("a", "x", published=True)), "span", class_="mark public").attributes
    )
    assert "hidden" in find(index(record("a", "x")), "span", class_="mark public").attributes


def test_what_others_share_has_its_owner_and_right_and_nothing_to_do_but_open_it() -> None:
    shared = [(record("a", "seen", owner="bob"), "read"), (record("b", "edited", owner="carol"), "write")]
    page = index(shared=shared)
    assert "by <bdi>bob</bdi>" in page
    assert page.count("You can change it") == 1
    assert "Shared with you" in page
    assert not [element for element in elements(page) if element.attributes.get("class") == "plain more"]


def test_without_documents_the_page_tells_how_to_publish_one_to_this_server() -> None:
    page = index()
    assert "hidden" in find(page, "div", id="list").attributes
    assert "hidden" not in find(page, "section", id="empty").attributes
    assert 'output_server("my first plot", url="http://plots.example/bokeh/")' in page


def test_a_signed_in_user_is_named_and_can_sign_out() -> None:
    page = index()
    assert "<bdi>ada</bdi></a>" in page
    form = find(page, "form", method="post")
    assert form.attributes["action"] == "/bokeh/logout"
    assert find(page, "input", name="csrf").attributes["value"] == "a.csrf.token"
    assert find(page, "meta", name="csrf").attributes["content"] == "a.csrf.token"


def test_signing_out_is_the_sites_business_where_signing_in_is() -> None:
    page = index(site_login=True)
    assert "logout" not in page
    assert "<bdi>ada</bdi></a>" in page


def test_a_server_without_accounts_speaks_of_no_account_and_no_sharing() -> None:
    page = index(record("a", "stocks"), username="defaultuser", multi_user=False, csrf="")
    for word in ("defaultuser", "logout", "Share…", "People", "csrf"):
        assert word not in page
    assert "Embed code…" in page


def test_the_gallery_is_linked_where_there_is_one() -> None:
    assert ">Gallery</a>" in index(gallery=True)
    assert "Gallery" not in index()
