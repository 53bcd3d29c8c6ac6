"""Stores columns and then streams to them: ``python -m benchmarks.publisher ours|bokeh url rows``.

Prints its memory in bytes: at rest, and at most.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.client import push_session
from bokeh.document import Document
from bokeh.models import ColumnDataSource

from bokeh_wsgi import Session

UPDATES = 200
ADDED = 1_000


def status(field: str, pid: str | int = "self") -> int:
    """Bytes of a field of /proc: VmRSS is the memory now, VmHWM at most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field))


def main(kind: str, url: str, rows: int) -> None:
    source = ColumnDataSource({"x": np.zeros(1), "y": np.zeros(1)})
    document = Document()
    document.add_root(source)
    if kind == "ours":
        session: Any = Session(root_url=url, load_from_config=False)
        session.use_doc("memory")
        session.store_document(document)
    else:
        session = push_session(document, url=url, max_message_size=1 << 31)
    at_rest = status("VmRSS")
    data: Any = {"x": np.arange(float(rows)), "y": np.random.default_rng(1).standard_normal(rows)}
    np.cumsum(data["y"], out=data["y"])
    source.data = data
    del data
    store = (lambda: session.store_objects(source)) if kind == "ours" else session.force_roundtrip
    store()
    for step in range(UPDATES):
        x = rows + step * float(ADDED)
        source.stream({"x": np.arange(x, x + ADDED), "y": np.zeros(ADDED)}, rollover=rows)
        store()
    print(at_rest, status("VmHWM"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
