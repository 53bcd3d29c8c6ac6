import type { Model, View } from "./bokeh";

/** The view of a layout, of which children can be built anew. */
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

/** Build children of a layout anew, where they were; `remove` takes a view away and returns what stands for it. */
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

/** At once where it belongs: what is moved in a page loses some of its styles. */
export function before(place: Comment): Pick<Element, "appendChild"> {
  return { appendChild: (made) => (place.before(made), made) };
}

/** From now on a view, and all in it, hears of nothing. */
export function silence(view: View): void {
  view.disconnect_signals();
  for (const child of view.children()) silence(child);
}
