import type { Op } from "../arrow/change";
import type { ChunkDecoder } from "../chunks/chunk";

/** What number columns are made of; bools are bytes. */
export type TypedArray =
  | Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

export interface TypedArrayClass {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, offset: number, length: number): TypedArray;
}

/** Wire dtype → array of its values. The others, utf8 and json, are texts. */
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

/** What a column's rows are; the same for all of its ops. */
export interface Layout {
  dtype: string;
  /** Trailing dimensions of a row: -1 for each ragged level, then the fixed ones. */
  shape: readonly number[];
  /** How many outer nesting levels were Python lists: those are JS Arrays. */
  list: number;
}

/** A column's rows in memory, and the value that BokehJS is given for them. */
export interface ColumnValues {
  readonly rows: number;
  append(op: Op): void;
  write(op: Op): void;
  drop(rows: number): void;
  /** For `source.data`: a new object (over the same memory where possible) at each call. */
  value(): unknown;
}

/** What columns need from around them; the page gives BokehJS's, tests their own. */
export interface Host {
  decode: ChunkDecoder;
  /** BokehJS's NDArray over exactly these values. */
  ndarray(values: TypedArray, dtype: string, shape: number[]): unknown;
  /** A JSON row's value: Bokeh's forms of NaN, maps, dates … resolved. */
  revive(json: unknown): unknown;
}
