import type { Patch, PatchEvent } from "../graph/graph";
import { type DataOf, injectColumns } from "../graph/document-json";
import { type BokehDocument, type Model, bokeh } from "./bokeh";

/** Apply a PATCH to a BokehJS document. Throws if it references unknown models. */
export function applyPatch(document: BokehDocument, patch: Patch, dataOf: DataOf): void {
  const { events = [], config, callbacks } = patch;
  for (const json of [events, config, callbacks]) injectColumns(json, dataOf);
  if (patch.defs) define(document, patch.defs);
  document.apply_json_patch({ events: events.filter((event) => !isReset(event)) });
  for (const event of events) if (isReset(event)) reset(document, event);
  if (config) document.config = decode(document, config) as BokehDocument["config"];
  if ("callbacks" in patch) {
    document._document_callbacks.clear();
    const byEvent = (decode(document, callbacks ?? {}) ?? {}) as Record<string, unknown[]>;
    for (const [name, models] of Object.entries(byEvent)) document.on_event(name, ...models);
  }
}

function isReset(event: PatchEvent): boolean {
  return event.kind === "ModelChanged" && event.unset === true && !("new" in event);
}

/** Reset an attribute to its default, taken from a new model of the same class. */
function reset(document: BokehDocument, { model, attr }: PatchEvent): void {
  const changed = document.get_model_by_id(model!.id);
  if (!changed) throw new Error(`there is no model ${model!.id}`);
  const fresh = new (changed.constructor as new () => Model)().properties[attr!];
  if (fresh && !fresh.is_unset) changed.setv({ [attr!]: fresh.get_value() }, { sync: false });
}

/** Define new data models; BokehJS warns about those it already has. */
function define(document: BokehDocument, defs: unknown[]): void {
  const { Deserializer } = bokeh().require("core/serialization/deserializer");
  const missing = defs.filter((def) => !document.resolver.get((def as { name: string }).name));
  new Deserializer(document.resolver).decode(missing);
}

function decode(document: BokehDocument, json: unknown): unknown {
  const { Deserializer } = bokeh().require("core/serialization/deserializer");
  const models = document._all_models;
  return new Deserializer(document.resolver, models, (model) => {
    model.attach_document(document);
    models.set(model.id, model);
  }).decode(json);
}
