import type { BokehDocument, DocumentEvent, Model, Source } from "../bokehjs/bokeh";
import { allModels } from "../bokehjs/documents";
import type { Range } from "../bokehjs/ranges";
import { setData } from "../bokehjs/sources";
import { encode } from "../bokehjs/values";
import type { Column } from "../columns/column";
import { type Graph, type Patch, type PatchEvent, isStructural } from "../graph/graph";
import { columnEdits, copyOf, isSame } from "./column-diff";
import { type Edit, attributeKey, keyOf } from "./edit";
import { EditableSources } from "./editable-sources";
import { EditConflicts } from "./edit-conflicts";
import { EditSender, type SenderEvents } from "./sender";
import { SharedRanges } from "./shared-ranges";
import { isFetched, isOwn, isRange, isView } from "./view-state";

export interface PageEditsEvents extends Omit<SenderEvents, "accepted"> {
  /** Held-back values are due: takeDue(). */
  due(): void;
}

/**
 * Sends the changes that viewers make to one document in this page, and filters values from the server that are older
 * than those. Read-only pages have none.
 */
export class PageEdits {
  readonly #sender: EditSender;
  readonly #conflicts: EditConflicts<PatchEvent>;
  readonly #sources = new EditableSources();
  readonly #ranges = new SharedRanges();
  #document: BokehDocument | null = null;
  /** Ids of models that the server has. */
  #known = new Set<string>();
  #sharesView = false;
  /** Sources whose columns in BokehJS may differ from the server's. */
  readonly #diverged = new Set<string>();
  #due: PatchEvent[] = [];
  /** Reported on the console. */
  readonly #reported = new Set<string>();
  #changedRanges = new Set<Range>();
  #seen = 0;

