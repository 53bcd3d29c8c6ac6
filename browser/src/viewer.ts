// In this order of the modules the script is smallest when it is packed.
import { fastestDecoder, wasm } from "./chunks/fastest-decoder";
import { AheadDecoder, startWorker } from "./ahead/ahead-decoder";
import { type Events, LiveDocument } from "./document/live-document";
import { ndarray, revive } from "./bokehjs/values";
import type { ExactValues } from "./lazy/exact-values";
import type { Source } from "./bokehjs/bokeh";
import type { PageEdits } from "./edits/page-edits";
import type { Lazy } from "./lazy/lazy";
import type { Scripts } from "./scripts/scripts";

/** The parts common to all documents of one server in a page: decoder and factory of documents. */
export interface Viewer {
  readonly ahead: AheadDecoder;
  /** Create an empty document. */
  begin(scripts: Scripts, events: Events, edits?: PageEdits): LiveDocument;
  /** For tests and debugging: the values of a source. */
  columns(docid: string, model: string): Promise<Record<string, ExactValues> | null>;
}

/** Create the Viewer for the server at `base`; `live` returns shown documents. */
export async function viewer(base: string, live: (docid: string) => LiveDocument | undefined): Promise<Viewer> {
  const lazy = lazyOf(base);
  const decode = await fastestDecoder(async () => (await lazy()).plainDecoder);
  return {
    ahead: new AheadDecoder({
      start: startWorker,
      wasm: await wasm,
      decode,
      spare: ({ doc, model, column }) => live(doc)?.columns.columns(model).get(column)?.lend() ?? null,
    }),
    begin: (scripts, events, edits) => new LiveDocument({ decode, ndarray, revive }, scripts, lazy, events, edits),
    async columns(docid, model) {
      const source = live(docid)?.document?.get_model_by_id(model);
      return source ? (await lazy()).exactValues(source as Source) : null;
    },
  };
}

/** Loads seldom.js once. */
function lazyOf(base: string): Lazy {
  let loaded: ReturnType<Lazy> | null = null;
  return () => (loaded ??= import(new URL(`${base}static/seldom.js`, document.baseURI).href).catch((error: unknown) => {
    loaded = null;
    throw error;
  }));
}
