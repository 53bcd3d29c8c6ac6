import packed from "../../build/blosc2.wasm.deflate";
import type { ChunkDecoder } from "./chunk";
import { wasmDecoder } from "./wasm-decoder";

/** The compiled assembly/chunk.ts, inflated from the script; empty where the browser cannot inflate. */
export const wasm = inflated(packed).catch(() => new Uint8Array(0));

async function inflated(base64: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The wasm decoder, or the plain one where the browser has no wasm SIMD or a policy forbids it. */
export function fastestDecoder(plain: () => Promise<ChunkDecoder>): Promise<ChunkDecoder> {
  return wasm.then(wasmDecoder).catch(plain);
}
