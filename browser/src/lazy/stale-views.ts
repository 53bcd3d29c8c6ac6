import type { BokehDocument, BokehJS, Model, View } from "../bokehjs/bokeh";
import { type LayoutView, before, disconnect, isChild, rebuildChildren } from "../bokehjs/layout-views";
import { forgetViews } from "../bokehjs/ranges";
import { reserve } from "../dom/keep-scroll";
import type { Patch } from "../graph/graph";
import { needsRebuild } from "./needs-rebuild";
import { modelsIn } from "./models-in";

/** A view that can be rebuilt in its place: that of a root, or of a layout's child. */
interface Unit {
  readonly view: View;
  /** Null: the view of a root. */
  readonly layout: LayoutView | null;
}

const MAX_WAIT_MS = 1000;

/**
 * Views that must be rebuilt to show a patch. BokehJS's views read many attributes only when they are built, such as a
 * plot's ranges or a renderer's glyph. Such views are disconnected before the patch and rebuilt after it.
 */
export class StaleViews {
  readonly #units = new Set<Unit>();
  /** Releases the reserved heights. */
  #release: (() => void) | null = null;

  constructor(
    private readonly bokeh: BokehJS,
    private readonly document: BokehDocument,
    private readonly elements: HTMLElement[],
  ) {}

  /** Disconnect the views that a patch makes stale. To be called before the patch is applied. */
  disconnect({ events = [] }: Patch): void {
    for (const { kind, model } of events) if (kind === "RootRemoved") this.#forgetRoot(model!.id);
    const stale = events.filter((event) => needsRebuild(this.bokeh, this.document, event));
    const changed = new Set(stale.map(({ model }) => this.document.get_model_by_id(model!.id)!));
    if (changed.size === 0) return;
    const units = [...this.#find(this.document.views_manager?.roots ?? [])];
    const all = new Set(units.map(({ view }) => view.model));
    const isRemoved = ({ view }: Unit) => events.some(({ kind, model }) => kind === "RootRemoved" && model!.id === view.model.id);
    for (const unit of units) if (this.#shows(unit.view.model, changed, all) && !isRemoved(unit)) this.#disconnect(unit);
  }

  /** Rebuild them. To be called after the patch is applied. */
  async rebuild(): Promise<void> {
    const units = [...this.#units].filter(({ view }) => !view.is_destroyed);
    this.#units.clear();
    const layouts = new Set(units.map(({ layout }) => layout).filter((layout) => layout !== null));
    try {
      for (const { view, layout } of units) if (!layout) await this.#rebuildRoot(view);
      for (const layout of layouts) {
        // The layout may still be building children that the same patch added.
        await Promise.race([layout.ready, new Promise((resolve) => setTimeout(resolve, MAX_WAIT_MS))]);
        const views = units.filter((unit) => unit.layout === layout).map(({ view }) => view);
        const left = views.filter(({ is_destroyed }) => !is_destroyed);
        if (!layout.is_destroyed) await rebuildChildren(layout, left, (view) => this.#remove(view));
      }
    } finally {
      this.#release?.();
    }
  }

  async #rebuildRoot(old: View): Promise<void> {
    const { model, owner } = old;
    const place = this.#remove(old);
    if (this.document.get_model_by_id(model.id) === model) {
      const view = await owner.build_view(model);
      view.build?.(before(place));
      this.bokeh.index.add(view);
    }
    place.remove();
  }

  /** Remove the bounds that computed ranges store for removed views. To be called after drawing. */
  forget(): void {
    forgetViews(this.document, ({ is_destroyed }) => is_destroyed);
  }

  /** Disconnect a view. It stays in the page until it is replaced, because layouts use its element. */
  #disconnect(unit: Unit): void {
    this.#release ??= reserve(this.elements);
    this.#units.add(unit);
    disconnect(unit.view);
  }

  /** Remove a view; returns its placeholder. */
  #remove(view: View): Comment {
    const place = document.createComment("");
    view.el!.before(place);
    view.remove();
    forgetViews(this.document, (other) => other === view);
    return place;
  }

  /** A removed root is not rebuilt here; if it is added again, DocumentView draws it. */
  #forgetRoot(root: string): void {
    for (const unit of this.#units) if (!unit.layout && unit.view.model.id === root) this.#units.delete(unit);
  }

  *#find(views: Iterable<View>, parent: View | null = null): Generator<Unit> {
    for (const view of views) {
      if (!parent && view.el?.parentNode) yield { view, layout: null };
      else if (parent && isChild(view, parent)) yield { view, layout: parent };
      yield* this.#find(view.children(), view);
    }
  }

  /** Whether the view of `model` shows a `changed` model itself, not through the views of `all`. */
  #shows(model: Model, changed: ReadonlySet<Model>, all: ReadonlySet<Model>): boolean {
    const seen = new Set([model]);
    for (const one of seen) {
      if (changed.has(one)) return true;
      for (const other of modelsIn(one)) if (!all.has(other)) seen.add(other);
    }
    return false;
  }
}
