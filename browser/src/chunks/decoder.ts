/** Decode one Blosc2 chunk that must hold exactly `target.length` bytes into `target`, or throw ChunkError. */
export type ChunkDecoder = (chunk: Uint8Array, target: Uint8Array) => void;
