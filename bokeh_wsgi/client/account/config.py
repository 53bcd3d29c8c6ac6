"""`Config`: the file ``~/.bokeh/config.json`` with the user and key for each server."""

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
    """The saved entries, by root URL. Files of Bokeh 0.9, which are by session name, can be read, too."""

    def __init__(self, configdir: str | os.PathLike[str] | None = None) -> None:
        self.directory = Path.home() / ".bokeh" if configdir is None else Path(configdir)
        self.path = self.directory / "config.json"

    def load(self) -> dict[str, dict[str, Any]]:
        """All entries; none if there is no file, or if it has another format."""
        try:
            content = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return {}
        if not isinstance(content, dict):
            return {}
        return {key: entry for key, entry in content.items() if isinstance(entry, dict)}

    def find(self, name: str | None, root_url: str) -> dict[str, Any]:
        """The entry of this name if it is for this server, else any of this server; {} if there is none."""
        entries = self.load()
        for entry in (entries.get(name or ""), entries.get(root_url), *entries.values()):
            if entry is not None and root_url in _addresses(entry):
                return entry
        return {}

    def save(self, key: str, entry: dict[str, Any]) -> None:
        """Write one entry: atomically, readable by the user alone, and keeping what other scripts wrote.

        Removes entries of the same server under other names, as they are older.
        """
        with self._locked():
            self._write({**self._entries_without(_addresses(entry)), key: entry})

    def forget(self, *urls: str) -> None:
        """Remove all entries of the server at these addresses."""
        if not self.load():
            return
        with self._locked():
            kept = self._entries_without(set(urls))
            if len(kept) < len(self.load()):
                self._write(kept)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock the folder against other scripts (not on Windows): the file itself gets replaced."""
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
        # Created with mode 0600, and in the same folder so that the replacement is atomic.
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
    """The root URL of an entry's server, and its base URL if that was known."""
    return {str(entry[name]) for name in ("root_url", "base_url") if name in entry}
