import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface ChunkCase {
  name: string;
  chunk: Uint8Array;
  plain: Uint8Array;
}

/** Chunks that python-blosc2 wrote: those in $BOKEH_WSGI_CHUNKS (many), or the few kept in fixtures/. */
export function chunkCases(): ChunkCase[] {
  const folder = process.env.BOKEH_WSGI_CHUNKS ?? join(process.cwd(), "test/fixtures");
  const bytes = readFileSync(join(folder, "chunks.bin"));
  const index = JSON.parse(readFileSync(join(folder, "chunks.json"), "utf8")) as [string, number, number][];
  let at = 0;
  const take = (length: number) => new Uint8Array(bytes.subarray(at, (at += length)));
  return index.map(([name, packed, length]) => ({ name, chunk: take(packed), plain: take(length) }));
}
