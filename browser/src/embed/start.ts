import { chunkDecoder } from "../chunks/chunk-decoder";
import { wasm } from "../chunks/wasm";
import { Embeds } from "./embeds";

export async function start(base: string, version: string): Promise<Embeds> {
  return new Embeds(base, version, await chunkDecoder, await wasm);
}
