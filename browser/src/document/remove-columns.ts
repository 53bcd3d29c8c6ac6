import type { Source } from "./bokeh";
import { setData } from "./set-data";

/** Take columns out of a live source. */
export function removeColumns(source: Source, names: ReadonlySet<string>): void {
  const kept = Object.entries(source.data).filter(([name]) => !names.has(name));
  setData(source, Object.fromEntries(kept));
}
