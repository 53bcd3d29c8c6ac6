import type { Model, View } from "./bokeh";

/** The view of a layout whose children can be rebuilt. */
export interface LayoutView extends View {
  readonly _child_views: Map<Model, View>;
  build_child_views(): Promise<View[]>;
  _update_children?(): void;
  invalidate_layout?(): void;
}

/** Whether `parent` is a layout and has `view` as a child. */
export function isChild(view: View, parent: View): parent is LayoutView {
  const { build_child_views, _child_views } = parent as Partial<LayoutView>;
  return build_child_views !== undefined && _child_views?.get(view.model) === view;
}

/** Rebuild children of a layout in their places; `remove` removes a view and returns its placeholder. */
export async function rebuildChildren(
  layout: LayoutView, old: readonly View[], remove: (view: View) => Comment,
): Promise<void> {
  const places = new Map(old.map((view) => {
    layout._child_views.delete(view.model);
    return [view.model, remove(view)] as const;
  }));
  for (const view of await layout.build_child_views()) {
    const place = places.get(view.model);
    if (!place) continue;
    view.render_to?.(before(place));
    view.r_after_render?.();
  }
  for (const place of places.values()) place.remove();
  layout._update_children?.();
  layout.invalidate_layout?.();
}

/** Insert directly in its place: an element moved later would lose some of its styles. */
export function before(place: Comment): Pick<Element, "appendChild"> {
  return { appendChild: (element) => (place.before(element), element) };
}

/** Disconnect a view and its descendants from signals. */
export function disconnect(view: View): void {
  view.disconnect_signals();
  for (const child of view.children()) disconnect(child);
}
