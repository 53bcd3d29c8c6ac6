import type { ChunkDecoder } from "../chunks/decoder";
import type { TypedArray } from "./typed-array";

/** What columns need from around them; the page gives BokehJS's, tests their own. */
export interface Host {
  decode: ChunkDecoder;
  /** BokehJS's NDArray over exactly these values. */
  ndarray(values: TypedArray, dtype: string, shape: number[]): unknown;
  /** A JSON row's value: Bokeh's forms of NaN, maps, dates … resolved. */
  revive(json: unknown): unknown;
}
