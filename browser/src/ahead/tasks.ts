/** A run of values, told with each task of it. */
export interface Run {
  run: number;
  /** Whether they may grow and roll later: then their memory gets room for that. */
  grows: boolean;
  /** With the first task: memory that may be used. */
  memory: ArrayBuffer | null;
}

/** Part of a run: a chunk of the message that it comes with, to be decoded behind what the run has so far. */
export interface ChunkTask extends Run {
  /** Where in the message it lies. */
  at: number;
  length: number;
  /** Of the values. */
  nbytes: number;
  dtype: string;
  /** Of floats that are sent as integers; null for values as they are. */
  decimals: number | null;
}

/** A run that is one ramp. */
export interface RampTask extends Run {
  dtype: string;
  start: number;
  step: number;
  count: number;
}

/** What the page tells the worker; memory in it is handed over. */
export type Request =
  | { kind: "start"; wasm: Uint8Array<ArrayBuffer> }
  | { kind: "decode"; message: ArrayBuffer; chunks: ChunkTask[] }
  | { kind: "ramp"; ramp: RampTask }
  | { kind: "finish"; run: number }
  | { kind: "forget"; run: number };

/** What the worker answers; memory in it is handed over, too. */
export type Answer =
  | { kind: "started"; ok: boolean }
  /** The message is read; its memory is free for the next one. */
  | { kind: "read"; message: ArrayBuffer }
  /** The first `nbytes` of the memory are the run's values. */
  | { kind: "finished"; run: number; memory: ArrayBuffer; nbytes: number }
  /** A chunk of it could not be decoded: the code of ChunkError. */
  | { kind: "failed"; run: number; code: number };