  constructor(url: string, token: () => string, events: PageEditsEvents) {
    this.#sender = new EditSender(url, token, {
      ...events,
      accepted: (edits, seq) => {
        this.#due.push(...this.#conflicts.accepted(edits, seq, this.#seen));
        events.due();
      },
    });
    this.#conflicts = new EditConflicts(() => this.#sender.open);
  }

  /** Listen to a new document, created from the graph and not yet drawn. */
  begin(document: BokehDocument, graph: Graph): void {
    this.end();
    this.#document = document;
    this.#sharesView = graph.share_view === true;
    this.#known = new Set(Object.keys(graph.models));
    this.#sender.begin(graph.generation ?? "");
    this.#conflicts.clear();
    this.#diverged.clear();
    this.#due = [];
    this.#sources.refresh(document);
    if (this.#sharesView) this.#ranges.begin(document);
    document.on_change(this.#changed);
  }

  end(): void {
    this.#document?.remove_on_change(this.#changed);
    this.#document = null;
  }

  /** The part of a patch of change `seq` that is to be applied. */
  filter(patch: Patch, seq: number): Patch {
    const events = (patch.events ?? []).filter((event) => {
      const key = keyOf(event);
      return key === null || this.#conflicts.admits(key, seq, event);
    });
    return { ...patch, events };
  }

  /** Held-back events that are to be applied now. */
  takeDue(): Patch | null {
    return this.#due.length > 0 ? { events: this.#due.splice(0) } : null;
  }

  /** Report to the script that BokehJS cannot draw a model, and why. */
  report(model: string, text: string): void {
    this.#sender.add({ kind: "MessageSent", msg_type: "bokeh_wsgi.undrawn", msg_data: { model, text } });
  }

  /** Apply a patch from the server to the document: the server has its models. */
  apply(patch: Patch, apply: () => void): void {
    const document = this.#document!;
    const own = [...allModels(document).keys()].filter((id) => !this.#known.has(id));
    apply();
    this.#known = new Set(allModels(document).keys());
    for (const id of own) this.#known.delete(id);
    if ("share_view" in patch) this.#sharesView = patch.share_view === true;
    if (this.#sharesView) this.#ranges.applied(document, patch.events ?? []);
    const affectsWriters = (event: PatchEvent) => isStructural(event) || event.attr === "editable" || event.unset;
    if ((patch.events ?? []).some(affectsWriters)) this.#sources.refresh(document);
  }

  /** All changes up to `seq` are in the columns and the document. */
  received(seq: number): void {
    this.#seen = seq;
    this.#conflicts.received(seq);
  }

  /** Whether the page has yet to receive its own last change of a source's columns. */
  keepsColumns(source: Source): boolean {
    return this.#conflicts.has(attributeKey(source.id, "data"));
  }

  /** Diverged sources whose edits have all come back from the server: they are to be reconciled. */
  takeSettled(): string[] {
    const settled = [...this.#diverged].filter((id) => !this.#conflicts.has(attributeKey(id, "data")));
    for (const id of settled) this.#diverged.delete(id);
    return settled;
  }

  /** Whether the page has changed a source's columns, and they are not reconciled yet. */
  hasDiverged(source: Source): boolean {
    return this.#diverged.has(source.id);
  }

  /** Values for BokehJS: copied if it may change them. */
  owned(source: Source, values: unknown): unknown {
    return this.#sources.mirror(source) ? copyOf(values) : values;
  }

  /** BokehJS has received these columns. */
  agree(source: Source, names: Iterable<string>): void {
    this.#sources.agree(source, names);
  }

  /** Give BokehJS the server's columns; false if it has them already. */
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
    // BokehJS adds its own models to a document.
    if (event.attr !== undefined && !this.#known.has(event.model.id)) return;
    // An error must not interrupt BokehJS, or a CustomJS that made the change.
    try {
      for (const edit of this.#edits(event)) this.#sender.add(edit);
    } catch (error) {
      this.#reportUnsent(event, error);
    }
  };

  /** Report, once, a change that cannot be sent. */
  #reportUnsent({ kind, model, attr }: DocumentEvent, error: unknown): void {
    const what = attr === undefined ? kind : `${model.type}.${attr}`;
    if (this.#reported.has(what)) return;
    this.#reported.add(what);
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
        // Every page has this event after drawing.
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
    if (this.#changedRanges.size === 0) queueMicrotask(this.#sendRanges);
    this.#changedRanges.add(model as Range);
    return [];
  }

  #sendRanges = (): void => {
    for (const range of this.#changedRanges) {
      if (this.#document?.get_model_by_id(range.id) !== range) continue;
      for (const edit of this.#ranges.edits(range, this.#document)) this.#sender.add(edit);
    }
    this.#changedRanges.clear();
  };

  /** The edits for columns that were changed in place or replaced. */
  #columns(source: Source): Edit[] {
    const before = this.#sources.mirror(source) ?? new Map<string, ArrayLike<unknown>>();
    const now = new Map(Object.entries(source.data) as [string, ArrayLike<unknown>][]);
    const edits = columnEdits(source.id, before, now, (values) => this.#encode(values));
    return edits.length > 0 ? this.#diverge(source, Object.keys(source.data), edits) : [];
  }

  #rows(event: DocumentEvent): Edit[] {
    const source = event.model as Source;
    return this.#diverge(source, Object.keys(event.data ?? event.patches ?? {}), [this.#rowsEdit(event)]);
  }

  #rowsEdit(event: DocumentEvent): Edit {
    const edit = this.#encode<Edit>(event);
    for (const field of ["data", "patches"]) {
      if (edit[field] !== undefined) edit[field] = unmapped(edit[field]);
    }
    return edit;
  }

  #diverge(source: Source, names: string[], edits: Edit[]): Edit[] {
    this.#sources.agree(source, names);
    this.#diverged.add(source.id);
    return edits;
  }

  #encode<Encoded>(value: unknown): Encoded {
    const models = allModels(this.#document!);
    const encoded = encode(value, [...models.values()].filter(({ id }) => this.#known.has(id)));
    // The encoded value contains the new models.
    for (const id of models.keys()) this.#known.add(id);
    return encoded as Encoded;
  }
}

/** Bokeh's JSON of a map as an object. */
function unmapped(rep: unknown): unknown {
  const { type, entries = [] } = rep as { type?: string; entries?: [string, unknown][] };
  return type === "map" ? Object.fromEntries(entries) : rep;
}
