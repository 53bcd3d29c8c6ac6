"""The frameworks of docs/deploy.md: what is mounted by the lines of the page is published to and read."""

import runpy
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from tests.api.conftest import Api
from tests.waiting import wait_until

from .kinds import DEPLOY, Kind, programs
from .running import STOP_S, Running
from .viewer import Script

FRAMEWORKS = {
    "fastapi": "FastAPI",
    "pyramid": "Pyramid",
    "bottle": "Bottle",
    "falcon": "Falcon",
    "cherrypy": "CherryPy",
}
WITH_SECTIONS_OF_THEIR_OWN = {
    "Flask",
    "Django",
}  # tests/test_blueprint.py and tests/test_django_users.py try those


def test_every_framework_of_the_page_is_tried() -> None:
    table = DEPLOY[DEPLOY.index("| framework |") :].partition("\n\n")[0]
    told = {row.split("|")[1].strip() for row in table.splitlines()[2:]}
    assert told == WITH_SECTIONS_OF_THEIR_OWN | {"FastAPI, Starlette", "Pyramid, Bottle, Falcon", "CherryPy"}
    assert {f"in_{name}.py" for name in FRAMEWORKS} == {name for name in programs() if name.startswith("in_")}


def skip_if_missing(module: str) -> None:
    pytest.importorskip(module, exc_type=ImportError)


class Below:
    """A client of what is below /plots."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, path: str, **options: Any) -> Any:
        return self._client.get(f"/plots{path}", **options)

    def post(self, path: str, **options: Any) -> Any:
        return self._client.post(f"/plots{path}", **options)


@pytest.mark.filterwarnings("ignore:'cgi' is deprecated:DeprecationWarning")  # in Pyramid's WebOb
@pytest.mark.filterwarnings("ignore:pkg_resources is deprecated")
@pytest.mark.parametrize("module", ["pyramid", "bottle", "falcon", "cherrypy"])
def test_a_site_has_its_own_pages_and_below_plots_those_of_the_app(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_if_missing(module)
    monkeypatch.chdir(tmp_path)
    site = run(f"in_{module}.py", tmp_path)["site"]
    client = Client(site)
    assert f"a {FRAMEWORKS[module]} site" in client.get("/").text
    api = Api(site)
    api.client = Below(client)  # type: ignore[assignment]
    docid = api.make()
    assert api.publish(docid, y=[1.0, 2.0]) == 1
    assert api.columns(docid)["y"] == [1.0, 2.0]
    page = client.get(f"/plots/doc/{docid}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert 'src="/plots/static/' in page.text
    assert client.get("/plots/").status_code == 200


def run(name: str, folder: Path) -> dict[str, Any]:
    path = folder / name
    path.write_text(programs()[name])
    return runpy.run_path(str(path))


class FastAPI(Kind):
    def command(self, port: int, folder: Path) -> list[str]:
        return shlex.split(f"{sys.executable} -m uvicorn --port {port} in_fastapi:site")


def test_an_asgi_site_streams_below_plots(tmp_path: Path) -> None:
    skip_if_missing("fastapi")
    kind = FastAPI("FastAPI", "fastapi", streams=14)
    with Running(kind, tmp_path) as server:
        assert b"a FastAPI site" in Script(server.port).ask("GET", "")[1]
        script = Script(server.port, "/plots/")
        script.make()
        viewer, *_ = server.viewers(script.docid, 1, "/plots/")
        wait_until(lambda: viewer.seq == script.seq and viewer.is_streaming, STOP_S)
        script.store()
        wait_until(lambda: viewer.seq == script.seq, STOP_S)
        server.stop()
        wait_until(lambda: viewer.ends > 0, STOP_S)
        assert viewer.cuts == 0
