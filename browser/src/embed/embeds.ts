import { type Change, type Op, OpCode } from "../arrow/change";
import { useBokeh } from "../bokehjs/bokeh";
import type { State } from "../connection/connection";
import { Streams } from "../connection/streams";
import { ended, failedWords, messageOf } from "../document/words";
import { ElementPresence } from "../dom/element-presence";
import { type Viewer, viewer } from "../viewer";
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
  /** Of the connection, as a page's: docs/browser.md. */
  state: State = "connecting";
  readonly #scripts: EmbedScripts;
  readonly #streams: Streams;
  readonly #presence = new ElementPresence();
  #loading: Promise<boolean> | null = null;

  constructor(
    base: string,
    version: string,
    private readonly viewer: Viewer,
    /** By docid, those that are shown and have not ended. */
    readonly documents: Map<string, EmbeddedDocument>,
  ) {
    this.#scripts = new EmbedScripts(base, version);
    this.#streams = new Streams(base, {
      onChange: (change) => this.#apply(change),
      onEnd: (docid, reason) => this.#end(docid, ended(reason)),
      onState: (state) => this.#heard(state),
      onError(error) {
        console.error(error);
        for (const document of documents.values()) document.tell(failure(error));
      },
      onRefused: (status, docid) => this.#refused(status, docid),
    }, viewer.ahead);
  }

  /** Show what a tag says in an element that is there for it, for as long as that is in the page. */
  async add(tag: Tag, element: HTMLElement): Promise<void> {
    const place = new EmbedPlace(element, tag.model);
    const isLoaded = await (this.#loading ??= this.#loadBokeh());
    if (isLoaded) this.#watch(element, place, () => this.#show(tag, place));
    else place.tell(`BokehJS ${tag.version}, which draws this plot, could not be loaded. Reload the page to try again.`);
  }

  /** For tests, and for people with a console: the values of a source. */
  columns: Viewer["columns"] = (docid, model) => this.viewer.columns(docid, model);

  /** Show it now if its element is in the page, and whenever that comes back. */
  #watch(element: HTMLElement, place: EmbedPlace, show: () => EmbeddedDocument): void {
    let shown: EmbeddedDocument | null = null;
    this.#presence.watch(element, (isThere) => {
      if (isThere) shown = show();
      else if (shown) this.#hide(shown, place);
    });
  }

  /** Whether BokehJS can be had; if not, the next tag tries again. */
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
    place.tell(null);
    if (!document.hide(place)) return;
    this.#leave(document);
    void document.live.discard();
  }

  #begin(docid: string): EmbeddedDocument {
    const document: EmbeddedDocument = new EmbeddedDocument(docid, this.viewer.begin(this.#scripts, {
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
      document?.live.queue.apply(change);
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
    this.#streams.follow({ docid, after: live.queue.isBroken ? 0 : seq, token });
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
  return error instanceof Unshowable ? messageOf(error) : failedWords(error);
}

export async function start(base: string, version: string): Promise<Embeds> {
  const documents = new Map<string, EmbeddedDocument>();
  return new Embeds(base, version, await viewer(base, (docid) => documents.get(docid)?.live), documents);
}
