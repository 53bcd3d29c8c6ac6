import json
import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest

from bokeh_wsgi.pages.document import document_page
from bokeh_wsgi.pages.headers import document_headers


def page(mount: str = "/bokeh/", title: str = "stocks", **options: Any) -> str:
    model = options.pop("model", None)
    resources = options.pop("resources", {"components": ["bokeh"]})
    return document_page(mount, "d1", title, "a.token", model, resources, version="3.9.2", **options)


def config_of(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="bokeh-wsgi-config">(.*?)</script>', html)
    assert found
    return json.loads(found[1])


def policy(**resources: Any) -> dict[str, str]:
    text = dict(document_headers(**resources))["Content-Security-Policy"]
    return {name: sources for name, _, sources in (part.partition(" ") for part in text.split("; "))}


def test_the_client_is_told_what_to_show_and_where_it_is() -> None:
    assert config_of(page(model="p1001", page_version=3)) == {
        "base": "/bokeh/",
        "static": "/bokeh/static/",
        "docs": [{"docid": "d1", "after": 0}],
        "docid": "d1",
        "model": "p1001",
        "token": "a.token",
        "page_version": 3,
    }


@pytest.mark.parametrize(
    "text", ["</script><script>alert(1)</script>", "<!--", "&amp;", "\u2028\u2029", 'a"b']
)
def test_the_config_survives_whatever_text_is_in_it(text: str) -> None:
    html = page(model=text)
    assert config_of(html)["model"] == text
    assert "alert(1)</script>" not in html


def test_bokehjs_comes_from_this_server_in_the_order_of_the_components() -> None:
    html = page(
        "/plots/", resources={"components": ["bokeh", "bokeh-gl"], "js": ["https://cdn.example/x.js"]}
    )
    assert re.findall(r'<script src="([^"]+)"', html) == [
        "/plots/static/page.js",  # requests the data before BokehJS is there
        "/plots/static/bokeh/3.9.2/js/bokeh.min.js",
        "/plots/static/bokeh/3.9.2/js/bokeh-gl.min.js",
        "https://cdn.example/x.js",
    ]


def test_a_component_name_cannot_leave_its_folder() -> None:
    assert "/js/..%2F..%2Fsecret.min.js" in page(resources={"components": ["../../secret"]})


def test_the_title_is_text_in_both_places() -> None:
    html = page(title="<b>&")
    assert "<title>&lt;b&gt;&amp;</title>" in html
    assert '<h1 id="bokeh-wsgi-title" dir="auto">&lt;b&gt;&amp;</h1>' in html


def test_extension_code_cannot_close_its_script() -> None:
    html = page(resources={"js_raw": ['x = "</SCRIPT><!--"'], "css_raw": ["/* </style> */"]})
    assert '<script>x = "<\\/SCRIPT><\\!--"</script>' in html
    assert "<style>/* <\\/style> */</style>" in html


def test_an_embedded_page_is_marked_for_its_style() -> None:
    assert '<html lang="en" class="bw-embed">' in page(embed=True)
    assert "bw-embed" not in page()


def test_the_header_leads_home_and_to_sharing_for_those_who_may() -> None:
    assert 'href="/plots/" aria-label="All documents"' in page("/plots/")
    assert "All documents" not in page(home=False)
    assert 'href="/plots/?share=d1"' in page("/plots/", share=True)
    assert "share=" not in page()


def test_the_header_says_that_a_document_is_public() -> None:
    assert ">Public</span>" in page(public=True)
    assert "Public" not in page()


def test_a_document_page_runs_in_an_opaque_origin() -> None:
    assert "allow-scripts" in policy()["sandbox"]
    assert "allow-same-origin" not in policy()["sandbox"]


def test_only_scripts_the_document_came_with_may_run() -> None:
    script = "a = 1;\r\n"
    sources = policy(js=["https://cdn.example/x.js?y"], js_raw=[script])["script-src"].split()
    digest = b64encode(sha256(b"a = 1;\n").digest()).decode()
    assert {"'self'", "https://cdn.example", f"'sha256-{digest}'"} <= set(sources)
    assert not {"'unsafe-inline'", "https:", "http:", "*"} & set(sources)


@pytest.mark.parametrize(
    "url", ["https://x;sandbox/", "https://x 'unsafe-inline'/", "javascript:alert(1)", "//x/y"]
)
def test_a_published_address_cannot_change_the_policy(url: str) -> None:
    assert policy(js=[url]) == policy()


@pytest.mark.parametrize("name", ["Cache-Control", "X-Content-Type-Options", "Referrer-Policy"])
def test_a_document_page_is_private(name: str) -> None:
    assert dict(document_headers())[name] in {"no-store", "nosniff", "strict-origin-when-cross-origin"}
