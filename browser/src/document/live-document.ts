import { type BokehDocument, bokeh } from "../bokehjs/bokeh";
import { discardDocument, makeDocument } from "../bokehjs/documents";
import type { ColumnStore } from "../columns/column-store";
import type { Host } from "../columns/types";
import { BackOff } from "../connection/back-off";
import { FrameScheduler } from "../dom/frame-scheduler";
import { keepScroll } from "../dom/keep-scroll";
import type { PageEdits } from "../edits/page-edits";
import { type Graph, isStructuralPatch } from "../graph/graph";
import { documentJson } from "../graph/document-json";
import type { Failure } from "../lazy/failure";
import type { PartialDrawing } from "../lazy/partial-drawing";
import type { Lazy } from "../lazy/lazy";
import type { StaleViews } from "../lazy/stale-views";
import type { UndrawnRoots } from "../lazy/undrawn-roots";
import { loadResources } from "../scripts/load-resources";
import type { Scripts } from "../scripts/scripts";
import { DocumentView, type Place } from "./document-view";
import { LiveQueue, type QueueEvents } from "./live-queue";
import { mayNeedRebuild } from "./may-need-rebuild";
import { DocumentUpdater } from "./document-updater";

/** How long a patch that only sets values may be drawn before the next change. */
const VALUES_MS = 40;
/** How long to wait for a partial drawing, to know what cannot be drawn. */
const PARTIAL_MS = 20_000;
/** Delay before changed roots that could not be drawn are retried, as for BackOff. */
const RETRY_MS = 250;
const MAX_RETRY_MS = 30_000;

export interface Events extends QueueEvents {
  /** All changes up to `seq` are drawn. */
  shown(seq: number): void;
  /** What cannot be drawn. Called after each `shown`, as long as there is something. */
  undrawn(failures: readonly Failure[]): void;
}

/** One document of the page, shown in any number of places. Gives the changes in its queue to BokehJS, once a frame. */
export class LiveDocument {
  readonly queue: LiveQueue;
  readonly #updater: DocumentUpdater;
  readonly #scheduler = new FrameScheduler(() => this.#paint());
  readonly #places = new Set<Place>();
  readonly #views = new Map<Place, DocumentView>();
  #painting = false;
  /** The old document is being removed, the new one has no views yet. */
  #redrawing = false;
  #discarded = false;
  /** Failed drawings in a row. */
  #failures = 0;
  #undrawn: UndrawnRoots | null = null;
  #reported = "";
  #lateError = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #retryDelay = new BackOff(RETRY_MS, MAX_RETRY_MS);
  /** BokehJS's document; null before the first GRAPH. */
  document: BokehDocument | null = null;
  /** The last change that is drawn. */
  seq = 0;

