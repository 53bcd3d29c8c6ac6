import { type ChunkDecoder, ChunkError } from "./chunk";

const HEADER = 32;

function lz4(source: Uint8Array, from: number, fromEnd: number, target: Uint8Array, to: number, toEnd: number): boolean {
  const start = to;
  const longer = (length: number): number => {
    for (let more = 255; more === 255; length += more) {
      if (from >= fromEnd) return Infinity;
      more = source[from++]!;
    }
    return length;
  };
  while (from < fromEnd) {
    const token = source[from++]!;
    let length = token >> 4;
    if (length === 15) length = longer(length);
    if (length > fromEnd - from || length > toEnd - to) return false;
    target.set(source.subarray(from, from + length), to);
    from += length;
    to += length;
    if (from === fromEnd) return to === toEnd;
    if (fromEnd - from < 2) return false;
    const offset = source[from]! | (source[from + 1]! << 8);
    from += 2;
    if (offset === 0 || offset > to - start) return false;
    length = token & 15;
    if (length === 15) length = longer(length);
    length += 4;
    if (length > toEnd - to) return false;
    for (const end = to + length; to < end; to++) target[to] = target[to - offset]!;
  }
  return false;
}

/** Where byte `k` of item `i` lies in a shuffled block of `count` items. */
function unshuffle(block: Uint8Array, target: Uint8Array, count: number, typesize: number): void {
  for (let k = 0; k < typesize; k++) {
    for (let i = 0; i < count; i++) target[i * typesize + k] = block[k * count + i]!;
  }
}

/** Bit `b` of byte `k` of item `i` is bit i % 8 of byte (k * 8 + b) * count / 8 + i / 8. */
function bitunshuffle(block: Uint8Array, target: Uint8Array, count: number, typesize: number): void {
  const bytes = count / 8;
  for (let k = 0; k < typesize; k++) {
    for (let i = 0; i < count; i++) {
      let byte = 0;
      for (let b = 0; b < 8; b++) byte |= ((block[(k * 8 + b) * bytes + (i >> 3)]! >> (i & 7)) & 1) << b;
      target[i * typesize + k] = byte;
    }
  }
}

function special(kind: number, chunk: Uint8Array, target: Uint8Array, typesize: number): number {
  const value = chunk.subarray(HEADER);
  if (kind === 1) {
    if (value.length !== 0) return -4;
    target.fill(0);
    return 0;
  }
  if (kind === 2) {
    if (value.length !== 0 || target.length % typesize !== 0) return -4;
    const nan = { 4: [0, 0, 0xc0, 0x7f], 8: [0, 0, 0, 0, 0, 0, 0xf8, 0x7f] }[typesize];
    if (!nan) return -3;
    for (let i = 0; i < target.length; i++) target[i] = nan[i % typesize]!;
    return 0;
  }
  if (kind !== 3) return -3;
  if (value.length === 0 || target.length % value.length !== 0) return -4;
  for (let at = 0; at < target.length; at += value.length) target.set(value, at);
  return 0;
}

/** One block's streams, back to back. Each: csize i32, then csize bytes. */
function streams(chunk: Uint8Array, from: number, target: Uint8Array, count: number): boolean {
  if (target.length % count !== 0) return false;
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  const part = target.length / count;
  for (let to = 0; to < target.length; to += part) {
    if (chunk.length - from < 4) return false;
    const csize = view.getInt32(from, true);
    from += 4;
    if (csize < 0 && (csize < -255 || from >= chunk.length || (chunk[from++]! & 1) === 0)) return false;
    if (csize <= 0) {
      target.fill(-csize, to, to + part);
      continue;
    }
    if (csize > chunk.length - from) return false;
    if (csize === part) target.set(chunk.subarray(from, from + part), to);
    else if (!lz4(chunk, from, from + csize, target, to, to + part)) return false;
    from += csize;
  }
  return true;
}

/** assembly/chunk.ts describes the layout. Returns 0 or an error code. */
function decode(chunk: Uint8Array, target: Uint8Array): number {
  if (chunk.length < HEADER) return -1;
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  const version = chunk[0]!, flags = chunk[2]!, typesize = chunk[3]!, more = chunk[31]!;
  if (version < 5 || version > 6 || typesize === 0 || (flags & 0x05) !== 0x05) return -2;
  if (view.getInt32(12, true) !== chunk.length || view.getInt32(4, true) !== target.length) return -4;
  if ((flags & 0x08) !== 0 || chunk[30] !== 0 || (more & 0x8f) !== 0) return -3;
  if (target.length === 0) return 0;
  if (more !== 0) return special(more >> 4, chunk, target, typesize);
  if ((flags & 0x02) !== 0) {
    if (chunk.length !== HEADER + target.length) return -4;
    target.set(chunk.subarray(HEADER));
    return 0;
  }

  if (flags >> 5 !== 1) return -3;
  let filter = 0;
  for (let i = 0; i < 6; i++) {
    const code = chunk[16 + i]!;
    if (code === 0) continue;
    if (filter !== 0 || code > 2 || chunk[24 + i] !== 0) return -3;
    filter = code;
  }
  const given = view.getInt32(8, true);
  if (given <= 0) return -2;
  const blocksize = Math.min(given, target.length);
  const blocks = Math.ceil(target.length / blocksize);
  if (blocks > Math.floor((chunk.length - HEADER) / 4)) return -1;
  const scratch = new Uint8Array(filter === 0 ? 0 : blocksize);
  for (let i = 0; i < blocks; i++) {
    const start = view.getInt32(HEADER + i * 4, true);
    if (start < HEADER + blocks * 4 || start >= chunk.length) return -5;
    const out = target.subarray(i * blocksize, (i + 1) * blocksize);
    const block = filter === 0 ? out : scratch.subarray(0, out.length);
    const split = (flags & 0x10) === 0 && out.length === blocksize;
    if (!streams(chunk, start, block, split ? typesize : 1)) return -5;
    if (filter === 0) continue;
    let items = Math.floor(out.length / typesize);
    if (filter === 2) items -= items % 8;
    (filter === 1 ? unshuffle : bitunshuffle)(block, out, items, typesize);
    out.set(block.subarray(items * typesize), items * typesize);
  }
  return 0;
}

/**
 * A simple decoder: the reference for the wasm one in tests, and the fallback of browsers without wasm or SIMD.
 */
export const plainDecoder: ChunkDecoder = (chunk, target) => {
  const code = decode(chunk, target);
  if (code < 0) throw new ChunkError(code);
};
