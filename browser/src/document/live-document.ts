import { type BokehDocument, bokeh } from "../bokehjs/bokeh";
import { discardDocument, makeDocument } from "../bokehjs/documents";
import type { ColumnStore } from "../columns/column-store";
import type { Host } from "../columns/types";
import { BackOff } from "../connection/back-off";
import { FrameScheduler } from "../dom/frame-scheduler";
import { keepingScroll } from "../dom/keeping-scroll";
import type { PageEdits } from "../edits/page-edits";
import { type Graph, bringsModels } from "../graph/graph";
import { nest } from "../graph/nest";
import type { Failure } from "../lazy/failure";
import type { InPart } from "../lazy/in-part";
import type { Lazy } from "../lazy/lazy";
import type { StaleViews } from "../lazy/stale-views";
import type { Undrawn } from "../lazy/undrawn";
import { loadResources } from "../scripts/load-resources";
import type { Scripts } from "../scripts/scripts";
import { DocumentView, type Place } from "./document-view";
import { LiveQueue, type QueueEvents } from "./live-queue";
import { mayChangeViews } from "./may-change-views";
import { Teller } from "./teller";

/** What sets values has this long to be drawn before the next change is looked at. */
const VALUES_MS = 40;
/** What is drawn as far as that can be done is waited for so long: so what cannot be drawn is known. */
const PART_MS = 20_000;
/** Before what could not be drawn is tried again, when it has changed: as of BackOff. */
const AGAIN_MS = 250;
const MAX_AGAIN_MS = 30_000;

export interface Events extends QueueEvents {
  /** All changes up to `seq` can be seen now. */
  shown(seq: number): void;
  /** What cannot be drawn, for people: after each `shown`, for as long as that is so. */
  undrawn(failures: readonly Failure[]): void;
}

/** One document of the page: BokehJS is told once a frame what its queue has, and shows it in any number of places. */
export class LiveDocument {
  readonly queue: LiveQueue;
  readonly #teller: Teller;
  readonly #scheduler = new FrameScheduler(() => this.#paint());
  readonly #places = new Set<Place>();
  readonly #views = new Map<Place, DocumentView>();
  #painting = false;
  /** The old document goes, the new one has no views yet. */
  #redrawing = false;
  #discarded = false;
  /** How often in a row it could not be shown; and what of it BokehJS cannot draw at all. */
  #failures = 0;
  #undrawn: Undrawn | null = null;
  #told = "";
  #failedAt = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #pause = new BackOff(AGAIN_MS, MAX_AGAIN_MS);
  /** BokehJS's document; null before the first GRAPH. */
  document: BokehDocument | null = null;
  /** The last change that can be seen. */
  seq = 0;

