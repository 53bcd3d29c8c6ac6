import type { Op } from "../arrow/change";
import type { ChunkDecoder } from "../chunks/chunk";

/** Arrays of number columns; bools are bytes. */
export type TypedArray =
  | Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

export interface TypedArrayClass {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, offset: number, length: number): TypedArray;
}

/** Wire dtype → array class. The other dtypes, utf8 and json, are texts. */
export const DTYPES: Record<string, TypedArrayClass> = {
  bool: Uint8Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** Type and shape of a column's rows, the same in all of its ops. */
export interface Layout {
  dtype: string;
  /** Trailing dimensions of a row: -1 for each ragged level, then the fixed ones. */
  shape: readonly number[];
  /** How many outer levels were Python lists: they become JS Arrays. */
  list: number;
}

/** The rows of a column, and their value for BokehJS. */
export interface ColumnValues {
  readonly rows: number;
  append(op: Op): void;
  write(op: Op): void;
  drop(rows: number): void;
  /** For `source.data`: a new object at each call, over the same memory if possible. */
  value(): unknown;
}

/** Functions that columns use: from BokehJS in a page, fakes in tests. */
export interface Host {
  decode: ChunkDecoder;
  /** BokehJS's NDArray over these values. */
  ndarray(values: TypedArray, dtype: string, shape: number[]): unknown;
  /** Decode a row from Bokeh's JSON (NaN, maps, dates …). */
  revive(json: unknown): unknown;
}
