import { type Op, OpCode } from "../arrow/change";
import type { ColumnStore } from "../columns/column-store";
import type { Graph, Patch } from "../graph/graph";
import { Touched } from "../sources/touched";

export interface Patched {
  patch: Patch;
  seq: number;
  /** As of Touched. */
  at: number;
}

/** What has come of a document and BokehJS has yet to be told. The columns themselves are current at once. */
export class News {
  /** The document begins anew with this. */
  graph: Graph | null = null;
  patches: Patched[] = [];
  #touched = new Map<string, Touched>();
  /** Of patches and touches, in the order in which they came. */
  #count = 0;

  constructor(private readonly columns: ColumnStore) {}

  /** Take in an op of change `seq`, other than an EVENT. */
  take(ops: readonly Op[], at: number, seq: number): void {
    const op = ops[at]!;
    if (op.code === OpCode.GRAPH) {
      this.graph = JSON.parse(op.json) as Graph;
      this.columns.clear();
      this.takeChanges();
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

  /** Patches, and what became of sources: whoever asks knows it from now on. */
  takeChanges(): { patches: Patched[]; touched: Touched[] } {
    const taken = { patches: this.patches, touched: [...this.#touched.values()] };
    this.patches = [];
    this.#touched = new Map();
    return taken;
  }
}
