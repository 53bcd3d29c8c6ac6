import type { Model } from "../bokehjs/bokeh";

/** Attributes that no view looks at. */
export const UNSEEN = new Set(["js_property_callbacks", "js_event_callbacks", "subscribed_events", "tags", "args", "data"]);

/** Models in what a model has set, but for those that have no views: callbacks, and what is in columns. */
export function* modelsIn({ properties }: Model): Generator<Model> {
  for (const [name, property] of Object.entries(properties)) {
    if (!UNSEEN.has(name) && !property.is_unset) yield* found(property.get_value());
  }
}

function* found(value: unknown): Generator<Model> {
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value) || value instanceof Node) return;
  if ("properties" in value && "id" in value) yield value as Model;
  else if (value instanceof Map) for (const entry of value) yield* found(entry);
  else for (const item of Array.isArray(value) ? value : Object.values(value)) yield* found(item);
}
