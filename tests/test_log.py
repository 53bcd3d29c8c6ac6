"""What a server says of its requests, and what it never says."""

import json
import re
import signal
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path

from bokeh_wsgi.app import BokehWSGI
from tests.command import DEADLINE_S, Running, running

PASSWORD = "correct-horse-battery"
WRONG = "wronghorsebattery"


@dataclass
class Visitor:
    """A browser with cookies, or a program with a key."""

    server: Running
    key: str = ""
    cookies: CookieJar = field(default_factory=CookieJar)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key:
            told["Authorization"] = f"Bearer {self.key}"
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        request = urllib.request.Request(self.server.link + path, body, told, method=method)
        try:
            with opener.open(request, timeout=DEADLINE_S) as response:
                return response.status, response.read().decode(errors="replace")
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode(errors="replace")

    def json(self, method: str, path: str, **told: object) -> dict[str, str]:
        answer: dict[str, str] = json.loads(
            self.ask(method, path, json.dumps(told).encode(), Content_Type="application/json")[1]
        )
        return answer

    def form(self, page: str, action: str, **told: str) -> int:
        csrf = re.search(
            r'name="csrf" (?:value|content)="([^"]+)', self.ask("GET", page, Accept="text/html")[1]
        )
        assert csrf, page
        body = urllib.parse.urlencode({**told, "csrf": csrf[1]}).encode()
        return self.ask("POST", action, body, Accept="text/html", Origin=self.server.origin)[0]


def test_no_secret_is_in_any_line_of_the_log(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/plots.db"
    operator = BokehWSGI(store=store, multi_user=True)
    invitations = [operator.context.accounts.new_invitation() for _ in range(2)]
    operator.close()
    flags = ["-m", "-d", "--registration", "invite", "--store", store]
    with running(*flags) as server:
        secrets = _use_everything(server, invitations)
        log = server.stop(signal.SIGTERM)[2]
    for event in ("registered", "signed-in", "sign-in-failed", "key-made", "key-refused"):
        assert f"{event} " in log
    assert "?token=***" in log
    assert [secret for secret in secrets if secret in log or secret[-20:] in log] == []
    assert PASSWORD not in log


def _use_everything(server: Running, invitations: list[str]) -> list[str]:
    """Does what people and programs do with secrets, rightly and wrongly; returns the secrets."""
    program, browser = Visitor(server), Visitor(server)
    who = {"username": "ada", "password": PASSWORD}
    program.json("POST", "register", **who, invite=WRONG)
    registered = program.json("POST", "register", **who, invite=invitations[0])["userapikey"]
    program.json("POST", "login", username="ada", password=WRONG)
    program.key = program.json("POST", "login", **who)["userapikey"]
    docid = server.make_document(program.key)
    program.ask("GET", "userinfo")
    made = program.json("POST", "keys", name="lab")["key"]
    embed = program.json("POST", f"access/{docid}/tokens", public=False)["token"]
    code = program.json("POST", "codes")["url"].rpartition("=")[2]
    for bad in (WRONG, f"bwk-{WRONG}", f"bwk-0123456789abcdef-{WRONG}", f"{WRONG},{WRONG}"):
        Visitor(server, key=bad).ask("GET", f"changes?doc={docid}:0&wait=0")
        Visitor(server).ask("GET", "userinfo", BOKEHUSER="ada", BOKEHUSER_API_KEY=bad)
    for token in (embed, WRONG):
        Visitor(server).ask("GET", f"doc/{docid}?token={token}", Accept="text/html")
        Visitor(server).ask("GET", f"login?next=/bokeh/doc/{docid}%3Ftoken%3D{token}", Accept="text/html")
        Visitor(server, key=token).ask("GET", f"changes?doc={docid}:0&wait=0")
    browser.ask("GET", f"register?invite={invitations[1]}", Accept="text/html")
    assert browser.form("login", "login", username="ada", password=WRONG) == 401
    assert browser.form("login", "login", username="ada", password=PASSWORD) == 200
    assert browser.form("account", "account/password", password=WRONG, new=WRONG, again=WRONG) == 401
    other = Visitor(server)
    assert other.form(f"login/code?code={code}", "login/code", code=code) == 200
    other.ask("GET", f"login/code?code={code}", Accept="text/html")
    other.ask("GET", f"nowhere?code={code}", Accept="text/html")
    cookies = [str(cookie.value) for known in (browser, other) for cookie in known.cookies]
    assert len(cookies) >= 4
    Visitor(server).ask("GET", "", Cookie=f"bokeh_wsgi_login={cookies[0]}x", Accept="text/html")
    keys = [registered, program.key, made]
    page = browser.ask("GET", f"doc/{docid}", Accept="text/html")[1]
    tokens = re.findall(r'"token":"([^"]+)', page)
    assert tokens
    return [PASSWORD, WRONG, *invitations, *keys, embed, code, *cookies, *tokens]


def test_who_does_what_is_logged_with_v_and_refusals_always() -> None:
    for flags, told in ((["-v"], True), ([], False)):
        with running("-m", "--store", "memory:", *flags) as server:
            program = Visitor(server)
            program.json("POST", "register", username="ada", password=PASSWORD)
            program.json("POST", "login", username="ada", password=WRONG)
            log = server.stop(signal.SIGTERM)[2]
        assert ("registered user='ada'" in log) is told
        assert ("POST /bokeh/login 401" in log) is told
        assert "WARNING sign-in-failed user='ada' address='127.0.0.1'" in log
