import { chunkDecoder } from "../chunks/chunk-decoder";
import { Embeds } from "./embeds";

export async function start(base: string, version: string): Promise<Embeds> {
  return new Embeds(base, version, await chunkDecoder);
}
