"""``~/.bokeh/config.json``: the user and key to use at each server."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

try:
    import fcntl as _fcntl
except ImportError:  # Windows
    fcntl: ModuleType | None = None
else:
    fcntl = _fcntl


class Config:
    """The saved sessions, by root URL; files that Bokeh 0.9 wrote (by session name) are read too."""

    def __init__(self, configdir: str | os.PathLike[str] | None = None) -> None:
        self.directory = Path.home() / ".bokeh" if configdir is None else Path(configdir)
        self.path = self.directory / "config.json"

    def load(self) -> dict[str, dict[str, Any]]:
        """All entries; none if there is no file, or one that is not ours."""
        try:
            content = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return {}
        if not isinstance(content, dict):
            return {}
        return {key: entry for key, entry in content.items() if isinstance(entry, dict)}

    def find(self, name: str | None, root_url: str) -> dict[str, Any]:
        """The entry for a session of this name, else for this server; an entry of another server is none."""
        entries = self.load()
        for entry in (entries.get(name or ""), entries.get(root_url), *entries.values()):
            if entry is not None and root_url in _addresses(entry):
                return entry
        return {}

    def save(self, key: str, entry: dict[str, Any]) -> None:
        """Write one entry; readable by the user alone, never half, and without losing another script's.

        Entries of the same server under other names go: what they say is older.
        """
        with self._locked():
            self._write({**self._entries_without(_addresses(entry)), key: entry})

    def forget(self, *urls: str) -> None:
        """Remove all entries of a server that is known by these addresses."""
        if not self.load():
            return
        with self._locked():
            kept = self._entries_without(set(urls))
            if len(kept) < len(self.load()):
                self._write(kept)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """No other script writes in here, where the system can lock a folder: the file itself is replaced."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if fcntl is None:
            yield
            return
        folder = os.open(self.directory, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _entries_without(self, addresses: set[str]) -> dict[str, dict[str, Any]]:
        return {name: entry for name, entry in self.load().items() if not addresses & _addresses(entry)}

    def _write(self, entries: dict[str, dict[str, Any]]) -> None:
        content = json.dumps(entries, indent=2)
        # Made with mode 0600, in the same folder, so that the replacement is one step.
        handle, name = tempfile.mkstemp(prefix=".config-", dir=self.directory)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(content)
            os.replace(name, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


def _addresses(entry: dict[str, Any]) -> set[str]:
    """The root URL of a server, and where its app was found from there, if that was known."""
    return {str(entry[name]) for name in ("root_url", "base_url") if name in entry}
