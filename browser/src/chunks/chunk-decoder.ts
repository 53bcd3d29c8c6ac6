import type { Seldom } from "../document/seldom";
import type { ChunkDecoder } from "./decoder";
import { wasm } from "./wasm";
import { wasmDecoder } from "./wasm-decoder";

/** The fast decoder, or the plain one where the browser has no wasm SIMD or a policy forbids it. */
export function chunkDecoder(seldom: Seldom): Promise<ChunkDecoder> {
  return wasm.then(wasmDecoder).catch(async () => (await seldom()).plainDecoder);
}
