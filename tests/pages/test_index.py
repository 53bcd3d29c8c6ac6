from dataclasses import dataclass

import pytest

from bokeh_wsgi.pages import index_page
from bokeh_wsgi.pages.index import ago, size

NOW = 1_750_000_000.0


@dataclass
class Record:
    docid: str
    title: str
    changed: float
    bytes: int = 1000


def test_documents_are_listed_newest_change_first() -> None:
    page = index_page("/bokeh/", [Record("a", "older", NOW - 9), Record("b", "newer", NOW)], None, now=NOW)
    assert page.index("newer") < page.index("older")


def test_every_link_is_built_from_the_mount() -> None:
    page = index_page("/plots/", [Record("d 1/2", "stocks", NOW)], None, now=NOW)
    assert 'href="/plots/doc/d%201%2F2"' in page
    assert 'data-delete="/plots/doc/d%201%2F2"' in page
    assert '"/bokeh/' not in page


def test_a_title_is_text_whatever_it_holds() -> None:
    page = index_page("/bokeh/", [Record("a", '<script>"&', NOW)], "<i>", now=NOW)
    assert "<script>&" not in page
    assert "<i>" not in page
    assert "&lt;script&gt;&#34;&amp;" in page


def test_a_document_without_a_title_can_still_be_clicked() -> None:
    assert ">Untitled</a>" in index_page("/bokeh/", [Record("a", "", NOW)], None, now=NOW)


def test_the_last_change_is_told_roughly_and_exactly() -> None:
    page = index_page("/bokeh/", [Record("a", "stocks", NOW - 300)], None, now=NOW)
    assert (
        'datetime="2025-06-15T15:01:40+00:00" title="Sunday, 15 June 2025, 15:01:40 UTC">5 minutes ago<'
        in page
    )


def test_without_documents_the_page_tells_how_to_publish_one_to_this_server() -> None:
    page = index_page("/bokeh/", [], None, root_url="http://plots.example/bokeh/")
    assert '<div id="list" hidden>' in page
    assert "output_server(&#34;my first plot&#34;" in page or 'output_server("my first plot"' in page
    assert "http://plots.example/bokeh/" in page


def test_a_signed_in_user_is_named_and_the_only_user_is_not() -> None:
    assert "Signed in as <strong>ada</strong>" in index_page("/bokeh/", [], "ada")
    assert "Signed in" not in index_page("/bokeh/", [], "defaultuser")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7199, "1 hour ago"),
        (7200, "2 hours ago"),
        (86_400, "yesterday"),
        (8 * 86_400, "last week"),
        (21 * 86_400, "3 weeks ago"),
        (70 * 86_400, "2 months ago"),
        (366 * 86_400, "last year"),
    ],
)
def test_a_time_span_is_told_as_people_say_it(seconds: float, text: str) -> None:
    assert ago(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (12_345, "12 kB"),
        (999_999, "1.0 MB"),
        (3_200_000_000, "3.2 GB"),
    ],
)
def test_a_size_is_told_in_the_largest_fitting_unit(count: int, text: str) -> None:
    assert size(count) == text
