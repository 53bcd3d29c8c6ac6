import type { BokehDocument, DocumentEvent, Model, Source } from "../bokehjs/bokeh";
import { allModels } from "../bokehjs/documents";
import type { Range } from "../bokehjs/ranges";
import { setData } from "../bokehjs/sources";
import { encode } from "../bokehjs/values";
import type { Column } from "../columns/column";
import { type Graph, type Patch, type PatchEvent, isOfModels } from "../graph/graph";
import { columnEdits, copyOf, isSame } from "./column-diff";
import { type Edit, attributeKey, keyOf } from "./edit";
import { EditableSources } from "./editable-sources";
import { Pending } from "./pending";
import { EditSender, type SenderEvents } from "./sender";
import { SharedRanges } from "./shared-ranges";
import { isFetched, isOwn, isRange, isView } from "./view-state";

export interface PageEditsEvents extends Omit<SenderEvents, "taken"> {
  /** What comes has to be looked at again: the page may show now what it had kept aside. */
  due(): void;
}

/**
 * What is done in this page with one document, on its way to the server; and which of what comes from there is older
 * than that. Without it, a page only follows.
 */
export class PageEdits {
  readonly #sender: EditSender;
  readonly #pending: Pending<PatchEvent>;
  readonly #sources = new EditableSources();
  readonly #ranges = new SharedRanges();
  #document: BokehDocument | null = null;
  /** Ids of models that the server has, too. */
  #known = new Set<string>();
  #sharesView = false;
  /** Sources whose columns BokehJS may hold otherwise than the history has them. */
  readonly #apart = new Set<string>();
  #due: PatchEvent[] = [];
  /** What has been told on the console. */
  readonly #told = new Set<string>();
  #rangesToTell = new Set<Range>();
  #seen = 0;

