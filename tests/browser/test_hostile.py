"""Documents and sites that mean harm, in a real browser whose user is signed in."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.models import ColumnDataSource, CustomJS
from playwright.sync_api import Browser, Page
from werkzeug.wrappers import Response

from bokeh_wsgi import Session
from bokeh_wsgi.plotting import figure
from bokeh_wsgi.routes import URLS
from tests.browser.accounts_site import Site, signed_in
from tests.client.test_transport import serving

# What a document's script tries; each try says "no: …" if the browser or the server refuses, or what it got.
ATTACK = """
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const tried = {}
const attempt = async (name, act) => {
  try { tried[name] = `got: ${await act()}` } catch (error) { tried[name] = `no: ${error}` }
}
await attempt("cookie", () => document.cookie)
await attempt("set cookie", () => { document.cookie = "bokeh_wsgi_login=planted; path=/" })
await attempt("localStorage", () => localStorage.length)
await attempt("sessionStorage", () => sessionStorage.length)
await attempt("caches", () => caches.keys())
await attempt("indexedDB", () => new Promise((resolve, reject) => {
  const request = indexedDB.open("x")
  request.onsuccess = () => resolve("opened")
  request.onerror = () => reject("refused")
}))
await attempt("service worker", () => navigator.serviceWorker.register(BASE + "static/page.js"))
const other = (found) => { if (!found || found === window) throw "none"; return found }
await attempt("opener", () => other(opener).document.title)
await attempt("opener location", () => { other(opener).location = "about:blank" })
await attempt("parent", () => other(parent).document.title)
await attempt("top", () => { other(top).location.href = "about:blank" })
await attempt("frame", () => new Promise((resolve, reject) => {
  const frame = document.createElement("iframe"); frame.src = BASE
  frame.onload = () => {
    try { resolve(frame.contentWindow.document.body.innerText) } catch (error) { reject(error) }
  }
  document.body.append(frame); setTimeout(() => reject("silence"), 3000)
}))
for (const [method, path] of ROUTES) {
  for (const credentials of ["include", "same-origin"]) {
    await attempt(`${method} ${path} ${credentials}`, async () => {
      const body = ["GET", "DELETE"].includes(method) ? undefined : "{}"
      const answer = await fetch(BASE + path, {method, credentials, body})
      return `${answer.status} ${(await answer.text()).slice(0, 200)}`
    })
  }
}
// Forms go out; what they are answered cannot be read, so the server is asked afterwards what they did.
for (const path of FORMS) {
  const form = document.createElement("form")
  const frame = document.createElement("iframe")
  frame.name = path; form.target = path; form.method = "post"; form.action = BASE + path
  document.body.append(frame, form); form.submit()
}
await wait(500)
globalThis.tried = tried
"""

# What may be read without being anybody; the rest must not be answered.
HARMLESS = {
    "ping",
    "autoload.js",
    "autoload.js/x",
    "favicon.ico",
    "static/site.css",
    "gallery",
    "login",
    "register",
}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def ada(browser: Browser, site: Site) -> Iterator[Page]:
    """The browser of ada, who is signed in."""
    page = signed_in(browser.new_context().new_page(), site)
    yield page
    page.context.close()


def routes(docid: str) -> list[tuple[str, str]]:
    """Every route with every method, as addresses below the mount that make sense."""
    values = {
        "docid": docid,
        "model": "p1",
        "user": "otto",
        "credential_id": "none",
        "path": "site.css",
        "element": "x",
        "source": "p2",
    }
    found = []
    for rule in URLS.iter_rules():
        path = re.sub(r"<any\([^>]*>", "csv", rule.rule.lstrip("/"))
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: values[match[1]], path)
        path += f"?doc={docid}:0&wait=0" if path == "changes" else ""
        found += [(method, path) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return found


def hostile_document(site: Site, victim: str) -> tuple[Session, str]:
    """Published by otto; ``victim`` is the docid that it is after. Its link."""
    forms = ["logout", "account/password", "doc", "keys", f"doc/{victim}/changes", "login", "register"]
    named = {"BASE": site.url, "ROUTES": routes(victim), "FORMS": forms}
    code = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in named.items()) + ATTACK
    plot = figure(width=300, height=200)
    source = ColumnDataSource({"x": [1, 2], "y": [3, 4]}, name="source")
    plot.line("x", "y", source=source)
    document = Document()
    document.add_root(plot)
    document.js_on_event(DocumentReady, CustomJS(code=f"(async () => {{ {code} }})()"))
    session = Session(
        root_url=site.url, username="otto", userapikey=site.people.keys["otto"], load_from_config=False
    )
    session.use_doc("hostile")
    session.store_document(document)
    session.publish()
    source.data["y"] = [30, 40]
    session.store_objects(source)
    return session, session.document_link()


def results(page: Any) -> dict[str, str]:
    page.wait_for_function("() => globalThis.tried", timeout=30_000)
    found: dict[str, str] = page.evaluate("() => globalThis.tried")
    return found


def got(tried: dict[str, str]) -> dict[str, str]:
    """What was got, and should not have been."""

    def is_harmless(name: str) -> bool:
        words = name.split(" ")
        return len(words) == 3 and words[0] == "GET" and words[1] in HARMLESS

    answered = {name: what for name, what in tried.items() if what.startswith("got:")}
    return {
        name: what
        for name, what in answered.items()
        if not is_harmless(name) and not re.match("got: 40[134] ", what)
    }


def state(site: Site) -> Any:
    """All that a hostile document might change of what is ada's."""
    store = site.app.store
    keys = [key.id for key in store.accounts.list_credentials("ada") if key.kind == "key"]
    return store.list_documents("ada"), keys, store.shares(site.people.docid), store.accounts.get_user("ada")


