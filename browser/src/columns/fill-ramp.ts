import type { TypedArray } from "./typed-array";

/** start + i * step: the same float64 product and sum as the sender checked. */
export function fillRamp(values: TypedArray, start: number, step: number): void {
  for (let i = 0; i < values.length; i++) values[i] = start + i * step;
}
