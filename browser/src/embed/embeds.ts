import { type Change, type Op, OpCode } from "../arrow/change";
import { useBokeh } from "../bokehjs/bokeh";
import type { State } from "../connection/connection";
import { Streams } from "../connection/streams";
import { endedMessage, failedMessage, errorText } from "../document/messages";
import { ElementPresence } from "../dom/element-presence";
import { type Viewer, viewer } from "../viewer";
import { EmbedPlace } from "./embed-place";
import { EmbedScripts } from "./embed-scripts";
import { EmbeddedDocument } from "./embedded-document";
import type { Tag } from "./tags";
import { Unshowable } from "./unshowable";

const UNREACHABLE = "The plot server cannot be reached; trying again. What you see here may be old.";
const REFUSED: Record<number, string> = {
  401: "This embed code is no longer valid. Ask whoever published the plot for a new one.",
  403: "The plot server does not let this page show the document.",
};

/** Shows all documents of one server in a host page, over one stream of changes. */
export class Embeds {
  /** State of the connection: docs/browser.md. */
  state: State = "connecting";
  readonly #scripts: EmbedScripts;
  readonly #streams: Streams;
  readonly #presence = new ElementPresence();
  #loading: Promise<boolean> | null = null;

  constructor(
    base: string,
    version: string,
    private readonly viewer: Viewer,
    /** The documents that are shown and have not ended, by docid. */
    readonly documents: Map<string, EmbeddedDocument>,
  ) {
    this.#scripts = new EmbedScripts(base, version);
    this.#streams = new Streams(base, {
      onChange: (change) => this.#apply(change),
      onEnd: (docid, reason) => this.#end(docid, endedMessage(reason)),
      onState: (state) => this.#setState(state),
      onError(error) {
        console.error(error);
        for (const document of documents.values()) document.notify(failureMessage(error));
      },
      onRefused: (status, docid) => this.#refused(status, docid),
    }, viewer.ahead);
  }

  /** Show the plot of a tag in its element, while that is in the page. */
  async add(tag: Tag, element: HTMLElement): Promise<void> {
    const place = new EmbedPlace(element, tag.model);
    const isLoaded = await (this.#loading ??= this.#loadBokeh());
    if (isLoaded) this.#watch(element, place, () => this.#show(tag, place));
    else place.show(`BokehJS ${tag.version}, which draws this plot, could not be loaded. Reload the page to try again.`);
  }

  /** For tests, and for people with a console: the values of a source. */
  columns: Viewer["columns"] = (docid, model) => this.viewer.columns(docid, model);

  /** Show a place while its element is in the page. */
  #watch(element: HTMLElement, place: EmbedPlace, show: () => EmbeddedDocument): void {
    let shown: EmbeddedDocument | null = null;
    this.#presence.watch(element, (isPresent) => {
      if (isPresent) shown = show();
      else if (shown) this.#hide(shown, place);
    });
  }

  /** Returns whether BokehJS is loaded; if not, the next tag tries again. */
  async #loadBokeh(): Promise<boolean> {
    try {
      useBokeh(await this.#scripts.load());
      return true;
    } catch (error) {
      console.error(error);
      this.#loading = null;
      return false;
    }
  }

  #show({ docid, token }: Tag, place: EmbedPlace): EmbeddedDocument {
    let document = this.documents.get(docid);
    if (!document) {
      document = this.#begin(docid);
      this.#streams.follow({ docid, after: 0, token });
    }
    document.show(place, token);
    return document;
  }

  #hide(document: EmbeddedDocument, place: EmbedPlace): void {
    place.show(null);
    if (!document.hide(place)) return;
    this.#leave(document);
    void document.live.discard();
  }

  #begin(docid: string): EmbeddedDocument {
    const document: EmbeddedDocument = new EmbeddedDocument(docid, this.viewer.begin(this.#scripts, {
      shown: () => {},
      failed: (error) => this.#failed(document, error),
      undrawn: (failures) => document.showUndrawn(failures),
    }));
    this.documents.set(docid, document);
    return document;
  }

  /** Stop following a document. */
  #leave(document: EmbeddedDocument): void {
    if (this.documents.get(document.docid) !== document) return;
    this.documents.delete(document.docid);
    this.#streams.leave(document.docid);
  }

  #apply(change: Change): void {
    const document = this.documents.get(change.doc);
    try {
      if (change.ops.some(mentionsBokeh)) this.#scripts.expose();
      document?.live.queue.apply(change);
    } catch (error) {
      this.#failed(document!, error);
    }
  }

  /** Reload only this document. */
  #failed(document: EmbeddedDocument, error: unknown): void {
    if (this.documents.get(document.docid) !== document) return;
    console.error(error);
    document.notify(failureMessage(error));
    if (error instanceof Unshowable) return this.#leave(document);
    this.#streams.leave(document.docid);
    setTimeout(() => this.#follow(document), document.waitMs());
  }

  /** Follow a document again, if it has a token left. */
  #follow(document: EmbeddedDocument): void {
    const { docid, token, live, seq } = document;
    if (this.documents.get(docid) !== document || token === undefined) return;
    this.#streams.follow({ docid, after: live.queue.isBroken ? 0 : seq, token });
  }

  #end(docid: string, text: string): void {
    const document = this.documents.get(docid);
    document?.notify(text);
    this.documents.delete(docid);
  }

  #refused(status: number, docid: string): void {
    const document = this.documents.get(docid);
    document?.dropToken();
    if (document?.token === undefined) this.#end(docid, REFUSED[status] ?? `The plot server answered ${status}.`);
    else this.#follow(document);
  }

  #setState(state: State): void {
    this.state = state;
    for (const { places } of this.documents.values()) {
      for (const place of places) {
        if (state === "offline") place.showMinor(UNREACHABLE);
        if (state === "live") place.clear(UNREACHABLE);
      }
    }
  }
}

/** Whether an op contains code that uses the global `Bokeh`, for example a CustomJS. */
function mentionsBokeh({ code, json }: Op): boolean {
  return (code === OpCode.GRAPH || code === OpCode.PATCH) && /\bBokeh\s*[.[]/.test(json);
}

function failureMessage(error: unknown): string {
  return error instanceof Unshowable ? errorText(error) : failedMessage(error);
}

export async function start(base: string, version: string): Promise<Embeds> {
  const documents = new Map<string, EmbeddedDocument>();
  return new Embeds(base, version, await viewer(base, (docid) => documents.get(docid)?.live), documents);
}
