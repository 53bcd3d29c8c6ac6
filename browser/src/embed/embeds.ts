import { AheadDecoder, startWorker } from "../ahead/ahead-decoder";
import { type Change, type Op, OpCode } from "../arrow/change";
import { type Source, useBokeh } from "../bokehjs/bokeh";
import { pageHost } from "../bokehjs/values";
import type { ChunkDecoder } from "../chunks/chunk";
import { chunkDecoder, wasm } from "../chunks/fastest-decoder";
import type { Host } from "../columns/types";
import type { State } from "../connection/connection";
import { Streams } from "../connection/streams";
import { LiveDocument } from "../document/live-document";
import { ended } from "../document/words";
import { ElementPresence } from "../dom/element-presence";
import type { ExactValues } from "../lazy/exact-values";
import { type Seldom, seldomOf } from "../viewer";
import { EmbedPlace } from "./embed-place";
import { EmbedScripts } from "./embed-scripts";
import { EmbeddedDocument } from "./embedded-document";
import type { Tag } from "./tags";
import { Unshowable } from "./unshowable";

const AWAY = "The plot server cannot be reached; trying again. What you see here may be old.";
const REFUSED: Record<number, string> = {
  401: "This embed code is no longer valid. Ask whoever published the plot for a new one.",
  403: "The plot server does not let this page show the document.",
};

/** Everything that a host page shows of one server: all its documents, over one stream of changes. */
export class Embeds {
  /** By docid, those that are shown and have not ended. */
  readonly documents = new Map<string, EmbeddedDocument>();
  /** Of the connection, as a page's: docs/browser.md. */
  state: State = "connecting";
  readonly #scripts: EmbedScripts;
  readonly #streams: Streams;
  readonly #presence = new ElementPresence();
  #host: Promise<Host | null> | null = null;

  constructor(
    base: string,
    version: string,
    private readonly decode: ChunkDecoder,
    private readonly seldom: Seldom,
    wasm: Uint8Array<ArrayBuffer>,
  ) {
    this.#scripts = new EmbedScripts(base, version);
    const { documents } = this;
    const spare = ({ doc, model, column }: { doc: string; model: string; column: string }) =>
      documents.get(doc)?.live.columns.columns(model).get(column)?.lend() ?? null;
    this.#streams = new Streams(base, {
      onChange: (change) => this.#apply(change),
      onEnd: (docid, reason) => this.#end(docid, ended(reason)),
      onState: (state) => this.#heard(state),
      onError(error) {
        console.error(error);
        for (const document of documents.values()) document.tell(failure(error));
      },
      onRefused: (status, docid) => this.#refused(status, docid),
    }, new AheadDecoder({ start: startWorker, wasm, decode, spare }));
  }

  /** Show what a tag says in an element that is there for it, for as long as that is in the page. */
  async add(tag: Tag, element: HTMLElement): Promise<void> {
    const place = new EmbedPlace(element, tag.model);
    const host = await (this.#host ??= this.#loadBokeh());
    if (host) this.#watch(element, place, () => this.#show(tag, place, host));
    else place.tell(`BokehJS ${tag.version}, which draws this plot, could not be loaded. Reload the page to try again.`);
  }

  /** For tests, and for people with a console: the values of a source. */
  async columns(docid: string, model: string): Promise<Record<string, ExactValues> | null> {
    const source = this.documents.get(docid)?.document?.get_model_by_id(model);
    return source ? (await this.seldom()).exactValues(source as Source) : null;
  }

  /** Show it now if its element is in the page, and whenever that comes back. */
  #watch(element: HTMLElement, place: EmbedPlace, show: () => EmbeddedDocument): void {
    let shown: EmbeddedDocument | null = null;
    this.#presence.watch(element, (isThere) => {
      if (isThere) shown = show();
      else if (shown) this.#hide(shown, place);
    });
  }

  /** What columns need; null if BokehJS cannot be had: the next tag tries again. */
  async #loadBokeh(): Promise<Host | null> {
    try {
      useBokeh(await this.#scripts.load());
      return pageHost(this.decode);
    } catch (error) {
      console.error(error);
      this.#host = null;
      return null;
    }
  }

  #show({ docid, token }: Tag, place: EmbedPlace, host: Host): EmbeddedDocument {
    let document = this.documents.get(docid);
    if (!document) {
      document = this.#begin(docid, host);
      this.#streams.follow({ docid, after: 0, token });
    }
    document.show(place, token);
    return document;
  }

  #hide(document: EmbeddedDocument, place: EmbedPlace): void {
    place.tell(null);
    if (!document.hide(place)) return;
    this.#leave(document);
    void document.live.discard();
  }

  #begin(docid: string, host: Host): EmbeddedDocument {
    const document: EmbeddedDocument = new EmbeddedDocument(docid, new LiveDocument(host, this.#scripts, this.seldom, {
      shown: () => {},
      failed: (error) => this.#failed(document, error),
      undrawn: (failures) => document.tellUndrawn(failures),
    }));
    this.documents.set(docid, document);
    return document;
  }

  /** Nothing more of it is wanted, or comes. */
  #leave(document: EmbeddedDocument): void {
    if (this.documents.get(document.docid) !== document) return;
    this.documents.delete(document.docid);
    this.#streams.leave(document.docid);
  }

  #apply(change: Change): void {
    const document = this.documents.get(change.doc);
    try {
      if (change.ops.some(mentionsBokeh)) this.#scripts.lend();
      document?.live.apply(change);
    } catch (error) {
      this.#failed(document!, error);
    }
  }

  /** Only this document begins anew; the others go on. */
  #failed(document: EmbeddedDocument, error: unknown): void {
    if (this.documents.get(document.docid) !== document) return;
    console.error(error);
    document.tell(failure(error));
    if (error instanceof Unshowable) return this.#leave(document);
    this.#streams.leave(document.docid);
    setTimeout(() => this.#follow(document), document.waitMs());
  }

  /** Go on with it, if it has a token that may work. */
  #follow(document: EmbeddedDocument): void {
    const { docid, token, live, seq } = document;
    if (this.documents.get(docid) !== document || token === undefined) return;
    this.#streams.follow({ docid, after: live.isBroken ? 0 : seq, token });
  }

  #end(docid: string, text: string): void {
    const document = this.documents.get(docid);
    document?.tell(text);
    this.documents.delete(docid);
  }

  #refused(status: number, docid: string): void {
    const document = this.documents.get(docid);
    document?.dropToken();
    if (document?.token === undefined) this.#end(docid, REFUSED[status] ?? `The plot server answered ${status}.`);
    else this.#follow(document);
  }

  #heard(state: State): void {
    this.state = state;
    for (const { places } of this.documents.values()) {
      for (const place of places) {
        if (state === "offline") place.mention(AWAY);
        if (state === "live") place.unmention(AWAY);
      }
    }
  }
}

/** Whether it has code, of a CustomJS for example, that uses the global `Bokeh`. */
function mentionsBokeh({ code, json }: Op): boolean {
  return (code === OpCode.GRAPH || code === OpCode.PATCH) && /\bBokeh\s*[.[]/.test(json);
}

function failure(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof Unshowable) return text;
  return `A change could not be shown, so the document is being fetched anew. (${text})`;
}

export async function start(base: string, version: string): Promise<Embeds> {
  const seldom = seldomOf(base);
  return new Embeds(base, version, await chunkDecoder(seldom), seldom, await wasm);
}
