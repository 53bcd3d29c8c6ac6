import type { Model } from "../bokehjs/bokeh";

/** Attributes that do not affect drawing. */
export const NOT_DRAWN = new Set(["js_property_callbacks", "js_event_callbacks", "subscribed_events", "tags", "args", "data"]);

/** Models in the set attributes of a model, except callbacks and those in columns. */
export function* modelsIn({ properties }: Model): Generator<Model> {
  for (const [name, property] of Object.entries(properties)) {
    if (!NOT_DRAWN.has(name) && !property.is_unset) yield* search(property.get_value());
  }
}

function* search(value: unknown): Generator<Model> {
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value) || value instanceof Node) return;
  if ("properties" in value && "id" in value) yield value as Model;
  else if (value instanceof Map) for (const entry of value) yield* search(entry);
  else for (const item of Array.isArray(value) ? value : Object.values(value)) yield* search(item);
}
