"""`Documents`: requests that create, rename, publish, share and embed documents."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from .account import Account


class Documents:
    """What an `Account` can do with documents as wholes, by docid. Thread-safe."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._tokens: dict[tuple[str, bool], str] = {}
        self._tokens_lock = threading.Lock()

    def make(self, title: str) -> dict[str, Any]:
        """This user's document of that title, or a new one: ``{"docid", "seq", "generation", …}``."""
        return self._send("POST", "doc", {"title": title}, fields=("docid",))

    def delete(self, docid: str) -> None:
        self._send("DELETE", f"doc/{_quoted(docid)}")

    def rename(self, docid: str, title: str) -> None:
        self._send("PATCH", f"doc/{_quoted(docid)}", {"title": title})

    def access(self, docid: str) -> dict[str, Any]:
        return self._send("GET", f"access/{_quoted(docid)}")

    def viewers(self, docid: str) -> int:
        return int(self._send("GET", f"doc/{_quoted(docid)}/viewers", fields=("viewers",))["viewers"])

    def publish(self, docid: str) -> None:
        self._send("PUT", f"access/{_quoted(docid)}/published")

    def unpublish(self, docid: str) -> None:
        self._send("DELETE", f"access/{_quoted(docid)}/published")
        self._forget_tokens(docid, public=True)

    def share(self, docid: str, user: str, right: Literal["read", "write"]) -> None:
        if right not in ("read", "write"):
            raise ValueError(f'a document is shared to "read" or to "write", not {right!r}')
        self._send("PUT", f"access/{_quoted(docid)}/users/{quote(user, safe='')}", {"right": right})
        # If the user could write before, the server has ended the tokens.
        self._forget_all_tokens(docid)

    def unshare(self, docid: str, user: str) -> None:
        self._send("DELETE", f"access/{_quoted(docid)}/users/{quote(user, safe='')}")
        self._forget_all_tokens(docid)

    def embed_token(self, docid: str, *, public: bool) -> str:
        """A token for pages elsewhere; one per document and session."""
        with self._tokens_lock:
            token = self._tokens.get((docid, public))
            if token is None:
                path = f"access/{_quoted(docid)}/tokens"
                answer = self._send("POST", path, {"public": public}, fields=("token",))
                token = self._tokens[docid, public] = str(answer["token"])
            return token

    def frame_code(self, docid: str) -> str:
        return str(self._send("POST", f"access/{_quoted(docid)}/codes", {}, fields=("code",))["code"])

    def withdraw_tokens(self, docid: str) -> None:
        self._send("DELETE", f"access/{_quoted(docid)}/tokens")
        self._forget_all_tokens(docid)

    def link(self, docid: str, *, public: bool) -> str:
        base_url = self._account.transport.base_url
        return f"{base_url}doc/{_quoted(docid)}{'?public=true' if public else ''}"

    def _forget_all_tokens(self, docid: str) -> None:
        self._forget_tokens(docid, public=False)
        self._forget_tokens(docid, public=True)

    def _forget_tokens(self, docid: str, *, public: bool) -> None:
        with self._tokens_lock:
            self._tokens.pop((docid, public), None)

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, fields: Sequence[str] = ()
    ) -> dict[str, Any]:
        return self._account.send(method, path, body, fields=fields).json()


def _quoted(docid: str) -> str:
    return quote(docid, safe="")