def test_a_documents_script_reaches_nothing_of_its_viewer(site: Site, ada: Page) -> None:
    session, link = hostile_document(site, site.people.docid)
    before = state(site)
    with session:
        ada.goto(link)
        tried = results(ada)
        assert got(tried) == {}
        assert tried["cookie"].startswith("no: SecurityError")
        assert len(tried) > 80
        # … while its plot works.
        ada.wait_for_function("() => Bokeh.documents[0].get_model_by_name('source').data.y[0] == 30")
        assert ada.locator("#bokeh-wsgi-state").get_attribute("data-state") == "live"
    assert state(site) == before
    ada.goto(site.url)
    assert ada.get_by_role("button", name="Sign out").is_visible()


def test_a_document_in_a_window_of_its_own_does_not_get_at_who_opened_it(site: Site, ada: Page) -> None:
    session, link = hostile_document(site, site.people.docid)
    session.close()
    with ada.expect_popup() as opened:
        ada.evaluate("(link) => { window.open(link) }", link)
    tried = results(opened.value)
    assert got(tried) == {}
    assert ada.url == site.url


def test_a_document_in_a_frame_does_not_get_at_the_page_around_it(site: Site, ada: Page) -> None:
    session, link = hostile_document(site, site.people.docid)
    session.close()
    frame = f'<title>Host</title><h1>Another site</h1><iframe src="{link}?public=true&embed=1"></iframe>'
    with serving(Response(frame, mimetype="text/html")) as host:
        ada.goto(host)
        ada.wait_for_selector("iframe")
        inner = ada.frames[1]
        tried = results(inner)
        assert got(tried) == {}
        assert tried["top"].startswith("no: ")
        assert tried["parent"].startswith("no: ")
        assert ada.url == host


