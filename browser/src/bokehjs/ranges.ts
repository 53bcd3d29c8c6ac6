import type { BokehDocument, Model, View } from "./bokeh";
import { allModels } from "./documents";

/** A range of BokehJS. The optional properties are those of DataRange1d. */
export interface Range extends Model {
  start: unknown;
  end: unknown;
  reset(): void;
  scale_hint?: string;
  have_updated_interactively?: boolean;
  readonly linked_plots?: Iterable<{ invalidate_dataranges: boolean; request_paint(): void }>;
  readonly _plot_bounds?: Map<View, unknown>;
  _initial_start?: unknown;
  _initial_end?: unknown;
}

/** Whether BokehJS computes the range's bounds from the data. */
export function isComputed({ type }: Model): boolean {
  return type === "DataRange1d";
}

/** Keep a computed range at its present bounds. */
export function pinRange(range: Range): void {
  range.have_updated_interactively = true;
  range._initial_start = range._initial_end = null;
}

/** Let BokehJS compute a pinned range again. */
export function unpinRange(range: Range): void {
  range._initial_start = range._initial_end = null;
  range.reset();
  for (const plot of range.linked_plots ?? []) plot.invalidate_dataranges = true;
  range.change?.emit();
}

/** Remove the bounds that computed ranges store for removed views. */
export function forgetViews(document: BokehDocument, isRemoved: (view: View) => boolean): void {
  for (const range of allModels(document).values() as Iterable<Range>) {
    for (const view of range._plot_bounds?.keys() ?? []) if (isRemoved(view)) forget(range, view);
  }
}

function forget(range: Range, view: View): void {
  range._plot_bounds!.delete(view);
  if (range._plot_bounds!.size === 0) range.scale_hint = "auto";
  for (const plot of range.linked_plots!) {
    plot.invalidate_dataranges = true;
    plot.request_paint();
  }
}
