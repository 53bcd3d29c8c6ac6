"""What the package gives: added to by intent, removed from never without a word in CHANGES.md."""

import subprocess
import sys

import pytest

import bokeh_wsgi


def test_the_package_has_these_names_and_no_others() -> None:
    assert sorted(bokeh_wsgi.__all__) == ["BokehWSGI", "Session", "__version__"]
    assert set(bokeh_wsgi.__all__) <= set(dir(bokeh_wsgi))


def test_embed_has_these_names() -> None:
    from bokeh_wsgi import embed

    names = ["autoload_document", "autoload_server", "components", "document_link", "iframe", "object_link"]
    assert sorted(embed.__all__) == names


def test_a_session_has_what_sessions_of_bokeh_0_9_had() -> None:
    names = {name for name in dir(bokeh_wsgi.Session) if not name.startswith("_")}
    old = "base_url configdir configfile docid find_doc gc http_session load_document load_object login"
    old += " make_doc object_link publish pull push register browser_login save show store_document"
    old += " store_objects"
    new = "access close delete_doc document_link embed_token flush frame_code is_stored keys logout new_key"
    new += " rename revoke"
    new += " live next_change notice on_viewers poll_document run seq share stop unpublish unshare use_doc"
    new += " userinfo viewers wire_id withdraw_tokens pull_state"
    assert names == {*old.split(), *new.split()}


def test_each_name_is_what_its_module_defines() -> None:
    from bokeh_wsgi.app import BokehWSGI
    from bokeh_wsgi.client import Session

    assert bokeh_wsgi.BokehWSGI is BokehWSGI
    assert bokeh_wsgi.Session is Session


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Server'"):
        _ = bokeh_wsgi.Server


@pytest.mark.parametrize(("name", "unwanted"), [("BokehWSGI", "bokeh"), ("Session", "bokeh_wsgi.app")])
def test_a_name_brings_only_its_own_side(name: str, unwanted: str) -> None:
    program = f"import sys, bokeh_wsgi; bokeh_wsgi.{name}; print({unwanted!r} in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys; old = set(sys.modules); import bokeh_wsgi; print(*(set(sys.modules) - old))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in run.stdout.split()} - {"bokeh_wsgi"}
    assert loaded <= sys.stdlib_module_names
