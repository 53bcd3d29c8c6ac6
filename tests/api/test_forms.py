"""What browsers do with the server's own pages: sign in and out, and what others try to make them do."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.links import local_path
from bokeh_wsgi.routes import URLS

from .people import PASSWORD, Browser, People, people_with


@pytest.fixture
def people() -> Iterator[People]:
    yield from people_with()


@pytest.fixture
def browser(people: People) -> Browser:
    return people.browser()


def login_cookie(browser: Browser) -> str:
    cookie = browser.client.get_cookie("bokeh_wsgi_login")
    return "" if cookie is None else cookie.value


def test_who_signs_in_sees_their_documents(browser: Browser) -> None:
    answer = browser.sign_in("ada")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert ">line<" in browser.get("/").text
    assert browser.get("/userinfo").status_code == 200


def test_a_login_is_kept_from_scripts_and_other_sites(browser: Browser) -> None:
    (cookie,) = [
        line for line in browser.sign_in("ada").headers.getlist("Set-Cookie") if "bokeh_wsgi_login" in line
    ]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie


def test_under_https_and_at_a_mount_a_login_is_for_there_alone(people: People) -> None:
    client = Client(people.app)
    place = {"base_url": "https://plots.example/team/"}
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/login", **place).text)
    assert token is not None
    form = {"username": "ada", "password": PASSWORD, "csrf": token[1]}
    headers = {"Origin": "https://plots.example", "Sec-Fetch-Site": "same-origin"}
    answer = client.post("/login", data=form, headers=headers, **place)
    assert answer.headers["Location"] == "/team/"
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert "Secure" in cookie
        assert "Path=/team;" in cookie or cookie.endswith("Path=/team")


def test_a_wrong_password_says_so_and_keeps_the_name(browser: Browser) -> None:
    answer = browser.sign_in("ada", "wrong password")
    assert answer.status_code == 401
    assert "The user name or the password is wrong." in answer.text
    assert 'value="ada"' in answer.text
    assert login_cookie(browser) == ""


def test_who_comes_from_a_page_goes_back_to_it(people: People, browser: Browser) -> None:
    path = f"/doc/{people.docid}"
    refused = browser.get(path)
    assert refused.status_code == 404
    link = re.search(r'href="(/login\?next=[^"]+)"', refused.text)
    assert link is not None
    form = {
        "username": "ada",
        "password": PASSWORD,
        "next": path,
        "csrf": browser.form_token(link[1].replace("&amp;", "&")),
    }
    assert browser.post("/login", form).headers["Location"] == path


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/plots/\n//evil",
        "/other/",
        "",
        "plots/doc",
        "/plots/../other/",
        "/plots/..",
        "/plots/./../other/",
        "/plots/%2e%2e/other/",
        "/plots/.%2E/other/",
        "/plots/doc/..%2f..%2fother",
        "/plots/%252e%252e/other/",
        "/plots/..%5cother",
        "/plots/..;a=b/other",
        "/plots/%" + "25" * 20 + "2e",
        "//[",
        " /plots/",
        "/plots/\u202e",
    ],
)
def test_nobody_is_sent_elsewhere(target: str) -> None:
    assert local_path(target, "/plots/") == "/plots/"


def test_a_path_of_this_server_is_kept() -> None:
    for path in ("doc/d?public=true", "doc/d/a.b..c", "doc/d/100%25", "doc/d?next=/plots/../other", ""):
        assert local_path(f"/plots/{path}", "/plots/") == f"/plots/{path}"


def test_signing_out_ends_the_login_for_good(people: People, browser: Browser) -> None:
    browser.sign_in("ada")
    kept = login_cookie(browser)
    answer = browser.post("/logout", {"csrf": browser.form_token("/")})
    assert answer.status_code == 303
    assert login_cookie(browser) == ""
    thief = people.browser()
    thief.client.set_cookie("bokeh_wsgi_login", kept)
    assert thief.get("/userinfo").status_code == 401


def test_signing_in_starts_a_login_of_its_own(people: People, browser: Browser) -> None:
    """A cookie that somebody planted before is of no use to them afterwards (session fixation)."""
    mallory = people.browser()
    mallory.sign_in("otto")
    planted = login_cookie(mallory)
    browser.client.set_cookie("bokeh_wsgi_login", planted)
    browser.sign_in("ada")
    assert login_cookie(browser) not in ("", planted)
    assert mallory.get("/userinfo").status_code == 401


def test_a_planted_visit_does_not_sign_anybody_in(people: People, browser: Browser) -> None:
    """A form of another browser, with its token, is refused: nobody is signed in as somebody else."""
    token = people.browser().form_token("/login")
    browser.get("/login")
    answer = browser.post("/login", {"username": "otto", "password": PASSWORD, "csrf": token})
    assert answer.status_code == 403
    assert login_cookie(browser) == ""


@pytest.mark.parametrize("path", ["/login", "/register", "/login/code"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://sub.localhost"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    ],
)
def test_a_form_of_another_site_is_refused(
    people: People, browser: Browser, path: str, headers: dict[str, str]
) -> None:
    form = {"username": "ada", "password": PASSWORD, "again": PASSWORD, "csrf": browser.form_token("/login")}
    assert browser.post(path, form, **headers).status_code == 403
    assert login_cookie(browser) == ""


CHANGES = [
    ("POST", "/doc"),
    ("PATCH", "/doc/DOC"),
    ("DELETE", "/doc/DOC"),
    ("POST", "/doc/DOC/changes"),
    ("POST", "/doc/DOC/edits"),
    ("POST", "/access/DOC/codes"),
    ("PUT", "/access/DOC/published"),
    ("DELETE", "/access/DOC/published"),
    ("PUT", "/access/DOC/users/otto"),
    ("DELETE", "/access/DOC/users/otto"),
    ("POST", "/access/DOC/tokens"),
    ("DELETE", "/access/DOC/tokens"),
    ("POST", "/keys"),
    ("DELETE", "/keys/none"),
    ("POST", "/codes"),
    ("POST", "/account/password"),
    ("POST", "/logout"),
]


def test_what_a_login_changes_needs_the_pages_token_and_this_site(people: People, browser: Browser) -> None:
    browser.sign_in("ada")
    token = browser.form_token("/")
    other = people.browser()
    other.sign_in("otto")
    here = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    refused = [
        here,
        {**here, "X-CSRF-Token": "x"},
        {**here, "X-CSRF-Token": other.form_token("/")},
        {**here, "X-CSRF-Token": browser.form_token("/login")},
        {"X-CSRF-Token": token, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"X-CSRF-Token": token, "Origin": "https://evil.example"},
        {"X-CSRF-Token": token, "Sec-Fetch-Site": "same-site"},
        {"X-CSRF-Token": token, "Origin": "null"},
    ]
    for method, path in CHANGES:
        target = path.replace("DOC", people.docid)
        for headers in refused:
            answer = browser.client.open(target, method=method, headers=headers, json={})
            assert answer.status_code == 403, (method, path, headers)
    for method, path in CHANGES:
        target = path.replace("DOC", people.docid)
        answer = browser.client.open(target, method=method, headers={**here, "X-CSRF-Token": token}, json={})
        assert answer.status_code != 403, (method, path)


def test_that_table_has_every_route_that_changes_something() -> None:
    changing = {
        (method, rule.rule)
        for rule in URLS.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    }
    adapter = URLS.bind("localhost")
    asked = {
        (method, adapter.match(path, method=method, return_rule=True)[0].rule) for method, path in CHANGES
    }
    forms = {("POST", "/login"), ("POST", "/register"), ("POST", "/login/code")}
    assert changing - asked == forms


def test_another_sites_page_reads_nothing_with_a_login(people: People, browser: Browser) -> None:
    browser.sign_in("ada")
    for path in (f"/doc/{people.docid}", f"/changes?doc={people.docid}:0&wait=0", "/userinfo", "/keys"):
        answer = browser.get(path, **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"})
        assert answer.status_code in (401, 404), path


def test_a_new_password_ends_the_other_logins(people: People, browser: Browser) -> None:
    other = people.browser()
    for each in (browser, other):
        each.sign_in("ada")
    form = {"password": PASSWORD, "new": "another password", "again": "another password"}
    answer = browser.post("/account/password", {**form, "csrf": browser.form_token("/account")})
    assert answer.status_code == 200
    assert "changed" in answer.text
    assert browser.get("/userinfo").status_code == 200
    assert other.get("/userinfo").status_code == 401
    assert people.call("GET", "/userinfo", "ada").status_code == 200


def test_a_password_that_was_not_changed_says_why(browser: Browser) -> None:
    browser.sign_in("ada")
    form = {"password": PASSWORD, "new": "another password", "again": "mistyped"}
    answer = browser.post("/account/password", {**form, "csrf": browser.form_token("/account")})
    assert answer.status_code == 400
    assert "not the same" in answer.text


def test_who_registers_is_signed_in(browser: Browser) -> None:
    form = {"username": "Nina", "password": PASSWORD, "again": PASSWORD}
    answer = browser.post("/register", {**form, "csrf": browser.form_token("/register")})
    assert answer.status_code == 303
    assert "nina" in browser.get("/").text


@pytest.mark.parametrize(
    ("form", "status", "says"),
    [
        ({"username": "ada", "password": PASSWORD, "again": PASSWORD}, 409, "use login"),
        ({"username": "nina", "password": "short", "again": "short"}, 400, "8 characters"),
        ({"username": "nina", "password": PASSWORD, "again": "mistyped"}, 400, "not the same"),
        ({"username": "n n", "password": PASSWORD, "again": PASSWORD}, 400, "letters, digits"),
    ],
)
def test_a_registration_that_fails_says_why(
    browser: Browser, form: dict[str, str], status: int, says: str
) -> None:
    answer = browser.post("/register", {**form, "csrf": browser.form_token("/register")})
    assert answer.status_code == status
    assert says in answer.text


def test_a_code_signs_a_browser_in_after_a_question(people: People, browser: Browser) -> None:
    link = people.call("POST", "/codes", "ada").get_json()["url"]
    path, _, code = link.removeprefix("http://localhost").partition("#code=")
    assert path == "/login/code"
    assert people.keys["ada"] not in link
    form = {"code": code, "csrf": browser.form_token(path)}
    page = browser.post(path, {**form, "ask": "1"})
    assert "Sign in as <bdi>ada</bdi>" in page.text
    assert login_cookie(browser) == ""
    assert browser.post(path, form).status_code == 303
    assert ">line<" in browser.get("/").text
    assert browser.post(path, {**form, "ask": "1"}).status_code == 403
    assert people.browser().get(f"{path}?code={code}").status_code == 403


def test_a_code_in_the_query_of_a_link_is_asked_about_too(people: People, browser: Browser) -> None:
    code = people.call("POST", "/codes", "ada").get_json()["url"].partition("#code=")[2]
    page = browser.get(f"/login/code?code={code}")
    assert "Sign in as <bdi>ada</bdi>" in page.text
    assert f'value="{code}"' in page.text


def test_a_code_ends_with_the_key_that_it_was_made_with(people: People, browser: Browser) -> None:
    codes = [people.call("POST", "/codes", "ada").get_json()["url"].partition("#code=")[2] for _ in range(2)]
    token = browser.form_token("/login")
    assert browser.post("/login/code", {"code": codes[0], "csrf": token}).status_code == 303
    assert people.call("POST", "/logout", "ada").status_code == 200
    assert browser.post("/login/code", {"code": codes[1], "csrf": token, "ask": "1"}).status_code == 403
    assert browser.post("/login/code", {"code": codes[1], "csrf": token}).status_code == 403


def test_a_visit_is_no_way_to_the_form_token_of_a_login(people: People, browser: Browser) -> None:
    """Its id is a cookie that anybody can set, as to what a login is called here."""
    browser.sign_in("ada")
    (login,) = (held for held in people.app.store.accounts.list_credentials("ada") if held.kind == "login")
    asking = people.browser()
    asking.client.set_cookie("bokeh_wsgi_visit", f"login {login.id}")
    token = asking.form_token("/login")
    here = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost", "X-CSRF-Token": token}
    assert browser.client.post("/doc", json={"title": "planted"}, headers=here).status_code == 403


def test_servers_on_two_ports_of_a_host_keep_their_cookies_apart() -> None:
    apps = {port: BokehWSGI(store="memory:", multi_user=True) for port in (5006, 5007)}
    kept: dict[str, str] = {}  # a browser has one jar for all ports of a host

    def ask(port: int, method: str, path: str, **options: Any) -> TestResponse:
        client = Client(apps[port], use_cookies=False)
        options["headers"] = {"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items())}
        answer = client.open(path, method=method, base_url=f"http://localhost:{port}/", **options)
        for line in answer.headers.getlist("Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            kept[name] = value
        return answer

    for port, app in apps.items():
        People(app)
        token = re.search(r'name="csrf" value="([^"]+)"', ask(port, "GET", "/login").text)
        assert token is not None
        form = {"username": "ada", "password": PASSWORD, "csrf": token[1]}
        assert ask(port, "POST", "/login", data=form).status_code == 303
    for port, app in apps.items():
        assert ask(port, "GET", "/userinfo").status_code == 200, port
        app.close()


def test_a_large_form_is_refused(browser: Browser) -> None:
    token = browser.form_token("/login")
    answer = browser.post("/login", {"username": "x" * 100_000, "password": "", "csrf": token})
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/login", "/register", "/account"])
def test_single_user_servers_have_no_accounts(path: str) -> None:
    app = BokehWSGI(store="memory:")
    answer = Client(app).get(path, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()["error"]) == (409, "single-user")
    for method in ("register", "login"):
        answer = Client(app).post(f"/{method}", json={"username": "ada", "password": PASSWORD})
        assert answer.status_code == 409
        assert "single-user: no" in answer.get_json()["message"]
    app.close()
