"""Normalizes and checks user names and document titles."""

import unicodedata

from bokeh_wsgi.exc import BadRequest

from .confusables import skeleton as skeleton

MAX_USER_LENGTH = 64
MAX_TITLE_LENGTH = 200
_PUNCTUATION = frozenset("-._+@")
_DIGITS = frozenset("0123456789")
# Scripts in common use (UAX #31, table 5), by the first word of their letters' Unicode names.
_WRITTEN_TOGETHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})
_SCRIPTS = _WRITTEN_TOGETHER | {
    *("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN", "HEBREW", "ARABIC", "THAANA", "ETHIOPIC"),
    *("DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM"),
    *("SINHALA", "THAI", "LAO", "TIBETAN", "MYANMAR", "KHMER"),
}
# Marks that names may contain; other modifier letters are hardly visible.
_MARKS = frozenset("々ーゝゞヽヾๆໆ")
# Whole Hangul syllables. Other Hangul characters are partial, and some are invisible.
_SYLLABLES = range(0xAC00, 0xD7A4)


def kept_form(name: object) -> str:
    """The stored form of a user name: NFKC, lowercase; "" for what was never a valid name."""
    if not isinstance(name, str) or len(name) > 4 * MAX_USER_LENGTH:
        return ""
    known = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).casefold())
    return known if len(known) <= MAX_USER_LENGTH and known.isprintable() and " " not in known else ""


def checked_user(name: object) -> str:
    """The stored form of a new user's name; raises BadRequest.

    Letters, the digits 0 to 9 and ``-._+@``, starting with a letter or digit. All letters are of one script,
    and together do not look like Latin ones. Does not compare with other users' names: see `skeleton`.
    """
    if not isinstance(name, str) or not name.strip():
        raise BadRequest("Choose a user name.")
    if len(name.strip()) > MAX_USER_LENGTH:
        raise BadRequest(f"A user name has {MAX_USER_LENGTH} characters at most.")
    known = kept_form(name)
    scripts = {_script(char) for char in known} - {"DIGIT", "PUNCTUATION"}
    if not known or known[0] in _PUNCTUATION or "" in scripts:
        raise BadRequest("A user name has letters, digits and -._+@, and begins with a letter or a digit.")
    if len(scripts) > 1 and not scripts <= _WRITTEN_TOGETHER:
        raise BadRequest("A user name is in letters of one script, so that no name looks like another.")
    if scripts - {"LATIN"} and skeleton(known).isascii():
        raise BadRequest("This name would look like another one in Latin letters: choose a different one.")
    return known


def _script(char: str) -> str:
    """The script of a letter: ``"LATIN"``, ``"GREEK"``, …; "" for characters that names may not contain."""
    if char in _DIGITS:
        return "DIGIT"
    if char in _PUNCTUATION:
        return "PUNCTUATION"
    script = unicodedata.name(char, "").split(" ")[0].split("-")[0].replace("IDEOGRAPHIC", "CJK")
    is_letter = unicodedata.category(char) in ("Ll", "Lo") or char in _MARKS
    is_whole = script != "HANGUL" or ord(char) in _SYLLABLES
    return script if is_letter and is_whole and script in _SCRIPTS else ""


def checked_site_user(name: object) -> str:
    """A user name from ``identify=``, unchanged; raises BadRequest for what cannot be one."""
    if not isinstance(name, str) or not name or not name.isprintable() or len(name) > 4 * MAX_USER_LENGTH:
        raise BadRequest(f"identify= gave {name!r}, which is no user name.")
    return name


def checked_title(title: object) -> str:
    """The stored form of a document's title: NFC, without surrounding spaces; raises BadRequest."""
    if not isinstance(title, str) or not title.strip():
        raise BadRequest('Send the title as JSON, {"title": "…"}; it may not be empty.')
    known = unicodedata.normalize("NFC", title.strip())
    if len(known) > MAX_TITLE_LENGTH or not known.isprintable():
        raise BadRequest(f"A title has {MAX_TITLE_LENGTH} printable characters at most.")
    return known
