import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface ChunkCase {
  name: string;
  chunk: Uint8Array;
  plain: Uint8Array;
}

/** Chunks written by python-blosc2: many in $BOKEH_WSGI_CHUNKS, or few in fixtures/. */
export function chunkCases(): ChunkCase[] {
  const folder = process.env.BOKEH_WSGI_CHUNKS ?? join(process.cwd(), "test/fixtures");
  const bytes = readFileSync(join(folder, "chunks.bin"));
  const index = JSON.parse(readFileSync(join(folder, "chunks.json"), "utf8")) as [string, number, number][];
  let at = 0;
  const take = (length: number) => new Uint8Array(bytes.subarray(at, (at += length)));
  return index.map(([name, packed, length]) => ({ name, chunk: take(packed), plain: take(length) }));
}
