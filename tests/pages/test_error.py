import re
from pathlib import Path

import pytest

from bokeh_wsgi.page_files import ASSETS
from bokeh_wsgi.pages.error import error_page
from bokeh_wsgi.pages.render import asset_url


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 411, 413, 429, 500, 503])
def test_an_error_tells_people_what_happened_and_the_way_back(status: int) -> None:
    page = error_page("/plots/", status, message="Document <d1> is not here.")
    assert f'<p class="status">{status}</p>' in page
    assert "That did not work" not in page
    assert "Document &lt;d1&gt; is not here." in page
    assert 'href="/plots/"' in page


def test_an_error_without_a_message_has_no_empty_line() -> None:
    assert 'class="message"' not in error_page("/", 404)


def test_an_unknown_status_has_a_page_too() -> None:
    assert "That did not work" in error_page("/", 418)


def test_those_who_are_not_signed_in_are_led_there() -> None:
    page = error_page("/plots/", 404, sign_in="/plots/login?next=%2Fplots%2Fdoc%2Fd1")
    assert 'href="/plots/login?next=%2Fplots%2Fdoc%2Fd1"' in page
    assert "If it is yours, or was shared with you, sign in." in page
    assert "sign in" not in error_page("/plots/", 404)


def test_the_address_of_an_asset_changes_with_its_content() -> None:
    assert asset_url("/b/", "site.css").startswith("/b/static/site.css?v=")
    assert asset_url("/b/", "site.css") != asset_url("/b/", "document.css").replace("document", "site")


@pytest.mark.parametrize("path", sorted(ASSETS.iterdir()), ids=lambda path: path.name)
def test_assets_ask_no_other_host(path: Path) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert "://" not in text


@pytest.mark.parametrize("path", sorted(ASSETS.glob("*.js")), ids=lambda path: path.name)
def test_scripts_make_no_html_from_text(path: Path) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", path.read_text())
