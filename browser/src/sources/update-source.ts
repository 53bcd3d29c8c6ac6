import { type BokehDocument, type Model, type Signal, type Source, bokeh } from "../bokehjs/bokeh";
import { allModels } from "../bokehjs/documents";
import { keepSelection, setData, setInPlace } from "../bokehjs/sources";
import type { Column } from "../columns/column";
import { SourceColumns } from "../long/source-columns";
import type { SourceChanges } from "./source-changes";

/**
 * Set the changed columns of a source and, if `emits`, emit one signal.
 *
 * `owned` may copy values for BokehJS. Removed columns stay for now, with the values of another column: a later patch
 * must first stop glyphs using them, and BokehJS needs columns of equal length.
 */
export function updateSource(
  source: Source,
  columns: ReadonlyMap<string, Column>,
  changes: SourceChanges,
  owned: (values: unknown) => unknown = (values) => values,
  emits = true,
): void {
  const changed = [...changes.columns].map((name) => [name, owned(columns.get(name)!.value())] as const);
  if (changed.length === 0) return;
  const removed = [...changes.removed].map((name) => [name, changed[0]![1]] as const);
  const values = Object.fromEntries([...removed, ...changed]);
  const { signal } = changes;
  const known = SourceColumns.of(source);
  known.changed(Object.fromEntries(changed), changes.details);
  if (emits && signal === "data") return known.updating(() => setData(source, { ...source.data, ...values }));
  setInPlace(source, values);
  if (!emits) return;
  known.updating(() => keepSelection(source, () => {
    if (signal === "streaming") source.streaming.emit();
    else source.patching.emit(changes.indices);
  }));
}

interface Table extends Model {
  source?: Model;
  view?: { change?: Signal };
}

/** BokehJS 3.9's tables update only when their view changes, which it does not if the length stays the same. */
export function refreshTables(document: BokehDocument, source: Source): void {
  if (!bokeh().version.startsWith("3.9.")) return;
  for (const table of allModels(document).values() as Iterable<Table>) {
    if (table.source === source && table.view?.change) table.view.change.emit();
  }
}
