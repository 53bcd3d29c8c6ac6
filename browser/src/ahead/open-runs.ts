import { type Ahead, type Op, OpCode, ownBuffers } from "../arrow/change";
import type { LargeOps } from "../arrow/change-reader";
import { unpackedSize } from "../chunks/chunk";
import { decimalsOf } from "../columns/decimals";
import { parseFloatHex } from "../columns/ramp";
import { DTYPES } from "../columns/types";
import type { AheadDecoder } from "./ahead-decoder";
import type { ChunkTask, Run } from "./tasks";

/** Less than this is a fraction of a millisecond's work, which is no more than the way to the worker and back. */
const LARGE = 1 << 20;
/** Of a large batch, ops with less than this part of it stay with their change. */
const SMALL_PART = 1 / 16;
const MAX_BYTES = 0x7fffffff;

interface OpenRun {
  run: Run;
  ahead: Ahead;
  /** The op that the change has for all of the run; its count grows. */
  op: Op;
  nbytes: number;
}

/**
 * The large ops of changes that are not whole yet, of one response. Rows that follow upon each other, which a
 * long op is sent in, become one op again.
 */
export class OpenRuns implements LargeOps {
  /** By document: all runs, and which of them the next op of a column may continue. */
  readonly #documents = new Map<string, { all: OpenRun[]; last: Map<string, OpenRun> }>();

  /** Batches with `large` bytes of values and more are decoded ahead. */
  constructor(private readonly decoder: AheadDecoder, private readonly large = LARGE) {}

  readonly memory = (bytes: number): ArrayBuffer => this.decoder.memory(bytes);

  /**
   * Take over the large ones of a batch's ops; returns those that the change gets. If there are large ones, so is
   * the memory of `message`, which they lie in, taken over, or a copy of it if it is `loose`, not the message's own.
   */
  take(ops: Op[], message: Uint8Array, loose: boolean): Op[] {
    if (!this.decoder.works) return ops;
    const sizes = ops.map(sizeOf);
    const large = sizes.reduce((sum, size) => sum + size, 0) >= this.large;
    const chunks: ChunkTask[] = [];
    const left = ops.filter((op, i) => {
      const open = this.#continued(op, sizes[i]!);
      if (open) {
        open.op.count += op.count;
        open.nbytes += sizes[i]!;
        chunks.push(task({ ...open.run, memory: null }, op, sizes[i]!, message));
      } else if (large && sizes[i]! >= this.large * SMALL_PART && sizes[i]! > 0) this.#begin(op, sizes[i]!, chunks, message);
      return !open;
    });
    if (chunks.length > 0) {
      if (!loose) left.forEach(ownBuffers);
      this.decoder.decode((loose ? message.slice() : message).buffer as ArrayBuffer, chunks);
    }
    return left;
  }

  /** The document's change is whole: null, or when its ops have their values. */
  commit(doc: string): Promise<void> | null {
    const open = this.#documents.get(doc);
    if (!open) return null;
    this.#documents.delete(doc);
    const ready = Promise.all(open.all.map(({ run, ahead }) => this.decoder.finish(run.run, ahead))).then(() => {});
    // Whoever gets the change looks at it; a change that nobody wants any more is no error.
    ready.catch(() => {});
    return ready;
  }

  /** Nothing more comes. */
  close(): void {
    for (const { all } of this.#documents.values()) for (const { run } of all) this.decoder.forget(run.run);
    this.#documents.clear();
  }

  #begin(op: Op, nbytes: number, chunks: ChunkTask[], message: Uint8Array): void {
    const run = this.decoder.run(op);
    const ahead: Ahead = { bytes: null };
    if (op.code === OpCode.RAMP) {
      const { start, step } = JSON.parse(op.json) as { start: unknown; step: unknown };
      const { dtype, count } = op;
      this.decoder.ramp({ ...run, dtype, start: parseFloatHex(start), step: parseFloatHex(step), count });
    } else chunks.push(task(run, op, nbytes, message));
    op.ahead = ahead;
    op.buffers = [];
    const open = { run, ahead, op, nbytes };
    let runs = this.#documents.get(op.doc);
    if (!runs) this.#documents.set(op.doc, (runs = { all: [], last: new Map() }));
    runs.all.push(open);
    if (op.code !== OpCode.RAMP) runs.last.set(keyOf(op), open);
  }

  /** The run whose next rows these are; a column's run ends with any other op on it. */
  #continued(op: Op, nbytes: number): OpenRun | null {
    const last = this.#documents.get(op.doc)?.last;
    const open = last?.get(keyOf(op));
    if (!open) return null;
    const { code, start, count, dtype, shape } = open.op;
    const follows = op.code === (code === OpCode.REPLACE ? OpCode.APPEND : code) && op.start === start + count &&
      op.drop === 0 && op.dtype === dtype && op.shape.join() === shape.join();
    if (follows && nbytes > 0 && open.nbytes + nbytes <= MAX_BYTES) return open;
    last!.delete(keyOf(op));
    return null;
  }
}

function keyOf(op: Op): string {
  return `${op.model}\n${op.column}`;
}

function task(run: Run, op: Op, nbytes: number, message: Uint8Array): ChunkTask {
  const { byteOffset, length } = op.buffers[1]!;
  return { ...run, at: byteOffset - message.byteOffset, length, nbytes, dtype: op.dtype, decimals: decimalsOf(op) };
}

/** Bytes of the op's values if they are one chunk of numbers, or a ramp, and 0 for all else. */
function sizeOf(op: Op): number {
  const { code, dtype, shape, count, buffers } = op;
  const kind = DTYPES[dtype];
  if (!kind || shape.includes(-1)) return 0;
  const nbytes = shape.reduce((product, size) => product * size, count) * kind.BYTES_PER_ELEMENT;
  if (!(nbytes > 0 && nbytes <= MAX_BYTES)) return 0;
  if (code === OpCode.RAMP) return shape.length === 0 && buffers.length === 0 ? nbytes : 0;
  if (code !== OpCode.REPLACE && code !== OpCode.APPEND && code !== OpCode.WRITE) return 0;
  const [valid, data] = buffers;
  if (buffers.length !== 2 || valid!.length > 0) return 0;
  const sent = decimalsOf(op) === null ? nbytes : (nbytes / kind.BYTES_PER_ELEMENT) * 4;
  return unpackedSize(data!) === sent ? nbytes : 0;
}
