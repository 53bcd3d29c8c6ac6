import { bitunshuffle } from "./bitunshuffle";
import { lz4 } from "./lz4";
import { unshuffle } from "./unshuffle";

/** Vector copies may access this many bytes past the end of a region. */
const SPARE: usize = 32;
const HEADER: usize = 32;

// Error codes of decode(); src/chunks/chunk.ts has the texts.
const CUT: i32 = -1;
const HEADER_WRONG: i32 = -2;
const UNSUPPORTED: i32 = -3;
const SIZE_WRONG: i32 = -4;
const CORRUPT: i32 = -5;
const NO_MEMORY: i32 = -6;

// @ts-ignore: decorator
@inline
function above(address: usize): usize {
  return (address + SPARE + 15) & ~15;
}

function reserve(end: usize): bool {
  const have = <usize>memory.size() << 16;
  return end <= have || memory.grow(<i32>((end - have + 0xffff) >> 16)) >= 0;
}

/** Address for a chunk of `length` bytes, to be written before decode(); 0 if there is no memory. */
export function input(length: usize): usize {
  const from = above(__heap_base);
  return reserve(above(from + length)) ? from : 0;
}

function fill(from: usize, to: usize, nbytes: usize, size: usize): void {
  const end = to + nbytes;
  for (; to < end; to += size) memory.copy(to, from, size);
}

function special(kind: u32, from: usize, cbytes: usize, to: usize, nbytes: usize, typesize: usize): i32 {
  if (kind == 1) {
    if (cbytes != HEADER) return SIZE_WRONG;
    memory.fill(to, 0, nbytes);
    return <i32>to;
  }
  if (kind == 2) {
    if (cbytes != HEADER || nbytes % typesize != 0) return SIZE_WRONG;
    if (typesize == 4) for (let i: usize = 0; i < nbytes; i += 4) store<u32>(to + i, 0x7fc00000);
    else if (typesize == 8) for (let i: usize = 0; i < nbytes; i += 8) store<u64>(to + i, 0x7ff8000000000000);
    else return UNSUPPORTED;
    return <i32>to;
  }
  if (kind != 3) return UNSUPPORTED;
  if (cbytes <= HEADER || nbytes % (cbytes - HEADER) != 0) return SIZE_WRONG;
  fill(from + HEADER, to, nbytes, cbytes - HEADER);
  return <i32>to;
}

/** Decode the streams of a block into [to, to + nbytes). Each: csize i32, then csize bytes. */
function streams(from: usize, fromEnd: usize, to: usize, nbytes: usize, count: usize): bool {
  if (nbytes % count != 0) return false;
  const part = nbytes / count;
  for (let end = to + nbytes; to < end; to += part) {
    if (fromEnd - from < 4) return false;
    const csize = load<i32>(from);
    from += 4;
    if (csize <= 0) {
      if (csize < 0) {
        // A run of one byte, given by a token.
        if (csize < -255 || from >= fromEnd || (load<u8>(from) & 1) == 0) return false;
        from++;
      }
      memory.fill(to, <u8>-csize, part);
      continue;
    }
    const length: usize = csize;
    if (length > fromEnd - from) return false;
    if (length == part) memory.copy(to, from, part);
    else if (!lz4(from, from + length, to, to + part)) return false;
    from += length;
  }
  return true;
}

/**
 * Decode the Blosc2 chunk of `length` bytes at input(length) into exactly `nbytes` bytes.
 *
 * Returns their address (16-byte aligned, valid until the next call), or a negative code.
 * Header, little-endian (https://github.com/Blosc/c-blosc2/blob/main/README_CHUNK_FORMAT.rst):
 *
 *    0 version   1 versionlz   2 flags   3 typesize   4 nbytes i32   8 blocksize i32   12 cbytes i32
 *   16 filters[6]   22 udcodec   23 codec meta   24 filters' meta[6]   30 flags2   31 blosc2 flags
 *
 *   flags: 0x05 = this 32-byte header; 0x02 uncompressed; 0x10 blocks not split; >> 5 = codec (1: LZ4)
 *   blosc2 flags: >> 4 & 7 = whole chunk is 1 zeros, 2 NaN, 3 one value; else 0x01 dictionary, 0x08 lazy
 */
export function decode(length: usize, nbytes: usize): i32 {
  const from = above(__heap_base);
  const to = above(from + length);
  if (length < HEADER) return CUT;
  const version = load<u8>(from);
  const flags = <u32>load<u8>(from + 2);
  const typesize: usize = load<u8>(from + 3);
  if (version < 5 || version > 6 || typesize == 0 || (flags & 0x05) != 0x05) return HEADER_WRONG;
  if (load<i32>(from + 12) != <i32>length || load<i32>(from + 4) != <i32>nbytes) return SIZE_WRONG;
  const more = <u32>load<u8>(from + 31);
  if ((flags & 0x08) != 0 || load<u8>(from + 30) != 0 || (more & 0x8f) != 0) return UNSUPPORTED;
  if (nbytes == 0) return <i32>to;

  const output = above(to + nbytes);
  if (output < to || !reserve(output)) return NO_MEMORY;
  if (more != 0) return special(more >> 4, from, length, to, nbytes, typesize);
  if ((flags & 0x02) != 0) {
    if (length != HEADER + nbytes) return SIZE_WRONG;
    return <i32>(from + HEADER);
  }

  if (flags >> 5 != 1) return UNSUPPORTED;
  let filter: u32 = 0;
  for (let i: usize = 0; i < 6; i++) {
    const code = <u32>load<u8>(from + 16 + i);
    if (code == 0) continue;
    if (filter != 0 || code > 2 || load<u8>(from + 24 + i) != 0) return UNSUPPORTED;
    filter = code;
  }
  const given = load<i32>(from + 8);
  if (given <= 0) return HEADER_WRONG;
  const blocksize: usize = min<usize>(given, nbytes);
  const blocks = (nbytes + blocksize - 1) / blocksize;
  if (blocks > (length - HEADER) >> 2) return CUT;
  const block = output;
  if (block + blocksize < block || !reserve(above(block + blocksize))) return NO_MEMORY;

  for (let i: usize = 0; i < blocks; i++) {
    const start: usize = load<i32>(from + HEADER + (i << 2));
    if (start < HEADER + (blocks << 2) || start >= length) return CORRUPT;
    const at = to + i * blocksize;
    const size = min<usize>(blocksize, nbytes - i * blocksize);
    const count: usize = (flags & 0x10) != 0 || size < blocksize ? 1 : typesize;
    if (!streams(from + start, from + length, filter == 0 ? at : block, size, count)) return CORRUPT;
    if (filter == 0) continue;
    // Bytes after the last whole item (bitshuffle: the last eight items) are not shuffled.
    const bytes = size / typesize >> 3;
    const items = filter == 1 ? size / typesize : bytes << 3;
    if (filter == 1) unshuffle(block, at, items, typesize);
    else bitunshuffle(block, at, bytes, typesize);
    const done = items * typesize;
    memory.copy(at + done, block + done, size - done);
  }
  return <i32>to;
}
