import { type Edit, keyOf } from "./edit";

/** Edits to be sent. Of two values of one attribute only the later is sent. */
export class EditQueue {
  #waiting: Edit[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get waiting(): readonly Edit[] {
    return this.#waiting;
  }

  add(edit: Edit): void {
    const key = keyOf(edit);
    if (key !== null) {
      // Not across an event: its handlers must see the values set before it.
      for (let i = this.#waiting.length - 1; i >= 0 && !isEvent(this.#waiting[i]!); i--) {
        if (keyOf(this.#waiting[i]!) !== key) continue;
        if (!hasNewModels(this.#waiting[i]!)) this.#waiting.splice(i, 1);
        break;
      }
    }
    this.#waiting.push(edit);
  }

  /** The next batch. The server handles events last, so an edit that follows an event goes into the next batch. */
  take(): Edit[] {
    const first = this.#waiting.findIndex(isEvent);
    let end = first < 0 ? this.#waiting.length : first;
    while (end < this.#waiting.length && isEvent(this.#waiting[end]!)) end++;
    return this.#waiting.splice(0, end);
  }

  clear(): void {
    this.#waiting = [];
  }
}

/** Whether an edit contains new models, which later edits may reference by id. */
function hasNewModels(edit: Edit): boolean {
  return typeof edit.new === "object" && JSON.stringify(edit.new).includes('"type":"object"');
}

function isEvent({ kind }: Edit): boolean {
  return kind === "MessageSent";
}
