import { type Edit, attributeKey, isOfColumns, keyOf } from "./edit";

/**
 * Decides between values from the server and edits of the page for the same key.
 *
 * While the server has not answered an edit, values for its key are held back. The answer has the seq of the edit: a held
 * value with a later seq is shown, an earlier one is dropped.
 */
export class EditConflicts<Value> {
  /** By key: seq of the page's last accepted edit, until the page has received that change. */
  readonly #accepted = new Map<string, number>();
  readonly #held = new Map<string, { seq: number; value: Value }>();
  /** Edits made before the document was reloaded: they have no conflicts. */
  #outdated = new WeakSet<Edit>();

  constructor(private readonly open: () => readonly Edit[]) {}

  /** Whether a value from change `seq` may be shown; if not, it is held back or dropped. */
  admits(key: string, seq: number, value: Value): boolean {
    if (this.isOpen(key)) {
      this.#held.set(key, { seq, value });
      return false;
    }
    const own = this.#accepted.get(key);
    return own === undefined || seq > own;
  }

  /** Whether the server has yet to answer an edit of this key. */
  isOpen(key: string): boolean {
    return this.open().some((edit) => conflictKey(edit) === key && !this.#outdated.has(edit));
  }

  /** Whether the page has yet to receive the change made by its last edit of this key. */
  has(key: string): boolean {
    return this.#accepted.has(key) || this.isOpen(key);
  }

  /** The server accepted edits as change `seq`; the page has changes up to `seen`. Returns held values to show now. */
  accepted(edits: readonly Edit[], seq: number, seen: number): Value[] {
    const due = [];
    for (const key of new Set(edits.filter((edit) => !this.#outdated.has(edit)).map(conflictKey))) {
      if (key === null) continue;
      if (seq > seen) this.#accepted.set(key, seq);
      if (this.isOpen(key)) continue;
      const held = this.#held.get(key);
      this.#held.delete(key);
      if (held && held.seq > seq) due.push(held.value);
    }
    return due;
  }

  /** The page has all changes up to `seq`. */
  received(seq: number): void {
    for (const [key, own] of this.#accepted) if (own <= seq) this.#accepted.delete(key);
  }

  /** The document was reloaded: show all values from the server. */
  clear(): void {
    this.#accepted.clear();
    this.#held.clear();
    this.#outdated = new WeakSet(this.open());
  }
}

/** The key of an edit; all columns of a source have one key. */
export function conflictKey(edit: Edit): string | null {
  return isOfColumns(edit) ? attributeKey(edit.model!.id, "data") : keyOf(edit);
}
