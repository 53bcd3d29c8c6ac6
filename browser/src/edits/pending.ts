import { type Edit, attributeKey, isOfColumns, keyOf } from "./edit";

/**
 * Which keys the page has the say over: it has changed them, and the history has not come to its change yet.
 *
 * What comes from the server for such a key is kept aside until the server has said which change the page's is:
 * what is of a later one is for good, the rest is older than what the page shows.
 */
export class Pending<Value> {
  /** By key: the last change of ours that the server has told of, where the history has yet to come to it. */
  readonly #taken = new Map<string, number>();
  readonly #held = new Map<string, { seq: number; value: Value }>();

  /** Edits of before the document began anew: what comes of them is news. */
  #foreign = new WeakSet<Edit>();

  constructor(private readonly open: () => readonly Edit[]) {}

  /** Whether a value that came with change `seq` may be shown; else it is kept aside. */
  admits(key: string, seq: number, value: Value): boolean {
    if (this.isOpen(key)) {
      this.#held.set(key, { seq, value });
      return false;
    }
    const ours = this.#taken.get(key);
    return ours === undefined || seq > ours;
  }

  /** Whether the server has not answered a change of this key. */
  isOpen(key: string): boolean {
    return this.open().some((edit) => pendingKey(edit) === key && !this.#foreign.has(edit));
  }

  /** Whether the history has not come to the page's last change of this key. */
  has(key: string): boolean {
    return this.#taken.has(key) || this.isOpen(key);
  }

  /** The server made these edits change `seq`, the page has seen changes up to `seen`; returns what is to be shown now. */
  taken(edits: readonly Edit[], seq: number, seen: number): Value[] {
    const due = [];
    for (const key of new Set(edits.filter((edit) => !this.#foreign.has(edit)).map(pendingKey))) {
      if (key === null) continue;
      if (seq > seen) this.#taken.set(key, seq);
      if (this.isOpen(key)) continue;
      const held = this.#held.get(key);
      this.#held.delete(key);
      if (held && held.seq > seq) due.push(held.value);
    }
    return due;
  }

  /** The page has seen all changes up to `seq`. */
  passed(seq: number): void {
    for (const [key, ours] of this.#taken) if (ours <= seq) this.#taken.delete(key);
  }

  /** The document begins anew: what comes is what counts. */
  clear(): void {
    this.#taken.clear();
    this.#held.clear();
    this.#foreign = new WeakSet(this.open());
  }
}

/** The key of an edit, that of a source's columns too. */
export function pendingKey(edit: Edit): string | null {
  return isOfColumns(edit) ? attributeKey(edit.model!.id, "data") : keyOf(edit);
}
