import { type ChunkDecoder, ChunkError } from "./chunk";

interface Exports {
  memory: WebAssembly.Memory;
  input(length: number): number;
  decode(length: number, nbytes: number): number;
}

/** Wasm memory never shrinks: an instance with more than this is replaced after the chunk. */
const KEEP_BYTES = 64 << 20;

/** Compile the wasm decoder. Rejects where wasm or SIMD is missing or forbidden. */
export async function wasmDecoder(wasm: Uint8Array<ArrayBuffer>): Promise<ChunkDecoder> {
  const module = await WebAssembly.compile(wasm);
  const start = () => new WebAssembly.Instance(module).exports as unknown as Exports;
  let instance = start();
  return (chunk, target) => {
    const from = instance.input(chunk.length);
    if (from === 0) throw new ChunkError(-6);
    new Uint8Array(instance.memory.buffer, from, chunk.length).set(chunk);
    const at = instance.decode(chunk.length, target.length);
    if (at < 0) throw new ChunkError(at);
    target.set(new Uint8Array(instance.memory.buffer, at, target.length));
    if (instance.memory.buffer.byteLength > KEEP_BYTES) instance = start();
  };
}
