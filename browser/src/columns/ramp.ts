import { FrameError } from "../arrow/frame-error";
import type { TypedArray } from "./types";

const PATTERN = /^(-?)0x([01])(?:\.([0-9a-f]{1,13}))?p([+-]\d{1,4})$/;

/** Parse the output of Python's `float.hex()`, exactly. */
export function parseFloatHex(text: unknown): number {
  const [, sign, unit, digits = "", exponent] = PATTERN.exec(String(text)) ?? [];
  if (unit === undefined) throw new FrameError(`not a float.hex(): ${text}`);
  const mantissa = Number(unit) + parseInt(digits || "0", 16) / 16 ** digits.length;
  const value = mantissa * 2 ** Number(exponent);
  return sign ? -value : value;
}

/** Set start + i * step, in float64 as the publisher computed it. */
export function fillRamp(values: TypedArray, start: number, step: number): void {
  for (let i = 0; i < values.length; i++) values[i] = start + i * step;
}
