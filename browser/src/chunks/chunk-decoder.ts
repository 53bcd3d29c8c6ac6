import wasm from "../../build/blosc2.wasm";
import type { ChunkDecoder } from "./decoder";
import { plainDecoder } from "./plain-decoder";
import { wasmDecoder } from "./wasm-decoder";

/** The fast decoder, or the plain one where the browser has no wasm SIMD or a policy forbids it. */
export const chunkDecoder: Promise<ChunkDecoder> = wasmDecoder(wasm).catch(() => plainDecoder);
