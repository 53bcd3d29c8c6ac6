import pytest

from bokeh_wsgi.auth.names import checked_site_user, checked_title, checked_user
from bokeh_wsgi.exc import BadRequest


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ada", "ada"),
        (" Ada ", "ada"),
        ("ADA.Lovelace+x@example.org", "ada.lovelace+x@example.org"),
        ("Ångström", "ångström"),
        ("A\u030angstro\u0308m", "ångström"),
        ("ａｄａ", "ada"),
        ("Дмитрий", "дмитрий"),
        ("山田はな", "山田はな"),
        ("7of9", "7of9"),
    ],
)
def test_a_name_is_kept_in_one_form(given: str, kept: str) -> None:
    assert checked_user(given) == kept
    assert checked_user(kept) == kept


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        None,
        7,
        "a b",
        "a\nb",
        "a\x00",
        "-ada",
        ".",
        "a/b",
        "a:b",
        "<b>",
        "a\u202eb",
        "a\u200bb",
        "x" * 65,
        "раураl",  # Cyrillic but for the last letter
        "аdа",  # Latin with two Cyrillic letters
        "асе",  # Cyrillic letters that all look Latin
        "\ud800",
    ],
)
def test_a_name_that_misleads_or_breaks_something_is_refused(name: object) -> None:
    with pytest.raises(BadRequest, match="name"):
        checked_user(name)


def test_a_sites_names_are_taken_as_they_are() -> None:
    assert checked_site_user("Ada Lovelace <7>") == "Ada Lovelace <7>"
    for name in ("", None, 7, "a\nb", "x" * 1000):
        with pytest.raises(BadRequest):
            checked_site_user(name)


def test_titles_are_kept_in_one_form() -> None:
    assert checked_title("  Gro\u0308ße  ") == "Größe"
    for title in ("", " ", None, "a\u202eb", "a\tb", "x" * 201):
        with pytest.raises(BadRequest, match="title"):
            checked_title(title)
