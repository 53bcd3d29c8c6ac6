import { bitplanes } from "./bitplanes";
import { interleave8 } from "./interleave";

/** 128 items of 8 bytes, four times. */
const SCRATCH = memory.data(4096, 16);
const UNIT: usize = 1024;

/** Unshuffle 128 * `units` items, from byte `i` of the rows. */
function vectors(from: usize, to: usize, bytes: usize, size: usize, i: usize, units: usize): void {
  for (let k: usize = 0; k < size; k++) {
    const row = from + k * 8 * bytes + i;
    for (let unit: usize = 0; unit < units; unit++) bitplanes(row + unit * 16, bytes, SCRATCH + unit * UNIT + k * 16, size * 16);
  }
  for (let unit: usize = 0; unit < units; unit++) {
    const out = to + (i + unit * 16) * 8 * size;
    for (let group: usize = 0; group < size; group++) {
      interleave8(SCRATCH + unit * UNIT + group * 128, 16, out + group * 8, size * 8);
    }
  }
}

/**
 * Undo Blosc's bitshuffle: bit b of byte k of item i is bit i % 8 of byte i / 8 of row k * 8 + b, a row having
 * `bytes` bytes for eight times as many items of `size` bytes.
 *
 * 128 items at a time. Transposing their bits gives, for t = 0 … 7 and each k, byte k of the items 8j + t,
 * j = 0 … 15. In the order (t, k) eight such vectors are eight bytes each of the 16 runs of eight items.
 */
export function bitunshuffle(from: usize, to: usize, bytes: usize, size: usize): void {
  let i: usize = 0;
  if (size == 8 || size == 4 || size == 2 || size == 1) {
    // One cache line of each row at a time: rows are often a power of two apart, so the cache has room for few of them.
    for (; i + 64 <= bytes; i += 64) vectors(from, to, bytes, size, i, 4);
    for (; i + 16 <= bytes; i += 16) vectors(from, to, bytes, size, i, 1);
  }
  for (; i < bytes; i++) {
    for (let item: usize = 0; item < 8; item++) {
      for (let k: usize = 0; k < size; k++) {
        let byte: u32 = 0;
        for (let bit: usize = 0; bit < 8; bit++) {
          byte |= (((<u32>load<u8>(from + (k * 8 + bit) * bytes + i)) >> (<u32>item)) & 1) << (<u32>bit);
        }
        store<u8>(to + (i * 8 + item) * size + k, byte);
      }
    }
  }
}
