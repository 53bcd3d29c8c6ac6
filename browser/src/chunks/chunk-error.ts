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
