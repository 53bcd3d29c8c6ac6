import { type Change, type Op, OpCode, ownBuffers } from "../arrow/change";
import { type BokehDocument, bokeh } from "../bokehjs/bokeh";
import { discardDocument, makeDocument } from "../bokehjs/documents";
import { ColumnStore } from "../columns/column-store";
import type { Host } from "../columns/types";
import { BackOff } from "../connection/back-off";
import { nextFrame } from "../dom/frame-scheduler";
import { keepingScroll } from "../dom/keeping-scroll";
import type { PageEdits } from "../edits/page-edits";
import { type Graph, bringsModels } from "../graph/graph";
import { nest } from "../graph/nest";
import type { Failure } from "../lazy/failure";
import type { InPart } from "../lazy/in-part";
import type { StaleViews } from "../lazy/stale-views";
import type { Undrawn } from "../lazy/undrawn";
import { loadResources } from "../scripts/load-resources";
import type { Scripts } from "../scripts/scripts";
import type { Seldom } from "../viewer";
import { DocumentView, type Place } from "./document-view";
import { mayChangeViews } from "./may-change-views";
import { News } from "./news";
import { Teller } from "./teller";

const FRAME_MS = 1000 / 60;
/** What sets values has this long to be drawn before the next change is looked at. */
const VALUES_MS = 40;
/** What is drawn as far as that can be done is waited for so long: so what cannot be drawn is known. */
const PART_MS = 20_000;
/** Before what could not be drawn is tried again, when it has changed: as of BackOff. */
const AGAIN_MS = 250;
const MAX_AGAIN_MS = 30_000;
/** Name of the event by which a script has pages say something. */
const NOTICE = "bokeh_wsgi.notice";

export interface Events {
  /** All changes up to `seq` can be seen now. */
  shown(seq: number): void;
  /** A change could not be applied: nothing more comes until the document begins anew with a GRAPH. */
  failed(error: unknown): void;
  /** What cannot be drawn, for people: after each `shown`, for as long as that is so. */
  undrawn(failures: readonly Failure[]): void;
  /** A script wants people to read something. */
  notice?(text: string): void;
}

/**
 * One document of the page: its columns, kept current at once, and its BokehJS twin, told once a frame at most
 * and shown in any number of places.
 */
export class LiveDocument {
  readonly #columns: ColumnStore;
  readonly #news: News;
  readonly #teller: Teller;
  #document: BokehDocument | null = null;
  readonly #places = new Set<Place>();
  readonly #views = new Map<Place, DocumentView>();
  /** The old document goes, the new one has no views yet. */
  #redrawing = false;
  #discarded = false;
  /** Changes whose ops are still being decoded ahead, or that came while BokehJS was told; and those behind them. */
  #coming: Change[] = [];
  /** While BokehJS is told step by step: what comes then has to wait, or it would be half of two states. */
  #telling: Promise<unknown> | null = null;
  #waiting = false;
  #working = false;
  /** More came while working. */
  #again = false;
  #broken = false;
  /** How often in a row it could not be shown; and what of it BokehJS cannot draw at all. */
  #failures = 0;
  #undrawn: Undrawn | null = null;
  #told = "";
  #failedAt = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #pause = new BackOff(AGAIN_MS, MAX_AGAIN_MS);
  #flushed = 0;
  #seq = 0;
  /** The last change that can be seen. */
  seq = 0;

  constructor(
    host: Host,
    private readonly scripts: Scripts,
    private readonly seldom: Seldom,
    private readonly events: Events,
    /** Where what is done in the page goes; null: nowhere. */
    private readonly edits: PageEdits | null = null,
  ) {
    this.#columns = new ColumnStore(host);
    this.#news = new News(this.#columns);
    this.#teller = new Teller(this.#columns, edits);
  }

  /** BokehJS's document; null before the first GRAPH. */
  get document(): BokehDocument | null {
    return this.#document;
  }

  /** Whether it waits for a GRAPH to begin anew with. */
  get isBroken(): boolean {
    return this.#broken;
  }

  get columns(): ColumnStore {
    return this.#columns;
  }

