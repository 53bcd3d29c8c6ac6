import packed from "../../build/blosc2.wasm.deflate";
import type { Seldom } from "../viewer";
import type { ChunkDecoder } from "./chunk";
import { wasmDecoder } from "./wasm-decoder";

/** assembly/chunk.ts, built, which scripts hold deflated; of no bytes where the browser cannot inflate it. */
export const wasm = inflated(packed).catch(() => new Uint8Array(0));

async function inflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The fast decoder, or the plain one where the browser has no wasm SIMD or a policy forbids it. */
export function chunkDecoder(seldom: Seldom): Promise<ChunkDecoder> {
  return wasm.then(wasmDecoder).catch(async () => (await seldom()).plainDecoder);
}
