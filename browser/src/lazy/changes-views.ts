import type { BokehDocument, BokehJS } from "../bokehjs/bokeh";
import { modelsOf } from "../bokehjs/documents";
import type { PatchEvent } from "../graph/graph";
import { UNSEEN } from "./models-in";

/** Attributes with models in them that views follow by themselves. */
const FOLLOWED = new Set(["children", "tools", "above", "below", "left", "right", "center"]);
/** Attributes without models that views read once, when they are built, by type; may-change-views.ts has to let them by. */
const READ_ONCE: [RegExp, RegExp][] = [
  [/^TabPanel$/, /^(title|closable|disabled)$/],
  [/^Tabs$/, /^tabs_location$/],
  [/^GroupBox$/, /^(title|checkable)$/],
  [/^ColorBar$/, /./],
  [/Slider$/, /^(bar_color|format|show_value|orientation|direction)$/],
  [/./, /^(level|title_location|toolbar_inner|toolbar_sticky|hidpi|output_backend)$/],
];

/** Whether an event says something that views which are there would not show: mostly, which models belong together. */
export function changesViews(bokeh: BokehJS, document: BokehDocument, { kind, model, attr, new: value }: PatchEvent): boolean {
  if (kind !== "ModelChanged" || UNSEEN.has(attr!) || FOLLOWED.has(attr!)) return false;
  const changed = document.get_model_by_id(model!.id);
  const property = changed?.properties[attr!];
  if (!property) return false;
  if (READ_ONCE.some(([type, name]) => type.test(changed.type) && name.test(attr!))) return true;
  const old = property.is_unset ? null : property.get_value();
  // A title that comes or goes needs another layout.
  if (changed.type === "Title" && attr === "text") return !value !== !old;
  const now = JSON.stringify(value ?? null);
  const before = modelsOf(bokeh, old);
  // What is added to a plot is seen; but its ranges are not computed again without what is taken out, nor is the order.
  if (attr === "renderers") return before.some(({ id }, i) => (value as { id: string }[])[i]?.id !== id);
  return now.includes('"id":') || before.length > 0;
}
