import { chunkDecoder } from "../chunks/chunk-decoder";
import { wasm } from "../chunks/wasm";
import { seldomOf } from "../document/seldom";
import { Embeds } from "./embeds";

export async function start(base: string, version: string): Promise<Embeds> {
  const seldom = seldomOf(base);
  return new Embeds(base, version, await chunkDecoder(seldom), seldom, await wasm);
}
