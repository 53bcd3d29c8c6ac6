/** Decode one Blosc2 chunk that must hold exactly `target.length` bytes into `target`, or throw ChunkError. */
export type ChunkDecoder = (chunk: Uint8Array, target: Uint8Array) => void;

const REASONS = [
  "it is cut",
  "its header is not one of a Blosc2 chunk",
  "it uses a codec, filter or option that pages do not read",
  "its size is not the one that its values need",
  "its compressed bytes are damaged",
  "there is not enough memory for it",
];

/** A chunk that cannot be decoded; `code` is -1 … -6 in the order above, the same for both decoders. */
export class ChunkError extends Error {
  override name = "ChunkError";

  constructor(readonly code: number) {
    super(`a chunk cannot be decoded: ${REASONS[-code - 1] ?? `code ${code}`}`);
  }
}

/** What a chunk's header says it unpacks to; the decoder holds it to that. */
export function unpackedSize(chunk: Uint8Array): number {
  return chunk.length < 8 ? 0 : new DataView(chunk.buffer, chunk.byteOffset).getInt32(4, true);
}
