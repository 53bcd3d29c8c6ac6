"""What a session knows of its document, and where that differs from what the server has."""

from bokeh.document import Document

from bokeh_wsgi.client import Publisher, Session
from bokeh_wsgi.client.publish.serializer import closure, text_of
from bokeh_wsgi.dataplane import column_from


def publisher_of(session: Session) -> Publisher:
    """What a session knows of its document."""
    assert session._in_use is not None
    return session._in_use.publisher


def differences(session: Session, document: Document) -> list[str]:
    """Where a script's document is not what the server has."""
    state = session.pull_state()
    found = []
    serializer = closure(document.roots, publisher_of(session).ownership.ids)
    roots = [session.wire_id(root) for root in document.roots]
    if roots != state.graph.roots:
        found.append(f"roots {roots} and not {state.graph.roots}")
    for key, rep in serializer.models.items():
        theirs = state.graph.models.get(key, {"attributes": {}})["attributes"]
        for name, value in rep["attributes"].items():
            if name in theirs and text_of(theirs[name]) != text_of(value):
                found.append(f"{key}.{name} is {value} and not {theirs[name]}")
    for key, data in serializer.sources.items():
        columns = {
            name: held.values.column() for (model, name), held in state.columns.items() if model == key
        }
        if columns.keys() != data.keys():
            found.append(f"{key} has columns {list(data)} and not {list(columns)}")
            continue
        for name, values in data.items():
            if not column_from(values).equals(columns[name]):
                found.append(f"{key}.{name} is {values} and not {columns[name].values()}")
    return found


def shadow_differences(session: Session) -> list[str]:
    """Where a session's shadow is not what the server has."""
    state, shadow = session.pull_state(), publisher_of(session).shadow
    found = [f"model {key}" for key in state.graph.models.keys() ^ shadow.graph.models.keys()] + [
        f"column {key}" for key in state.columns.keys() ^ shadow.columns.keys()
    ]
    for key, rep in state.graph.models.items():
        if key in shadow.graph.models and shadow.graph.models[key] != rep:
            found.append(f"model {key}: {shadow.graph.models[key]} and not {rep}")
    for place, held in state.columns.items():
        if place in shadow.columns:
            mine = shadow.columns[place]
            if not mine.values.column().equals(held.values.column()):
                found.append(f"column {place}")
    return found
