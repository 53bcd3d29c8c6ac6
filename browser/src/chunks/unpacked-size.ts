/** What a chunk's header says it unpacks to; the decoder holds it to that. */
export function unpackedSize(chunk: Uint8Array): number {
  return chunk.length < 8 ? 0 : new DataView(chunk.buffer, chunk.byteOffset).getInt32(4, true);
}
