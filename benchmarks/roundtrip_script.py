"""The script of this project's side: ``python -m benchmarks.roundtrip_script url``; says the docid."""

import sys
from typing import Any

from bokeh.document import Document

from bokeh_wsgi import Session

from .roundtrip_models import add_models, answer


def main(url: str) -> None:
    session = Session(root_url=url, load_from_config=False)
    session.use_doc("round trip", clear=True)
    document = Document()

    def changed(attr: str, old: Any, new: Any) -> None:
        answer(document, new)

    add_models(document).on_change("value", changed)
    session.store_document(document)
    print("document", session.docid, flush=True)
    session.run(document)


if __name__ == "__main__":
    main(*sys.argv[1:])
