"""Access to the columns of a data source."""

from collections.abc import Mapping
from typing import Any

from bokeh.core.property.container import ColumnData
from bokeh.model import Model
from bokeh.models.sources import ColumnarDataSource


def columns_of(model: Model) -> Mapping[str, Any] | None:
    """The columns of a source; None for other models, even if they have an attribute ``data``."""
    if not isinstance(model, ColumnarDataSource) or "data" not in model.properties():
        return None
    if not isinstance(model.lookup("data").property, ColumnData):
        return None
    data: Mapping[str, Any] = model.lookup("data").get_value(model)
    return data
