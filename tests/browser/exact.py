"""Values in a page and values in a script, in one form that is equal only if they are bit for bit."""

from base64 import b64encode
from typing import Any

import numpy as np

from bokeh_wsgi.dataplane import column_from

# Every column of the data sources named like the argument, as BokehJS holds it.
COLUMNS = """(name) => {
  const base64 = (view) => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    let text = ""
    for (let i = 0; i < bytes.length; i += 0x8000) {
      text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
    }
    return btoa(text)
  }
  const exact = (value) => {
    if (ArrayBuffer.isView(value)) {
      const shape = value.shape ?? [value.length]
      return {dtype: value[Symbol.toStringTag].replace("Array", ""), shape, bytes: base64(value)}
    }
    if (Array.isArray(value)) {
      if (value.length > 0 && value.every((item) => typeof item == "number")) {
        return {numbers: base64(Float64Array.from(value))}
      }
      return Array.from(value, exact)
    }
    if (value instanceof Map) {
      return {map: [...value].map(([key, item]) => [key, exact(item)])}
    }
    return typeof value == "number" ? {numbers: base64(Float64Array.of(value))} : value
  }
  const found = {}
  for (const doc of Bokeh.documents) {
    for (const model of doc._all_models.values()) {
      if (model.name == name) {
        const entries = model.data instanceof Map ? [...model.data] : Object.entries(model.data)
        for (const [column, values] of entries) {
          found[column] = exact(values)
        }
      }
    }
  }
  return found
}"""


def expected(values: Any) -> Any:
    """What `COLUMNS` gives for a column that the script set to ``values``."""
    return _exact(column_from(values).values())


def _exact(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        # BokehJS keeps booleans as bytes.
        dtype = "uint8" if value.dtype == bool else value.dtype.name
        content = np.ascontiguousarray(value).tobytes()
        return {"dtype": dtype.capitalize(), "shape": list(value.shape), "bytes": _base64(content)}
    if isinstance(value, np.ndarray | list | tuple):
        items = list(value)
        if items and all(_is_number(item) for item in items):
            return {"numbers": _base64(np.array(items, "f8").tobytes())}
        return [_exact(item) for item in items]
    return {"numbers": _base64(np.array([value], "f8").tobytes())} if _is_number(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)


def _base64(content: bytes) -> str:
    return b64encode(content).decode()
