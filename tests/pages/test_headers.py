import pytest

from bokeh_wsgi.pages.headers import SERVER_PAGE_HEADERS, document_headers


def directives(headers: list[tuple[str, str]]) -> dict[str, str]:
    text = dict(headers)["Content-Security-Policy"]
    return {name: sources for name, _, sources in (part.partition(" ") for part in text.split("; "))}


def test_server_pages_allow_nothing_inline_and_nothing_from_elsewhere() -> None:
    policy = directives(SERVER_PAGE_HEADERS)
    assert policy["default-src"] == "'none'"
    assert {
        policy[kind] for kind in ("script-src", "style-src", "img-src", "connect-src", "form-action")
    } == {"'self'"}
    assert "unsafe" not in str(policy)


def test_server_pages_cannot_be_framed() -> None:
    assert directives(SERVER_PAGE_HEADERS)["frame-ancestors"] == "'none'"


def test_scripts_of_server_pages_make_no_html_from_text() -> None:
    assert directives(SERVER_PAGE_HEADERS)["require-trusted-types-for"] == "'script'"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ],
)
def test_server_pages_are_private(name: str, value: str) -> None:
    assert dict(SERVER_PAGE_HEADERS)[name] == value


def test_who_may_frame_a_document_is_for_the_server_to_say() -> None:
    assert directives(document_headers())["frame-ancestors"] == "'self'"
    told = document_headers(frame_ancestors="'self' https://wiki.example")
    assert directives(told)["frame-ancestors"] == "'self' https://wiki.example"
