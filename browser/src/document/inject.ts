import type { DataOf } from "./nest";

/** Give the new models in a patch's JSON their columns. Changes `json`. */
export function inject(json: unknown, dataOf: DataOf): void {
  if (json === null || typeof json !== "object") return;
  if (!Array.isArray(json)) {
    const rep = json as { type?: unknown; id?: unknown; attributes?: Record<string, unknown> };
    if (rep.type === "object" && typeof rep.id === "string") {
      const data = dataOf(rep.id);
      if (data) {
        inject(rep.attributes, dataOf);
        rep.attributes = { ...rep.attributes, data };
        return;
      }
    }
  }
  for (const item of Object.values(json)) inject(item, dataOf);
}
