import { type BokehDocument, type Model, type View, bokeh } from "./bokeh";

const SETTLE_MS = 1000;

/** How it stands with the model that a page is to show: there, there but nothing to look at, or not there. */
export type Found = "shown" | "no-picture" | "missing";

/**
 * A document, or one model of it, drawn into an element: what `Bokeh.embed.add_document_standalone` does,
 * but it can be waited for, taken away again, and can show a model that is not a root.
 */
export class DocumentView {
  readonly #manager;
  #work: Promise<unknown> = Promise.resolve();
  #failed: unknown = null;
  #only: Model | null = null;

  /** `only`: id or name of the one model to show. */
  constructor(
    private readonly document: BokehDocument,
    private readonly element: Element,
    private readonly only: string | null,
  ) {
    const { ViewManager } = bokeh().require("core/view_manager");
    this.#manager = new ViewManager([], bokeh().index);
    document.views_manager = this.#manager;
    if (only === null) {
      for (const model of document.all_roots) this.#enqueue(() => this.#draw(model));
      document.on_change((event) => {
        if (event.kind === "RootAdded") this.#enqueue(() => this.#draw(event.model));
        if (event.kind === "RootRemoved") this.#enqueue(() => this.#manager.get(event.model)?.remove());
      });
    } else this.update();
    const { notifications } = document.config;
    if (notifications) this.#enqueue(() => this.#build(notifications));
  }

  /**
   * Wait until everything asked for so far is built and drawn, unless that takes long, as in a hidden page;
   * rejects with what went wrong.
   */
  async settled(): Promise<void> {
    const drawn = this.#work.then(() => Promise.allSettled(this.#manager.roots.map((view) => view.ready)));
    await Promise.race([drawn, new Promise((resolve) => setTimeout(resolve, SETTLE_MS))]);
    if (this.#failed) throw this.#failed;
  }

  /** After a change of the document: show the one model if it is new, and say how it stands with it. */
  update(): Found {
    if (this.only === null) return "shown";
    // BokehJS finds out with a delay which models are gone; this makes it look now.
    this.document.freeze_all_models(() => {});
    const found = this.#find(this.only);
    if (found !== this.#only) {
      this.#enqueue(() => this.#manager.clear());
      if (found && this.#stands(found)) this.#enqueue(() => this.#draw(found));
      this.#only = found;
    }
    return found ? (this.#stands(found) ? "shown" : "no-picture") : "missing";
  }

  remove(): void {
    this.#enqueue(() => this.#manager.clear());
  }

  #enqueue(task: () => unknown): void {
    this.#work = this.#work.then(task).catch((error) => (this.#failed ??= error));
  }

  #find(name: string): Model | null {
    const models = [...this.document._all_models.values()];
    return this.document.get_model_by_id(name) ?? models.find((model) => model.name === name) ?? null;
  }

  /** Whether a model can be drawn outside of a plot or layout. */
  #stands(model: Model): boolean {
    const { UIElement } = bokeh().require("models/ui/ui_element");
    return model instanceof UIElement || this.document.roots().includes(model);
  }

  async #draw(model: Model): Promise<void> {
    if (model.default_view == null) {
      this.document.notify_idle(model);
      return;
    }
    bokeh().index.add(await this.#build(model));
  }

  async #build(model: Model): Promise<View> {
    const view = await this.#manager.build_view(model);
    if (view instanceof bokeh().require("core/dom_view").DOMView) view.build?.(this.element);
    return view;
  }
}
