/** 16 rows of 16 lanes: row n repeats 0 … n-1; a swizzle with it repeats n bytes over a vector. */
const REPEAT = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* unused: no offset is 0 */
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1,
  0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0,
  0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3,
  0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0,
  0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3,
  0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1,
  0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 4,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1, 2,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0, 1,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0,
]);

/** Above this length a bulk copy is faster than a loop of vectors. */
const BULK: usize = 256;

// @ts-ignore: decorator
@inline
function copy(from: usize, to: usize, length: usize): void {
  if (length > BULK) return memory.copy(to, from, length);
  const end = to + length;
  while (to < end) {
    v128.store(to, v128.load(from));
    from += 16;
    to += 16;
  }
}

// @ts-ignore: decorator
@inline
function repeat(to: usize, offset: usize, length: usize): void {
  if (offset == 1) return memory.fill(to, load<u8>(to - 1), length);
  const pattern = v128.swizzle(v128.load(to - offset), v128.load(REPEAT + (offset << 4)));
  const step: usize = 16 - (<usize>16 % offset);
  const end = to + length;
  for (; to < end; to += step) v128.store(to, pattern);
}

/** A sequence with short lengths accesses fewer bytes than this: if as many are left, its ends need no checks. */
const SHORT: usize = 64;

/** Copy a match of up to 18 bytes, in steps not longer than its offset. */
// @ts-ignore: decorator
@inline
function copyShort(to: usize, offset: usize): void {
  const from = to - offset;
  if (offset >= 16) {
    v128.store(to, v128.load(from));
    store<u16>(to, load<u16>(from, 16), 16);
  } else {
    store<u64>(to, load<u64>(from));
    store<u64>(to, load<u64>(from, 8), 8);
    store<u16>(to, load<u16>(from, 16), 16);
  }
}

/**
 * Decode one LZ4 block (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md) into exactly [to, toEnd).
 *
 *   token (high nibble: literals, low nibble: match length - 4; 15 = more bytes follow)
 *   [length bytes] literals | offset u16 | [length bytes]      … the last sequence ends after its literals
 *
 * Returns whether input and output both end exactly. Every length is checked before use. Vector copies may access up to
 * 15 bytes past the ends, so 16 spare bytes must follow both regions.
 */
export function lz4(from: usize, fromEnd: usize, to: usize, toEnd: usize): bool {
  const toStart = to;
  while (from < fromEnd) {
    const token: usize = load<u8>(from++);
    let length = token >> 4;
    if (length < 15 && fromEnd - from >= SHORT && toEnd - to >= SHORT) {
      v128.store(to, v128.load(from));
      from += length;
      to += length;
      const offset: usize = load<u16>(from);
      length = token & 15;
      if (length < 15 && offset >= 8 && offset <= to - toStart) {
        from += 2;
        copyShort(to, offset);
        to += length + 4;
        continue;
      }
    } else {
      if (length == 15) {
        let more: usize;
        do {
          if (from >= fromEnd) return false;
          more = load<u8>(from++);
          length += more;
          if (length > toEnd - to) return false;
        } while (more == 255);
      }
      if (length > fromEnd - from || length > toEnd - to) return false;
      copy(from, to, length);
      from += length;
      to += length;
      if (from == fromEnd) return to == toEnd;
    }

    if (fromEnd - from < 2) return false;
    const offset: usize = load<u16>(from);
    from += 2;
    if (offset == 0 || offset > to - toStart) return false;
    length = token & 15;
    if (length == 15) {
      let more: usize;
      do {
        if (from >= fromEnd) return false;
        more = load<u8>(from++);
        length += more;
        if (length > toEnd - to) return false;
      } while (more == 255);
    }
    length += 4;
    if (length > toEnd - to) return false;
    if (offset < 16) repeat(to, offset, length);
    else if (offset < length) {
      // Overlapping: memory.copy would not repeat the bytes.
      const end = to + length;
      for (let at = to; at < end; at += 16) v128.store(at, v128.load(at - offset));
    } else copy(to - offset, to, length);
    to += length;
  }
  return false;
}
