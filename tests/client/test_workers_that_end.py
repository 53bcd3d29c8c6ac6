"""Live scripts under a server that replaces its workers."""

import time
from pathlib import Path
from typing import Any

from bokeh.models.widgets import Div

from bokeh_wsgi import Session
from tests.client.scripts import document_of
from tests.servers.kinds import Kind
from tests.servers.running import STOP_S, Running
from tests.waiting import wait_until

ONE_AFTER_THE_OTHER = ("--max-requests", "15")


def test_a_live_script_and_one_that_stores_go_on_at_the_next_worker(tmp_path: Path) -> None:
    with Running(Kind("gunicorn, threads", "gunicorn", 4), tmp_path, *ONE_AFTER_THE_OTHER) as server:
        root_url = f"http://127.0.0.1:{server.port}/"
        seen: list[str] = []
        with (
            Session(root_url=root_url, load_from_config=False) as writer,
            Session(root_url=root_url, load_from_config=False) as follower,
        ):
            written: Any = Div(text="", name="said")
            writer.use_doc("t", clear=True)
            writer.store_document(document_of(written))
            follower.use_doc("t")
            followed = document_of()
            follower.load_document(followed)
            read: Any = followed.get_model_by_name("said")
            read.on_change("text", lambda attr, old, new: seen.append(new))
            with follower.live():
                for step in range(20):
                    written.text = f"step {step}"
                    begun = time.monotonic()
                    writer.store_objects(written)
                    writer.flush()
                    assert time.monotonic() - begun < STOP_S
                wait_until(lambda: seen and seen[-1] == "step 19", STOP_S)
