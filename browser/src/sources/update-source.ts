import { type BokehDocument, type Model, type Signal, type Source, bokeh } from "../bokehjs/bokeh";
import { allModels } from "../bokehjs/documents";
import { keepingSelection, setData, setInPlace } from "../bokehjs/sources";
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
  const { signal } = touched;
  if (isTold && signal === "data") return setData(source, { ...source.data, ...now });
  setInPlace(source, now);
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
  for (const table of allModels(document).values() as Iterable<Table>) {
    if (table.source === source && table.view?.change) table.view.change.emit();
  }
}
