import type { ChunkDecoder } from "../chunks/decoder";

/** 10 to the power of the decimals. */
const SCALES = [1, 10, 100, 1e3, 1e4, 1e5, 1e6];
const MINUS_ZERO = -(2 ** 31);
const NAN = MINUS_ZERO + 1;

export const MAX_DECIMALS = SCALES.length - 1;

/**
 * Decode a chunk of int32 into the floats that they stand for: integer / 10^decimals, and the two lowest for -0.0
 * and NaN. The integers lie at the end of the floats' memory, where none is written over before it was read:
 *
 *   float64   | value 0 | value 1 | value 2 | value 3 |
 *                                 | 0  | 1  | 2  | 3  |
 */
export function fromIntegers(
  decode: ChunkDecoder, chunk: Uint8Array, values: Float64Array | Float32Array, decimals: number,
): void {
  const { buffer, byteOffset, byteLength, length } = values;
  const integers = new Int32Array(buffer, byteOffset + byteLength - length * 4, length);
  if (chunk.length > 0 || length > 0) decode(chunk, new Uint8Array(buffer, integers.byteOffset, integers.byteLength));
  const scale = SCALES[decimals]!;
  // Two loops that do little are faster than one that looks at each value, and most columns have no special ones.
  if (lowest(integers) > NAN) for (let i = 0; i < length; i++) values[i] = integers[i]! / scale;
  else {
    for (let i = 0; i < length; i++) {
      const integer = integers[i]!;
      values[i] = integer > NAN ? integer / scale : integer === NAN ? NaN : -0;
    }
  }
}

function lowest(integers: Int32Array): number {
  let low = 0;
  for (let i = 0; i < integers.length; i++) if (integers[i]! < low) low = integers[i]!;
  return low;
}
