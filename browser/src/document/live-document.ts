import type { Change } from "../arrow/change";
import { type Op, OpCode } from "../arrow/op";
import { ownBuffers } from "../arrow/own-buffers";
import { ColumnStore } from "../columns/column-store";
import type { Host } from "../columns/host";
import { applyPatch } from "./apply-patch";
import type { PageEdits } from "../edits/page-edits";
import { type BokehDocument, type Source, bokeh } from "./bokeh";
import { bringsModels } from "./brings-models";
import { callbacksBegun } from "./callbacks-begun";
import { columnsRep } from "./columns-rep";
import { DocumentView } from "./document-view";
import type { Graph, Patch } from "./graph";
import { keepingScroll } from "./keeping-scroll";
import { loadResources } from "./load-resources";
import { makeDocument } from "./make-document";
import { nest } from "./nest";
import { nextFrame } from "./next-frame";
import type { Place } from "./place";
import { refreshTables } from "./refresh-tables";
import { removeColumns } from "./remove-columns";
import type { Scripts } from "./scripts";
import { Touched } from "./touched";
import { updateSource } from "./update-source";

const FRAME_MS = 1000 / 60;
/** What sets values has this long to be drawn before the next change is looked at. */
const VALUES_MS = 40;
/** Name of the event by which a script has pages say something. */
const NOTICE = "bokeh_wsgi.notice";

export interface Events {
  /** All changes up to `seq` can be seen now. */
  shown(seq: number): void;
  /** A change could not be applied: nothing more comes until the document begins anew with a GRAPH. */
  failed(error: unknown): void;
  /** A script wants people to read something. */
  notice?(text: string): void;
}

interface Patched {
  patch: Patch;
  seq: number;
  /** As of Touched. */
  at: number;
}

/**
 * One document of the page: its columns, kept current at once, and its BokehJS twin, told once a frame at most
 * and shown in any number of places.
 */
export class LiveDocument {
  readonly #columns: ColumnStore;
  #document: BokehDocument | null = null;
  readonly #places = new Set<Place>();
  readonly #views = new Map<Place, DocumentView>();
  /** The old document goes, the new one has no views yet. */
  #redrawing = false;
  #discarded = false;
  #graph: Graph | null = null;
  /** Changes whose ops are still being decoded ahead, or that came while BokehJS was told; and those behind them. */
  #coming: Change[] = [];
  #patches: Patched[] = [];
  #touched = new Map<string, Touched>();
  /** Of patches and touches, in the order in which they came. */
  #count = 0;
  /** While BokehJS is told step by step: what comes then has to wait, or it would be half of two states. */
  #telling: Promise<unknown> | null = null;
  #waiting = false;
  #working = false;
  /** More came while working. */
  #again = false;
  #broken = false;
  #flushed = 0;
  #seq = 0;
  /** The last change that can be seen. */
  seq = 0;

