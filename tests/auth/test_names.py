import unicodedata

import pytest

from bokeh_wsgi.auth.names import checked_site_user, checked_title, checked_user, kept_form, skeleton
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
        ("Антон", "антон"),
        ("佐々木", "佐々木"),
        ("Işıl", "işıl"),
        ("김민수", "김민수"),
        ("שרה", "שרה"),
        ("②", "2"),
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
        "b०b",  # a digit of another script
        "b٠b",
        "ada\u1160",  # a letter that cannot be seen
        "ada\u3164",
        "\u115f",
        "김\u1100",  # Hangul that is no syllable
        "ᏢᎪ",  # a script that is hardly written, and looks Latin
        "ـada",
    ],
)
def test_a_name_that_misleads_or_breaks_something_is_refused(name: object) -> None:
    with pytest.raises(BadRequest, match="name"):
        checked_user(name)


# Default_Ignorable_Code_Point of Unicode 15.0.
UNSEEN = [
    *(range(0xAD, 0xAE), range(0x34F, 0x350), range(0x61C, 0x61D), range(0x115F, 0x1161)),
    *(range(0x17B4, 0x17B6), range(0x180B, 0x1810), range(0x200B, 0x2010), range(0x202A, 0x202F)),
    *(range(0x2060, 0x2070), range(0x3164, 0x3165), range(0xFE00, 0xFE10), range(0xFEFF, 0xFF00)),
    *(range(0xFFA0, 0xFFA1), range(0xFFF0, 0xFFF9), range(0x1BCA0, 0x1BCA4), range(0x1D173, 0x1D17B)),
    *(range(0xE0000, 0xE1000),),
]


def test_no_name_has_a_character_that_cannot_be_seen() -> None:
    for point in (point for points in UNSEEN for point in points):
        for name in (f"a{chr(point)}b", f"한{chr(point)}글", f"a{chr(point)}", chr(point)):
            with pytest.raises(BadRequest):
                checked_user(name)


def test_every_letter_of_a_name_is_of_one_form_and_no_mark() -> None:
    """Whatever is taken is a letter or digit, and is kept as it is kept."""
    taken = 0
    for point in range(0x250):
        try:
            known = checked_user(f"a{chr(point)}")
        except BadRequest:
            continue
        taken += 1
        assert known == checked_user(known) == kept_form(known)
        assert all(unicodedata.category(char) in ("Ll", "Lo", "Nd", "Pd", "Po", "Pc", "Sm") for char in known)
    assert taken > 400


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("adɑ", "ada"),
        ("аdа", "ada"),
        ("b0b", "bob"),
        ("pau1", "paul"),
        ("paui", "paui"),
        ("modern", "modem"),
        ("ǀars", "lars"),
        ("kırık", "kirik"),
        ("ﬁona", "fiona"),
        ("ローマ", "口一マ"),
    ],
)
def test_names_that_look_alike_have_one_skeleton(name: str, look: str) -> None:
    assert skeleton(kept_form(name)) == skeleton(kept_form(look))


@pytest.mark.parametrize(("name", "other"), [("ada", "adä"), ("bob", "bab"), ("лада", "lada"), ("안", "만")])
def test_names_that_do_not_look_alike_have_two(name: str, other: str) -> None:
    assert skeleton(name) != skeleton(other)


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
