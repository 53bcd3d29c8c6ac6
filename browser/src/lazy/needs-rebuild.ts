import type { BokehDocument, BokehJS } from "../bokehjs/bokeh";
import { modelsOf } from "../bokehjs/documents";
import type { PatchEvent } from "../graph/graph";
import { NOT_DRAWN } from "./models-in";

/** Attributes with models whose changes views show by themselves. */
const FOLLOWED = new Set(["children", "tools", "above", "below", "left", "right", "center"]);
/** Type and attribute: read only when a view is built, and without models. may-need-rebuild.ts must match all of them. */
const READ_ONCE: [RegExp, RegExp][] = [
  [/^TabPanel$/, /^(title|closable|disabled)$/],
  [/^Tabs$/, /^tabs_location$/],
  [/^GroupBox$/, /^(title|checkable)$/],
  [/^ColorBar$/, /./],
  [/Slider$/, /^(bar_color|format|show_value|orientation|direction)$/],
  [/./, /^(level|title_location|toolbar_inner|toolbar_sticky|hidpi|output_backend)$/],
];

/** Whether existing views would not show an event: mostly where an attribute gets other models. */
export function needsRebuild(bokeh: BokehJS, document: BokehDocument, { kind, model, attr, new: value }: PatchEvent): boolean {
  if (kind !== "ModelChanged" || NOT_DRAWN.has(attr!) || FOLLOWED.has(attr!)) return false;
  const changed = document.get_model_by_id(model!.id);
  const property = changed?.properties[attr!];
  if (!property) return false;
  if (READ_ONCE.some(([type, name]) => type.test(changed.type) && name.test(attr!))) return true;
  const old = property.is_unset ? null : property.get_value();
  // Showing or hiding a title changes the layout.
  if (changed.type === "Title" && attr === "text") return !value !== !old;
  const now = JSON.stringify(value ?? null);
  const before = modelsOf(bokeh, old);
  // Plots show added renderers, but ignore a new order, and do not recompute ranges after a removal.
  if (attr === "renderers") return before.some(({ id }, i) => (value as { id: string }[])[i]?.id !== id);
  return now.includes('"id":') || before.length > 0;
}