  constructor(
    host: Host,
    private readonly scripts: Scripts,
    private readonly lazy: Lazy,
    private readonly events: Events,
    /** Sends what viewers change; null: nothing is sent. */
    private readonly edits: PageEdits | null = null,
  ) {
    this.queue = new LiveQueue(host, events, () => this.#scheduler.schedule());
    this.#updater = new DocumentUpdater(this.queue, edits);
  }

  get columns(): ColumnStore {
    return this.queue.columns;
  }

  /** Show the document in one more place, now or after its first GRAPH. */
  async show(place: Place): Promise<void> {
    this.#places.add(place);
    if (!this.document || this.#redrawing) return;
    try {
      await this.#draw(place).settled();
    } catch (error) {
      this.queue.fail(error);
    }
  }

  /** Remove the document from a place; returns the number of other places. */
  hide(place: Place): number {
    this.#places.delete(place);
    this.#views.get(place)?.remove();
    this.#views.delete(place);
    return this.#places.size;
  }

  /** Remove all views and BokehJS's document. Not to be used afterwards. */
  async discard(): Promise<void> {
    this.#discarded = this.queue.isBroken = true;
    this.edits?.end();
    await this.#discard();
    this.#places.clear();
  }

  /** Draw what PageEdits held back until the server answered. */
  refresh(): void {
    if (this.document && !this.queue.isBroken) this.#scheduler.schedule();
  }

  async #paint(): Promise<void> {
    if (this.queue.isBroken) return;
    this.#painting = true;
    const hasGraph = this.queue.graph !== null;
    try {
      this.seq = hasGraph ? await this.#redraw() : await this.#update();
      if (hasGraph) this.#failures = 0;
      this.events.shown(this.seq);
      if (this.#undrawn) this.#reportUndrawn(this.#undrawn, hasGraph);
    } catch (error) {
      this.#failures++;
      // A partial drawing has its whole graph here: retry without reloading.
      if (this.#undrawn && !hasGraph) this.#undrawn.isDue = true;
      else this.queue.fail(error);
    }
    if (this.#undrawn?.isDue) this.#retry(this.#undrawn);
    for (const view of this.#views.values()) view.whenFailed((error) => this.#failedLate(error));
    this.#painting = false;
  }

  /** A view failed after drawing: reload the document, but if the same error occurs again only report it. */
  #failedLate(error: unknown): void {
    if (this.queue.isBroken || this.#painting || this.queue.graph) return;
    const text = String(error);
    if (text === this.#lateError) return this.events.undrawn([{ root: "", model: "", text }]);
    this.#lateError = text;
    this.#failures++;
    this.queue.fail(error);
  }

  #reportUndrawn({ failures }: UndrawnRoots, isNew: boolean): void {
    this.events.undrawn(failures);
    const texts = failures.map(({ text }) => text).join("\n");
    if (!isNew || texts === this.#reported) return;
    this.#reported = texts;
    this.#retryDelay.reset();
    for (const { model, text } of failures) this.edits?.report(model, text);
  }

  /** Redraw from the graph that is here, after a delay that grows with each attempt. */
  #retry(undrawn: UndrawnRoots): void {
    undrawn.isDue = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#undrawn !== undrawn || this.queue.isBroken || this.queue.graph) return;
      this.queue.graph = undrawn.graph;
      this.#scheduler.schedule();
    }, this.#retryDelay.next());
  }

  /** Draw the new graph; returns its seq. */
  async #redraw(): Promise<number> {
    // After a failure, draw what can be drawn.
    const isPartial = this.#failures > 0 || this.#undrawn !== null;
    const graph = await this.#wholeGraph();
    const { PartialDrawing, UndrawnRoots } = isPartial ? await this.lazy() : {};
    const { seq } = this.queue;
    if (this.#discarded) return seq;
    this.queue.graph = null;
    this.queue.take();
    const make = (graph: Graph) => makeDocument(documentJson(graph, this.#updater.dataOf));
    const partial = PartialDrawing ? new PartialDrawing(bokeh(), graph) : null;
    const created = partial ? partial.document(make, discardDocument) : make(graph);
    this.edits?.begin(created, graph);
    await keepScroll(this.#elements, async () => {
      this.#redrawing = true;
      await this.#discard();
      this.#redrawing = false;
      this.document = created;
      for (const place of this.#places) this.#draw(place, partial);
      if (partial) await partial.draw(() => this.#settled(PARTIAL_MS).catch(() => {}));
      else await this.#settled();
    });
    this.#undrawn = partial && partial.failures.length > 0 ? new UndrawnRoots!(graph, partial.failures) : null;
    this.edits?.received(seq);
    return seq;
  }

  /**
   * The graph with all queued patches applied, after its resources are loaded. Columns are current, too, so nothing has
   * to be applied to views while they are built.
   */
  async #wholeGraph(): Promise<Graph> {
    for (;;) {
      const { graph, patches } = this.queue;
      if (patches.length > 0) {
        const { fold } = await this.lazy();
        for (const { patch } of this.queue.patches.splice(0)) fold(this.queue.graph!, patch);
      }
      await loadResources(this.queue.graph!.resources ?? {}, this.scripts);
      if (graph === this.queue.graph && this.queue.patches.length === 0) return graph!;
    }
  }

  get #elements(): HTMLElement[] {
    return [...this.#places].map(({ element }) => element);
  }

  #draw(place: Place, partial: PartialDrawing | null = null): DocumentView {
    const view = new DocumentView(this.document!, place, partial);
    this.#views.set(place, view);
    return view;
  }

  async #settled(maxMs?: number): Promise<void> {
    await Promise.all([...this.#views.values()].map((view) => view.settled(maxMs)));
  }

  async #discard(): Promise<void> {
    const old = this.document;
    if (!old) return;
    for (const view of this.#views.values()) view.remove();
    await this.#settled().catch(() => {});
    this.#views.clear();
    discardDocument(old);
  }

  async #update(): Promise<number> {
    const { queue } = this;
    let stale: StaleViews | null = null;
    for (let i = 0; i < queue.patches.length; i++) {
      const { patch } = queue.patches[i]!;
      await loadResources(patch.resources ?? {}, this.scripts);
      if (this.document && !stale && patch.events?.some((event) => mayNeedRebuild(this.document!, event))) {
        stale = new (await this.lazy()).StaleViews(bokeh(), this.document, this.#elements);
      }
    }
    if (!this.document) throw new Error("a document must begin with its graph");
    const { seq } = queue;
    if (queue.graph) return this.seq;
    const views = { stale, undrawn: this.#undrawn };
    const patches = await queue.waitFor(this.#updater.update(this.document, views));
    await stale?.rebuild();
    if (patches.length === 0 || this.queue.isBroken) return seq;
    for (const view of this.#views.values()) view.update();
    // Some views never become ready: a patch that only sets values must not block the next.
    await this.#settled(patches.some(isStructuralPatch) ? undefined : VALUES_MS);
    stale?.forget();
    return seq;
  }
}
