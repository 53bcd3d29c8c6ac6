import { type BokehDocument, type Model, type Signal, type Source, bokeh } from "./bokeh";

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
