import { type BokehDocument, type Model, type Signal, type Source, bokeh } from "../bokehjs/bokeh";
import { keepingSelection, setData } from "../bokehjs/sources";
import type { Column } from "../columns/column";
import type { Touched } from "./touched";

/**
 * Put the columns' new values into a live source, and tell BokehJS, once, unless it is to hear of them later.
 *
 * `owned` may give BokehJS values in memory of its own. Columns that are gone stay, for now, with values of one that is
 * not: a patch that comes with this change has yet to turn the glyphs away from them, and until then BokehJS wants all
 * columns of one length.
 */
export function updateSource(
  source: Source,
  columns: ReadonlyMap<string, Column>,
  touched: Touched,
  owned: (values: unknown) => unknown = (values) => values,
  isTold = true,
): void {
  const fresh = [...touched.columns].map((name) => [name, owned(columns.get(name)!.value())] as const);
  if (fresh.length === 0) return;
  const stale = [...touched.removed].map((name) => [name, fresh[0]![1]] as const);
  const now = Object.fromEntries([...stale, ...fresh]);
  const { data } = source;
  const { signal } = touched;
  if (isTold && signal === "data") return setData(source, { ...data, ...now });
  // As HasProps.stream_to and patch_to do, less their copying; of a name like __proto__, too.
  for (const [name, value] of Object.entries(now)) {
    Object.defineProperty(data, name, { value, writable: true, enumerable: true, configurable: true });
  }
  source._clear_watchers?.();
  source.properties.data!.set_value(data);
  if (!isTold) return;
  keepingSelection(source, () => {
    if (signal === "streaming") source.streaming.emit();
    else source.patching.emit(touched.indices);
  });
}

interface Table extends Model {
  source?: Model;
  view?: { change?: Signal };
}

/** BokehJS 3.9's tables look at their source only when their view changes, so not while its length stays. */
export function refreshTables(document: BokehDocument, source: Source): void {
  if (!bokeh().version.startsWith("3.9.")) return;
  for (const table of document._all_models.values() as Iterable<Table>) {
    if (table.source === source && table.view?.change) table.view.change.emit();
  }
}
