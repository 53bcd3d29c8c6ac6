import type { BokehDocument, Model } from "../bokehjs/bokeh";
import { allModels } from "../bokehjs/documents";

/** Attributes that each page computes: layout sizes, and reset bounds of map ranges. */
const OWN = new Set(["inner_width", "inner_height", "outer_width", "outer_height", "reset_start", "reset_end"]);
const RANGES = new Set(["Range1d", "DataRange1d", "FactorRange"]);

/** Attributes that BokehJS sets while the mouse moves, by type. */
const MOUSE = new Map([
  ["Tooltip", ["visible", "closable", "target", "position"]],
  ["UndoTool", ["disabled"]],
  ["RedoTool", ["disabled"]],
  ["ExamineTool", ["active"]],
]);
/** What tools draw during pointing and dragging. */
const OVERLAYS = new Set(["BoxAnnotation", "PolyAnnotation", "Span"]);

/** Whether an attribute belongs to this page only: computed from its size, or set by its mouse. */
export function isOwn(model: Model, attr: string, document: BokehDocument): boolean {
  return OWN.has(attr) || MOUSE.get(model.type)?.includes(attr) === true || isOfTool(model, document);
}

/** Whether a model is the box, lasso or crosshair of a tool. */
function isOfTool(model: Model, document: BokehDocument): boolean {
  const tools = [...allModels(document).values()] as { overlay?: unknown }[];
  return OVERLAYS.has(model.type) && tools.some(({ overlay }) => [overlay].flat().includes(model));
}

/** Whether an attribute is part of the view that `share_view` shares: bounds of ranges, active tools. */
export function isView(model: Model, attr: string): boolean {
  if (isRange(model)) return attr === "start" || attr === "end";
  return model.type === "Toolbar" || model.type === "ToolProxy";
}

export function isRange({ type }: Model): boolean {
  return RANGES.has(type);
}

/** Whether each page fetches the columns of a source itself (AjaxDataSource, ServerSentDataSource). */
export function isFetched({ properties }: Model): boolean {
  return "data_url" in properties;
}
