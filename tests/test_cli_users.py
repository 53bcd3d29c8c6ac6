"""bokeh-server users, beside a server that runs on the same file."""

import http.client
import json
import os
import pty
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from bokeh_wsgi import cli
from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.cli.users import parser
from bokeh_wsgi.dataplane import Reader
from tests.command import COMMAND, DEADLINE_S, ENVIRON, Running, running

PASSWORD = "correct horse"


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/users.db"


def users(store: str, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    run = subprocess.run(
        [*COMMAND, "users", *arguments, "--store", store],
        input=stdin,
        capture_output=True,
        text=True,
        env=ENVIRON,
        timeout=DEADLINE_S,
    )
    return run.returncode, run.stdout, run.stderr


def done(store: str, *arguments: str, stdin: str = "") -> str:
    code, said, errors = users(store, *arguments, stdin=stdin)
    assert code == 0, errors
    return said


def ask(server: Running, method: str, path: str, *, key: str = "", **told: Any) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    body = json.dumps(told).encode() if told else None
    request = urllib.request.Request(server.link + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


def test_a_user_that_the_operator_adds_signs_in_at_a_server_that_takes_no_registrations(store: str) -> None:
    with running("-m", "--registration", "closed", "--store", store) as server:
        assert done(store, "add", "Ada", stdin=f"{PASSWORD}\n") == "ada can sign in now\n"
        assert ask(server, "POST", "register", username="bob", password=PASSWORD)[0] == 403
        status, told = ask(server, "POST", "login", username="ada", password=PASSWORD)
        assert (status, told["username"]) == (200, "ada")
        assert ask(server, "GET", "userinfo", key=told["userapikey"])[1]["username"] == "ada"


def test_an_invitation_lets_one_person_register(store: str) -> None:
    with running("-m", "--registration", "invite", "--store", store) as server:
        invitation = done(store, "invite").strip()
        who = {"password": PASSWORD, "invite": invitation}
        assert ask(server, "POST", "register", username="bob", password=PASSWORD)[0] == 403
        assert ask(server, "POST", "register", username="bob", **who)[0] == 201
        assert ask(server, "POST", "register", username="eve", **who)[0] == 403


def test_streams_of_a_disabled_user_end_within_a_second(store: str) -> None:
    done(store, "add", "ada", stdin=PASSWORD)
    key = done(store, "keys", "ada", "--new", "lab").strip()
    with running("-m", "--store", store) as server:
        docid = server.make_document(key)
        connection = http.client.HTTPConnection(*server.address, timeout=DEADLINE_S)
        path = f"/bokeh/changes?doc={docid}:0&wait=stream"
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        response = connection.getresponse()
        assert response.getheader("X-Wait") == "stream"
        reader = Reader(limits=None)
        list(reader.feed(response.read(8)))
        done(store, "disable", "ada")
        connection.sock.settimeout(1)  # seconds of silence after which reading fails
        last = [change for piece in iter(lambda: response.read1(), b"") for change in reader.feed(piece)][-1]
        assert last.meta["end"] == "disabled"
        connection.close()
        assert ask(server, "GET", "userinfo", key=key)[0] == 401
        done(store, "enable", "ada")
        assert ask(server, "GET", "userinfo", key=key)[0] == 200


def test_keys_are_made_listed_and_revoked(store: str) -> None:
    done(store, "add", "ada", stdin=PASSWORD)
    with running("-m", "--store", store) as server:
        key = done(store, "keys", "ada", "--new", "night job").strip()
        key_id = key.split("-")[1]
        listed = done(store, "keys", "ada")
        assert key_id in listed
        assert "night job" in listed
        assert key not in listed
        assert ask(server, "GET", "userinfo", key=key)[0] == 200
        done(store, "keys", "ada", "--revoke", key_id)
        assert ask(server, "GET", "userinfo", key=key)[0] == 401


def test_another_password_is_the_only_one(store: str) -> None:
    done(store, "add", "ada", stdin=PASSWORD)
    done(store, "passwd", "ada", "--password-stdin", stdin="battery staple\n")
    with running("-m", "--store", store) as server:
        assert ask(server, "POST", "login", username="ada", password=PASSWORD)[0] == 401
        assert ask(server, "POST", "login", username="ada", password="battery staple")[0] == 200


def test_the_list_has_every_user_and_never_a_hash(store: str) -> None:
    done(store, "add", "ada", stdin=PASSWORD)
    done(store, "add", "bob", stdin=PASSWORD)
    done(store, "disable", "bob")
    header, ada, bob = done(store, "list").splitlines()
    assert header.split() == ["NAME", "DOCUMENTS", "KEYS", "SINCE"]
    assert ada.split()[:3] == ["ada", "0", "0"]
    assert bob.endswith("disabled")
    assert "scrypt" not in ada


def test_names_that_a_site_gave_cannot_lead_the_terminal(store: str) -> None:
    app = BokehWSGI(store=store, multi_user=True)
    app.store.accounts.create_user("Site\x1b[2JUser", "")
    app.close()
    assert "\x1b" not in done(store, "list")
    assert "\x1b" not in done(store, "disable", "Site\x1b[2JUser")  # as it is: a site's names are not changed


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "reason"),
    [
        (["passwd", "eve"], PASSWORD, 1, "No user is called 'eve'"),
        (["disable", "eve"], "", 1, "No user is called 'eve'"),
        (["keys", "eve"], "", 1, "No user is called 'eve'"),
        (["keys", "ada", "--revoke", "0"], "", 1, "no key or login '0'"),
        (["add", "ada"], PASSWORD, 1, "The user 'ada' exists"),
        (["add", "a b"], PASSWORD, 2, "A user name has letters"),
        (["add", "eve"], "short", 2, "8 characters or more"),
        (["add", "eve"], "", 2, "no password on stdin"),
        (["add"], "", 2, "the following arguments are required: NAME"),
        (["add", "eve", PASSWORD], "", 2, "unrecognized arguments"),
        (["forget", "ada"], "", 2, "invalid choice: 'forget'"),
        (["keys", "ada", "--new", "a", "--revoke", "0"], "", 2, "not allowed with argument"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], stdin: str, code: int, reason: str, store: str
) -> None:
    app = BokehWSGI(store=store, multi_user=True)
    app.store.accounts.create_user("ada", "")
    app.close()
    exit_code, said, errors = users(store, *arguments, stdin=stdin)
    assert (exit_code, said) == (code, "")
    assert errors.startswith("bokeh-server")
    assert reason in errors
    assert errors.count("\n") == 1


def test_users_of_a_store_in_memory_are_out_of_reach() -> None:
    code, _, errors = users("memory:", "list")
    assert code == 2
    assert "exist only in its process" in errors


@pytest.mark.parametrize(("again", "code"), [(PASSWORD, 0), ("something else", 2)])
def test_a_terminal_is_asked_twice_and_shows_nothing(again: str, code: int, store: str) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "users", "add", "ada", "--store", store],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=ENVIRON,
        start_new_session=True,
    )
    os.close(theirs)
    said = b""
    for question, answer in ((b"New password for ada: ", PASSWORD), (b"Repeat the password: ", again)):
        while question not in said:
            said += os.read(ours, 1000)
        os.write(ours, f"{answer}\n".encode())
    assert process.wait(DEADLINE_S) == code
    os.close(ours)
    assert PASSWORD.encode() not in said


def test_every_command_and_flag_is_described() -> None:
    root = Path(cli.__file__).parents[2]
    docs = (root / "docs" / "deploy.md").read_text()
    (commands,) = (action.choices for action in parser()._actions if isinstance(action.choices, dict))
    for name, command in commands.items():
        assert f"users {name}" in docs, name
        flags = [flag for action in command._actions for flag in action.option_strings]
        assert [flag for flag in flags if flag not in docs] == []
