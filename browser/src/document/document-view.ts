import { type BokehDocument, type DocumentEvent, type Model, type View, bokeh } from "../bokehjs/bokeh";
import { allModels, dropModels } from "../bokehjs/documents";
import { buildView, standsAlone, viewManager } from "../bokehjs/views";
import type { InPart } from "../lazy/in-part";

/** How it stands with the model that a place is to show: there, there but nothing to look at, or not there. */
export type Found = "shown" | "no-picture" | "missing";

/** Where a document, or one model of it, is shown. */
export interface Place {
  readonly element: HTMLElement;
  /** Id or name of the one model to show; null: the whole document. */
  readonly only: string | null;
  found(what: Found): void;
}

const SETTLE_MS = 1000;
/** Models that have no place in the page: they open above it. */
const FLOATING = new Set(["Dialog", "Tooltip"]);

/**
 * A document, or one model of it, drawn into an element: what `Bokeh.embed.add_document_standalone` does,
 * but it can be waited for, taken away again, be one of several, and can show a model that is not a root.
 */
export class DocumentView {
  readonly #manager;
  #work: Promise<unknown> = Promise.resolve();
  #failed: unknown = null;
  #only: Model | null = null;

  /** `part`: what cannot be drawn is told to it, and is left out. */
  constructor(
    private readonly document: BokehDocument,
    readonly place: Place,
    private readonly part: InPart | null = null,
  ) {
    const isFirst = !document.views_manager;
    // The document's manager knows the views of all places, and has those of dialogs.
    document.views_manager ??= viewManager();
    this.#manager = viewManager(document.views_manager);
    for (const model of document.all_roots) this.#rootAdded(model);
    document.on_change(this.#rootChanged);
    const { notifications } = document.config;
    if (notifications && isFirst) this.#enqueue(() => this.#build(notifications));
    this.update();
  }

  /**
   * Wait until everything asked for so far is built and drawn, unless that takes long, as in a hidden page;
   * rejects with what went wrong.
   */
  async settled(longestMs = SETTLE_MS): Promise<void> {
    const drawn = this.#work.then(() => Promise.all(this.#manager.roots.map((view) => this.#isReady(view))));
    await Promise.race([drawn, new Promise((resolve) => setTimeout(resolve, longestMs))]);
    if (this.#failed) throw this.#failed;
  }

  /** Have it told if what signals have asked for so far comes to nothing. */
  whenFailed(failed: (error: unknown) => void): void {
    for (const view of this.#manager.roots) view.ready?.catch((error: unknown) => !view.is_destroyed && failed(error));
  }

  /** BokehJS leaves what goes wrong later in the views' promises. */
  async #isReady(view: View): Promise<void> {
    try {
      await view.ready;
    } catch (error) {
      if (!view.is_destroyed) this.#leaveOut(view.model, error);
    }
  }

  #leaveOut(model: Model, error: unknown): void {
    this.#manager.get(model)?.remove();
    if (this.part) this.part.failed(this.document, model, error);
    else this.#failed ??= error;
  }

  /** After a change of the document: show the one model if it is new, and tell the place how it stands with it. */
  update(): void {
    this.place.found(this.place.only === null ? "shown" : this.#showOnly(this.place.only));
  }

  remove(): void {
    this.document.remove_on_change(this.#rootChanged);
    this.#enqueue(() => this.#manager.clear());
  }

  #showOnly(name: string): Found {
    dropModels(this.document);
    const found = this.#find(name);
    const before = this.#only;
    if (found !== before) {
      this.#enqueue(() => before && this.#manager.get(before)?.remove());
      if (found && standsAlone(found, this.document)) this.#enqueue(() => this.#draw(found));
      this.#only = found;
    }
    return found ? (standsAlone(found, this.document) ? "shown" : "no-picture") : "missing";
  }

  /** Of all roots, or of those that float above the one model: its callbacks open them. */
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