FORGERIES = """async ([base, docid, token]) => {
  const tried = {}
  const attempt = async (name, url, options) => {
    try {
      const answer = await fetch(base + url, {credentials: "include", ...options})
      tried[name] = `${answer.type} ${answer.status} ${await answer.text()}`
    } catch (error) { tried[name] = `no: ${error}` }
  }
  const json = {"Content-Type": "application/json"}
  const csrf = {"X-CSRF-Token": token}
  const blind = (body) => ({method: "POST", mode: "no-cors", body})
  await attempt("read the list", "userinfo", {})
  await attempt("read it blindly", "userinfo", {mode: "no-cors"})
  await attempt("read the index", "", {})
  await attempt("delete", `doc/${docid}`, {method: "DELETE"})
  await attempt("publish", `access/${docid}/published`, {method: "PUT"})
  await attempt("publish with a token", `access/${docid}/published`, {method: "PUT", headers: csrf})
  await attempt("make a key", "keys", {method: "POST", headers: json, body: "{}"})
  await attempt("make a key blindly", "keys", blind("{}"))
  await attempt("sign out blindly", "logout", blind(new URLSearchParams({csrf: token})))
  await attempt("make a document blindly", "doc", blind('{"title": "forged"}'))
  await attempt("change one blindly", `doc/${docid}/changes`, blind(new Uint8Array(9)))
  // These may be asked from anywhere, with a token; a cookie is no token.
  await attempt("read a document", `changes?doc=${docid}:0&wait=0`, {credentials: "omit"})
  await attempt("read a document with cookies", `changes?doc=${docid}:0&wait=0`, {})
  await attempt("read data", `doc/${docid}/data/p2.csv`, {})
  return tried
}"""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Another site. It is on the same host, and so, to cookies, on the same site: the harder case."""
    with serving(Response("<!doctype html><title>Elsewhere</title><body>", mimetype="text/html")) as url:
        yield url


def test_another_sites_page_reads_and_changes_nothing(site: Site, ada: Page, elsewhere: str) -> None:
    before = state(site)
    token = ada.locator("meta[name=csrf]").get_attribute("content")
    ada.goto(elsewhere)
    tried = ada.evaluate(FORGERIES, [site.url, site.people.docid, token])
    for name, what in tried.items():
        assert what.startswith(("no: ", "opaque 0 ", "cors 404 ")), name
    assert tried["read a document"].startswith("cors 404 ")
    assert state(site) == before
    ada.goto(site.url)
    assert ada.get_by_role("button", name="Sign out").is_visible()


@pytest.mark.parametrize("path", ["logout", "account/password", "login", "register", "keys", "doc"])
def test_another_sites_form_is_refused(site: Site, ada: Page, elsewhere: str, path: str) -> None:
    before = state(site)
    token = ada.locator("meta[name=csrf]").get_attribute("content")
    ada.goto(elsewhere)
    with ada.expect_navigation():
        ada.evaluate(
            """([action, token]) => {
              const form = document.createElement("form")
              form.method = "post"; form.action = action
              const password = {password: "correct horse", new: "taken over", again: "taken over"}
              for (const [name, value] of Object.entries({csrf: token, username: "otto", ...password})) {
                const field = document.createElement("input")
                field.name = name; field.value = value
                form.append(field)
              }
              document.body.append(form); form.submit()
            }""",
            [site.url + path, token],
        )
    assert ada.locator("main .status").inner_text() == "403"
    assert state(site) == before
    ada.goto(site.url)
    assert "ada" in ada.locator("header").inner_text()


def test_the_servers_own_pages_cannot_be_framed(site: Site, ada: Page, elsewhere: str) -> None:
    for path in (
        "",
        "login",
        "account",
        "gallery",
        f"?share={site.people.docid}",
        f"doc/{site.people.docid}",
    ):
        ada.goto(elsewhere)
        ada.evaluate(
            """(src) => new Promise((resolve) => {
              const frame = document.createElement("iframe"); frame.src = src; frame.onload = resolve
              document.body.append(frame)
            })""",
            site.url + path,
        )
        assert ada.frames[1].url.startswith("chrome-error:"), path


def test_the_servers_own_pages_run_no_script_that_was_put_into_them(site: Site, ada: Page) -> None:
    for path in ("", "account", "gallery"):
        ada.goto(site.url + path)
        tried = ada.evaluate(
            """() => new Promise((resolve) => {
              const image = document.createElement("img")
              image.addEventListener("error", () => resolve([globalThis.ran ?? "nothing ran", ...refused]))
              const refused = []
              const code = "globalThis.ran = 1"
              for (const put of [
                () => { document.body.appendChild(document.createElement("script")).text = code },
                () => { document.body.insertAdjacentHTML("beforeend", `<script>${code}</script>`) },
                () => { image.setAttribute("onerror", code) },
              ]) try { put() } catch (error) { refused.push(error.name) }
              document.body.append(image)
              image.src = "static/none"
            })"""
        )
        assert tried[0] == "nothing ran", path


HOSTILE = "<img src=x onerror=globalThis.ran=1>\"'><script>globalThis.ran=1</script>{{7*7}}${7*7}&lt;</title>"


def test_hostile_texts_are_texts_on_every_page(browser: Browser, site: Site) -> None:
    """In titles, names of keys, models and columns, in what forms and addresses say, and in error pages."""
    people = site.people
    api = people.api("otto")
    docid = api.make(HOSTILE[:200])
    graph = {
        "version": "3.9.2",
        "title": HOSTILE,
        "roots": ["p1"],
        "models": {
            "p1": {"name": "Paragraph", "attributes": {"text": HOSTILE, "name": HOSTILE}},
        },
        "resources": {"components": ["bokeh", "bokeh-widgets"]},
    }
    from bokeh_wsgi.dataplane import Op, OpCode

    assert api.upload(docid, [Op(OpCode.GRAPH, json=json.dumps(graph))]).status_code == 200
    people.call("PUT", f"/access/{docid}/published", "otto")
    people.call("PUT", f"/access/{docid}/users/ada", "otto", json={"right": "read"})
    people.call("POST", "/keys", "otto", json={"name": HOSTILE})
    page = signed_in(browser.new_context().new_page(), site, "otto")
    signed_out = browser.new_context().new_page()
    quoted = "".join(f"%{byte:02x}" for byte in HOSTILE.encode())
    visits: list[tuple[Page, list[str]]] = [
        (page, ["", f"?share={docid}", "account", "gallery", f"doc/{docid}", f"doc/{docid}/{quoted}"]),
        (page, [f"doc/{quoted}", quoted, f"doc/{docid}/data/{quoted}.csv", f"changes?doc={quoted}"]),
        (signed_out, [f"login?next={quoted}", f"register?invite={quoted}", f"login/code?code={quoted}"]),
        (signed_out, ["gallery", f"doc/{docid}?public=true", f"doc/{quoted}"]),
    ]
    for where, paths in visits:
        for path in paths:
            where.goto(site.url + path)
            where.wait_for_load_state("networkidle" if "doc" not in path else "load")
            assert where.evaluate("() => globalThis.ran ?? 0") == 0, path
            assert "49" not in where.title(), path
    for where in (page, signed_out):
        where.context.close()


def test_who_was_disabled_is_out_everywhere(browser: Browser, site: Site) -> None:
    page = signed_in(browser.new_context().new_page(), site, "rita")
    page.goto(site.document)
    site.app.context.accounts.set_disabled("rita", True)
    page.wait_for_selector("#bokeh-wsgi-state[data-state=ended]", timeout=5_000)
    assert "disabled" in page.inner_text("body").lower()
    page.goto(site.url)
    assert page.url.startswith(f"{site.url}login")
    site.app.context.accounts.set_disabled("rita", False)
    page.context.close()
