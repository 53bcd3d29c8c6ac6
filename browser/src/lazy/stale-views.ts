import type { BokehDocument, BokehJS, Model, View } from "../bokehjs/bokeh";
import { type LayoutView, before, isChild, rebuildChildren, silence } from "../bokehjs/layout-views";
import { forgetViews } from "../bokehjs/ranges";
import { reserve } from "../dom/keeping-scroll";
import type { Patch } from "../graph/graph";
import { changesViews } from "./changes-views";
import { modelsIn } from "./models-in";

/** A view that can be taken out of the page and built anew where it was: a root's, or that of a layout's child. */
interface Unit {
  readonly view: View;
  /** Null: it is a root's. */
  readonly layout: LayoutView | null;
}

const LONGEST_MS = 1000;

/**
 * Views that would not show what a patch says: BokehJS's own read many an attribute once, when they are built, such as
 * a plot's ranges or a renderer's glyph. They hear nothing of the patch, and are built anew after it.
 */
export class StaleViews {
  readonly #out = new Set<Unit>();

  /** Releases the places that are reserved for them. */
  #release: (() => void) | null = null;

  constructor(
    private readonly bokeh: BokehJS,
    private readonly document: BokehDocument,
    private readonly elements: HTMLElement[],
  ) {}

  takeOut({ events = [] }: Patch): void {
    for (const { kind, model } of events) if (kind === "RootRemoved") this.#drop(model!.id);
    const stale = events.filter((event) => changesViews(this.bokeh, this.document, event));
    const changed = new Set(stale.map(({ model }) => this.document.get_model_by_id(model!.id)!));
    if (changed.size === 0) return;
    const units = [...this.#units(this.document.views_manager?.roots ?? [])];
    const all = new Set(units.map(({ view }) => view.model));
    const goes = ({ view }: Unit) => events.some(({ kind, model }) => kind === "RootRemoved" && model!.id === view.model.id);
    for (const unit of units) if (this.#shows(unit.view.model, changed, all) && !goes(unit)) this.#takeOut(unit);
  }

  /** Resolves when they are there again; rejects with what went wrong. */
  async rebuild(): Promise<void> {
    const out = [...this.#out].filter(({ view }) => !view.is_destroyed);
    this.#out.clear();
    const layouts = new Set(out.map(({ layout }) => layout).filter((layout) => layout !== null));
    try {
      for (const { view, layout } of out) if (!layout) await this.#rebuildRoot(view);
      for (const layout of layouts) {
        // The same patch may have given it other children, which it is building.
        await Promise.race([layout.ready, new Promise((resolve) => setTimeout(resolve, LONGEST_MS))]);
        const views = out.filter((unit) => unit.layout === layout).map(({ view }) => view);
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

  /** BokehJS's computed ranges keep what they have computed for views that are gone. To be called when all is drawn. */
  forget(): void {
    forgetViews(this.document, ({ is_destroyed }) => is_destroyed);
  }

  /** From now on it hears of nothing; it stays where it is, since layouts count on it, until another takes its place. */
  #takeOut(unit: Unit): void {
    this.#release ??= reserve(this.elements);
    this.#out.add(unit);
    silence(unit.view);
  }

  /** Returns what stands in the page for it. */
  #remove(view: View): Comment {
    const place = document.createComment("");
    view.el!.before(place);
    view.remove();
    forgetViews(this.document, (one) => one === view);
    return place;
  }

  /** Its view goes, and comes again where the document says: it is no longer one of those to be built here. */
  #drop(root: string): void {
    for (const unit of this.#out) if (!unit.layout && unit.view.model.id === root) this.#out.delete(unit);
  }

  *#units(views: Iterable<View>, parent: View | null = null): Generator<Unit> {
    for (const view of views) {
      if (!parent && view.el?.parentNode) yield { view, layout: null };
      else if (parent && isChild(view, parent)) yield { view, layout: parent };
      yield* this.#units(view.children(), view);
    }
  }

  /** Whether the view of `model` shows one of the models `changed`, other than by views of `all` in it. */
  #shows(model: Model, changed: ReadonlySet<Model>, all: ReadonlySet<Model>): boolean {
    const seen = new Set([model]);
    for (const one of seen) {
      if (changed.has(one)) return true;
      for (const other of modelsIn(one)) if (!all.has(other)) seen.add(other);
    }
    return false;
  }
}
