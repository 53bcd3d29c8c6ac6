import type { BokehDocument } from "../bokehjs/bokeh";
import type { PatchEvent } from "../graph/graph";

/** Beginnings of types and attributes among which are those that views read once, when they are built. */
const READ_ONCE = /^(Tab|GroupBox|ColorBar|Title)|\.(level|title_l|toolbar_|hidpi|output_|bar_c|format|show_v|orien|direc)/;

/** Whether an event may be something that views do not follow: by a look at its value, the one of before, and the name. */
export function mayChangeViews(document: BokehDocument, { kind, model, attr, new: value }: PatchEvent): boolean {
  if (kind !== "ModelChanged") return false;
  const changed = document.get_model_by_id(model!.id);
  const property = changed?.properties[attr!];
  if (READ_ONCE.test(`${changed?.type}.${attr}`) || isObject(value)) return true;
  return property?.is_unset === false && isObject(property.get_value());
}

function isObject(value: unknown): boolean {
  // A list of numbers or texts holds no models; lists are not mixed.
  if (Array.isArray(value)) return isObject(value[0]);
  return typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
}
