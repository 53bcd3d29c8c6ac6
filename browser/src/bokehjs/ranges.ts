import type { BokehDocument, Model, View } from "./bokeh";
import { allModels } from "./documents";

/** A range as BokehJS has it; all but the first three of DataRange1d only. */
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

/** Whether BokehJS computes where the range begins and ends from the data. */
export function isComputed({ type }: Model): boolean {
  return type === "DataRange1d";
}

/** From now on a computed range is where it was moved to. */
export function stayMoved(range: Range): void {
  range.have_updated_interactively = true;
  range._initial_start = range._initial_end = null;
}

/** Have a range that was moved computed again. */
export function computeAgain(range: Range): void {
  range._initial_start = range._initial_end = null;
  range.reset();
  for (const plot of range.linked_plots ?? []) plot.invalidate_dataranges = true;
  range.change?.emit();
}

/** Have computed ranges forget what they have computed for views that are gone. */
export function forgetViews(document: BokehDocument, isGone: (view: View) => boolean): void {
  for (const range of allModels(document).values() as Iterable<Range>) {
    for (const view of range._plot_bounds?.keys() ?? []) if (isGone(view)) forget(range, view);
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
