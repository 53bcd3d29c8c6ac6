"""Pages are told to load what Bokeh's own ``file_html`` would load."""

from typing import Any

import pytest
from bokeh.embed.bundle import bundle_for_objs_and_resources
from bokeh.models.widgets import DataTable, Div, Slider
from bokeh.plotting import figure
from bokeh.resources import Resources

from bokeh_wsgi.client.ids import ModelIds
from bokeh_wsgi.client.publish.resources import resources_of
from bokeh_wsgi.client.publish.serializer import closure
from bokeh_wsgi.models.resources import joined_resources
from tests.effort import some
from tests.gallery import documents as gallery


def components_of(*roots: Any) -> list[str]:
    components: list[str] = resources_of(closure(roots, ModelIds()).objects.values())["components"]
    return components


@pytest.mark.parametrize("name", some(gallery.NAMES))
def test_the_components_are_those_of_file_html(name: str) -> None:
    roots = gallery.build(name).roots
    bundle = bundle_for_objs_and_resources(roots, Resources(mode="server", minified=False))
    wanted = [url.url.rpartition("/")[2].partition(".")[0] for url in bundle.js_files]
    assert sorted(components_of(*roots)) == sorted(name for name in wanted if name.startswith("bokeh"))


def test_a_plain_plot_needs_the_smallest_bundle() -> None:
    assert components_of(figure()) == ["bokeh"]


def test_webgl_is_loaded_where_a_plot_asks_for_it() -> None:
    assert components_of(figure(output_backend="webgl")) == ["bokeh", "bokeh-gl"]


def test_widgets_tables_and_formulas_are_loaded_where_they_are_used() -> None:
    assert components_of(Slider(start=0, end=1, value=0)) == ["bokeh", "bokeh-widgets"]
    assert components_of(DataTable()) == ["bokeh", "bokeh-widgets", "bokeh-tables"]
    assert components_of(Div(text="$$x^2$$")) == ["bokeh", "bokeh-widgets", "bokeh-mathjax"]


def test_what_is_loaded_stays_loaded() -> None:
    old = {"components": ["bokeh", "bokeh-gl"]}
    new = {"components": ["bokeh", "bokeh-widgets"], "js": ["https://x/a.js"]}
    assert joined_resources(old, new) == {
        "components": ["bokeh", "bokeh-gl", "bokeh-widgets"],
        "js": ["https://x/a.js"],
    }


def test_a_custom_model_brings_its_code_and_what_it_names(tmp_path: Any, monkeypatch: Any) -> None:
    package = tmp_path / "bokeh_wsgi_example_extension"
    (package / "dist").mkdir(parents=True)
    (package / "bokeh.ext.json").write_text("{}")
    (package / "dist" / f"{package.name}.min.js").write_text("/* the extension */")
    (package / "dist" / "library.js").write_text('var library = "</script>"')
    (package / "__init__.py").write_text(
        "from bokeh.models import LayoutDOM\n"
        "class Gadget(LayoutDOM):\n"
        "    __css__ = ['https://example.org/gadget.css']\n"
        "    __javascript__ = [\n"
        "        'https://example.org/gadget.js',\n"
        "        'static/extensions/bokeh_wsgi_example_extension/library.js?v=1',\n"
        "        'static/extensions/bokeh_wsgi_example_extension/missing.js',\n"
        "    ]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    gadget = __import__(package.name).Gadget()
    resources = resources_of([gadget])
    missing = "static/extensions/bokeh_wsgi_example_extension/missing.js"
    assert resources["js"] == ["https://example.org/gadget.js", missing]
    assert resources["css"] == ["https://example.org/gadget.css"]
    library, code = resources["js_raw"]
    # A server of Bokeh's would serve it; its names are to be the page's.
    assert library == r'(0, eval)("var library = \"</script>\"")'
    assert "/* the extension */" in code
    # The bundle may build on any of them: the document needs "bokeh" alone.
    assert resources["components"] == ["bokeh", "bokeh-gl", "bokeh-widgets", "bokeh-tables", "bokeh-mathjax"]
    type(gadget).clear_extensions()
