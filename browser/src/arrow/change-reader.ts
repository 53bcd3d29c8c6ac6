import { type Change, type Op, OpCode, ownBuffers } from "./change";
import { FrameError } from "./frame-error";
import { MessageReader } from "./message-reader";
import { checkSchema, rows } from "./rows";

/** Takes large ops over, to decode them before their change is whole. */
export interface LargeOps {
  /** Memory for a message: so many bytes, or more. */
  readonly memory: (bytes: number) => ArrayBuffer;
  /** Takes over some of a batch's ops; returns those that the change gets. */
  take(ops: Op[], message: Uint8Array, loose: boolean): Op[];
  /** The document's change is whole: null, or when its ops have their values. */
  commit(doc: string): Promise<void> | null;
}

/** The bytes of one response → its changes. A change comes out when its COMMIT row has come, whole or never. */
export class ChangeReader {
  #messages: MessageReader;
  #open = new Map<string, Op[]>();
  #checked = false;

  /** The memory of `ahead` is what messages are put into. */
  constructor(private readonly ahead: LargeOps | null = null) {
    this.#messages = new MessageReader(ahead?.memory);
  }

  /** Whether the end marker came. */
  get ended(): boolean {
    return this.#messages.ended;
  }

  /** Where to put the next bytes, from its start; never empty. */
  space(): Uint8Array {
    return this.#messages.space();
  }

  /**
   * `bytes` came into space(), whose memory may have been moved to another ArrayBuffer. The ops of the changes are
   * good until the next space(); ownBuffers() is for who keeps them longer. Throws FrameError on anything that is
   * not the wire format; the reader is of no use after that.
   */
  filled(bytes: Uint8Array): Change[] {
    const changes: Change[] = [];
    const loose = new Map<string, Op[]>();
    this.#messages.filled(bytes);
    for (let batch = this.#messages.next(); batch; batch = this.#messages.next()) {
      const ops = this.#rows(batch);
      const isLoose = this.#messages.isLoose(batch);
      for (const op of this.ahead?.take(ops, batch, isLoose) ?? ops) {
        if (op.code === OpCode.COMMIT) {
          changes.push(this.#commit(op));
          loose.delete(op.doc);
        } else {
          listOf(this.#open, op.doc).push(op);
          if (isLoose) listOf(loose, op.doc).push(op);
        }
      }
    }
    for (const ops of loose.values()) ops.forEach(ownBuffers);
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
