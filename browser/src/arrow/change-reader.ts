import { type Change, type Op, OpCode, ownBuffers } from "./change";
import { FrameError } from "./frame-error";
import { MessageReader } from "./message-reader";
import { checkSchema, rows } from "./rows";

/** Decodes large ops before their change is complete. */
export interface LargeOps {
  /** Memory for a message, of at least this many bytes. */
  readonly memory: (bytes: number) => ArrayBuffer;
  /** Start decoding some of a batch's ops; returns the ops for the change. */
  take(ops: Op[], message: Uint8Array, transient: boolean): Op[];
  /** The change of a document is complete. Resolves when its ops are decoded; null if none are. */
  commit(doc: string): Promise<void> | null;
}

/** Parses the bytes of one response into changes. Returns a change when its COMMIT row has arrived. */
export class ChangeReader {
  #messages: MessageReader;
  #open = new Map<string, Op[]>();
  #checked = false;

  /** Messages are read into memory from `ahead`. */
  constructor(private readonly ahead: LargeOps | null = null) {
    this.#messages = new MessageReader(ahead?.memory);
  }

  /** Whether the end marker arrived. */
  get ended(): boolean {
    return this.#messages.ended;
  }

  /** Memory for the next bytes; never empty. */
  space(): Uint8Array {
    return this.#messages.space();
  }

  /**
   * `bytes` were written to space(), whose memory may have moved to another ArrayBuffer. Ops are valid until the next
   * space(); to keep them longer, call ownBuffers(). Throws FrameError if the bytes violate the wire format; the reader
   * cannot be used after that.
   */
  filled(bytes: Uint8Array): Change[] {
    const changes: Change[] = [];
    const transient = new Map<string, Op[]>();
    this.#messages.filled(bytes);
    for (let batch = this.#messages.next(); batch; batch = this.#messages.next()) {
      const ops = this.#rows(batch);
      const isTransient = this.#messages.isTransient(batch);
      for (const op of this.ahead?.take(ops, batch, isTransient) ?? ops) {
        if (op.code === OpCode.COMMIT) {
          changes.push(this.#commit(op));
          transient.delete(op.doc);
        } else {
          listOf(this.#open, op.doc).push(op);
          if (isTransient) listOf(transient, op.doc).push(op);
        }
      }
    }
    for (const ops of transient.values()) ops.forEach(ownBuffers);
    return changes;
  }

  #rows(batch: Uint8Array): Op[] {
    try {
      if (!this.#checked) checkSchema(this.#messages.schema!);
      this.#checked = true;
      return rows(batch);
    } catch (error) {
      if (error instanceof FrameError) throw error;
      throw new FrameError(`a record batch cannot be read: ${error}`);
    }
  }

  #commit({ doc, seq, json }: Op): Change {
    const ops = listOf(this.#open, doc);
    this.#open.delete(doc);
    return { doc, seq, ops, meta: json ? JSON.parse(json) : {}, ready: this.ahead?.commit(doc) ?? null };
  }
}

function listOf(lists: Map<string, Op[]>, doc: string): Op[] {
  let list = lists.get(doc);
  if (!list) lists.set(doc, (list = []));
  return list;
}
