/**
 * Transpose 8×8 bits, 16 times side by side: byte j of the eight vectors at `from`, `stride` apart, is a row of
 * matrix j; so are the bytes j of the eight written to `to`, `step` apart.
 * Hacker's Delight 7-3, between vectors instead of within one.
 */
// @ts-ignore: decorator
@inline
export function bitplanes(from: usize, stride: usize, to: usize, step: usize): void {
  let p0 = v128.load(from), p1 = v128.load(from + stride);
  let p2 = v128.load(from + stride * 2), p3 = v128.load(from + stride * 3);
  let p4 = v128.load(from + stride * 4), p5 = v128.load(from + stride * 5);
  let p6 = v128.load(from + stride * 6), p7 = v128.load(from + stride * 7);
  let t: v128;

  t = mixed(p0, p4, 4, 0x0f); p4 = v128.xor(p4, t); p0 = v128.xor(p0, i64x2.shl(t, 4));
  t = mixed(p1, p5, 4, 0x0f); p5 = v128.xor(p5, t); p1 = v128.xor(p1, i64x2.shl(t, 4));
  t = mixed(p2, p6, 4, 0x0f); p6 = v128.xor(p6, t); p2 = v128.xor(p2, i64x2.shl(t, 4));
  t = mixed(p3, p7, 4, 0x0f); p7 = v128.xor(p7, t); p3 = v128.xor(p3, i64x2.shl(t, 4));

  t = mixed(p0, p2, 2, 0x33); p2 = v128.xor(p2, t); p0 = v128.xor(p0, i64x2.shl(t, 2));
  t = mixed(p1, p3, 2, 0x33); p3 = v128.xor(p3, t); p1 = v128.xor(p1, i64x2.shl(t, 2));
  t = mixed(p4, p6, 2, 0x33); p6 = v128.xor(p6, t); p4 = v128.xor(p4, i64x2.shl(t, 2));
  t = mixed(p5, p7, 2, 0x33); p7 = v128.xor(p7, t); p5 = v128.xor(p5, i64x2.shl(t, 2));

  t = mixed(p0, p1, 1, 0x55); v128.store(to + step, v128.xor(p1, t)); v128.store(to, v128.xor(p0, i64x2.shl(t, 1)));
  t = mixed(p2, p3, 1, 0x55); v128.store(to + step * 3, v128.xor(p3, t)); v128.store(to + step * 2, v128.xor(p2, i64x2.shl(t, 1)));
  t = mixed(p4, p5, 1, 0x55); v128.store(to + step * 5, v128.xor(p5, t)); v128.store(to + step * 4, v128.xor(p4, i64x2.shl(t, 1)));
  t = mixed(p6, p7, 1, 0x55); v128.store(to + step * 7, v128.xor(p7, t)); v128.store(to + step * 6, v128.xor(p6, i64x2.shl(t, 1)));
}

/** The bits in which a's upper and b's lower ones differ, of each pair of groups of `shift` bits. */
// @ts-ignore: decorator
@inline
function mixed(a: v128, b: v128, shift: i32, mask: u8): v128 {
  return v128.and(v128.xor(i64x2.shr_u(a, shift), b), i8x16.splat(mask));
}
