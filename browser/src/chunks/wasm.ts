import packed from "../../build/blosc2.wasm.deflate";

/** assembly/chunk.ts, built, which scripts hold deflated; of no bytes where the browser cannot inflate it. */
export const wasm = inflated(packed).catch(() => new Uint8Array(0));

async function inflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
