import { type Ahead, type Op, OpCode, ownBuffers } from "../arrow/change";
import type { LargeOps } from "../arrow/change-reader";
import { unpackedSize } from "../chunks/chunk";
import { decimalsOf } from "../columns/decimals";
import { parseFloatHex } from "../columns/ramp";
import { DTYPES } from "../columns/types";
import type { AheadDecoder } from "./ahead-decoder";
import type { ChunkTask, Run } from "./tasks";

/** Decoding less takes a fraction of a millisecond, no more than messages to the worker and back. */
const LARGE = 1 << 20;
/** Ops smaller than this fraction of `large` are not decoded ahead. */
const SMALL_PART = 1 / 16;
const MAX_BYTES = 0x7fffffff;

interface OpenRun {
  run: Run;
  ahead: Ahead;
  /** The op of the whole run; its count grows. */
  op: Op;
  nbytes: number;
}

/**
 * Large ops of incomplete changes of one response, being decoded in the worker. Consecutive rows of a long op are joined
 * to one op.
 */
export class OpenRuns implements LargeOps {
  /** By document: all runs, and by column the run that its next op may continue. */
  readonly #documents = new Map<string, { all: OpenRun[]; last: Map<string, OpenRun> }>();

  /** Batches with at least `large` bytes of values are decoded ahead. */
  constructor(private readonly decoder: AheadDecoder, private readonly large = LARGE) {}

  readonly memory = (bytes: number): ArrayBuffer => this.decoder.memory(bytes);

  /**
   * Send the large ops of a batch to the worker; returns the ops for the change. The memory of `message` is transferred
   * with them, or a copy of it if it is `transient`.
   */
  take(ops: Op[], message: Uint8Array, transient: boolean): Op[] {
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
      if (!transient) left.forEach(ownBuffers);
      this.decoder.decode((transient ? message.slice() : message).buffer as ArrayBuffer, chunks);
    }
    return left;
  }

  /** The change of a document is complete. Resolves when its ops are decoded; null if none are. */
  commit(doc: string): Promise<void> | null {
    const open = this.#documents.get(doc);
    if (!open) return null;
    this.#documents.delete(doc);
    const ready = Promise.all(open.all.map(({ run, ahead }) => this.decoder.finish(run.run, ahead))).then(() => {});
    // The receiver of the change handles errors; for an unused change they do not matter.
    ready.catch(() => {});
    return ready;
  }

  /** Discard runs of incomplete changes. */
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

  /** The run that an op continues; null, and the column's run ends, if it does not. */
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

/** Size of the op's values if they are one chunk of numbers or a ramp; otherwise 0. */
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
