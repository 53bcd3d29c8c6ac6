"""Records as the server hands them to the pages."""

from dataclasses import dataclass

NOW = 1_750_000_000.0


@dataclass
class Record:
    docid: str
    title: str
    changed: float = NOW
    bytes: int = 1000
    published: bool = False
    viewers: int | None = None
    owner: str = "ada"


@dataclass
class Key:
    id: str
    name: str
    kind: str = "key"
    created: float = NOW
    current: bool = False
