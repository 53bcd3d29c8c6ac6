from bokeh_wsgi.pages.gallery import gallery_page
from bokeh_wsgi.store import DocumentRecord

from .records import NOW, record


def gallery(*documents: DocumentRecord, username: str | None = None) -> str:
    return gallery_page("/bokeh/", documents=documents, username=username, csrf="", now=NOW)


def test_published_documents_are_listed_with_their_owners_the_newest_change_first() -> None:
    page = gallery(record("a", "earlier", NOW - 9, owner="bob"), record("b", "later"))
    assert page.index("later") < page.index("earlier")
    assert "by <bdi>bob</bdi>" in page
    assert 'href="/bokeh/doc/a"' in page


def test_an_empty_gallery_says_so() -> None:
    assert "Nothing has been published yet." in gallery()


def test_those_who_are_not_signed_in_can_go_there() -> None:
    assert 'href="/bokeh/login"' in gallery()
    assert 'href="/bokeh/login"' in gallery(username="")


def test_those_who_are_signed_in_are_named() -> None:
    page = gallery(username="ada")
    assert "<bdi>ada</bdi></a>" in page
    assert "Sign in" not in page


def test_the_only_user_of_a_server_without_accounts_is_not_named() -> None:
    page = gallery(username="defaultuser")
    assert "defaultuser" not in page
    assert "Sign in" not in page
