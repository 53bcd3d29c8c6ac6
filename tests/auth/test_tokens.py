import time
from dataclasses import replace

import pytest

from bokeh_wsgi.auth import DocumentToken, Tokens
from bokeh_wsgi.auth.tokens import PAGE_S
from bokeh_wsgi.exc import AccessDenied

EMBED = DocumentToken("d", "ada", 3)
PAGE = DocumentToken("d", "ada", 3, is_page=True, credential="k", began=int(time.time()))


def test_an_embeds_token_says_what_it_opens_and_does_not_end() -> None:
    tokens = Tokens(["key"])
    assert tokens.read(tokens.issue(EMBED)) == EMBED


def test_a_pages_token_says_how_long_it_lasts() -> None:
    tokens = Tokens(["key"])
    read = tokens.read(tokens.issue(PAGE))
    assert read.left_s is not None
    assert replace(read, left_s=None) == PAGE
    assert 0 < read.left_s <= tokens.page_token_s


def test_a_pages_token_ends_by_itself() -> None:
    tokens = Tokens(["key"], page_token_s=-1)
    with pytest.raises(AccessDenied, match="expired"):
        tokens.read(tokens.issue(PAGE))


def test_a_pages_token_ends_however_often_it_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(["key"])
    started, token = PAGE.began, PAGE
    for after_s in range(0, PAGE_S, tokens.page_token_s // 2):
        now = started + after_s
        monkeypatch.setattr(time, "time", lambda now=now: now)
        token = tokens.read(tokens.issue(token))
    text = tokens.issue(token)
    monkeypatch.setattr(time, "time", lambda: started + PAGE_S + 1)
    with pytest.raises(AccessDenied, match="expired"):
        tokens.read(text)
    with pytest.raises(AccessDenied, match="expired"):
        tokens.read(tokens.issue(token))


def test_the_page_of_a_frame_lasts_as_long_as_its_code() -> None:
    tokens = Tokens(["key"])
    framed = tokens.read_frame(tokens.sign_frame(PAGE))
    assert framed is not None
    assert framed.ends <= time.time() + PAGE_S
    assert tokens.read(tokens.issue(framed)).began == framed.began


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "WyJkIiwiYWRhIiwzXQ.aaaa.bbbb", "é", "\ud800"])
def test_a_forged_token_opens_nothing(text: str) -> None:
    with pytest.raises(AccessDenied):
        Tokens(["key"]).read(text)


def test_no_byte_of_a_token_can_be_changed() -> None:
    tokens = Tokens(["key"])
    text = tokens.issue(EMBED)
    for at in range(len(text) - 1):  # the last character has bits that mean nothing
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        with pytest.raises(AccessDenied):
            tokens.read(changed)


def test_what_was_signed_for_one_purpose_is_of_no_use_for_another() -> None:
    tokens = Tokens(["key"])
    for text in (tokens.sign_login("d"), tokens.sign_form("d")):
        with pytest.raises(AccessDenied):
            tokens.read(text)
    assert tokens.read_login(tokens.sign_form("d")) == ""
    assert not tokens.is_form(tokens.sign_login("d"), "d")


def test_an_older_key_is_accepted_and_the_newest_signs() -> None:
    old, rotated, new = Tokens(["old"]), Tokens(["old", "new"]), Tokens(["new"])
    assert rotated.read(old.issue(EMBED)) == EMBED
    assert new.read(rotated.issue(EMBED)) == EMBED
    with pytest.raises(AccessDenied):
        old.read(rotated.issue(EMBED))
    assert rotated.read_login(old.sign_login("l")) == "l"
    assert old.read_login(rotated.sign_login("l")) == ""


def test_a_login_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(["key"], login_s=100)
    cookie = tokens.sign_login("l")
    assert tokens.read_login(cookie) == "l"
    later = time.time() + 102
    monkeypatch.setattr(time, "time", lambda: later)
    assert tokens.read_login(cookie) == ""


def test_a_forms_token_is_for_one_subject() -> None:
    tokens = Tokens(["key"])
    token = tokens.sign_form("login 1")
    assert tokens.is_form(token, "login 1")
    assert not tokens.is_form(token, "login 2")
    assert not tokens.is_form(tokens.sign_form(""), "")


def test_a_forms_token_does_not_say_whose_it_is() -> None:
    tokens = Tokens(["key"])
    texts = [tokens.sign_form(subject) for subject in ("login 5f1c", "login 5f1d")]
    assert texts[0].split(".")[:-1] == texts[1].split(".")[:-1]
