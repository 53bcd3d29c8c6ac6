import { interleave2, interleave4, interleave8 } from "./interleave";

/**
 * Undo Blosc's byte shuffle: `count` items of `size` bytes are stored as `size` planes of `count` bytes.
 * The caller handles bytes after count * size.
 */
export function unshuffle(from: usize, to: usize, count: usize, size: usize): void {
  let i: usize = 0;
  if (size == 8) for (; i + 16 <= count; i += 16) interleave8(from + i, count, to + (i << 3), 8);
  else if (size == 4) for (; i + 16 <= count; i += 16) interleave4(from + i, count, to + (i << 2));
  else if (size == 2) for (; i + 16 <= count; i += 16) interleave2(from + i, count, to + (i << 1));
  for (let plane: usize = 0; plane < size; plane++) {
    const row = from + plane * count;
    for (let j = i; j < count; j++) store<u8>(to + j * size + plane, load<u8>(row + j));
  }
}