  constructor(
    host: Host,
    private readonly scripts: Scripts,
    private readonly lazy: Lazy,
    private readonly events: Events,
    /** Where what is done in the page goes; null: nowhere. */
    private readonly edits: PageEdits | null = null,
  ) {
    this.queue = new LiveQueue(host, events, () => this.#scheduler.schedule());
    this.#teller = new Teller(this.queue, edits);
  }

  get columns(): ColumnStore {
    return this.queue.columns;
  }

  /** Show it there, too: at once, or with its first GRAPH. */
  async show(place: Place): Promise<void> {
    this.#places.add(place);
    if (!this.document || this.#redrawing) return;
    try {
      await this.#draw(place).settled();
    } catch (error) {
      this.queue.fail(error);
    }
  }

  /** Show it there no longer; returns in how many places it still is. */
  hide(place: Place): number {
    this.#places.delete(place);
    this.#views.get(place)?.remove();
    this.#views.delete(place);
    return this.#places.size;
  }

  /** Take its views and BokehJS's document away; nothing may be asked of it afterwards. */
  async discard(): Promise<void> {
    this.#discarded = this.queue.isBroken = true;
    this.edits?.end();
    await this.#discard();
    this.#places.clear();
  }

  /** What the page itself has changed was taken by the server: some of what came may be shown now. */
  look(): void {
    if (this.document && !this.queue.isBroken) this.#scheduler.schedule();
  }

  async #paint(): Promise<void> {
    if (this.queue.isBroken) return;
    this.#painting = true;
    const isWhole = this.queue.graph !== null;
    try {
      this.seq = isWhole ? await this.#redraw() : await this.#update();
      if (isWhole) this.#failures = 0;
      this.events.shown(this.seq);
      if (this.#undrawn) this.#tellUndrawn(this.#undrawn, isWhole);
    } catch (error) {
      this.#failures++;
      // What is drawn in part is held together by what has come: there is nothing to be fetched.
      if (this.#undrawn && !isWhole) this.#undrawn.isDue = true;
      else this.queue.fail(error);
    }
    if (this.#undrawn?.isDue) this.#tryAgain(this.#undrawn);
    for (const view of this.#views.values()) view.whenFailed((error) => this.#failedLate(error));
    this.#painting = false;
  }

  /** What signals asked for came to nothing: once that is so again when all is drawn anew, it stays so. */
  #failedLate(error: unknown): void {
    if (this.queue.isBroken || this.#painting || this.queue.graph) return;
    const text = String(error);
    if (text === this.#failedAt) return this.events.undrawn([{ root: "", model: "", text }]);
    this.#failedAt = text;
    this.#failures++;
    this.queue.fail(error);
  }

  #tellUndrawn({ failures }: Undrawn, isNews: boolean): void {
    this.events.undrawn(failures);
    const told = failures.map(({ text }) => text).join("\n");
    if (!isNews || told === this.#told) return;
    this.#told = told;
    this.#pause.reset();
    for (const { model, text } of failures) this.edits?.report(model, text);
  }

  /** Draw it anew, of what is here: soon, and less often the longer it does not help. */
  #tryAgain(undrawn: Undrawn): void {
    undrawn.isDue = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#undrawn !== undrawn || this.queue.isBroken || this.queue.graph) return;
      this.queue.graph = undrawn.graph;
      this.#scheduler.schedule();
    }, this.#pause.next());
  }

  /** Draw the document anew; returns the change up to which it is. */
  async #redraw(): Promise<number> {
    // What could not be drawn, and was fetched anew or has changed since, is drawn as far as that can be done.
    const isInPart = this.#failures > 0 || this.#undrawn !== null;
    const graph = await this.#wholeGraph();
    const { InPart, Undrawn } = isInPart ? await this.lazy() : {};
    const { seq } = this.queue;
    if (this.#discarded) return seq;
    this.queue.graph = null;
    this.queue.takeNews();
    const make = (graph: Graph) => makeDocument(nest(graph, this.#teller.dataOf));
    const part = InPart ? new InPart(bokeh(), graph) : null;
    const made = part ? part.document(make, discardDocument) : make(graph);
    this.edits?.begin(made, graph);
    await keepingScroll(this.#elements, async () => {
      this.#redrawing = true;
      await this.#discard();
      this.#redrawing = false;
      this.document = made;
      for (const place of this.#places) this.#draw(place, part);
      if (part) await part.watch(() => this.#settled(PART_MS).catch(() => {}));
      else await this.#settled();
    });
    this.#undrawn = part && part.failures.length > 0 ? new Undrawn!(graph, part.failures) : null;
    this.edits?.passed(seq);
    return seq;
  }

  /**
   * The graph with all that has come since, when what it needs is loaded. Columns are current, too: so there is nothing
   * to be applied to views that are being built.
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

  #draw(place: Place, part: InPart | null = null): DocumentView {
    const view = new DocumentView(this.document!, place, part);
    this.#views.set(place, view);
    return view;
  }

  async #settled(longestMs?: number): Promise<void> {
    await Promise.all([...this.#views.values()].map((view) => view.settled(longestMs)));
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
      if (this.document && !stale && patch.events?.some((event) => mayChangeViews(this.document!, event))) {
        stale = new (await this.lazy()).StaleViews(bokeh(), this.document, this.#elements);
      }
    }
    if (!this.document) throw new Error("a document must begin with its graph");
    const { seq } = queue;
    if (queue.graph) return this.seq;
    const views = { stale, undrawn: this.#undrawn };
    const patches = await queue.waitFor(this.#teller.tell(this.document, views));
    await stale?.rebuild();
    if (patches.length === 0 || this.queue.isBroken) return seq;
    for (const view of this.#views.values()) view.update();
    // BokehJS may never say that a view is ready: what only sets values is not to hold up what comes after it.
    await this.#settled(patches.some(bringsModels) ? undefined : VALUES_MS);
    stale?.forget();
    return seq;
  }
}
