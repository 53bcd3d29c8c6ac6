"""Shows an object of Panel, HoloViews or hvPlot, and follows it: ``… holoviz_script.py url name``.

It prints its document's link when it listens; of an object that is refused it prints why.
"""

import sys
from collections.abc import Callable
from typing import Any

from bokeh_wsgi.plotting import curdoc, cursession, output_server, push, show


def tell(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def table() -> Any:
    import pandas as pd

    return pd.DataFrame({"x": [1, 2, 3], "y": [3, 4, 5], "kind": ["first", "second", "third"]})


def panel() -> Any:
    import panel as pn

    slider = pn.widgets.IntSlider(name="how many", start=0, end=100)
    return pn.Column("# A heading", slider, pn.bind(lambda count: f"There are {count} of them", slider))


def tabulator() -> Any:
    import panel as pn

    return pn.widgets.Tabulator(table())


def holoviews() -> Any:
    import holoviews as hv

    return (hv.Curve([1, 2, 3]) * hv.Scatter([1, 2, 3])).relabel("drawn by HoloViews")


def side_by_side() -> Any:
    import holoviews as hv

    return hv.Curve([1, 2, 3], label="on the left") + hv.Scatter([1, 2, 3], label="on the right")


def hvplot() -> Any:
    import hvplot.pandas  # noqa: F401

    return table().hvplot.line("x", "y", title="drawn by hvPlot")


def grouped() -> Any:
    import hvplot.pandas  # noqa: F401

    return table().hvplot.scatter("x", "y", groupby="kind")


def accessor() -> Any:
    import hvplot.pandas  # noqa: F401

    return table().hvplot


def interactive() -> Any:
    import hvplot.pandas  # noqa: F401

    return table().interactive()


def template() -> Any:
    import panel as pn

    return pn.template.MaterialTemplate(title="a page")


MAKERS: dict[str, Callable[[], Any]] = {
    make.__name__: make
    for make in (
        panel, tabulator, holoviews, side_by_side, hvplot, grouped, accessor, interactive, template,
    )
}  # fmt: skip


def main(url: str, name: str) -> None:
    output_server(f"holoviz {name}", url=url)
    obj = MAKERS[name]()
    try:
        show(obj)
        # Once more: it is the same root.
        show(obj)
        push()
    except ValueError as error:
        tell(error)
        return
    session = cursession()
    assert session is not None
    assert len(curdoc().roots) == 1
    with session.live(curdoc()):
        tell(session.document_link())
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
