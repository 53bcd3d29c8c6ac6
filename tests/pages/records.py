"""Records of a store, as the pages get them."""

from bokeh_wsgi.store import Credential, DocumentRecord

NOW = 1_750_000_000.0


def record(
    docid: str, title: str, changed: float = NOW, *, published: bool = False, owner: str = "ada"
) -> DocumentRecord:
    return DocumentRecord(docid, owner, title, changed, changed, 1, 1000, published)


def key(id: str, name: str, kind: str = "key", created: float = NOW) -> Credential:  # noqa: A002
    return Credential(id, "ada", kind, name, "", created)
