import { interleave8 } from "./interleave";

// @ts-ignore: decorator
@inline
function step(x: v128, mask: u64, shift: i32): v128 {
  const t = v128.and(v128.xor(x, i64x2.shr_u(x, shift)), i64x2.splat(mask));
  return v128.xor(x, v128.xor(t, i64x2.shl(t, shift)));
}

/**
 * Undo the bit half of Blosc's bitshuffle for one byte plane: eight rows of `bytes` bytes (row b holds bit b
 * of every item, eight items a byte, lowest first) become bytes * 8 whole bytes.
 * Transposing 8×8 bits: Hacker's Delight 7-3.
 */
export function bitplanes(from: usize, to: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    const out = to + (i << 3);
    interleave8(from + i, bytes, out);
    for (let at = out; at < out + 128; at += 16) {
      let x = v128.load(at);
      x = step(x, 0x00aa00aa00aa00aa, 7);
      x = step(x, 0x0000cccc0000cccc, 14);
      x = step(x, 0x00000000f0f0f0f0, 28);
      v128.store(at, x);
    }
  }
  for (; i < bytes; i++) {
    for (let item: usize = 0; item < 8; item++) {
      let byte: u32 = 0;
      for (let bit: usize = 0; bit < 8; bit++) {
        byte |= (((<u32>load<u8>(from + bit * bytes + i)) >> (<u32>item)) & 1) << (<u32>bit);
      }
      store<u8>(to + (i << 3) + item, byte);
    }
  }
}
