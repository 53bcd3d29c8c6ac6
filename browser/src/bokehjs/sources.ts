import type { Source } from "./bokeh";

/** Replace a source's `data` without sending the change back to the server. */
export function setData(source: Source, data: Record<string, unknown>): void {
  keepSelection(source, () => source.setv({ data }, { sync: false, check_eq: false }));
}

/**
 * Change columns without changing the selection, which the server decides. BokehJS 3.10 would deselect missing rows, in
 * this page only.
 */
export function keepSelection(source: Source, change: () => void): void {
  source._prune_selection = () => {};
  try {
    change();
  } finally {
    delete source._prune_selection;
  }
}

/** Remove columns from a source. */
export function removeColumns(source: Source, names: ReadonlySet<string>): void {
  const kept = Object.entries(source.data).filter(([name]) => !names.has(name));
  setData(source, Object.fromEntries(kept));
}

/** Set columns of a source without a signal, as HasProps.stream_to and patch_to do, but without copying. */
export function setInPlace(source: Source, columns: Record<string, unknown>): void {
  const { data } = source;
  for (const [name, value] of Object.entries(columns)) {
    // Assignment would fail for names like __proto__.
    Object.defineProperty(data, name, { value, writable: true, enumerable: true, configurable: true });
  }
  source._clear_watchers?.();
  source.properties.data!.set_value(data);
}
