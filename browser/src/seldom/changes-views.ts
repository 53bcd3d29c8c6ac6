import type { BokehDocument, BokehJS } from "../document/bokeh";
import type { PatchEvent } from "../document/graph";
import { READ_ONCE } from "../document/may-change-views";
import { UNSEEN } from "./models-in";

/** Attributes with models in them that views follow by themselves. */
const FOLLOWED = new Set(["children", "tools", "above", "below", "left", "right", "center"]);

/** Whether an event says something that views which are there would not show: mostly, which models belong together. */
export function changesViews(bokeh: BokehJS, document: BokehDocument, { kind, model, attr, new: value }: PatchEvent): boolean {
  if (kind !== "ModelChanged" || UNSEEN.has(attr!) || FOLLOWED.has(attr!)) return false;
  const property = document.get_model_by_id(model!.id)?.properties[attr!];
  if (!property) return false;
  if (READ_ONCE.test(attr!)) return true;
  const now = JSON.stringify(value ?? null);
  const { HasProps } = bokeh.require("core/has_props");
  const before = property.is_unset ? [] : [...HasProps.references(property.get_value(), { recursive: false })];
  // What is added to a plot is seen, but its ranges are not computed again without what is taken out.
  if (attr === "renderers") return before.some(({ id }) => !now.includes(`"${id}"`));
  return now.includes('"id":') || before.length > 0;
}