  /** Show it there, too: at once, or with its first GRAPH. */
  async show(place: Place): Promise<void> {
    this.#places.add(place);
    if (!this.#document || this.#redrawing) return;
    try {
      await this.#draw(place).settled();
    } catch (error) {
      this.#fail(error);
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
    this.#discarded = this.#broken = true;
    this.edits?.end();
    await this.#discard();
    this.#places.clear();
  }

  /** Take in a change: at once, or in its turn when it is ready. Throws, or tells `failed`, if it cannot be applied. */
  apply(change: Change): void {
    if (!change.ready && !this.#telling && this.#coming.length === 0) return this.#take(change);
    change.ops.forEach(ownBuffers);
    this.#coming.push(change);
    if (this.#coming.length === 1) void this.#takeComing();
  }

  async #takeComing(): Promise<void> {
    try {
      for (let change = this.#coming[0]; change; change = this.#coming[0]) {
        await change.ready;
        while (this.#telling) await this.#telling.catch(() => {});
        this.#take(change);
        this.#coming.shift();
      }
    } catch (error) {
      this.#coming = [];
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#broken = true;
    this.events.failed(error);
  }

  #take({ ops, seq }: Change): void {
    const isWhole = ops.some((op) => op.code === OpCode.GRAPH);
    if (!isWhole && (this.#broken || seq <= this.#seq)) return;
    try {
      for (const [at, op] of ops.entries()) {
        if (op.code === OpCode.EVENT) this.#event(op);
        else this.#news.take(ops, at, seq);
      }
    } catch (error) {
      this.#broken = true;
      throw error;
    }
    this.#broken = false;
    this.#seq = seq;
    this.#schedule();
  }

  /** What the page itself has changed was taken by the server: some of what came may be shown now. */
  look(): void {
    if (this.#document && !this.#broken) this.#schedule();
  }

  #event({ json }: Op): void {
    const { name, values } = JSON.parse(json) as { name: string; values: { text?: string } };
    if (name === NOTICE) this.events.notice?.(String(values.text ?? ""));
  }

  #schedule(): void {
    if (this.#working) this.#again = true;
    if (this.#waiting || this.#working) return;
    this.#waiting = true;
    const flush = () => {
      this.#waiting = false;
      void this.#flush();
    };
    // The first change after a pause is told at once; those that come faster than frames, once a frame.
    if (performance.now() - this.#flushed > FRAME_MS) queueMicrotask(flush);
    else nextFrame(flush);
  }

  async #flush(): Promise<void> {
    if (this.#broken) return;
    this.#working = true;
    const isWhole = this.#news.graph !== null;
    try {
      this.seq = isWhole ? await this.#redraw() : await this.#update();
      if (isWhole) this.#failures = 0;
      this.events.shown(this.seq);
      if (this.#undrawn) this.#tellUndrawn(this.#undrawn, isWhole);
    } catch (error) {
      this.#failures++;
      // What is drawn in part is held together by what has come: there is nothing to be fetched.
      if (this.#undrawn && !isWhole) this.#undrawn.isDue = true;
      else this.#fail(error);
    }
    if (this.#undrawn?.isDue) this.#tryAgain(this.#undrawn);
    for (const view of this.#views.values()) view.whenFailed((error) => this.#failedLate(error));
    this.#working = false;
    this.#flushed = performance.now();
    if (this.#again) this.#schedule();
    this.#again = false;
  }

  /** What signals asked for came to nothing: once that is so again when all is drawn anew, it stays so. */
  #failedLate(error: unknown): void {
    if (this.#broken || this.#working || this.#news.graph) return;
    const text = String(error);
    if (text === this.#failedAt) return this.events.undrawn([{ root: "", model: "", text }]);
    this.#failedAt = text;
    this.#failures++;
    this.#fail(error);
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
      if (this.#undrawn !== undrawn || this.#broken || this.#news.graph) return;
      this.#news.graph = undrawn.graph;
      this.#schedule();
    }, this.#pause.next());
  }

  /** Draw the document anew; returns the change up to which it is. */
  async #redraw(): Promise<number> {
    // What could not be drawn, and was fetched anew or has changed since, is drawn as far as that can be done.
    const isInPart = this.#failures > 0 || this.#undrawn !== null;
    const graph = await this.#wholeGraph();
    const { InPart, Undrawn } = isInPart ? await this.seldom() : {};
    const seq = this.#seq;
    if (this.#discarded) return seq;
    this.#news.graph = null;
    this.#news.takeChanges();
    const make = (graph: Graph) => makeDocument(nest(graph, this.#teller.dataOf));
    const part = InPart ? new InPart(bokeh(), graph) : null;
    const made = part ? part.document(make, discardDocument) : make(graph);
    this.edits?.begin(made, graph);
    await keepingScroll(this.#elements, async () => {
      this.#redrawing = true;
      await this.#discard();
      this.#redrawing = false;
      this.#document = made;
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
      const graph = this.#news.graph!;
      if (this.#news.patches.length > 0) {
        const { fold } = await this.seldom();
        for (const { patch } of this.#news.patches.splice(0)) fold(this.#news.graph!, patch);
      }
      await loadResources(this.#news.graph!.resources ?? {}, this.scripts);
      if (graph === this.#news.graph && this.#news.patches.length === 0) return graph;
    }
  }

  get #elements(): HTMLElement[] {
    return [...this.#places].map(({ element }) => element);
  }

  #draw(place: Place, part: InPart | null = null): DocumentView {
    const view = new DocumentView(this.#document!, place, part);
    this.#views.set(place, view);
    return view;
  }

  async #settled(longestMs?: number): Promise<void> {
    await Promise.all([...this.#views.values()].map((view) => view.settled(longestMs)));
  }

  async #discard(): Promise<void> {
    const old = this.#document;
    if (!old) return;
    for (const view of this.#views.values()) view.remove();
    await this.#settled().catch(() => {});
    this.#views.clear();
    discardDocument(old);
  }

  async #update(): Promise<number> {
    let stale: StaleViews | null = null;
    for (let i = 0; i < this.#news.patches.length; i++) {
      const { patch } = this.#news.patches[i]!;
      await loadResources(patch.resources ?? {}, this.scripts);
      if (this.#document && !stale && patch.events?.some((event) => mayChangeViews(this.#document!, event))) {
        stale = new (await this.seldom()).StaleViews(bokeh(), this.#document, this.#elements);
      }
    }
    const document = this.#document;
    if (!document) throw new Error("a document must begin with its graph");
    const seq = this.#seq;
    if (this.#news.graph) return this.seq;
    const views = { stale, undrawn: this.#undrawn };
    const telling = (this.#telling = this.#teller.tell(document, this.#news, seq, views, () => this.#broken));
    const patches = await telling.finally(() => (this.#telling = null));
    await stale?.rebuild();
    if (patches.length === 0 || this.#broken) return seq;
    for (const view of this.#views.values()) view.update();
    // BokehJS may never say that a view is ready: what only sets values is not to hold up what comes after it.
    await this.#settled(patches.some(bringsModels) ? undefined : VALUES_MS);
    stale?.forget();
    return seq;
  }
}
