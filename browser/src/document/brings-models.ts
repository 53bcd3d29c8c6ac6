import type { Patch, PatchEvent } from "./graph";

/** Whether an event is about which models there are, and where: more than a value. */
export function isOfModels({ kind, new: value }: PatchEvent): boolean {
  return kind === "ModelChanged" ? JSON.stringify(value ?? null).includes('"id":') : kind !== "TitleChanged";
}

/** Whether a patch may build or take away views. */
export function bringsModels({ events = [], config }: Patch): boolean {
  return config !== undefined || events.some(isOfModels);
}
