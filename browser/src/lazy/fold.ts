import type { Graph, ModelRep, Patch, Resources } from "../graph/graph";

/** Apply a patch to a graph, in place, as the server does. */
export function fold(graph: Graph, { events = [], resources, ...rest }: Patch): void {
  const flat = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(flat);
    if (value === null || typeof value !== "object") return value;
    const { id, type, ...others } = value as { id?: unknown; type?: unknown };
    if (typeof id !== "string" || (typeof type === "string" && type !== "object" && type !== "ref")) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, flat(item)]));
    }
    if (type === "object") {
      const { attributes = {}, ...rep } = others as ModelRep;
      graph.models[id] = { ...rep, attributes: flat(attributes) as Record<string, unknown> } as ModelRep;
    }
    return { id };
  };
  for (const { kind, model, attr, title, unset, new: value } of events) {
    if (kind === "ModelChanged") {
      const attributes = (graph.models[model!.id]!.attributes ??= {});
      if (unset) delete attributes[attr!];
      else attributes[attr!] = flat(value);
    } else if (kind === "TitleChanged") graph.title = title!;
    else {
      const { id } = flat(model) as { id: string };
      graph.roots = graph.roots.filter((root) => root !== id || kind === "RootAdded");
      if (kind === "RootAdded" && !graph.roots.includes(id)) graph.roots.push(id);
    }
  }
  for (const [key, value] of Object.entries(rest)) {
    Object.assign(graph, { [key]: key === "config" || key === "callbacks" ? flat(value) : value });
  }
  if (resources) graph.resources = joined(graph.resources ?? {}, resources);
}

function joined(old: Resources, more: Resources): Resources {
  const kinds = [...Object.keys(old), ...Object.keys(more)] as (keyof Resources)[];
  return Object.fromEntries(kinds.map((kind) => [kind, [...new Set([...(old[kind] ?? []), ...(more[kind] ?? [])])]]));
}
