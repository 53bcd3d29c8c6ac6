"""Names that people choose: of users, and titles of documents."""

import unicodedata

from bokeh_wsgi.exc import BadRequest

from .confusables import skeleton as skeleton

MAX_USER_LENGTH = 64
MAX_TITLE_LENGTH = 200
_PUNCTUATION = frozenset("-._+@")
_DIGITS = frozenset("0123456789")
# Scripts that people write today (UAX #31, table 5), by the first word of their letters' names.
_WRITTEN_TOGETHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})
_SCRIPTS = _WRITTEN_TOGETHER | {
    *("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN", "HEBREW", "ARABIC", "THAANA", "ETHIOPIC"),
    *("DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM"),
    *("SINHALA", "THAI", "LAO", "TIBETAN", "MYANMAR", "KHMER"),
}
# Marks that are letters of names; others of their kind are hardly seen.
_MARKS = frozenset("々ーゝゞヽヾๆໆ")
# What is left of Hangul where a syllable is not whole, among which are letters that cannot be seen.
_SYLLABLES = range(0xAC00, 0xD7A4)


def kept_form(name: object) -> str:
    """A user name as it is kept: NFKC and in small letters; "" for what can be none, of whatever age."""
    if not isinstance(name, str) or len(name) > 4 * MAX_USER_LENGTH:
        return ""
    known = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).casefold())
    return known if len(known) <= MAX_USER_LENGTH and known.isprintable() and " " not in known else ""


def checked_user(name: object) -> str:
    """A new user's name, in the form in which it is kept; raises BadRequest.

    Letters, the digits 0 to 9 and ``-._+@``, beginning with a letter or digit. The letters are of one script,
    and together do not look like Latin ones. Whether another user's name looks the same is another question:
    see `skeleton`.
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
    """The script of a letter, by its Unicode name: ``"LATIN"``, ``"GREEK"``, …; "" for what no name has."""
    if char in _DIGITS:
        return "DIGIT"
    if char in _PUNCTUATION:
        return "PUNCTUATION"
    script = unicodedata.name(char, "").split(" ")[0].split("-")[0].replace("IDEOGRAPHIC", "CJK")
    is_letter = unicodedata.category(char) in ("Ll", "Lo") or char in _MARKS
    is_whole = script != "HANGUL" or ord(char) in _SYLLABLES
    return script if is_letter and is_whole and script in _SCRIPTS else ""


def checked_site_user(name: object) -> str:
    """A user name that the site around this server gave; raises BadRequest for what cannot be one.

    It is taken as it is: the site says which names are whose.
    """
    if not isinstance(name, str) or not name or not name.isprintable() or len(name) > 4 * MAX_USER_LENGTH:
        raise BadRequest(f"identify= gave {name!r}, which is no user name.")
    return name


def checked_title(title: object) -> str:
    """A document's title as it is kept: NFC, without spaces around it; raises BadRequest."""
    if not isinstance(title, str) or not title.strip():
        raise BadRequest('Send the title as JSON, {"title": "…"}; it may not be empty.')
    known = unicodedata.normalize("NFC", title.strip())
    if len(known) > MAX_TITLE_LENGTH or not known.isprintable():
        raise BadRequest(f"A title has {MAX_TITLE_LENGTH} printable characters at most.")
    return known
