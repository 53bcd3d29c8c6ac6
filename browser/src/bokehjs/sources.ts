import type { Source } from "./bokeh";

/** Give BokehJS a source's columns as the history has them. */
export function setData(source: Source, data: Record<string, unknown>): void {
  keepingSelection(source, () => source.setv({ data }, { sync: false, check_eq: false }));
}

/**
 * Change columns as the history says, which has the say over what is selected, too: BokehJS 3.10 would take rows that
 * are not there at the moment out of the selection, in this page alone.
 */
export function keepingSelection(source: Source, change: () => void): void {
  source._prune_selection = () => {};
  try {
    change();
  } finally {
    delete source._prune_selection;
  }
}

/** Take columns out of a live source. */
export function removeColumns(source: Source, names: ReadonlySet<string>): void {
  const kept = Object.entries(source.data).filter(([name]) => !names.has(name));
  setData(source, Object.fromEntries(kept));
}

/** Put columns into a source without a signal: as HasProps.stream_to and patch_to do, less their copying. */
export function setInPlace(source: Source, columns: Record<string, unknown>): void {
  const { data } = source;
  for (const [name, value] of Object.entries(columns)) {
    // Of a name like __proto__, too.
    Object.defineProperty(data, name, { value, writable: true, enumerable: true, configurable: true });
  }
  source._clear_watchers?.();
  source.properties.data!.set_value(data);
}
