"""Names that people choose: of users, and titles of documents."""

import unicodedata

from bokeh_wsgi.exc import BadRequest

MAX_USER_LENGTH = 64
MAX_TITLE_LENGTH = 200
_PUNCTUATION = frozenset("-._+@")
# Letters of other scripts that look like Latin ones: a name of nothing else could pass for a Latin name.
_LOOK_LATIN = frozenset("аеорсухіјѕһԁԛԝӏкмтвн" + "οανικρτυχωγ" + "օսոհցք")


def checked_user(name: object) -> str:
    """A user name as it is kept: NFKC and in lower case; raises BadRequest.

    Letters, digits and ``-._+@``, beginning with a letter or digit; the letters are of one script, and not
    all of them look like Latin ones. So no two names look the same.
    """
    if not isinstance(name, str) or not name.strip():
        raise BadRequest("Choose a user name.")
    known = unicodedata.normalize("NFKC", name.strip()).casefold()
    if len(known) > MAX_USER_LENGTH:
        raise BadRequest(f"A user name has {MAX_USER_LENGTH} characters at most.")
    if not known[0].isalnum() or not all(char.isalnum() or char in _PUNCTUATION for char in known):
        raise BadRequest("A user name has letters, digits and -._+@, and begins with a letter or a digit.")
    scripts = {_script(char) for char in known if char.isalpha()}
    if len(scripts) > 1 and not scripts <= _WRITTEN_TOGETHER:
        raise BadRequest("A user name is in letters of one script, so that no name looks like another.")
    if scripts - {"LATIN"} and all(char in _LOOK_LATIN for char in known if char.isalpha()):
        raise BadRequest("This name would look like another one in Latin letters: choose a different one.")
    return known


_WRITTEN_TOGETHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})


def _script(char: str) -> str:
    """The script of a letter, by its Unicode name: ``"LATIN"``, ``"CYRILLIC"``, …"""
    return unicodedata.name(char, "UNKNOWN").split(" ")[0].split("-")[0]


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
