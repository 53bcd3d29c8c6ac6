import type { ChunkDecoder } from "../chunks/decoder";
import { DTYPES } from "../columns/dtypes";
import type { Host } from "../columns/host";
import type { TypedArray } from "../columns/typed-array";
import { bokeh } from "./bokeh";

/** What columns need, made of BokehJS. */
export function pageHost(decode: ChunkDecoder): Host {
  return { decode, ndarray, revive };
}

/** By dtype: the class, and what its constructor sets on an array (the mark of an NDArray, dtype …). */
const kinds = new Map<string, { kind: Function; marks: object }>();

function kindOf(dtype: string): { kind: Function; marks: object } {
  let known = kinds.get(dtype);
  if (!known) {
    const empty = bokeh().require("core/util/ndarray").ndarray(new ArrayBuffer(0), { dtype, shape: [0] });
    kinds.set(dtype, (known = { kind: empty.constructor, marks: { ...empty } }));
  }
  return known;
}

/**
 * An NDArray of `values` without copying them, which BokehJS's own constructors would do. With two and more
 * dimensions it gets a buffer of its own: image and colour glyphs read `.buffer` from its first byte.
 */
function ndarray(values: TypedArray, dtype: string, shape: number[]): unknown {
  const owns = values.byteLength === values.buffer.byteLength;
  const own = shape.length < 2 || owns ? values : values.slice();
  const { kind, marks } = kindOf(dtype);
  const made = Reflect.construct(DTYPES[dtype]!, [own.buffer, own.byteOffset, own.length], kind);
  return Object.assign(made, marks, { shape, dimension: shape.length });
}

function revive(json: unknown): unknown {
  if (json === null || typeof json !== "object") return json;
  const { Deserializer } = bokeh().require("core/serialization/deserializer");
  const { ModelResolver } = bokeh().require("core/resolvers");
  const { default_resolver } = bokeh().require("base");
  return new Deserializer(new ModelResolver(default_resolver)).decode(json);
}
