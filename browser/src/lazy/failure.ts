import type { BokehJS, Model, Source } from "../bokehjs/bokeh";
import type { Graph } from "../graph/graph";
import { modelsIn } from "./models-in";

const LONGEST_LABEL = 60;
const LONGEST_REASON = 200;

/** A root that BokehJS cannot draw. */
export interface Failure {
  /** Its id; "" if the failure belongs to no root. */
  root: string;
  /** Id of the model that causes it. */
  model: string;
  /** Message for the viewer. */
  text: string;
}

/** A readable name of a model: its type, and its name, title or id. */
export function label({ models }: Graph, id: string): string {
  const { name = "model", attributes = {} } = models[id] ?? {};
  const { title } = attributes as { title?: unknown };
  const text = textOf(attributes.name) || textOf(title) || textOf(titleOf(models, title));
  return text ? `${name} “${text.slice(0, LONGEST_LABEL)}”` : `${name} ${id}`;
}

function titleOf(models: Graph["models"], title: unknown): unknown {
  return models[(title as { id?: string } | null | undefined)?.id ?? ""]?.attributes?.text;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}

/** Why BokehJS cannot draw models, for the viewer. Innermost first; empty if the models could not be created. */
export function reason(bokeh: BokehJS, failing: readonly Model[], error: unknown): string {
  const models = failing.flatMap((model) => [model, ...modelsIn(model)]);
  const source = models.find(isSource);
  const cause = source && (unequal(source) ?? models.map((model) => listsAsImage(model, source)).find(Boolean));
  if (cause) return cause;
  const text = error instanceof Error ? error.message : String(error);
  return `BokehJS ${bokeh.version} says “${text.replace(/\s+/g, " ").trim().slice(0, LONGEST_REASON)}”`;
}

function unequal(source: Source): string | null {
  const lengths = Object.entries(source.data).map(([name, values]) => [name, (values as ArrayLike<unknown>).length]);
  if (new Set(lengths.map(([, length]) => length)).size < 2) return null;
  const list = lengths.slice(0, 8).map((pair) => pair.join(": ")).join(", ");
  return `the columns of its data source have different lengths (${list})`.slice(0, LONGEST_REASON);
}

function listsAsImage({ type, properties }: Model, source: Source): string | null {
  if (!type.startsWith("Image") || !properties.image) return null;
  const { field } = properties.image.get_value() as { field?: string };
  const [first] = (source.data[field ?? ""] as ArrayLike<unknown>[] | undefined) ?? [];
  if (!Array.isArray(first)) return null;
  return `its column “${field}” has lists where an image is an array of two dimensions, as numpy makes them`;
}

function isSource(model: Model): model is Source {
  return "data" in model.properties && "streaming" in model;
}