  constructor(url: string, token: () => string, events: PageEditsEvents) {
    this.#sender = new EditSender(url, token, {
      ...events,
      taken: (edits, seq) => {
        this.#due.push(...this.#pending.taken(edits, seq, this.#seen));
        events.due();
      },
    });
    this.#pending = new Pending(() => this.#sender.open);
  }

  /** Listen to a document that was just made of the graph, before it is drawn. */
  begin(document: BokehDocument, graph: Graph): void {
    this.end();
    this.#document = document;
    this.#sharesView = graph.share_view === true;
    this.#known = new Set(Object.keys(graph.models));
    this.#sender.begin(graph.generation ?? "");
    this.#pending.clear();
    this.#apart.clear();
    this.#due = [];
    this.#sources.look(document);
    if (this.#sharesView) this.#ranges.begin(document);
    document.on_change(this.#changed);
  }

  end(): void {
    this.#document?.remove_on_change(this.#changed);
    this.#document = null;
  }

  /** What of a patch of change `seq` is to be applied. */
  admitted(patch: Patch, seq: number): Patch {
    const events = (patch.events ?? []).filter((event) => {
      const key = keyOf(event);
      return key === null || this.#pending.admits(key, seq, event);
    });
    return { ...patch, events };
  }

  /** What was kept aside and is to be applied now. */
  takeDue(): Patch | null {
    return this.#due.length > 0 ? { events: this.#due.splice(0) } : null;
  }

  /** Tell the script that BokehJS cannot draw a model, and why. */
  report(model: string, text: string): void {
    this.#sender.add({ kind: "MessageSent", msg_type: "bokeh_wsgi.undrawn", msg_data: { model, text } });
  }

  /** Apply a patch to the document; models that come with it are the server's. */
  applying(patch: Patch, apply: () => void): void {
    const document = this.#document!;
    const own = [...allModels(document).keys()].filter((id) => !this.#known.has(id));
    apply();
    this.#known = new Set(allModels(document).keys());
    for (const id of own) this.#known.delete(id);
    if ("share_view" in patch) this.#sharesView = patch.share_view === true;
    if (this.#sharesView) this.#ranges.applied(document, patch.events ?? []);
    const isOfWriters = (event: PatchEvent) => isOfModels(event) || event.attr === "editable" || event.unset;
    if ((patch.events ?? []).some(isOfWriters)) this.#sources.look(document);
  }

  /** All changes up to `seq` are in the columns, and the document. */
  passed(seq: number): void {
    this.#seen = seq;
    this.#pending.passed(seq);
  }

  /** Whether the history has not come to the page's last change of a source's columns. */
  keepsColumns(source: Source): boolean {
    return this.#pending.has(attributeKey(source.id, "data"));
  }

  /** Sources that the page has changed, where the history has come to that now: they are to be reconciled. */
  takeSettled(): string[] {
    const settled = [...this.#apart].filter((id) => !this.#pending.has(attributeKey(id, "data")));
    for (const id of settled) this.#apart.delete(id);
    return settled;
  }

  /** Whether the page has changed a source's columns, which are yet to be reconciled. */
  isApart(source: Source): boolean {
    return this.#apart.has(source.id);
  }

  /** BokehJS's values of columns that came: a copy where it may change them. */
  owned(source: Source, values: unknown): unknown {
    return this.#sources.mirror(source) ? copyOf(values) : values;
  }

  /** BokehJS was given these columns. */
  agree(source: Source, names: Iterable<string>): void {
    this.#sources.agree(source, names);
  }

  /** Give BokehJS the columns as the history has them; false if it has them already. */
  reconcile(source: Source, columns: ReadonlyMap<string, Column>): boolean {
    const now = [...columns].map(([name, column]) => [name, column.value()] as const);
    const isEqual = now.length === Object.keys(source.data).length
      && now.every(([name, values]) => isSame(source.data[name], values));
    if (!isEqual) {
      setData(source, Object.fromEntries(now.map(([name, values]) => [name, this.owned(source, values)])));
    }
    this.#sources.agree(source);
    return !isEqual;
  }

  #changed = (event: DocumentEvent): void => {
    if (event.sync === false || !this.#document) return;
    // BokehJS has models of its own in a document.
    if (event.attr !== undefined && !this.#known.has(event.model.id)) return;
    // BokehJS is in the middle of something, a CustomJS of the document perhaps: that goes on, whatever happens here.
    try {
      for (const edit of this.#edits(event)) this.#sender.add(edit);
    } catch (error) {
      this.#leftOut(event, error);
    }
  };

  /** What cannot be told stays in this page. */
  #leftOut({ kind, model, attr }: DocumentEvent, error: unknown): void {
    const what = attr === undefined ? kind : `${model.type}.${attr}`;
    if (this.#told.has(what)) return;
    this.#told.add(what);
    console.warn(`bokeh_wsgi: a change of ${what} stays in this page, since it cannot be sent:`, error);
  }

  #edits(event: DocumentEvent): Edit[] {
    if (event.attr === "data" && isFetched(event.model)) return [];
    switch (event.kind) {
      case "ModelChanged":
        return event.attr === "data" && "streaming" in event.model
          ? this.#columns(event.model as Source)
          : this.#attribute(event.model, event.attr!, event);
      case "ColumnDataChanged":
        return this.#columns(event.model as Source);
      case "ColumnsStreamed":
      case "ColumnsPatched":
        return this.#rows(event);
      case "MessageSent":
        // Each page says so when it is drawn.
        return event.msg_data?.event_name === "document_ready" ? [] : [this.#encode<Edit>(event)];
      default:
        return [this.#encode<Edit>(event)];
    }
  }

  #attribute(model: Model, attr: string, event: DocumentEvent): Edit[] {
    if (isOwn(model, attr, this.#document!)) return [];
    if (!isView(model, attr)) return [this.#encode<Edit>(event)];
    if (!this.#sharesView) return [];
    if (!isRange(model)) return [this.#encode<Edit>(event)];
    if (this.#rangesToTell.size === 0) queueMicrotask(this.#tellRanges);
    this.#rangesToTell.add(model as Range);
    return [];
  }

  #tellRanges = (): void => {
    for (const range of this.#rangesToTell) {
      if (this.#document?.get_model_by_id(range.id) !== range) continue;
      for (const edit of this.#ranges.edits(range, this.#document)) this.#sender.add(edit);
    }
    this.#rangesToTell.clear();
  };

  /** Columns were changed in place, or given anew. */
  #columns(source: Source): Edit[] {
    const before = this.#sources.mirror(source) ?? new Map<string, ArrayLike<unknown>>();
    const now = new Map(Object.entries(source.data) as [string, ArrayLike<unknown>][]);
    const edits = columnEdits(source.id, before, now, (values) => this.#encode(values));
    return edits.length > 0 ? this.#apartWith(source, Object.keys(source.data), edits) : [];
  }

  #rows(event: DocumentEvent): Edit[] {
    const source = event.model as Source;
    return this.#apartWith(source, Object.keys(event.data ?? event.patches ?? {}), [this.#rowsEdit(event)]);
  }

  #rowsEdit(event: DocumentEvent): Edit {
    const edit = this.#encode<Edit>(event);
    for (const field of ["data", "patches"]) {
      if (edit[field] !== undefined) edit[field] = unmapped(edit[field]);
    }
    return edit;
  }

  #apartWith(source: Source, names: string[], edits: Edit[]): Edit[] {
    this.#sources.agree(source, names);
    this.#apart.add(source.id);
    return edits;
  }

  #encode<Encoded>(value: unknown): Encoded {
    const models = allModels(this.#document!);
    const encoded = encode(value, [...models.values()].filter(({ id }) => this.#known.has(id)));
    // What was written out now is known from here on.
    for (const id of models.keys()) this.#known.add(id);
    return encoded as Encoded;
  }
}

/** Bokeh's map rep as an object. */
function unmapped(rep: unknown): unknown {
  const { type, entries = [] } = rep as { type?: string; entries?: [string, unknown][] };
  return type === "map" ? Object.fromEntries(entries) : rep;
}