  constructor(
    host: Host,
    private readonly scripts: Scripts,
    private readonly events: Events,
    /** Where what is done in the page goes; null: nowhere. */
    private readonly edits: PageEdits | null = null,
  ) {
    this.#columns = new ColumnStore(host);
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
      for (let at = 0; at < ops.length; at++) this.#apply(ops, at, seq);
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

  #apply(ops: readonly Op[], at: number, seq: number): void {
    const op = ops[at]!;
    if (op.code === OpCode.GRAPH) {
      this.#graph = JSON.parse(op.json) as Graph;
      this.#columns.clear();
      this.#patches = [];
      this.#touched.clear();
    } else if (op.code === OpCode.PATCH) {
      this.#patches.push({ patch: JSON.parse(op.json) as Patch, seq, at: ++this.#count });
    } else if (op.code === OpCode.EVENT) this.#event(JSON.parse(op.json) as { name: string; values: { text?: string } });
    else {
      const isNew = !this.#columns.columns(op.model).has(op.column);
      this.#columns.apply(ops, at);
      let touched = this.#touched.get(op.model);
      if (!touched) this.#touched.set(op.model, (touched = new Touched(op.model)));
      touched.note(op, isNew, ++this.#count);
    }
  }

  #event({ name, values }: { name: string; values: { text?: string } }): void {
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
    const seq = this.#seq;
    try {
      if (this.#graph) await this.#redraw();
      else await this.#update();
      this.seq = seq;
      this.events.shown(seq);
    } catch (error) {
      this.#fail(error);
    }
    this.#working = false;
    this.#flushed = performance.now();
    if (this.#again) this.#schedule();
    this.#again = false;
  }

  #dataOf = (model: string): object | null => {
    if (!this.#columns.has(model)) return null;
    const columns = [...this.#columns.columns(model)];
    return columnsRep(Object.fromEntries(columns.map(([name, column]) => [name, column.value()])));
  };

  /** Draw the document anew. */
  async #redraw(): Promise<void> {
    let graph: Graph;
    do {
      graph = this.#graph!;
      await loadResources(graph.resources ?? {}, this.scripts);
    } while (graph !== this.#graph);
    if (this.#discarded) return;
    // What came in the meantime is part of it: columns are current, patches follow.
    const seq = this.#patches.length > 0 ? this.#patches[0]!.seq - 1 : this.#seq;
    this.#graph = null;
    this.#touched.clear();
    const made = makeDocument(nest(graph, this.#dataOf));
    this.edits?.begin(made, graph);
    await keepingScroll([...this.#places].map(({ element }) => element), async () => {
      this.#redrawing = true;
      await this.#discard();
      this.#redrawing = false;
      this.#document = made;
      for (const place of this.#places) this.#draw(place);
      await this.#settled();
    });
    this.edits?.passed(seq);
    if (this.#patches.length > 0) await this.#update();
  }

  #draw(place: Place): DocumentView {
    const view = new DocumentView(this.#document!, place);
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
    old.views_manager?.clear();
    old.clear({ sync: false });
    const { documents } = bokeh().require("document");
    // The list is the whole page's.
    if (documents.includes(old)) documents.splice(documents.indexOf(old), 1);
  }

  async #update(): Promise<void> {
    for (let i = 0; i < this.#patches.length; i++) {
      await loadResources(this.#patches[i]!.patch.resources ?? {}, this.scripts);
    }
    if (!this.#document) throw new Error("a document must begin with its graph");
    if (this.#graph) return;
    const telling = (this.#telling = this.#tell(this.#document));
    const patches = await telling.finally(() => (this.#telling = null));
    if (patches.length === 0 || this.#broken) return;
    for (const view of this.#views.values()) view.update();
    // BokehJS may never say that a view is ready: what only sets values is not to hold up what comes after it.
    await this.#settled(patches.some(bringsModels) ? undefined : VALUES_MS);
  }

  /**
   * Tell BokehJS in the order in which it came: patches, and what became of each source where it was touched last.
   * Callbacks of one step see nothing of the next. Columns that are gone come last, because until a patch is applied its
   * models may still ask for them. Returns the patches.
   */
  async #tell(document: BokehDocument): Promise<Patch[]> {
    const { edits } = this;
    const sourceOf = ({ model }: Touched) => document.get_model_by_id(model) as Source | null;
    // Sources that a patch brings have all columns from the start.
    const touched = [...this.#touched.values()].filter(sourceOf);
    const steps = [...this.#patches.splice(0), ...touched].sort((a, b) => a.at - b.at);
    const later = new Set(touched);
    const seq = this.#seq;
    this.#touched = new Map();
    const patches: Patch[] = [];
    const apply = (patch: Patch) => {
      patches.push(patch);
      const brings = bringsModels(patch);
      for (const what of later) {
        const source = sourceOf(what);
        // What a patch builds, or turns to another column, reads it at once.
        if (!source || !(brings || [...what.columns].some((name) => !Object.hasOwn(source.data, name)))) continue;
        later.delete(what);
        this.#updateSource(source, what, false);
      }
      const change = () => applyPatch(document, patch, this.#dataOf);
      if (edits) edits.applying(patch, change);
      else change();
    };
    const due = edits?.takeDue();
    if (due) apply(due);
    for (const step of steps) {
      if (step !== steps[0]) await callbacksBegun();
      if (this.#broken) return patches;
      if (step instanceof Touched) {
        later.delete(step);
        const source = sourceOf(step);
        if (source && this.#updateSource(source, step)) refreshTables(document, source);
      } else apply(edits?.admitted(step.patch, step.seq) ?? step.patch);
    }
    for (const what of touched) {
      const source = sourceOf(what);
      if (source && what.removed.size > 0 && !edits?.keepsColumns(source)) removeColumns(source, what.removed);
    }
    edits?.passed(seq);
    this.#reconcile(document);
    if (patches.length > 0) this.#forgetColumns(document);
    return patches;
  }

  /** Whether BokehJS was told: not of columns that the page itself has changed, which is yet to come. */
  #updateSource(source: Source, touched: Touched, isTold?: boolean): boolean {
    const { edits } = this;
    if (edits?.keepsColumns(source) || edits?.isApart(source)) return false;
    const owned = (values: unknown) => edits?.owned(source, values) ?? values;
    updateSource(source, this.#columns.columns(source.id), touched, owned, isTold);
    edits?.agree(source, touched.columns);
    return true;
  }

  /** Sources that the page has changed, once the history has come to that. */
  #reconcile(document: BokehDocument): void {
    for (const id of this.edits?.takeSettled() ?? []) {
      const source = document.get_model_by_id(id) as Source | null;
      if (!source || !this.edits!.reconcile(source, this.#columns.columns(id))) continue;
      refreshTables(document, source);
    }
  }

  /** Those of models that patches have taken out; callbacks of the document itself hold models too. */
  #forgetColumns(document: BokehDocument): void {
    const called = [...document._document_callbacks.values()].flat() as { references?(): Set<unknown> }[];
    const pinned = new Set(called.flatMap((callback) => [...(callback.references?.() ?? [])]));
    const ids = new Set([...pinned].map((model) => (model as { id?: string }).id));
    this.#columns.keep((model) => document.get_model_by_id(model) !== null || ids.has(model));
  }
}
