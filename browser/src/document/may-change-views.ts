import type { BokehDocument } from "./bokeh";
import type { PatchEvent } from "./graph";

/** Attributes without models that views read once, when they are built. */
export const READ_ONCE = /^(title_location|toolbar_inner|toolbar_sticky|hidpi|output_backend)$/;

/** Whether an event may be about models that belong together, by a look at its value and the one of before. */
export function mayChangeViews(document: BokehDocument, { kind, model, attr, new: value }: PatchEvent): boolean {
  if (kind !== "ModelChanged") return false;
  const property = document.get_model_by_id(model!.id)?.properties[attr!];
  return READ_ONCE.test(attr!) || isObject(value) || (property?.is_unset === false && isObject(property.get_value()));
}

function isObject(value: unknown): boolean {
  // A list of numbers or texts holds no models; lists are not mixed.
  if (Array.isArray(value)) return isObject(value[0]);
  return typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
}
