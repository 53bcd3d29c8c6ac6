import { bokeh } from "./bokeh";

const TYPE = "bokeh_wsgi.columns";
let known = false;

/** Stands for a source's `data` in JSON given to BokehJS: decoded to exactly `data`, without a look into it. */
export function columnsRep(data: Record<string, unknown>): object {
  if (!known) {
    known = true;
    const { Deserializer } = bokeh().require("core/serialization/deserializer");
    Deserializer.register(TYPE, (rep: { data: unknown }) => rep.data);
  }
  return { type: TYPE, data };
}
