import wasm from "../../build/blosc2.wasm";
import type { Seldom } from "../document/seldom";
import type { ChunkDecoder } from "./decoder";
import { wasmDecoder } from "./wasm-decoder";

/** The fast decoder, or the plain one where the browser has no wasm SIMD or a policy forbids it. */
export function chunkDecoder(seldom: Seldom): Promise<ChunkDecoder> {
  return wasmDecoder(wasm).catch(async () => (await seldom()).plainDecoder);
}
