import type { ChunkDecoder } from "./decoder";
import { plainDecoder } from "./plain-decoder";
import { wasm } from "./wasm";
import { wasmDecoder } from "./wasm-decoder";

/** The fast decoder, or the plain one where the browser has no wasm SIMD or a policy forbids it. */
export const chunkDecoder: Promise<ChunkDecoder> = wasm.then(wasmDecoder).catch(() => plainDecoder);
