"""An account's documents: made, named, published, shared, embedded; one of them is in use."""

import threading
from typing import Any, Literal
from urllib.parse import quote

from bokeh_wsgi.exc import SessionError

from .account import Account


class Documents(Account):
    """What an `Account` does with its documents as wholes. Most methods are about the one in use."""

    _docid: str | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tokens: dict[tuple[str, bool], str] = {}
        self._tokens_lock = threading.Lock()

    @property
    def docid(self) -> str:
        """The document in use; raises `SessionError` before `use_doc`."""
        if self._docid is None:
            raise SessionError("this session has no document yet: call use_doc(title) first")
        return self._docid

    @property
    def _quoted(self) -> str:
        return quote(self.docid, safe="")

    def make_doc(self, title: str) -> str:
        """The docid of this user's document of that title; makes the document if there is none."""
        docid: str = self._send("POST", "doc", {"title": title}).json()["docid"]
        return docid

    def find_doc(self, name: str) -> str:
        """The same as `make_doc`: a title names one document of a user."""
        return self.make_doc(name)

    def delete_doc(self, docid: str | None = None) -> None:
        """Delete a document (default: the one in use) and all its data; its open pages say so."""
        self._send("DELETE", f"doc/{quote(self.docid if docid is None else docid, safe='')}")

    def rename(self, title: str) -> None:
        """Give the document another title; its links stay. Raises `ServerRefused` if that one is taken."""
        self._send("PATCH", f"doc/{self._quoted}", {"title": title})

    @property
    def access(self) -> dict[str, Any]:
        """Who may do what: ``{"title", "owner", "right", "published", "shares", "link", "public_link"}``.

        ``right`` is this user's: "read", "write" or "own". ``shares``, a list of ``{"user", "right"}``, are
        for the owner to see; others get an empty list.
        """
        return self._send("GET", f"access/{self._quoted}").json()

    def publish(self) -> str:
        """Let everybody see the document, live, also without signing in; returns its public link."""
        self._send("PUT", f"access/{self._quoted}/published")
        return self.document_link(public=True)

    def unpublish(self) -> None:
        """Take `publish` back; public pages that are open say so and stop."""
        self._send("DELETE", f"access/{self._quoted}/published")
        with self._tokens_lock:
            self._tokens.pop((self.docid, True), None)

    def share(self, user: str, right: Literal["read", "write"] = "read") -> None:
        """Let another user see the document, or change it too. Raises `ServerRefused` for an unknown user."""
        if right not in ("read", "write"):
            raise ValueError(f'a document is shared to "read" or to "write", not {right!r}')
        self._send("PUT", f"access/{self._quoted}/users/{quote(user, safe='')}", {"right": right})

    def unshare(self, user: str) -> None:
        """Take `share` back; pages of that user that are open say so and stop."""
        self._send("DELETE", f"access/{self._quoted}/users/{quote(user, safe='')}")

    def embed_token(self, *, public: bool = False) -> str:
        """What lets a page elsewhere read this document and nothing else; made once per session.

        It has no end but `withdraw_tokens`; a ``public`` one also ends when the document is unpublished.
        """
        key = (self.docid, public)
        with self._tokens_lock:
            if key not in self._tokens:
                answer = self._send("POST", f"access/{self._quoted}/tokens", {"public": public}).json()
                self._tokens[key] = answer["token"]
            return self._tokens[key]

    def frame_code(self) -> str:
        """What makes an embedded frame one in which people do things as this user does, for 12 hours.

        It ends sooner with the tokens (`withdraw_tokens`), or with this session's key.
        """
        code: str = self._send("POST", f"access/{self._quoted}/codes", {}).json()["code"]
        return code

    def withdraw_tokens(self) -> None:
        """End all embed tokens of the document, whoever made them: pages elsewhere stop showing it."""
        self._send("DELETE", f"access/{self._quoted}/tokens")
        with self._tokens_lock:
            for public in (False, True):
                self._tokens.pop((self.docid, public), None)

    def document_link(self, public: bool = False) -> str:
        """The address of the document's page; the ``public`` one shows what people see who don't sign in."""
        return f"{self.base_url}doc/{self._quoted}{'?public=true' if public else ''}"
