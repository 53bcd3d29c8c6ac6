import type { Patch } from "./graph";

/** Whether a patch may build or take away views: whether it says anything about models, not only about values. */
export function bringsModels({ events = [], config }: Patch): boolean {
  return config !== undefined || events.some(({ kind, new: value }) =>
    kind === "ModelChanged" ? JSON.stringify(value ?? null).includes('"id":') : kind !== "TitleChanged");
}
