import type { Graph } from "./graph";

export type DataOf = (model: string) => object | null;

/**
 * The JSON for `Document.from_json`: each model is written in full at its first mention, in reading order.
 * `dataOf` returns the columns of a source, null for other models.
 */
export function documentJson(graph: Graph, dataOf: DataOf): object {
  const written = new Set<string>();

  const model = (id: string): object => {
    const rep = graph.models[id];
    if (!rep || written.has(id)) return { id };
    written.add(id);
    const attributes = walk(rep.attributes ?? {}) as Record<string, unknown>;
    const data = dataOf(id);
    if (data) attributes.data = data;
    return { type: "object", ...rep, id, attributes };
  };

  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (value === null || typeof value !== "object") return value;
    const { id, type } = value as { id?: unknown; type?: unknown };
    if (typeof id === "string" && typeof type !== "string") return model(id);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
  };

  const { version, title, defs } = graph;
  const config = walk(graph.config ?? null);
  const roots = graph.roots.map(model);
  const callbacks = walk(graph.callbacks ?? null);
  return { version, title, defs, config, roots, callbacks };
}

/** Add their columns to the new sources in a patch's JSON. Changes `json`. */
export function injectColumns(json: unknown, dataOf: DataOf): void {
  if (json === null || typeof json !== "object") return;
  if (!Array.isArray(json)) {
    const rep = json as { type?: unknown; id?: unknown; attributes?: Record<string, unknown> };
    if (rep.type === "object" && typeof rep.id === "string") {
      const data = dataOf(rep.id);
      if (data) {
        injectColumns(rep.attributes, dataOf);
        rep.attributes = { ...rep.attributes, data };
        return;
      }
    }
  }
  for (const item of Object.values(json)) injectColumns(item, dataOf);
}
