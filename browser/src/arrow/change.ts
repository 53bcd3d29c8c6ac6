/** Op codes of wire format v1. */
export const enum OpCode {
  GRAPH = 1,
  PATCH = 2,
  EVENT = 3,
  REPLACE = 4,
  APPEND = 5,
  WRITE = 6,
  RAMP = 7,
  REMOVE = 8,
  COMMIT = 9,
}

/** The values of an op that is decoded before its change is complete. */
export interface Ahead {
  /** Null until the change's `ready` is settled. */
  bytes: Uint8Array<ArrayBuffer> | null;
}

/**
 * One op: a row, or several consecutive rows that are decoded ahead as one. `buffers` are compressed chunks, views into
 * the message.
 */
export interface Op {
  code: OpCode;
  doc: string;
  /** Number of the change; only in COMMIT. */
  seq: number;
  model: string;
  column: string;
  start: number;
  count: number;
  drop: number;
  dtype: string;
  shape: number[];
  json: string;
  buffers: Uint8Array[];
  ahead?: Ahead;
}

/** One change of a document: its ops, and the JSON of its COMMIT row. */
export interface Change {
  doc: string;
  seq: number;
  ops: Op[];
  meta: { token?: string; end?: string };
  /** Settles when all ops are decoded ahead; null if none are. Rejects with ChunkError. */
  ready: Promise<void> | null;
}

/** Copy the chunks of an op, to keep them longer than the message. */
export function ownBuffers(op: Op): void {
  op.buffers = op.buffers.map((chunk) => chunk.slice());
}
