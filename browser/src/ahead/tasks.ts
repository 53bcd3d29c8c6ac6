/** A run: consecutive values of one column. Part of each task. */
export interface Run {
  run: number;
  /** Whether the column may grow later: reserve memory for that. */
  grows: boolean;
  /** Memory to use; only in the first task. */
  memory: ArrayBuffer | null;
}

/** Decode a chunk of the message and append it to the run. */
export interface ChunkTask extends Run {
  /** Offset of the chunk in the message. */
  at: number;
  length: number;
  /** Size of the values. */
  nbytes: number;
  dtype: string;
  /** Decimals of floats sent as integers; otherwise null. */
  decimals: number | null;
}

/** Fill a run with a ramp. */
export interface RampTask extends Run {
  dtype: string;
  start: number;
  step: number;
  count: number;
}

/** Messages from the page to the worker. Their memory is transferred. */
export type Request =
  | { kind: "start"; wasm: Uint8Array<ArrayBuffer> }
  | { kind: "decode"; message: ArrayBuffer; chunks: ChunkTask[] }
  | { kind: "ramp"; ramp: RampTask }
  | { kind: "finish"; run: number }
  | { kind: "forget"; run: number };

/** Messages from the worker to the page. Their memory is transferred. */
export type Answer =
  | { kind: "started"; ok: boolean }
  /** All chunks of the message are decoded; its memory is free. */
  | { kind: "read"; message: ArrayBuffer }
  /** The values are the first `nbytes` of the memory. */
  | { kind: "finished"; run: number; memory: ArrayBuffer; nbytes: number }
  /** A chunk could not be decoded; code of a ChunkError. */
  | { kind: "failed"; run: number; code: number };
