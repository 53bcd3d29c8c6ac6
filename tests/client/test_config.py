"""``~/.bokeh/config.json``."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bokeh_wsgi.client import Config, Session


def test_a_saved_session_is_used_at_its_server(tmp_path: Path) -> None:
    Session(root_url="http://a:1/", username="bob", userapikey="k", configdir=tmp_path).save()
    again = Session(root_url="http://a:1/", configdir=tmp_path)
    assert (again.username, again.userapikey) == ("bob", "k")
    other = Session(root_url="http://b:1/", configdir=tmp_path)
    assert (other.username, other.userapikey, other.root_url) == ("defaultuser", "nokey", "http://b:1/")


def test_what_the_caller_says_wins(tmp_path: Path) -> None:
    Session(root_url="http://a:1/", username="bob", userapikey="k", configdir=tmp_path).save()
    again = Session(root_url="http://a:1/", username="ann", userapikey="j", configdir=tmp_path)
    assert (again.username, again.userapikey) == ("ann", "j")
    without = Session(root_url="http://a:1/", load_from_config=False, configdir=tmp_path)
    assert without.username == "defaultuser"


def test_the_file_is_for_the_user_alone_and_keeps_other_entries(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    for url in ("http://a:1/", "http://b:1/"):
        Session(root_url=url, username="bob", userapikey="k", configdir=folder).save()
    path = Path(Session(configdir=folder).configfile)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(json.loads(path.read_text())) == ["http://a:1/", "http://b:1/"]
    assert [found.name for found in folder.iterdir()] == ["config.json"]


def test_a_file_of_bokeh_0_9_is_read_but_never_changes_the_server(tmp_path: Path) -> None:
    entry = {"root_url": "http://a:1/", "userapikey": "k", "username": "bob"}
    (tmp_path / "config.json").write_text(json.dumps({"http://localhost:5006/": entry}))
    assert Session(root_url="http://a:1/", configdir=tmp_path).username == "bob"
    default = Session(configdir=tmp_path)
    assert (default.root_url, default.username) == ("http://localhost:5006/", "defaultuser")


@pytest.mark.parametrize("content", ["", "[1]", "nonsense", '{"a": 1}'])
def test_a_file_that_is_not_ours_is_no_entries(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    assert Config(tmp_path).load() == {}


def test_scripts_that_save_at_once_lose_no_entry(tmp_path: Path) -> None:
    program = (
        "import sys; from bokeh_wsgi.client import Session\n"
        "for n in range(20):\n"
        "    Session(root_url=f'http://{sys.argv[2]}{n}:1/', userapikey='k', configdir=sys.argv[1]).save()"
    )
    scripts = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name]) for name in ("a", "b", "c")
    ]
    assert [script.wait() for script in scripts] == [0, 0, 0]
    assert len(Config(tmp_path).load()) == 60
