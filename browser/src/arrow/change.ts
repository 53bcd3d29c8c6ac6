/** What a row asks for (wire format v1). */
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

/** The values of an op, decoded before its change was whole. */
export interface Ahead {
  /** Null until the change's `ready` is settled. */
  bytes: Uint8Array<ArrayBuffer> | null;
}

/**
 * One row, or several that follow upon each other and were decoded ahead as one. `buffers` are views into the
 * message that brought it: compressed chunks, still to be decoded.
 */
export interface Op {
  code: OpCode;
  doc: string;
  /** The change's number; only COMMIT has it. */
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

/** A whole step of a document's history: its ops, and what the COMMIT row said. */
export interface Change {
  doc: string;
  seq: number;
  ops: Op[];
  meta: { token?: string; end?: string };
  /** Where ops are being decoded ahead: settled when they all are; rejects with ChunkError. */
  ready: Promise<void> | null;
}

/** Copy an op's chunks out of what was read: they stay good however long the op has to wait. */
export function ownBuffers(op: Op): void {
  op.buffers = op.buffers.map((chunk) => chunk.slice());
}
