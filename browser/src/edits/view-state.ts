import type { BokehDocument, Model } from "../bokehjs/bokeh";
import { allModels } from "../bokehjs/documents";

/** What a page computes for itself: of the layout, and where a map's ranges go back to. */
const OWN = new Set(["inner_width", "inner_height", "outer_width", "outer_height", "reset_start", "reset_end"]);
const RANGES = new Set(["Range1d", "DataRange1d", "FactorRange"]);

/** What shows where this page's mouse is, or was: of models that BokehJS opens and closes by itself. */
const SHOWN = new Map([
  ["Tooltip", ["visible", "closable", "target", "position"]],
  ["UndoTool", ["disabled"]],
  ["RedoTool", ["disabled"]],
  ["ExamineTool", ["active"]],
]);
/** What tools draw while somebody points or drags. */
const DRAWN = new Set(["BoxAnnotation", "PolyAnnotation", "Span"]);

/** Whether an attribute is nobody's but this page's: computed from its size, or about where its mouse is. */
export function isOwn(model: Model, attr: string, document: BokehDocument): boolean {
  return OWN.has(attr) || SHOWN.get(model.type)?.includes(attr) === true || isOfTool(model, document);
}

/** Whether it is the box, lasso or crosshair of a tool; those that Bokeh makes for tools say so themselves. */
function isOfTool(model: Model, document: BokehDocument): boolean {
  const tools = [...allModels(document).values()] as { overlay?: unknown }[];
  return DRAWN.has(model.type) && tools.some(({ overlay }) => [overlay].flat().includes(model));
}

/** Whether an attribute says what a viewer looks at, and how: the part of a plot, the tools. */
export function isView(model: Model, attr: string): boolean {
  if (isRange(model)) return attr === "start" || attr === "end";
  return model.type === "Toolbar" || model.type === "ToolProxy";
}

export function isRange({ type }: Model): boolean {
  return RANGES.has(type);
}

/** Whether each page fetches the columns of a source for itself (AjaxDataSource, ServerSentDataSource). */
export function isFetched({ properties }: Model): boolean {
  return "data_url" in properties;
}
