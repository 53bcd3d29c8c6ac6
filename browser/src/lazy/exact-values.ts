import type { Source } from "../bokehjs/bokeh";

/** A column as exact JSON. */
export interface ExactValues {
  /** "array" for JS Arrays, else the dtype. */
  kind: string;
  /** Rows, then trailing dimensions. */
  shape: number[];
  /** Typed arrays: the bytes, little-endian. */
  base64?: string;
  /** JS Arrays: the items. Numbers that JSON lacks are {number: "NaN" | "Infinity" | "-Infinity" | "-0"}. */
  items?: unknown[];
}

/** All columns of a source as exact JSON. */
export function exactValues(source: Source): Record<string, ExactValues> {
  return Object.fromEntries(Object.entries(source.data).map(([name, values]) => [name, exact(values)]));
}

function exact(values: unknown): ExactValues {
  if (!ArrayBuffer.isView(values)) {
    const items = Array.from(values as ArrayLike<unknown>);
    return { kind: "array", shape: [items.length], items: items.map(item) };
  }
  const { dtype, shape, length } = values as { dtype?: string; shape?: number[]; length?: number } & ArrayBufferView;
  const kind = dtype ?? values.constructor.name.replace("Array", "").toLowerCase();
  return { kind, shape: [...(shape ?? [length!])], base64: base64(values) };
}

function item(value: unknown): unknown {
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { number: Object.is(value, -0) ? "-0" : String(value) };
  }
  if (Array.isArray(value)) return value.map(item);
  return ArrayBuffer.isView(value) ? exact(value) : value;
}

function base64({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
