import { type Change, type Op, OpCode, ownBuffers } from "../arrow/change";
import { ColumnStore } from "../columns/column-store";
import type { Host } from "../columns/types";
import type { Graph, Patch } from "../graph/graph";
import { Touched } from "../sources/touched";

/** Name of the event by which a script has pages say something. */
const NOTICE = "bokeh_wsgi.notice";

interface Patched {
  patch: Patch;
  seq: number;
  /** As of Touched. */
  at: number;
}

export interface QueueEvents {
  /** A change could not be applied: nothing more comes until the document begins anew with a GRAPH. */
  failed(error: unknown): void;
  /** A script wants people to read something. */
  notice?(text: string): void;
}

/**
 * The changes of one document, in their order: its columns, current at once or when a change's turn comes, and what
 * BokehJS has yet to be told.
 */
export class LiveQueue {
  readonly columns: ColumnStore;
  /** The document begins anew with this. */
  graph: Graph | null = null;
  patches: Patched[] = [];
  #touched = new Map<string, Touched>();
  /** Of patches and touches, in the order in which they came. */
  #count = 0;
  /** Changes whose ops are still being decoded ahead, or that came while BokehJS was told; and those behind them. */
  #coming: Change[] = [];
  #telling: Promise<unknown> | null = null;
  /** Whether it waits for a GRAPH to begin anew with. */
  isBroken = false;
  /** The last change that was applied. */
  seq = 0;

  /** `taken`: there is something to be told. */
  constructor(host: Host, private readonly events: QueueEvents, private readonly taken: () => void) {
    this.columns = new ColumnStore(host);
  }

  /** Take in a change: at once, or in its turn when it is ready. Throws, or tells `failed`, if it cannot be applied. */
  apply(change: Change): void {
    if (!change.ready && !this.#telling && this.#coming.length === 0) return this.#take(change);
    change.ops.forEach(ownBuffers);
    this.#coming.push(change);
    if (this.#coming.length === 1) void this.#takeComing();
  }

  /** While BokehJS is told step by step, what comes has to wait, or it would be half of two states. */
  waitFor<T>(telling: Promise<T>): Promise<T> {
    this.#telling = telling;
    return telling.finally(() => (this.#telling = null));
  }

  /** Patches, and what became of sources: whoever asks knows it from now on. */
  takeNews(): { patches: Patched[]; touched: Touched[] } {
    const taken = { patches: this.patches, touched: [...this.#touched.values()] };
    this.patches = [];
    this.#touched = new Map();
    return taken;
  }

  fail(error: unknown): void {
    this.isBroken = true;
    this.events.failed(error);
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
      this.fail(error);
    }
  }

  #take({ ops, seq }: Change): void {
    const isWhole = ops.some((op) => op.code === OpCode.GRAPH);
    if (!isWhole && (this.isBroken || seq <= this.seq)) return;
    try {
      for (const at of ops.keys()) this.#apply(ops, at, seq);
    } catch (error) {
      this.isBroken = true;
      throw error;
    }
    this.isBroken = false;
    this.seq = seq;
    this.taken();
  }

  #apply(ops: readonly Op[], at: number, seq: number): void {
    const op = ops[at]!;
    if (op.code === OpCode.EVENT) {
      const { name, values } = JSON.parse(op.json) as { name: string; values: { text?: string } };
      if (name === NOTICE) this.events.notice?.(String(values.text ?? ""));
    } else if (op.code === OpCode.GRAPH) {
      this.graph = JSON.parse(op.json) as Graph;
      this.columns.clear();
      this.takeNews();
    } else if (op.code === OpCode.PATCH) {
      this.patches.push({ patch: JSON.parse(op.json) as Patch, seq, at: ++this.#count });
    } else {
      const isNew = !this.columns.columns(op.model).has(op.column);
      this.columns.apply(ops, at);
      let touched = this.#touched.get(op.model);
      if (!touched) this.#touched.set(op.model, (touched = new Touched(op.model)));
      touched.note(op, isNew, ++this.#count);
    }
  }
}
