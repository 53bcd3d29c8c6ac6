import { FrameError } from "../arrow/frame-error";
import type { TypedArray } from "./types";

const PATTERN = /^(-?)0x([01])(?:\.([0-9a-f]{1,13}))?p([+-]\d{1,4})$/;

/** The number that Python's `float.hex()` wrote, exactly. */
export function parseFloatHex(text: unknown): number {
  const [, sign, unit, digits = "", exponent] = PATTERN.exec(String(text)) ?? [];
  if (unit === undefined) throw new FrameError(`not a float.hex(): ${text}`);
  const mantissa = Number(unit) + parseInt(digits || "0", 16) / 16 ** digits.length;
  const value = mantissa * 2 ** Number(exponent);
  return sign ? -value : value;
}

/** start + i * step: the same float64 product and sum as the sender checked. */
export function fillRamp(values: TypedArray, start: number, step: number): void {
  for (let i = 0; i < values.length; i++) values[i] = start + i * step;
}
