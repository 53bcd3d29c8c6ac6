import type { Change } from "../arrow/change";
import { type Op, OpCode } from "../arrow/op";
import { ownBuffers } from "../arrow/own-buffers";
import { ColumnStore } from "../columns/column-store";
import type { Host } from "../columns/host";
import { applyPatch } from "./apply-patch";
import { type BokehDocument, type Source, bokeh } from "./bokeh";
import { columnsRep } from "./columns-rep";
import { DocumentView, type Found } from "./document-view";
import type { Graph, Patch } from "./graph";
import { keepingScroll } from "./keeping-scroll";
import { loadResources } from "./load-resources";
import { nest } from "./nest";
import { nextFrame } from "./next-frame";
import { refreshTables } from "./refresh-tables";
import { removeColumns } from "./remove-columns";
import { Touched } from "./touched";
import { updateSource } from "./update-source";

const FRAME_MS = 1000 / 60;

export interface Events {
  /** All changes up to `seq` can be seen now. */
  shown(seq: number): void;
  /** A change could not be applied: nothing more comes until the document begins anew with a GRAPH. */
  failed(error: unknown): void;
  /** How it stands with the one model to show. */
  found(what: Found): void;
}

/** Also cleans up after a failure: BokehJS lists a document before it has read it. */
function makeDocument(json: object): BokehDocument {
  const { Document, documents } = bokeh().require("document");
  const before = documents.length;
  try {
    return Document.from_json(json);
  } catch (error) {
    documents.splice(before);
    throw error;
  }
}

/**
 * One document of the page: its columns, kept current at once, and its BokehJS twin, told once a frame at most.
 */
export class LiveDocument {
  readonly #columns: ColumnStore;
  #document: BokehDocument | null = null;
  #view: DocumentView | null = null;
  #graph: Graph | null = null;
  /** Changes whose ops are still being decoded ahead, and those behind them. */
  #coming: Change[] = [];
  #patches: Patch[] = [];
  #touched = new Map<string, Touched>();
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
    private readonly element: HTMLElement,
    private readonly only: string | null,
    host: Host,
    private readonly events: Events,
  ) {
    this.#columns = new ColumnStore(host);
  }

  /** BokehJS's document; null before the first GRAPH. */
  get document(): BokehDocument | null {
    return this.#document;
  }

  get columns(): ColumnStore {
    return this.#columns;
  }

  /** Take in a change: at once, or in its turn when it is ready. Throws, or tells `failed`, if it cannot be applied. */
  apply(change: Change): void {
    if (!change.ready && this.#coming.length === 0) return this.#take(change);
    change.ops.forEach(ownBuffers);
    this.#coming.push(change);
    if (this.#coming.length === 1) void this.#takeComing();
  }

  async #takeComing(): Promise<void> {
    try {
      for (let change = this.#coming[0]; change; change = this.#coming[0]) {
        await change.ready;
        this.#take(change);
        this.#coming.shift();
      }
    } catch (error) {
      this.#coming = [];
      this.#broken = true;
      this.events.failed(error);
    }
  }

  #take({ ops, seq }: Change): void {
    const isWhole = ops.some((op) => op.code === OpCode.GRAPH);
    if (!isWhole && (this.#broken || seq <= this.#seq)) return;
    try {
      for (let at = 0; at < ops.length; at++) this.#apply(ops, at);
    } catch (error) {
      this.#broken = true;
      throw error;
    }
    this.#broken = false;
    this.#seq = seq;
    this.#schedule();
  }

  #apply(ops: readonly Op[], at: number): void {
    const op = ops[at]!;
    if (op.code === OpCode.GRAPH) {
      this.#graph = JSON.parse(op.json) as Graph;
      this.#columns.clear();
      this.#patches = [];
      this.#touched.clear();
    } else if (op.code === OpCode.PATCH) this.#patches.push(JSON.parse(op.json) as Patch);
    else if (op.code !== OpCode.EVENT) {
      const isNew = !this.#columns.columns(op.model).has(op.column);
      this.#columns.apply(ops, at);
      let touched = this.#touched.get(op.model);
      if (!touched) this.#touched.set(op.model, (touched = new Touched()));
      touched.note(op, isNew);
    }
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
      if (this.#graph) await this.#show();
      else await this.#update();
      this.seq = seq;
      this.events.shown(seq);
    } catch (error) {
      this.#broken = true;
      this.events.failed(error);
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
  async #show(): Promise<void> {
    let graph: Graph;
    do {
      graph = this.#graph!;
      await loadResources(graph.resources ?? {});
    } while (graph !== this.#graph);
    // What came in the meantime is part of it: columns are current, patches follow.
    this.#graph = null;
    this.#touched.clear();
    const made = makeDocument(nest(graph, this.#dataOf));
    await keepingScroll(this.element, async () => {
      await this.#discard();
      this.#document = made;
      this.#view = new DocumentView(made, this.element, this.only);
      this.events.found(this.#view.update());
      await this.#view.settled();
    });
    if (this.#patches.length > 0) await this.#update();
  }

  async #discard(): Promise<void> {
    const old = this.#document;
    if (!old) return;
    this.#view?.remove();
    await this.#view?.settled().catch(() => {});
    old.clear({ sync: false });
    const { documents } = bokeh().require("document");
    documents.splice(documents.indexOf(old), 1);
  }

  /**
   * Values first, so that views which a patch builds read the newest; columns that are gone last, because
   * until a patch is applied its models may still ask for them.
   */
  async #update(): Promise<void> {
    for (let i = 0; i < this.#patches.length; i++) await loadResources(this.#patches[i]!.resources ?? {});
    // From here to the last patch nothing waits: what comes in the meantime would be half of two states.
    const document = this.#document;
    if (!document) throw new Error("a document must begin with its graph");
    if (this.#graph) return;
    const patches = this.#patches.splice(0);
    const touched = this.#touched;
    this.#touched = new Map();
    const sourceOf = (model: string) => document.get_model_by_id(model) as Source | null;
    for (const [model, what] of touched) {
      const source = sourceOf(model);
      if (!source) continue;
      updateSource(source, this.#columns.columns(model), what);
      refreshTables(document, source);
    }
    for (const patch of patches) applyPatch(document, patch, this.#dataOf);
    for (const [model, { removed }] of touched) {
      const source = sourceOf(model);
      if (source && removed.size > 0) removeColumns(source, removed);
    }
    if (patches.length === 0) return;
    this.#forgetColumns(document);
    this.events.found(this.#view!.update());
    await this.#view!.settled();
  }

  /** Those of models that patches have taken out; callbacks of the document itself hold models too. */
  #forgetColumns(document: BokehDocument): void {
    const called = [...document._document_callbacks.values()].flat() as { references?(): Set<unknown> }[];
    const pinned = new Set(called.flatMap((callback) => [...(callback.references?.() ?? [])]));
    const ids = new Set([...pinned].map((model) => (model as { id?: string }).id));
    this.#columns.keep((model) => document.get_model_by_id(model) !== null || ids.has(model));
  }
}
