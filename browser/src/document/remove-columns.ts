import type { Source } from "./bokeh";

/** Take columns out of a live source. */
export function removeColumns(source: Source, names: ReadonlySet<string>): void {
  const kept = Object.entries(source.data).filter(([name]) => !names.has(name));
  source.setv({ data: Object.fromEntries(kept) }, { sync: false, check_eq: false });
}
