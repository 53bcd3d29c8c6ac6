/**
 * Read 16 bytes from each of eight planes `stride` apart, write their 16 columns (8 bytes each, plane 0 first)
 * to `to`, `step` apart. Byte-unshuffle of 8-byte items and the second half of bit-unshuffle are both this.
 */
// @ts-ignore: decorator
@inline
export function interleave8(from: usize, stride: usize, to: usize, step: usize): void {
  const p0 = v128.load(from);
  const p1 = v128.load(from + stride);
  const p2 = v128.load(from + stride * 2);
  const p3 = v128.load(from + stride * 3);
  const p4 = v128.load(from + stride * 4);
  const p5 = v128.load(from + stride * 5);
  const p6 = v128.load(from + stride * 6);
  const p7 = v128.load(from + stride * 7);
  const a0 = low8(p0, p1), a1 = high8(p0, p1);
  const b0 = low8(p2, p3), b1 = high8(p2, p3);
  const c0 = low8(p4, p5), c1 = high8(p4, p5);
  const d0 = low8(p6, p7), d1 = high8(p6, p7);
  four(low16(a0, b0), low16(c0, d0), to, step);
  four(high16(a0, b0), high16(c0, d0), to + step * 4, step);
  four(low16(a1, b1), low16(c1, d1), to + step * 8, step);
  four(high16(a1, b1), high16(c1, d1), to + step * 12, step);
}

/** The same for four planes: 16 columns of 4 bytes, [to, to + 64). */
// @ts-ignore: decorator
@inline
export function interleave4(from: usize, stride: usize, to: usize): void {
  const p0 = v128.load(from);
  const p1 = v128.load(from + stride);
  const p2 = v128.load(from + stride * 2);
  const p3 = v128.load(from + stride * 3);
  const a0 = low8(p0, p1), a1 = high8(p0, p1);
  const b0 = low8(p2, p3), b1 = high8(p2, p3);
  v128.store(to, low16(a0, b0));
  v128.store(to, high16(a0, b0), 16);
  v128.store(to, low16(a1, b1), 32);
  v128.store(to, high16(a1, b1), 48);
}

/** The same for two planes: 16 columns of 2 bytes, [to, to + 32). */
// @ts-ignore: decorator
@inline
export function interleave2(from: usize, stride: usize, to: usize): void {
  const p0 = v128.load(from);
  const p1 = v128.load(from + stride);
  v128.store(to, low8(p0, p1));
  v128.store(to, high8(p0, p1), 16);
}

// @ts-ignore: decorator
@inline
function four(a: v128, b: v128, to: usize, step: usize): void {
  two(v128.shuffle<u32>(a, b, 0, 4, 1, 5), to, step);
  two(v128.shuffle<u32>(a, b, 2, 6, 3, 7), to + step * 2, step);
}

// @ts-ignore: decorator
@inline
function two(columns: v128, to: usize, step: usize): void {
  if (step == 8) return v128.store(to, columns);
  v128.store_lane<u64>(to, columns, 0);
  v128.store_lane<u64>(to + step, columns, 1);
}

// @ts-ignore: decorator
@inline
function low8(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

// @ts-ignore: decorator
@inline
function high8(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

// @ts-ignore: decorator
@inline
function low16(a: v128, b: v128): v128 {
  return v128.shuffle<u16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
function high16(a: v128, b: v128): v128 {
  return v128.shuffle<u16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
