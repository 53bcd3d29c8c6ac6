"""``~/.bokeh/config.json``: the user and key to use at each server."""

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


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
            if entry is not None and entry.get("root_url") == root_url:
                return entry
        return {}

    def save(self, key: str, entry: dict[str, Any]) -> None:
        """Write one entry; readable by the user alone, and never half."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = json.dumps({**self.load(), key: entry}, indent=2)
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
