import { type BokehDocument, type Model, type View, type ViewManager, bokeh } from "./bokeh";

/** A view manager with a parent: a document's, by default the page's. */
export function viewManager(above: ViewManager = bokeh().index): ViewManager {
  const { ViewManager } = bokeh().require("core/view_manager");
  return new ViewManager([], above);
}

/** Whether a model can be drawn without a plot or layout around it. */
export function standsAlone(model: Model, document: BokehDocument): boolean {
  const { UIElement } = bokeh().require("models/ui/ui_element");
  return model instanceof UIElement || document.roots().includes(model);
}

export async function buildView(manager: ViewManager, model: Model, element: HTMLElement): Promise<View> {
  const view = await manager.build_view(model);
  if (view instanceof bokeh().require("core/dom_view").DOMView) view.build?.(element);
  return view;
}
