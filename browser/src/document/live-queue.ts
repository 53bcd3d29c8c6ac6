import { type Change, type Op, OpCode, ownBuffers } from "../arrow/change";
import { ColumnStore } from "../columns/column-store";
import type { Host } from "../columns/types";
import type { Graph, Patch } from "../graph/graph";
import { SourceChanges } from "../sources/source-changes";

/** The event by which a script shows a notice in pages. */
const NOTICE = "bokeh_wsgi.notice";

interface Patched {
  patch: Patch;
  seq: number;
  /** As in SourceChanges. */
  position: number;
}

export interface QueueEvents {
  /** A change could not be applied. Further changes are ignored until the next GRAPH. */
  failed(error: unknown): void;
  /** A script shows a text to the viewer. */
  notice?(text: string): void;
}

/**
 * The changes of one document, in order. Applies them to the columns, and keeps the patches and source changes that
 * BokehJS does not have yet.
 */
export class LiveQueue {
  readonly columns: ColumnStore;
  /** A new graph to be drawn in place of the document. */
  graph: Graph | null = null;
  patches: Patched[] = [];
  #changes = new Map<string, SourceChanges>();
  /** Numbers patches and column ops in order. */
  #count = 0;
  /** Changes that wait for the worker, for #update, or for a change before them. */
  #waiting: Change[] = [];
  #update: Promise<unknown> | null = null;
  /** After a failure, until the next GRAPH. */
  isBroken = false;
  /** The last change that was applied. */
  seq = 0;

  /** Calls `applied` after each change. */
  constructor(host: Host, private readonly events: QueueEvents, private readonly applied: () => void) {
    this.columns = new ColumnStore(host);
  }

  /** Apply a change, now or in its turn. If that fails now it throws, if later it calls `failed`. */
  apply(change: Change): void {
    if (!change.ready && !this.#update && this.#waiting.length === 0) return this.#applyChange(change);
    change.ops.forEach(ownBuffers);
    this.#waiting.push(change);
    if (this.#waiting.length === 1) void this.#applyWaiting();
  }

  /** Apply no changes until an update of BokehJS has ended: it must not mix two states. */
  waitFor<T>(update: Promise<T>): Promise<T> {
    this.#update = update;
    return update.finally(() => (this.#update = null));
  }

  /** Remove and return the queued patches and source changes. */
  take(): { patches: Patched[]; sources: SourceChanges[] } {
    const taken = { patches: this.patches, sources: [...this.#changes.values()] };
    this.patches = [];
    this.#changes = new Map();
    return taken;
  }

  fail(error: unknown): void {
    this.isBroken = true;
    this.events.failed(error);
  }

  async #applyWaiting(): Promise<void> {
    try {
      for (let change = this.#waiting[0]; change; change = this.#waiting[0]) {
        await change.ready;
        while (this.#update) await this.#update.catch(() => {});
        this.#applyChange(change);
        this.#waiting.shift();
      }
    } catch (error) {
      this.#waiting = [];
      this.fail(error);
    }
  }

  #applyChange({ ops, seq }: Change): void {
    const hasGraph = ops.some((op) => op.code === OpCode.GRAPH);
    if (!hasGraph && (this.isBroken || seq <= this.seq)) return;
    try {
      for (const at of ops.keys()) this.#applyOp(ops, at, seq);
    } catch (error) {
      this.isBroken = true;
      throw error;
    }
    this.isBroken = false;
    this.seq = seq;
    this.applied();
  }

  #applyOp(ops: readonly Op[], at: number, seq: number): void {
    const op = ops[at]!;
    if (op.code === OpCode.EVENT) {
      const { name, values } = JSON.parse(op.json) as { name: string; values: { text?: string } };
      if (name === NOTICE) this.events.notice?.(String(values.text ?? ""));
    } else if (op.code === OpCode.GRAPH) {
      this.graph = JSON.parse(op.json) as Graph;
      this.columns.clear();
      this.take();
    } else if (op.code === OpCode.PATCH) {
      this.patches.push({ patch: JSON.parse(op.json) as Patch, seq, position: ++this.#count });
    } else {
      const isNew = !this.columns.columns(op.model).has(op.column);
      this.columns.apply(ops, at);
      let changes = this.#changes.get(op.model);
      if (!changes) this.#changes.set(op.model, (changes = new SourceChanges(op.model)));
      changes.add(op, isNew, ++this.#count);
    }
  }
}
