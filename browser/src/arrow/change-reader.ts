import type { Change } from "./change";
import { FrameError } from "./frame-error";
import { MessageReader } from "./message-reader";
import { type Op, OpCode } from "./op";
import { rows } from "./rows";

/** The bytes of one response → its changes. A change comes out when its COMMIT row has come, whole or never. */
export class ChangeReader {
  #messages = new MessageReader();
  #open = new Map<string, Op[]>();

  /** Whether the end marker came. */
  get ended(): boolean {
    return this.#messages.ended;
  }

  /** Throws FrameError on anything that is not the wire format; the reader is of no use after that. */
  feed(bytes: Uint8Array): Change[] {
    const changes: Change[] = [];
    this.#messages.push(bytes);
    for (let batch = this.#messages.next(); batch; batch = this.#messages.next()) {
      for (const op of this.#rows(batch)) {
        if (op.code === OpCode.COMMIT) changes.push(this.#commit(op));
        else this.#pending(op.doc).push(op);
      }
    }
    return changes;
  }

  #rows(batch: Uint8Array): Op[] {
    try {
      return rows(this.#messages.schema!, batch);
    } catch (error) {
      throw new FrameError(`a record batch cannot be read: ${error}`);
    }
  }

  #pending(doc: string): Op[] {
    let ops = this.#open.get(doc);
    if (!ops) this.#open.set(doc, (ops = []));
    return ops;
  }

  #commit(op: Op): Change {
    const ops = this.#pending(op.doc);
    this.#open.delete(op.doc);
    return { doc: op.doc, seq: op.seq ?? 0, ops, meta: JSON.parse(op.json || "{}") };
  }
}
