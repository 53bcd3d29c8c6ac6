import { DTYPES, type TypedArray } from "../columns/types";
import { type Model, bokeh } from "./bokeh";

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
export function ndarray(values: TypedArray, dtype: string, shape: number[]): unknown {
  const owns = values.byteLength === values.buffer.byteLength;
  const own = shape.length < 2 || owns ? values : values.slice();
  const { kind, marks } = kindOf(dtype);
  const made = Reflect.construct(DTYPES[dtype]!, [own.buffer, own.byteOffset, own.length], kind);
  return Object.assign(made, marks, { shape, dimension: shape.length });
}

/** What a JSON value of Bokeh's stands for, where it mentions no models. */
export function revive(json: unknown): unknown {
  if (json === null || typeof json !== "object") return json;
  const { Deserializer } = bokeh().require("core/serialization/deserializer");
  const { ModelResolver } = bokeh().require("core/resolvers");
  const { default_resolver } = bokeh().require("base");
  return new Deserializer(new ModelResolver(default_resolver)).decode(json);
}

const TYPE = "bokeh_wsgi.columns";
let known = false;

/** Stands for a source's `data` in JSON given to BokehJS: decoded to exactly `data`, without a look into it. */
export function columnsRep(data: Record<string, unknown>): object {
  if (!known) {
    known = true;
    const { Deserializer } = bokeh().require("core/serialization/deserializer");
    Deserializer.register(TYPE, (rep: { data: unknown }) => rep.data);
  }
  return { type: TYPE, data };
}

/** A value in Bokeh's JSON, with all models written out but those that are `known`. */
export function encode(value: unknown, known: readonly Model[]): unknown {
  const { Serializer } = bokeh().require("core/serialization/serializer");
  const references = new Map(known.map((model) => [model, { id: model.id }]));
  return new Serializer({ references, binary: false }).encode(value);
}
