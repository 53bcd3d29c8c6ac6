/** Decodes one Blosc2 chunk of exactly `target.length` bytes into `target`. Throws ChunkError. */
export type ChunkDecoder = (chunk: Uint8Array, target: Uint8Array) => void;

const REASONS = [
  "it is truncated",
  "its header is not that of a Blosc2 chunk",
  "it uses a codec, filter or option that pages do not read",
  "its size does not fit its values",
  "its compressed bytes are damaged",
  "there is not enough memory for it",
];

/** A chunk cannot be decoded. `code` is -1 … -6, in the order of REASONS, the same for both decoders. */
export class ChunkError extends Error {
  override name = "ChunkError";

  constructor(readonly code: number) {
    super(`a chunk cannot be decoded: ${REASONS[-code - 1] ?? `code ${code}`}`);
  }
}

/** Decoded size by the chunk's header; the decoder checks it. */
export function unpackedSize(chunk: Uint8Array): number {
  return chunk.length < 8 ? 0 : new DataView(chunk.buffer, chunk.byteOffset).getInt32(4, true);
}
