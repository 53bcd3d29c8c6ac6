import { type BokehDocument, type DocumentEvent, type Model, type View, bokeh } from "../bokehjs/bokeh";
import { allModels, refreshModels } from "../bokehjs/documents";
import { buildView, standsAlone, viewManager } from "../bokehjs/views";
import type { PartialDrawing } from "../lazy/partial-drawing";

/** Whether a place's model is shown, cannot be drawn alone, or does not exist. */
export type ModelStatus = "shown" | "no-picture" | "missing";

/** An element of the page that shows a document, or one model of it. */
export interface Place {
  readonly element: HTMLElement;
  /** Id or name of the one model to show; null: the whole document. */
  readonly only: string | null;
  onStatus(status: ModelStatus): void;
}

const SETTLE_MS = 1000;
/** Models that open above the page, in no place. */
const FLOATING = new Set(["Dialog", "Tooltip"]);

/**
 * Draws a document, or one model of it, into an element. Does what `Bokeh.embed.add_document_standalone` does, and can
 * be awaited and removed, can be one of several, and can show a model that is not a root.
 */
export class DocumentView {
  readonly #manager;
  #work: Promise<unknown> = Promise.resolve();
  #failed: unknown = null;
  #only: Model | null = null;

  /** With `partial`, roots that cannot be drawn are reported to it and left out. */
  constructor(
    private readonly document: BokehDocument,
    readonly place: Place,
    private readonly partial: PartialDrawing | null = null,
  ) {
    const isFirst = !document.views_manager;
    // The document's manager has the views of all places and of dialogs.
    document.views_manager ??= viewManager();
    this.#manager = viewManager(document.views_manager);
    for (const model of document.all_roots) this.#rootAdded(model);
    document.on_change(this.#rootChanged);
    const { notifications } = document.config;
    if (notifications && isFirst) this.#enqueue(() => this.#build(notifications));
    this.update();
  }

  /**
   * Wait until all requested views are drawn, but not longer than `maxMs`: hidden pages do not draw. Rejects if that
   * failed.
   */
  async settled(maxMs = SETTLE_MS): Promise<void> {
    const drawn = this.#work.then(() => Promise.all(this.#manager.roots.map((view) => this.#isReady(view))));
    await Promise.race([drawn, new Promise((resolve) => setTimeout(resolve, maxMs))]);
    if (this.#failed) throw this.#failed;
  }

  /** Call `failed` if the updates that signals requested so far fail. */
  whenFailed(failed: (error: unknown) => void): void {
    for (const view of this.#manager.roots) view.ready?.catch((error: unknown) => !view.is_destroyed && failed(error));
  }

  /** BokehJS reports later errors by the views' promises. */
  async #isReady(view: View): Promise<void> {
    try {
      await view.ready;
    } catch (error) {
      if (!view.is_destroyed) this.#leaveOut(view.model, error);
    }
  }

  #leaveOut(model: Model, error: unknown): void {
    this.#manager.get(model)?.remove();
    if (this.partial) this.partial.failed(this.document, model, error);
    else this.#failed ??= error;
  }

  /** After a change of the document: draw the place's model if it is new, and report its status. */
  update(): void {
    this.place.onStatus(this.place.only === null ? "shown" : this.#showOnly(this.place.only));
  }

  remove(): void {
    this.document.remove_on_change(this.#rootChanged);
    this.#enqueue(() => this.#manager.clear());
  }

  #showOnly(name: string): ModelStatus {
    refreshModels(this.document);
    const model = this.#find(name);
    const before = this.#only;
    if (model !== before) {
      this.#enqueue(() => before && this.#manager.get(before)?.remove());
      if (model && standsAlone(model, this.document)) this.#enqueue(() => this.#draw(model));
      this.#only = model;
    }
    return model ? (standsAlone(model, this.document) ? "shown" : "no-picture") : "missing";
  }

  /** Draws every root, or, if the place shows one model, only dialogs: its callbacks open them. */
  #rootAdded(model: Model): void {
    const { only } = this.place;
    if (only === null || (FLOATING.has(model.type) && this.#find(only) !== model)) this.#enqueue(() => this.#draw(model));
  }

  #rootChanged = ({ kind, model }: DocumentEvent): void => {
    if (kind === "RootAdded") this.#rootAdded(model);
    if (kind === "RootRemoved") this.#enqueue(() => this.#manager.get(model)?.remove());
  };

  #enqueue(task: () => unknown): void {
    this.#work = this.#work.then(task).catch((error) => (this.#failed ??= error));
  }

  #find(name: string): Model | null {
    const models = [...allModels(this.document).values()];
    return this.document.get_model_by_id(name) ?? models.find((model) => model.name === name) ?? null;
  }

  async #draw(model: Model): Promise<void> {
    if (model.default_view == null) {
      this.document.notify_idle(model);
      return;
    }
    try {
      bokeh().index.add(await this.#build(model));
    } catch (error) {
      this.#leaveOut(model, error);
    }
  }

  #build(model: Model): Promise<View> {
    return buildView(this.#manager, model, this.place.element);
  }
}
