import type { Graph } from "../document/graph";

const LONGEST = 60;

/** What people call a model: its type, and its name or title; else its id. */
export function label({ models }: Graph, id: string): string {
  const { name = "model", attributes = {} } = models[id] ?? {};
  const { title } = attributes as { title?: unknown };
  const text = textOf(attributes.name) || textOf(title) || textOf(titleOf(models, title));
  return text ? `${name} “${text.slice(0, LONGEST)}”` : `${name} ${id}`;
}

function titleOf(models: Graph["models"], title: unknown): unknown {
  return models[(title as { id?: string } | null | undefined)?.id ?? ""]?.attributes?.text;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}
