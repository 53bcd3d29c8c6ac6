import type { BokehDocument } from "../bokehjs/bokeh";
import type { PatchEvent } from "../graph/graph";

/** Matches at least the READ_ONCE of needs-rebuild.ts, by beginnings of types and attributes. */
const READ_ONCE = /^(Tab|GroupBox|ColorBar|Title)|\.(level|title_l|toolbar_|hidpi|output_|bar_c|format|show_v|orien|direc)/;

/** Cheap test whether an event may need views to be rebuilt; needsRebuild() decides exactly. */
export function mayNeedRebuild(document: BokehDocument, { kind, model, attr, new: value }: PatchEvent): boolean {
  if (kind !== "ModelChanged") return false;
  const changed = document.get_model_by_id(model!.id);
  const property = changed?.properties[attr!];
  if (READ_ONCE.test(`${changed?.type}.${attr}`) || isObject(value)) return true;
  return property?.is_unset === false && isObject(property.get_value());
}

function isObject(value: unknown): boolean {
  // The first item is enough: lists do not mix models with numbers or strings.
  if (Array.isArray(value)) return isObject(value[0]);
  return typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
}
