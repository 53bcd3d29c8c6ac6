import { DTYPES, type TypedArray } from "../columns/types";
import { type Model, bokeh } from "./bokeh";

/** By dtype: the NDArray class, and the properties that its constructor sets. */
const kinds = new Map<string, { kind: Function; marks: object }>();

function kindOf(dtype: string): { kind: Function; marks: object } {
  let kind = kinds.get(dtype);
  if (!kind) {
    const empty = bokeh().require("core/util/ndarray").ndarray(new ArrayBuffer(0), { dtype, shape: [0] });
    kinds.set(dtype, (kind = { kind: empty.constructor, marks: { ...empty } }));
  }
  return kind;
}

/**
 * An NDArray over `values`, not copied as by BokehJS's constructors. With two or more dimensions it needs its own
 * buffer: image and colour glyphs read `.buffer` from the first byte.
 */
export function ndarray(values: TypedArray, dtype: string, shape: number[]): unknown {
  const isWhole = values.byteLength === values.buffer.byteLength;
  const own = shape.length < 2 || isWhole ? values : values.slice();
  const { kind, marks } = kindOf(dtype);
  const array = Reflect.construct(DTYPES[dtype]!, [own.buffer, own.byteOffset, own.length], kind);
  return Object.assign(array, marks, { shape, dimension: shape.length });
}

/** Decode a value from Bokeh's JSON that references no models. */
export function revive(json: unknown): unknown {
  if (json === null || typeof json !== "object") return json;
  const { Deserializer } = bokeh().require("core/serialization/deserializer");
  const { ModelResolver } = bokeh().require("core/resolvers");
  const { default_resolver } = bokeh().require("base");
  return new Deserializer(new ModelResolver(default_resolver)).decode(json);
}

const TYPE = "bokeh_wsgi.columns";
let isRegistered = false;

/** JSON for BokehJS that it decodes to `data` itself, without reading the columns. */
export function columnsRep(data: Record<string, unknown>): object {
  if (!isRegistered) {
    isRegistered = true;
    const { Deserializer } = bokeh().require("core/serialization/deserializer");
    Deserializer.register(TYPE, (rep: { data: unknown }) => rep.data);
  }
  return { type: TYPE, data };
}

/** Encode a value as Bokeh's JSON; `known` models are written as references. */
export function encode(value: unknown, known: readonly Model[]): unknown {
  const { Serializer } = bokeh().require("core/serialization/serializer");
  const references = new Map(known.map((model) => [model, { id: model.id }]));
  return new Serializer({ references, binary: false }).encode(value);
}
